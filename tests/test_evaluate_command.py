"""`python main.py evaluate`, run as a person runs it, and its figures computed again."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from tests.made import made_candles
from tests.test_main import run, write_candles

BAND_COLUMNS = [f"{side}{level}" for level in (50, 80, 90, 95) for side in ("lo", "hi")]
EVALUATION_KEYS = {
    "minutes",
    "refits",
    "seconds_per_refit",
    "seconds_per_forecast",
    "first_issued_at",
    "last_issued_at",
    "n",
    "n_eff",
    *(
        f"{of}{loss}{beside}"
        for of in ("", "return_")
        for loss in ("mae", "mse", "rmse", "r2")
        for beside in ("", "_random_walk")
    ),
    "skill",
    "skill_low",
    "skill_high",
    "p_worse",
    "direction",
    "bands",
    "pinball",
    "volatility",
    "shrinkage",
}


@pytest.fixture(scope="module")
def evaluated(tmp_path_factory: pytest.TempPathFactory) -> tuple[dict[str, Any], pd.DataFrame]:
    """Evaluate made candles with a gap, zipped, and return the JSON and the predictions."""
    directory = tmp_path_factory.mktemp("evaluated")
    made = made_candles(6_200)
    path = write_candles(directory / "candles.csv.gz", made.drop(made.index[5_900:5_907]))
    out = directory / "out.csv"
    done = run(
        "evaluate", "--candles", str(path), "--json", "--refit-minutes", "300",
        "--train-window", "5600", "--predictions", str(out),
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert [entry.name for entry in directory.iterdir() if entry.name.startswith(".")] == []
    return json.loads(done.stdout), pd.read_csv(out)


def test_an_evaluation_has_all_its_keys(evaluated: tuple[dict[str, Any], pd.DataFrame]):
    values, _ = evaluated
    assert (values["ticker"], values["refit_minutes"]) == ("BTC-USD", 300)
    assert (values["candles"], values["missing_minutes"]) == (6_193, 7)
    assert (values["spec"]["train_window"], values["original"]) == (5_600, False)
    assert set(values["horizons"]) == {"minute", "long"}
    for horizon in values["horizons"].values():
        assert set(horizon) == EVALUATION_KEYS
        assert set(horizon["bands"]) == {"50", "80", "90", "95"}
        assert len(horizon["bands"]["90"]["terciles"]) == 3
        assert horizon["seconds_per_refit"] > 0
    assert [values["horizons"][name]["minutes"] for name in ("minute", "long")] == [1, 45]
    assert values["horizons"]["minute"]["volatility"] is None
    assert values["horizons"]["long"]["volatility"]["n"] > 0


def test_every_forecast_scored_is_a_row(evaluated: tuple[dict[str, Any], pd.DataFrame]):
    values, rows = evaluated
    assert list(rows.columns) == [
        "issued_at", "target_time", "horizon", "price_at_issue", "point", "random_walk",
        *BAND_COLUMNS, "actual",
    ]  # fmt: skip
    made = made_candles(6_200)
    made = made.drop(made.index[5_900:5_907])
    closes = dict(zip(made.index + pd.Timedelta(minutes=1), made["close"], strict=True))
    for name, horizon in values["horizons"].items():
        mine = rows[rows["horizon"] == name]
        assert len(mine) == horizon["n"]
        ahead = pd.Timedelta(minutes=horizon["minutes"])
        for issued_at, target, start, actual in zip(
            pd.to_datetime(mine["issued_at"]),
            pd.to_datetime(mine["target_time"]),
            mine["price_at_issue"],
            mine["actual"],
            strict=True,
        ):
            assert target - issued_at == ahead
            assert closes[issued_at] == pytest.approx(start)
            assert closes[target] == pytest.approx(actual)
            path = pd.date_range(issued_at, target, freq="min")
            assert all(minute in closes for minute in path), "a forecast crosses the gap"


def test_the_scores_are_those_of_the_rows(evaluated: tuple[dict[str, Any], pd.DataFrame]):
    """Everything that the file of predictions tells is computed again, row by row."""
    values, rows = evaluated
    for name, horizon in values["horizons"].items():
        mine = rows[rows["horizon"] == name].to_dict("records")
        errors = [abs(row["point"] - row["actual"]) for row in mine]
        stays = [abs(row["random_walk"] - row["actual"]) for row in mine]
        came = [math.log(row["actual"] / row["price_at_issue"]) for row in mine]
        assert horizon["mae"] == pytest.approx(sum(errors) / len(mine))
        assert horizon["mae_random_walk"] == pytest.approx(sum(stays) / len(mine))
        assert horizon["skill"] == pytest.approx(1.0 - sum(errors) / sum(stays), abs=1e-12)
        assert horizon["skill_low"] <= horizon["skill"] <= horizon["skill_high"]
        assert horizon["return_mae_random_walk"] == pytest.approx(sum(map(abs, came)) / len(mine))
        sided = [
            (row["point"] - row["price_at_issue"]) * (row["actual"] - row["price_at_issue"])
            for row in mine
        ]
        assert horizon["direction"]["n"] == sum(product != 0 for product in sided)
        for level, band in horizon["bands"].items():
            low, high = f"lo{level}", f"hi{level}"
            inside = [row[low] <= row["actual"] <= row[high] for row in mine]
            missed = [
                max(row[low] - row["actual"], 0.0) + max(row["actual"] - row[high], 0.0)
                for row in mine
            ]
            width = [row[high] - row[low] for row in mine]
            penalty = 2.0 / (1.0 - int(level) / 100) * sum(missed)
            assert band["coverage"] == pytest.approx(sum(inside) / len(mine))
            assert band["winkler"] == pytest.approx((sum(width) + penalty) / len(mine))


def test_an_evaluation_is_a_table_with_a_bar_on_stderr(tmp_path: Path):
    path = write_candles(tmp_path / "candles.csv", made_candles(3_000))
    done = run("evaluate", "--candles", str(path), "--ticker", "ada-usd", COLUMNS="120")
    assert done.returncode == 0, done.stderr
    for words in ("ADA-USD", "5 min", "45 min", "Skill", "Stormy", "Winkler, USD", "Direction"):
        assert words in done.stdout
    assert "Refitting and forecasting" in done.stderr


def test_the_originals_way_is_labelled_and_has_no_bands(tmp_path: Path):
    path = write_candles(tmp_path / "candles.csv", made_candles(6_200))
    out = tmp_path / "out.csv"
    done = run(
        "evaluate", "--candles", str(path), "--original", "--json", "--predictions", str(out)
    )
    assert done.returncode == 0, done.stderr
    values = json.loads(done.stdout)
    assert values["original"] is True
    minute = values["horizons"]["minute"]
    assert minute["skill_high"] < -0.2
    assert (minute["bands"], minute["pinball"], minute["volatility"]) == ({}, None, None)
    assert pd.read_csv(out)[BAND_COLUMNS].isna().all(axis=None)


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        ((), 2, "evaluate needs --candles FILE"),
        (("--candles", "README.md", "--refit-minutes", "5"), 2, "from 10 to 100,000 (minutes)"),
        (("--candles", "README.md", "--refit-minutes", "daily"), 2, "not daily"),
        (("--candles", "README.md", "--train-window", "100"), 2, "2,000 to max_points"),
        (("--candles", "README.md", "--ticker", "BTC/USD"), 2, "ticker"),
        (("--candles", "README.md", "--predictions", "none/out.csv"), 2, "none is no directory"),
        (("--candles", "README.md", "--predictions", "docs"), 2, "docs is a directory"),
        (("--candles", "no-such-file.csv"), 1, "does not exist"),
        (("--candles", "README.md"), 1, "is not a candle file"),
    ],
)
def test_a_wrong_evaluation_is_one_sentence(arguments, code, words):
    done = run("evaluate", *arguments, "--json")
    assert done.returncode == code
    assert words in done.stderr
    assert len(done.stderr.strip().splitlines()) == 1
    assert done.stdout == ""


def test_too_few_candles_to_evaluate_is_a_sentence(tmp_path: Path):
    path = write_candles(tmp_path / "candles.csv", made_candles(20))
    done = run("evaluate", "--candles", str(path), "--json")
    assert done.returncode == 1
    assert "20 candles: too few to score a forecast" in done.stderr
