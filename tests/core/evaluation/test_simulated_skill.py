"""In the simulated market there is nothing to find, and our forecaster finds nothing."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pandas as pd
import pytest

from core.domain import ForecastSpec, Horizon
from core.evaluation.walk_forward import walk_forward
from core.exchanges.simulated import SimulatedMarket
from core.losses import skill
from tests.clocks import ManualClock

END = datetime(2026, 11, 1, tzinfo=UTC)
DAYS = 30


@pytest.fixture(scope="module")
def candles() -> pd.DataFrame:
    market = SimulatedMarket(ManualClock(END))
    return pd.concat(market.candles("ETH-USD", END - timedelta(days=DAYS)))


@pytest.mark.parametrize("horizon", ["minute", "long"])
def test_skill_is_below_a_fifth_of_a_percent_to_either_side(
    candles: pd.DataFrame, horizon: Horizon
):
    issued = walk_forward(candles, ForecastSpec("ETH-USD"), horizon, refit_minutes=10_080)
    known = issued.dropna(subset=["actual"])
    found = skill(
        known["actual"].to_numpy(), known["point"].to_numpy(), known["price_at_issue"].to_numpy()
    )
    assert len(known) > 500
    assert abs(found) < 0.002
