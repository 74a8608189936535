"""A desk keeps a spec's models and retrains, and publishes in the order of candles."""

from __future__ import annotations

import errno
from datetime import timedelta
from pathlib import Path

import pytest

from core.domain import HORIZONS, ForecastSpec
from core.forecasting.desk import SpecDesk
from core.forecasting.store import SnapshotStore
from core.history.cleaning import empty_candles
from core.models import registry
from tests.clocks import ManualClock
from tests.made import made_candles

SPEC = ForecastSpec(max_points=1_000)
CANDLES = made_candles(700)


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock()


def open_desk(directory: Path, clock: ManualClock) -> SpecDesk:
    desk = SpecDesk(SPEC, "simulated", "simulated", directory, clock, timedelta(hours=24))
    desk.load()
    return desk


def test_what_was_trained_is_there_after_a_restart(tmp_path: Path, clock: ManualClock):
    desk = open_desk(tmp_path, clock)
    assert desk.training_cause(None) == "first"
    desk.train(CANDLES, "first")
    again = open_desk(tmp_path, clock)
    assert again.models.keys() == set(HORIZONS)
    assert again.retrains == desk.retrains
    assert again.training_cause(None) is None
    assert again.next_training == desk.next_training


def test_training_is_due_by_schedule_and_when_asked_since(tmp_path: Path, clock: ManualClock):
    desk = open_desk(tmp_path, clock)
    desk.train(CANDLES, "first")
    before, after = clock.now() - timedelta(seconds=1), clock.now() + timedelta(seconds=1)
    assert desk.training_cause(before) is None
    assert desk.training_cause(after) == "asked"
    clock.advance(24 * 3_600)
    assert desk.training_cause(None) == "schedule"


def test_a_damaged_model_is_set_aside_and_trained_again(tmp_path: Path, clock: ManualClock):
    open_desk(tmp_path, clock).train(CANDLES, "first")
    stored = next(tmp_path.glob("*_minute.joblib"))
    stored.write_bytes(b"garbage")
    desk = open_desk(tmp_path, clock)
    assert desk.training_cause(None) == "first"
    assert len(list(tmp_path.glob("*.damaged-1"))) == 2


def test_a_full_disk_keeps_no_model_from_being_used(
    tmp_path: Path, clock: ManualClock, monkeypatch: pytest.MonkeyPatch, caplog
):
    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(registry, "save", full)
    desk = open_desk(tmp_path, clock)
    desk.train(CANDLES, "first")
    assert desk.training_cause(None) is None
    assert len(desk.retrains) == 2
    assert "cannot be stored: No space left on device." in caplog.text


@pytest.mark.parametrize("garbage", [b"\xff\xfe\x00\n", b"17\n", b'"text"\n', b"[]\n", b'{"at"'])
def test_garbage_among_the_retrains_is_passed_over(
    tmp_path: Path, clock: ManualClock, garbage: bytes
):
    desk = open_desk(tmp_path, clock)
    desk.train(CANDLES, "first")
    with next(tmp_path.glob("*_retrains.jsonl")).open("ab") as file:
        file.write(garbage)
    assert open_desk(tmp_path, clock).retrains == desk.retrains


def test_older_candles_are_never_published_after_newer_ones(tmp_path: Path, clock: ManualClock):
    store = SnapshotStore.at(tmp_path / "run")
    desk = open_desk(tmp_path, clock)
    desk.train(CANDLES, "first")
    desk.publish(store, CANDLES, empty_candles())
    newest = store.snapshot(SPEC)
    desk.publish(store, CANDLES.iloc[:-1], empty_candles())
    assert store.snapshot(SPEC) == newest
    desk.publish(store, CANDLES, empty_candles())
    assert store.snapshot(SPEC).version > newest.version
