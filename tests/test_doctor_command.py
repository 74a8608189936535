"""`python main.py doctor`, run as a person runs it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from core.commands.doctor import closing_sentence, exit_code
from core.domain import Diagnosis, Finding
from tests.exchange import LocalExchange
from tests.made import made_candles

ROOT = Path(__file__).resolve().parents[1]
CLOSED = "http://127.0.0.1:9"
ANSWERS = Finding("Binance a.b", "ok", "It answers.", status=200)
DISK = Finding("disk", "ok", "It can be written.")
ENGINE = Finding("engine", "ok", "It beats.")


@pytest.fixture
def exchange() -> Iterator[LocalExchange]:
    with LocalExchange({"BTCUSDT": made_candles(4_000)}, as_now=True) as running:
        yield running


def run(*arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    closed = dict.fromkeys(("BINANCE_BASE_URL", "COINBASE_BASE_URL", "KRAKEN_BASE_URL"), CLOSED)
    return subprocess.run(
        [sys.executable, "main.py", *arguments],
        cwd=ROOT,
        env={**os.environ, "WATCH": "BTC-USD?max_points=2000", **closed, **environment},
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )


def test_a_table_sentences_and_zero_where_live_data_can_be_served(
    tmp_path: Path, exchange: LocalExchange
):
    done = run("doctor", BINANCE_BASE_URL=exchange.base_url, ARTIFACT_DIR=str(tmp_path))
    assert done.returncode == 0, done.stderr
    words = " ".join(done.stdout.split())
    for part in ("Binance 127.0.0.1", "Verdict", "Latency", "disk:", "engine: No engine"):
        assert part in words
    assert words.endswith("start the app.")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("arguments", [("doctor", "--json"), ("--json", "doctor")])
def test_json_is_for_programs(tmp_path: Path, exchange: LocalExchange, arguments):
    done = run(*arguments, BINANCE_BASE_URL=exchange.base_url, ARTIFACT_DIR=str(tmp_path))
    values = json.loads(done.stdout)
    assert values["ok"] is True
    first = values["findings"][0]
    assert (first["verdict"], first["status"]) == ("ok", 200)
    assert first["latency_ms"] > 0
    assert values["advice"].endswith("start the app.")


def test_one_where_no_exchange_answers(tmp_path: Path):
    done = run("doctor", "--json", ARTIFACT_DIR=str(tmp_path))
    assert done.returncode == 1
    values = json.loads(done.stdout)
    assert values["ok"] is False
    assert "No exchange answers from here" in values["advice"]
    assert "Traceback" not in done.stderr


def test_one_where_nothing_can_be_kept(tmp_path: Path, exchange: LocalExchange):
    (tmp_path / "file").touch()
    directory = tmp_path / "file" / "artifacts"
    done = run("doctor", BINANCE_BASE_URL=exchange.base_url, ARTIFACT_DIR=str(directory))
    assert done.returncode == 1
    assert "Mend the disk first" in done.stdout
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize(
    ("findings", "code", "words"),
    [
        ((ANSWERS, DISK, ENGINE), 0, "from Binance a.b, and the engine is at work."),
        ((ANSWERS, DISK), 0, "from Binance a.b: start the app."),
        ((ANSWERS, replace(DISK, verdict="failure"), ENGINE), 1, "Mend the disk first"),
        ((replace(ANSWERS, verdict="failure"), DISK, ENGINE), 1, "No exchange answers"),
        ((replace(ANSWERS, verdict="warning"), DISK, ENGINE), 0, "from Binance a.b"),
    ],
)
def test_the_last_word_and_the_code_follow_from_the_rows(findings, code: int, words: str):
    diagnosis = Diagnosis(datetime(2026, 3, 1, tzinfo=UTC), findings)
    assert exit_code(diagnosis) == code
    assert words in closing_sentence(diagnosis)


def test_a_malformed_setting_is_a_sentence():
    done = run("doctor", MARKET_SOURCE="yahoo")
    assert done.returncode == 1
    assert "MARKET_SOURCE='yahoo'" in done.stderr


def test_the_doctor_brings_no_training_along():
    code = (
        "import sys, core.commands.printing, core.commands.doctor, core.forecasting.deployment;"
        "sys.exit(any(name.startswith('sklearn') for name in sys.modules))"
    )
    assert subprocess.run([sys.executable, "-c", code], cwd=ROOT, check=False).returncode == 0
