"""What nobody wants any more leaves neither threads nor files behind."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest

from core.domain import ForecastSpec
from core.exchanges.simulated import SimulatedMarket
from core.forecasting.roster import Roster
from core.forecasting.store import SnapshotStore, Want
from core.settings import Settings
from tests.clocks import ManualClock

VISITED = ForecastSpec("ETH-USD", max_points=1_500)


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock()


@pytest.fixture
def store(tmp_path: Path) -> SnapshotStore:
    return SnapshotStore.at(tmp_path / "run")


@pytest.fixture
def roster(tmp_path: Path, store: SnapshotStore, clock: ManualClock) -> Roster:
    settings = Settings.from_env({"ARTIFACT_DIR": str(tmp_path), "WATCH": "BTC-USD"})
    return Roster(settings, SimulatedMarket(clock), store, clock)


def want(store: SnapshotStore, clock: ManualClock, spec: ForecastSpec) -> None:
    now = clock.now()
    store.update_wanted(lambda held: {**held, spec.key: Want(spec, "a", now, now)})


def test_watched_specs_are_served_for_ever(roster: Roster, clock: ManualClock):
    roster.follow_demand()
    clock.advance(86_400)
    assert roster.follow_demand().keys == frozenset()
    assert set(roster.desks) == {"BTC-USD"}
    assert set(roster.feeds) == {"BTC-USD"}


def test_a_visitors_spec_is_dropped_after_ten_minutes_with_all_it_left(
    roster: Roster, store: SnapshotStore, clock: ManualClock, tmp_path: Path
):
    want(store, clock, VISITED)
    roster.follow_demand()
    desk, feed = roster.desks[VISITED.key], roster.feeds["ETH-USD"]
    feed.start(VISITED.rows_wanted)
    desk.train(feed.candles, "first")
    desk.publish(store, feed.candles, feed.context)
    assert store.snapshot(VISITED) is not None
    left = tmp_path / "simulated"
    assert len(list((left / "models" / VISITED.key).rglob("*.joblib"))) == 2
    assert len(list(left.glob(f"{VISITED.key}*"))) == 1

    clock.advance(timedelta(minutes=10).total_seconds() + 1)
    dropped = roster.follow_demand()

    assert (dropped.keys, dropped.tickers) == ({VISITED.key}, {"ETH-USD"})
    assert store.snapshot(VISITED) is None
    assert store.series(VISITED) is None
    assert list(left.glob(f"{VISITED.key}*")) == []
    assert list((left / "models").iterdir()) == []
    assert (tmp_path / "simulated" / "ETH-USD_history.csv").exists()


def test_candles_of_a_ticker_nobody_lists_by_default_go_too(
    roster: Roster, store: SnapshotStore, clock: ManualClock, tmp_path: Path
):
    want(store, clock, ForecastSpec("RARE-USD"))
    roster.follow_demand()
    history = tmp_path / "simulated" / "RARE-USD_history.csv"
    history.parent.mkdir(exist_ok=True)
    history.write_text("open_time,open,high,low,close,volume,market,provider\n")
    clock.advance(601)
    roster.follow_demand()
    assert not history.exists()


def test_training_that_ends_after_its_spec_was_dropped_leaves_nothing(
    roster: Roster, store: SnapshotStore, clock: ManualClock, tmp_path: Path
):
    want(store, clock, VISITED)
    roster.follow_demand()
    desk, feed = roster.desks[VISITED.key], roster.feeds["ETH-USD"]
    feed.start(VISITED.rows_wanted)
    clock.advance(601)
    roster.follow_demand()
    desk.train(feed.candles, "first")
    desk.publish(store, feed.candles, feed.context)
    assert store.snapshot(VISITED) is None
    assert list((tmp_path / "simulated").rglob(f"{VISITED.key}*")) == []
