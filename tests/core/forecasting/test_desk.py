"""A desk keeps a spec's models and retrains, and publishes in the order of candles."""

from __future__ import annotations

import errno
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from core.domain import HORIZONS, ForecastSpec
from core.forecasting.desk import SpecDesk
from core.forecasting.store import SnapshotStore
from core.history.cleaning import MINUTE, empty_candles, open_times
from core.history.filling import fill_quiet_minutes
from core.models import champion, registry
from core.models.decisions import append_decision
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
    stored = next(tmp_path.glob("models/*/minute/*.joblib"))
    stored.write_bytes(b"garbage")
    desk = open_desk(tmp_path, clock)
    assert desk.training_cause(None) == "first"
    assert len(list(tmp_path.glob("models/*/minute/*.damaged-1"))) == 2


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


def test_what_is_published_names_its_provider_and_every_filled_minute(
    tmp_path: Path, clock: ManualClock
):
    sparse = CANDLES.drop(CANDLES.index[[600, 650, 651]])
    candles, flags = fill_quiet_minutes(sparse)
    desk, store = open_desk(tmp_path, clock), SnapshotStore.at(tmp_path / "run")
    desk.train(candles, "first")
    desk.publish(store, candles, empty_candles(), open_times(candles)[flags])
    series = store.series(SPEC)
    assert series.provider == "simulated"
    closes = [int((t + MINUTE).timestamp() * 1000) for t in CANDLES.index[[600, 650, 651]]]
    assert list(series.filled) == closes
    assert [series.volume[series.close_time.index(t)] for t in closes] == [0.0] * 3
    assert store.snapshot(SPEC).filled == 3


def test_the_trained_models_are_champions_with_their_decisions(tmp_path: Path, clock: ManualClock):
    desk = open_desk(tmp_path, clock)
    desk.train(CANDLES, "first")
    store = SnapshotStore.at(tmp_path / "run")
    desk.publish(store, CANDLES, empty_candles())
    decisions = store.snapshot(SPEC).decisions
    assert [one.horizon for one in decisions] == list(HORIZONS)
    assert all("The first model of this forecast." in one.sentence for one in decisions)
    assert open_desk(tmp_path, clock).champions.decisions == decisions


def test_a_challenger_kept_out_is_stored_but_does_not_forecast(
    tmp_path: Path, clock: ManualClock, monkeypatch: pytest.MonkeyPatch
):
    desk = open_desk(tmp_path, clock)
    desk.train(CANDLES, "first")
    before = dict(desk.models)
    clock.advance(24 * 3_600)
    # Any challenger is worse than this: the rule itself is tested where it is.
    monkeypatch.setattr("core.models.promotion.NOT_WORSE", -1.0)
    monkeypatch.setattr("core.models.promotion.MIN_COMMON", 0)
    desk.train(CANDLES, "schedule")
    assert desk.models == before
    assert [one.promoted for one in desk.champions.decisions] == [True, True, False, False]
    # The next one is due a day after this training, not at once.
    assert desk.training_cause(None) is None
    again = open_desk(tmp_path, clock)
    assert {h: m.trained_at for h, m in again.models.items()} == {
        h: m.trained_at for h, m in before.items()
    }
    assert again.training_cause(None) is None
    assert again.next_training == desk.next_training == clock.now() + timedelta(hours=24)


def test_a_model_too_old_refuses_and_is_replaced_without_contest(
    tmp_path: Path, clock: ManualClock
):
    desk = SpecDesk(
        SPEC, "simulated", "simulated", tmp_path, clock, timedelta(days=30), timedelta(hours=72)
    )
    desk.load()
    desk.train(CANDLES, "first")
    store = SnapshotStore.at(tmp_path / "run")
    clock.advance(72 * 3_600 - 1)
    assert desk.training_cause(None) is None
    desk.publish(store, CANDLES, empty_candles())
    assert "older than" not in store.snapshot(SPEC).models["minute"].reason
    clock.advance(1)
    desk.publish(store, CANDLES, empty_candles())
    refused = store.snapshot(SPEC)
    for horizon in HORIZONS:
        assert not refused.models[horizon].trained
        assert refused.models[horizon].reason.startswith("The model is older than 72 h")
        forecast = refused.forecasts[horizon]
        assert forecast.point == forecast.price_at_issue
    assert desk.training_cause(None) == "expired"
    desk.train(CANDLES, "expired")
    assert "The champion was older than 72 h." in desk.champions.decisions[-1].sentence
    assert desk.training_cause(None) is None


def test_a_champion_set_by_hand_is_taken_up(tmp_path: Path, clock: ManualClock, caplog):
    caplog.set_level("INFO")
    desk = open_desk(tmp_path, clock)
    desk.train(CANDLES, "first")
    assert not desk.follow_champions()
    first = registry.version_of(desk.models["minute"])
    clock.advance(3_600)
    desk.train(CANDLES, "asked")
    assert desk.models["minute"].trained_at == clock.now()
    with_hand = replace(desk.champions.decisions[-1], horizon="minute", version=first)
    append_decision(tmp_path, SPEC, replace(with_hand, sentence="Rolled back by hand."))
    champion.roll_back(tmp_path, SPEC, "minute", first)
    assert desk.follow_champions()
    assert registry.version_of(desk.models["minute"]) == first
    assert "minute: Rolled back by hand." in caplog.text
    assert not desk.follow_champions()


def test_models_of_the_layout_without_versions_are_trained_again(
    tmp_path: Path, clock: ManualClock, caplog
):
    (tmp_path / f"{SPEC.key}_hour.joblib").write_bytes(b"old")
    desk = open_desk(tmp_path, clock)
    assert desk.training_cause(None) == "first"
    assert "of an earlier layout; it is trained again" in caplog.text
    desk.train(CANDLES, "first")
    assert not list(tmp_path.glob("*.joblib"))
