"""Targets are returns over whole horizons, never across a gap."""

import math

import numpy as np
import pytest

from core.features import (
    complete_bars,
    ewma_volatility,
    log_returns_ahead,
    scaled_returns_ahead,
)
from tests.core.features.series import candles


@pytest.mark.parametrize(("minutes", "steps"), [(1, 1), (1, 7), (5, 9)])
def test_targets_equal_a_slow_loop(minutes: int, steps: int) -> None:
    bars = complete_bars(candles(900, gaps=[(300, 4), (551, 1)]), minutes)
    ahead = log_returns_ahead(bars, minutes, steps)
    close = bars["close"]
    for i, opened in enumerate(bars.index):
        between = [opened + np.timedelta64(k * minutes, "m") for k in range(steps + 1)]
        if all(moment in close.index for moment in between):
            assert ahead.iloc[i] == pytest.approx(math.log(close[between[-1]] / close.iloc[i]))
        else:
            assert math.isnan(ahead.iloc[i])


def test_scaled_targets_are_in_volatilities_over_the_horizon() -> None:
    frame = candles(600)
    volatility = ewma_volatility(frame, 1)
    scaled = scaled_returns_ahead(frame, 1, 4, volatility)
    expected = log_returns_ahead(frame, 1, 4) / (volatility * 2.0)
    np.testing.assert_allclose(scaled, expected)
    assert scaled.iloc[:30].isna().all()


def test_a_horizon_longer_than_the_series_has_no_target() -> None:
    assert log_returns_ahead(candles(5), 1, 5).isna().all()
