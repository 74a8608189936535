"""The command line, run as a person runs it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pandas as pd
import pytest

from core.commands.printing import print_result
from core.commands.run_once import RunResult
from core.forecasting.store import SnapshotStore
from tests.made import made_candles, shared_data
from tests.web.published import Publisher

ROOT = Path(__file__).resolve().parents[1]
ORIGINAL_KEYS = {
    "ticker",
    "latest_price",
    "next_minute_price",
    "next_hour_price",
    *(f"{h}_{k}" for h in ("minute", "hour") for k in ("mae", "mse", "rmse", "r2")),
}
NEW_KEYS = {
    "provider",
    "market",
    "as_of",
    "minute_mae_random_walk",
    "hour_mae_random_walk",
    "minute_trained",
    "hour_trained",
    "timings",
}


def run(*arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "main.py", *arguments],
        cwd=ROOT,
        env={**os.environ, "MARKET_SOURCE": "simulated", **environment},
        capture_output=True,
        text=True,
        check=False,
        timeout=150,
    )


@pytest.fixture
def candle_file(tmp_path: Path) -> Path:
    return write_candles(tmp_path / "candles.csv", made_candles(1_500))


def write_candles(path: Path, candles: pd.DataFrame) -> Path:
    table = candles.reset_index()
    table["open_time"] = candles.index.as_unit("ms").asi8
    table.to_csv(path, index=False)
    return path


def test_a_file_gives_both_forecasts_and_all_keys(candle_file: Path):
    done = run("--candles", str(candle_file), "--json")
    assert done.returncode == 0, done.stderr
    values = json.loads(done.stdout)
    assert values.keys() >= ORIGINAL_KEYS | NEW_KEYS
    assert values["as_of"] == "2026-03-02T01:00:00+00:00"
    assert values["latest_price"] == pytest.approx(made_candles(1_500)["close"].iloc[-1])
    assert not values["minute_trained"]
    assert "5,000" in values["minute_reason"]
    assert values["next_minute_price"] == values["latest_price"]
    assert values["minute_mae"] == values["minute_mae_random_walk"] > 0


def test_tables_are_for_people(candle_file: Path):
    done = run("--candles", str(candle_file), "--invest", "1,000")
    assert done.returncode == 0, done.stderr
    for words in ("Forecasts, USD", "no change", "1,000.00 USD buys", "No orders, no advice"):
        assert words in done.stdout


def test_the_simulated_market_is_labelled_stored_apart_and_reused(tmp_path: Path):
    arguments = ("--ticker", "eth-usd", "--max-points", "1500", "--json")
    first = json.loads(run(*arguments, ARTIFACT_DIR=str(tmp_path)).stdout)
    assert (first["market"], first["provider"], first["ticker"]) == (
        "simulated",
        "simulated",
        "ETH-USD",
    )
    assert (tmp_path / "simulated" / "ETH-USD_history.csv").exists()
    assert not list(tmp_path.glob("*.csv"))
    assert "training" in first["timings"]
    second = json.loads(run(*arguments, ARTIFACT_DIR=str(tmp_path)).stdout)
    assert "training" not in second["timings"]
    forced = json.loads(run(*arguments, "--force-retrain", ARTIFACT_DIR=str(tmp_path)).stdout)
    assert "training" in forced["timings"]

    where = {"ARTIFACT_DIR": str(tmp_path)}
    spec = ("--ticker", "ETH-USD", "--max-points", "1500")
    listed = json.loads(run("models", "list", *spec, "--json", **where).stdout)
    assert listed["source"] == "simulated"
    assert [m["champion"] for m in listed["models"]] == [True, False, True, False]
    assert all(m["mae"] == m["random_walk_mae"] > 0 for m in listed["models"])
    assert all(m["decision"].startswith("Promoted") for m in listed["models"])
    table = run("models", "rollback", "--horizon", "minute", *spec, **where).stdout
    assert "1 min: Rolled back by hand: random-walk" in table
    newest = listed["models"][0]["version"]
    done = run("--json", *spec, "models", "promote", newest, "--horizon", "minute", **where)
    assert json.loads(done.stdout)["models"][0]["champion"]
    none_before = run("models", "list", "--ticker", "SOL-USD", **where)
    assert (none_before.returncode, none_before.stdout) == (1, "")
    assert "No model of SOL-USD is stored" in none_before.stderr
    assert run("models", "promote", *spec, **where).returncode == 2


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        (("--ticker", "BTC/USD"), 2, "ticker"),
        (("--minute-horizon", "61"), 2, "1 to 60"),
        (("--train-window", "100"), 2, "2,000 to max_points"),
        (("--intraday-days", "0"), 2, "1 to 70"),
        (("--invest", "nothing"), 2, "1 to 10,000,000 USD"),
        (("--candles", "no-such-file.csv"), 1, "does not exist"),
        (("--candles", "README.md"), 1, "is not a candle file"),
        (("--ticker", "NOPE-USD"), 1, "does not trade NOPE-USD"),
    ],
)
def test_an_error_is_one_sentence_and_a_code(tmp_path, arguments, code, words):
    done = run(*arguments, ARTIFACT_DIR=str(tmp_path))
    assert done.returncode == code
    assert words in done.stderr
    assert "Traceback" not in done.stderr
    assert len(done.stderr.strip().splitlines()) == 1
    assert done.stdout == ""


def test_a_directory_that_cannot_be_used_is_a_sentence(tmp_path: Path):
    (tmp_path / "file").touch()
    done = run(ARTIFACT_DIR=str(tmp_path / "file" / "artifacts"))
    assert done.returncode == 1
    assert "cannot be used: Not a directory" in done.stderr
    assert "Traceback" not in done.stderr


def test_a_malformed_setting_stops_with_its_name():
    done = run("engine", MARKET_SOURCE="yahoo")
    assert done.returncode == 1
    assert "MARKET_SOURCE='yahoo'" in done.stderr
    assert "Traceback" not in done.stderr


def test_a_binance_that_cannot_be_reached_is_a_sentence(tmp_path: Path):
    done = run(
        MARKET_SOURCE="binance",
        BINANCE_BASE_URL="http://127.0.0.1:9",
        ARTIFACT_DIR=str(tmp_path),
    )
    assert done.returncode == 1
    assert "127.0.0.1:9" in done.stderr
    assert "Traceback" not in done.stderr


def test_recorded_candles_give_tail_errors_beside_the_random_walk():
    done = run("--candles", str(shared_data("BTCUSDT-1m-20260301-20260430.csv.gz")), "--json")
    assert done.returncode == 0, done.stderr
    values = json.loads(done.stdout)
    assert values["latest_price"] == 76_346.57
    for name in ("minute", "hour"):
        assert values[f"{name}_tail_forecasts"] == 100
        assert 0.9 < values[f"{name}_mae"] / values[f"{name}_mae_random_walk"] < 1.1


def test_a_forecast_that_stands_aside_is_said_in_the_table(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
):
    now = datetime(2026, 4, 21, 12, 41, tzinfo=UTC)
    snapshot = Publisher(SnapshotStore.at(tmp_path)).snapshot(now)
    minute = replace(snapshot.forecasts["minute"], standing_aside=True)
    forecasts = {**snapshot.forecasts, "minute": minute}
    result = RunResult(
        snapshot.spec, "binance", "live", now, snapshot.price, forecasts, snapshot.models, {}
    )
    print_result(result, None)
    printed = " ".join(capsys.readouterr().out.split())
    assert printed.count("(standing aside)") == 1
    assert "1 min: Standing aside: lost to “no change” over the last 6 hours." in printed
    assert result.to_json()["minute_standing_aside"]
    assert not result.to_json()["hour_standing_aside"]
