"""A market that turns against the model: the random walk is published, and then no more."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pandas as pd
import pytest

from core.domain import Forecast
from core.forecasting.desk import SpecDesk
from core.forecasting.store import SnapshotStore
from core.history.cleaning import empty_candles
from tests.clocks import ManualClock
from tests.turning import SPEC, TAUGHT, TURNS, TURNS_BACK, WINDOW, turning_market


@pytest.fixture(scope="module", name="market")
def _market() -> pd.DataFrame:
    return turning_market()


@pytest.fixture(scope="module", name="desk")
def _desk(market: pd.DataFrame, tmp_path_factory: pytest.TempPathFactory) -> SpecDesk:
    path: Path = tmp_path_factory.mktemp("desk")
    clock = ManualClock(market.index[TAUGHT].to_pydatetime())
    desk = SpecDesk(SPEC, "simulated", "simulated", path, clock, timedelta(days=9))
    desk.train(market.iloc[:TAUGHT], "first")
    assert desk.models["minute"].shrinkage > 0
    return desk


def published(desk: SpecDesk, store: SnapshotStore, candles: pd.DataFrame) -> Forecast:
    desk.publish(store, candles, empty_candles())
    snapshot = store.snapshot(SPEC)
    assert snapshot is not None
    return snapshot.forecasts["minute"]


def test_the_random_walk_is_published_while_the_model_loses_and_then_no_more(
    desk: SpecDesk, market: pd.DataFrame, tmp_path: Path
):
    store = SnapshotStore.at(tmp_path)
    winning = published(desk, store, market.iloc[:TURNS])
    assert not winning.standing_aside
    assert winning.point != winning.price_at_issue

    losing = published(desk, store, market.iloc[: TURNS + WINDOW])
    assert losing.standing_aside
    assert losing.point == losing.price_at_issue
    assert len(losing.bands) == 4
    assert all(band.low < losing.point < band.high for band in losing.bands)

    again = published(desk, store, market.iloc[: TURNS_BACK + WINDOW])
    assert not again.standing_aside
    assert again.point != again.price_at_issue


def test_one_forecast_is_what_it_is_in_a_table_of_many(desk: SpecDesk, market: pd.DataFrame):
    """The engine computes one, an evaluation thousands: the same rows, to the bit."""
    model = desk.models["minute"]
    table = model.forecasts(market, 2_300)
    assert 0.1 < table["standing_aside"].mean() < 0.9
    for row in range(0, len(table), 230):
        end = len(market) - len(table) + row + 1
        alone = model.forecast(market.iloc[:end])
        assert alone is not None
        many = table.iloc[row]
        assert alone.issued_at == many["issued_at"]
        assert (alone.point, alone.standing_aside) == (many["point"], many["standing_aside"])
        assert [edge for band in alone.bands for edge in (band.low, band.high)] == [
            many[name] for name in ("lo50", "hi50", "lo80", "hi80", "lo90", "hi90", "lo95", "hi95")
        ]
