"""Volatility is the weighted root mean square of past returns, and survives gaps."""

import math

import numpy as np
import pandas as pd

from core.features import VOLATILITY_BARS, ewma_volatility
from core.features.volatility import FLOOR, HALF_LIFE_BARS, MIN_RETURNS
from tests.core.features.series import candles, flat_candles


def _slow(frame: pd.DataFrame, row: int) -> float:
    """Weigh squared returns by definition, one by one."""
    weight = total = 0.0
    known = 0
    for k in range(VOLATILITY_BARS):
        i = row - k
        if i < 1 or frame.index[i] - frame.index[i - 1] != pd.Timedelta(minutes=1):
            continue
        share = 0.5 ** (k / HALF_LIFE_BARS)
        total += share * math.log(frame["close"].iloc[i] / frame["close"].iloc[i - 1]) ** 2
        weight += share
        known += 1
    return math.sqrt(total / weight) if known >= MIN_RETURNS else math.nan


def test_it_equals_a_slow_loop_across_gaps() -> None:
    frame = candles(1_500, seed=2, gaps=[(700, 90), (1_100, 1)])
    volatility = ewma_volatility(frame, 1).to_numpy()
    for row in [0, 29, 30, 31, 300, 699, 700, 701, 1_008, 1_009, 1_010, 1_408]:
        np.testing.assert_allclose(volatility[row], _slow(frame, row), rtol=1e-10)


def test_it_is_known_at_once_after_a_gap_and_ignores_the_jump_across_it() -> None:
    frame = candles(400, gaps=[(200, 60)])
    jumped = frame.copy()
    jumped.iloc[200:, :4] *= 3.0
    before, after = ewma_volatility(frame, 1), ewma_volatility(jumped, 1)
    assert before.iloc[200:].notna().all()
    np.testing.assert_allclose(after, before, rtol=1e-9)


def test_it_needs_a_minimum_of_returns() -> None:
    volatility = ewma_volatility(candles(100), 1)
    assert volatility.iloc[:MIN_RETURNS].isna().all()
    assert volatility.iloc[MIN_RETURNS:].notna().all()


def test_flat_prices_have_the_smallest_volatility_not_zero() -> None:
    assert (ewma_volatility(flat_candles(100), 1).iloc[MIN_RETURNS:] == FLOOR).all()
