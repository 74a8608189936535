"""The market is chosen once per boot, and no passer-by changes that choice."""

from __future__ import annotations

from pathlib import Path

import pytest

from core.forecasting.market_choice import choose_market, holds_real_candles
from core.forecasting.supervision import BOOT_VARIABLE
from core.history.csv_store import CsvStore
from core.settings import Settings
from tests.clocks import ManualClock
from tests.made import made_candles


def settings(artifact_dir: Path, source: str) -> Settings:
    return Settings.from_env({"ARTIFACT_DIR": str(artifact_dir), "MARKET_SOURCE": source})


def market(artifact_dir: Path, source: str, boot: str) -> str:
    environ = {BOOT_VARIABLE: boot} if boot else {}
    return choose_market(settings(artifact_dir, source), ManualClock(), environ)[0].current.market


@pytest.mark.parametrize(
    ("boot", "expected"),
    [("first", "simulated"), ("second", "live"), ("", "live")],
)
def test_a_restart_within_a_boot_stays_simulated(tmp_path: Path, boot: str, expected: str):
    market(tmp_path, "simulated", "first")
    assert market(tmp_path, "binance", boot) == expected


def test_a_run_without_a_boot_does_not_change_what_the_boot_chose(tmp_path: Path):
    market(tmp_path, "simulated", "first")
    market(tmp_path, "binance", "")
    assert market(tmp_path, "binance", "first") == "simulated"


@pytest.mark.parametrize("note", [b'{"boot": "fir', b"[]", b"\xff\x00", b""])
def test_a_damaged_note_is_passed_over(tmp_path: Path, note: bytes):
    market(tmp_path, "simulated", "first")
    (tmp_path / "run" / "market.json").write_bytes(note)
    assert market(tmp_path, "binance", "first") == "live"


def test_only_real_candles_count_as_held(tmp_path: Path):
    CsvStore(tmp_path / "simulated", "BTC-USD", "simulated").append(made_candles(2), "simulated")
    assert not holds_real_candles(settings(tmp_path, "auto"))
    store = CsvStore(tmp_path, "BTC-USD", "live")
    store.append(made_candles(2), "binance")
    assert holds_real_candles(settings(tmp_path, "auto"))
    store.set_aside()
    assert holds_real_candles(settings(tmp_path, "auto"))


def test_candles_of_a_fallback_are_real_too(tmp_path: Path):
    CsvStore(tmp_path / "kraken", "BTC-USD", "live").append(made_candles(2), "kraken")
    assert holds_real_candles(settings(tmp_path, "auto"))
