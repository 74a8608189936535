"""What drives the forecasts is found slice by slice, and only of models that forecast."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pandas as pd
import pytest

from core.domain import ForecastSpec
from core.forecasting.desk import SpecDesk
from core.forecasting.idle import IdleStudies
from core.forecasting.store import SnapshotStore
from core.history.cleaning import empty_candles
from core.models.experts import COLUMNS
from core.models.registry import version_of
from tests.clocks import ManualClock
from tests.core.features.series import candles

SPEC = ForecastSpec(max_points=7_000)
BOUNCING = candles(6_500, seed=11, bounce=2.0)


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock(BOUNCING.index[-1].to_pydatetime() + timedelta(minutes=1))


def open_desk(clock: ManualClock, path: Path, taught: pd.DataFrame = BOUNCING) -> SpecDesk:
    desk = SpecDesk(SPEC, "simulated", "binance", path, clock, timedelta(days=1))
    desk.train(taught, "first")
    return desk


def advance(studies: IdleStudies, desk: SpecDesk, slices: int) -> None:
    for _ in range(slices):
        studies.advance([desk], lambda _: BOUNCING)


def test_a_new_champion_is_studied_and_published_with_the_next_candle(
    clock: ManualClock, tmp_path: Path
):
    desk, store = open_desk(clock, tmp_path), SnapshotStore.at(tmp_path / "run")
    studies = IdleStudies(clock)
    advance(studies, desk, 3)
    assert desk.importance == {}
    advance(studies, desk, 40)
    desk.publish(store, BOUNCING, empty_candles())
    (found,) = store.snapshot(SPEC).importance  # the long model has too few bars to be one
    assert (found.horizon, found.version) == ("minute", version_of(desk.models["minute"]))
    assert {one.name for one in found.features} == set(COLUMNS)
    assert found.features[0].mean > 0.0
    assert found.n > 50

    first = desk.importance["minute"]
    advance(studies, desk, 40)
    assert desk.importance["minute"] is first
    clock.advance(6 * 3_600)
    advance(studies, desk, 40)
    assert desk.importance["minute"].at == clock.now()


def test_what_was_found_of_an_earlier_champion_is_not_published(clock: ManualClock, tmp_path: Path):
    desk, store = open_desk(clock, tmp_path), SnapshotStore.at(tmp_path / "run")
    studies = IdleStudies(clock)
    advance(studies, desk, 40)
    clock.advance(3_600)
    desk.train(BOUNCING, "asked")
    desk.publish(store, BOUNCING, empty_candles())
    assert store.snapshot(SPEC).importance == ()
    advance(studies, desk, 40)
    assert desk.importance["minute"].version == version_of(desk.models["minute"])


def test_nothing_begins_before_there_are_candles(clock: ManualClock, tmp_path: Path):
    desk, studies = open_desk(clock, tmp_path), IdleStudies(clock)
    for _ in range(40):
        studies.advance([desk], lambda _: None)
    assert desk.importance == {}


def test_no_change_has_nothing_that_drives_it(clock: ManualClock, tmp_path: Path):
    desk = open_desk(clock, tmp_path, BOUNCING.iloc[:3_000])
    advance(IdleStudies(clock), desk, 40)
    assert desk.importance == {}
