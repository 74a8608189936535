"""In the simulated market there is nothing to find, and our forecaster finds nothing."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pandas as pd
import pytest

from core.domain import ForecastSpec, Horizon
from core.evaluation.report import summarise
from core.evaluation.walk_forward import walk_forward
from core.exchanges.simulated import SimulatedMarket
from core.models.samples import Task
from tests.clocks import ManualClock

END = datetime(2026, 11, 1, tzinfo=UTC)
DAYS = 30


@pytest.fixture(scope="module")
def candles() -> pd.DataFrame:
    market = SimulatedMarket(ManualClock(END))
    return pd.concat(market.candles("ETH-USD", END - timedelta(days=DAYS)))


@pytest.mark.parametrize("horizon", ["minute", "long"])
def test_no_skill_is_claimed_and_little_is_lost(candles: pd.DataFrame, horizon: Horizon) -> None:
    spec = ForecastSpec("ETH-USD")
    issued = walk_forward(candles, spec, horizon, refit_minutes=10_080)
    report = summarise(issued, Task.of(spec, horizon).steps)
    assert report is not None
    assert report.n > 500
    assert report.skill_low <= 0
    assert report.skill > -0.005
