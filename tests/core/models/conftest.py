"""Models trained once for the whole session: fits take about a second each."""

from __future__ import annotations

from datetime import UTC, datetime

import pandas as pd
import pytest

from core.domain import HORIZONS, ForecastSpec, Horizon
from core.models.trained import TrainedModel
from core.models.training import train
from tests.core.features.series import candles

NOW = datetime(2026, 6, 1, tzinfo=UTC)
SPEC = ForecastSpec(long_horizon_steps=1)


@pytest.fixture(scope="session")
def bouncing() -> pd.DataFrame:
    """Enough candles for both models, with a reversal from minute to minute to learn."""
    return candles(27_500, seed=11, bounce=2.0, gaps=[(9_000, 70), (26_900, 3)])


@pytest.fixture(scope="session", params=HORIZONS)
def horizon(request: pytest.FixtureRequest) -> Horizon:
    return request.param


@pytest.fixture(scope="session")
def model(bouncing: pd.DataFrame, horizon: Horizon) -> TrainedModel:
    return train(bouncing, SPEC, horizon, NOW)
