"""What the doctor says of disk, cache and engine."""

from __future__ import annotations

import shutil
from collections import namedtuple
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from core.domain import EngineStatus, LedgerCheck
from core.forecasting.deployment import (
    examine_cache,
    examine_disk,
    examine_engine,
    examine_ledger,
    read_status,
)
from core.forecasting.store import SnapshotStore
from core.settings import Settings

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
Usage = namedtuple("Usage", "total used free")


def beat(**changes: object) -> EngineStatus:
    values = {
        "pid": 4711,
        "started_at": NOW - timedelta(hours=2),
        "beat_at": NOW - timedelta(seconds=0.4),
        "market": "live",
        "provider": "binance",
        "reason": "A test.",
        "weight_used": 40,
        "weight_limit": 6_000,
        "clock_offset_ms": 3.0,
    }
    return EngineStatus(**{**values, **changes})


def files_in(directory: Path) -> set[Path]:
    return set(directory.rglob("*"))


def test_a_disk_that_can_be_written_is_left_as_it_was(tmp_path: Path):
    before = files_in(tmp_path)
    finding = examine_disk(tmp_path)
    assert finding.verdict in ("ok", "warning")
    assert "can be written" in finding.meaning
    assert files_in(tmp_path) == before


def test_a_directory_that_is_not_there_yet_is_not_made(tmp_path: Path):
    finding = examine_disk(tmp_path / "a" / "b")
    assert finding.verdict == "ok"
    assert "made at the start" in finding.meaning
    assert files_in(tmp_path) == set()


def test_a_directory_that_cannot_be_made_is_a_failure(tmp_path: Path):
    (tmp_path / "file").touch()
    finding = examine_disk(tmp_path / "file" / "artifacts")
    assert finding.verdict == "failure"
    assert "ARTIFACT_DIR" in finding.advice


def test_a_file_in_the_place_of_the_directory_is_a_failure(tmp_path: Path):
    (tmp_path / "artifacts").touch()
    finding = examine_disk(tmp_path / "artifacts")
    assert finding.verdict == "failure"
    assert "not a directory" in finding.meaning


@pytest.mark.parametrize(
    ("free_mb", "verdict"), [(249, "warning"), (250, "ok"), (50, "warning"), (49, "failure")]
)
def test_little_free_space_is_noted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, free_mb: int, verdict: str
):
    usage = Usage(10**12, 0, free_mb * 10**6)
    monkeypatch.setattr(shutil, "disk_usage", lambda _: usage)
    finding = examine_disk(tmp_path)
    assert finding.verdict == verdict
    assert f"{free_mb} MB are free" in finding.meaning
    assert bool(finding.advice) == (verdict != "ok")


def test_no_cache_yet_is_well_and_none_is_made(tmp_path: Path):
    assert examine_cache(tmp_path / "run").verdict == "ok"
    assert read_status(tmp_path / "run") is None
    assert files_in(tmp_path) == set()


def test_a_cache_that_gives_back_is_well_and_keeps_nothing_of_the_doctor(tmp_path: Path):
    SnapshotStore.at(tmp_path).publish_status(beat())
    before = files_in(tmp_path)
    assert examine_cache(tmp_path).verdict == "ok"
    assert files_in(tmp_path) == before
    assert read_status(tmp_path) == beat()


def test_a_cache_that_cannot_be_used_is_a_failure(tmp_path: Path):
    (tmp_path / "cache").touch()
    finding = examine_cache(tmp_path)
    assert finding.verdict == "failure"
    assert "run/cache" in finding.advice


def test_a_cache_that_loses_what_is_put_there_is_a_failure(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    from cachelib import FileSystemCache

    SnapshotStore.at(tmp_path)
    monkeypatch.setattr(FileSystemCache, "get", lambda *_: None)
    finding = examine_cache(tmp_path)
    assert finding.verdict == "failure"
    assert "does not give back" in finding.meaning


def test_an_engine_that_beats_is_named_with_what_it_follows():
    finding = examine_engine(beat(), NOW)
    assert finding.verdict == "ok"
    assert finding.meaning == (
        "Engine 4711 beat 0.4 s ago and follows Binance since 2026-03-01 10:00 UTC."
    )
    assert finding.advice == ""


def test_an_engine_that_never_beat_is_to_be_started():
    finding = examine_engine(None, NOW)
    assert finding.verdict == "warning"
    assert "main.py engine" in finding.advice


@pytest.mark.parametrize("ago_s", [5.0, 86_400.0, -60.0])
def test_an_engine_that_is_silent_is_a_failure(ago_s: float):
    finding = examine_engine(beat(beat_at=NOW - timedelta(seconds=ago_s)), NOW)
    assert finding.verdict == "failure"
    assert "4711 beat last at" in finding.meaning
    assert finding.advice


def test_a_ledger_that_the_engine_found_changed_is_a_failure(tmp_path: Path):
    settings = Settings.from_env({"ARTIFACT_DIR": str(tmp_path)})
    assert examine_ledger(settings, beat()).verdict == "ok"
    check = LedgerCheck(NOW, {"live": 6}, {}, {"live": "Row 7 was changed after it was written."})
    found = examine_ledger(settings, beat(ledger_check=check))
    assert found.verdict == "failure"
    assert "live: Row 7 was changed" in found.meaning
    assert "ledger verify" in found.advice


def test_an_engine_in_trouble_says_its_trouble():
    finding = examine_engine(beat(trouble="Binance does not answer."), NOW)
    assert finding.verdict == "warning"
    assert "Binance does not answer." in finding.meaning
