"""Hits are counted where there was a side to name, and overlaps count once."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy.stats import binomtest

from core.domain import Direction
from core.evaluation.direction import direction
from core.evaluation.significance import wilson_interval


def counted(point: list[float], actual: list[float], steps: int = 1) -> Direction:
    return direction(np.full(len(point), 100.0), np.array(point), np.array(actual), steps)


def test_neither_a_still_price_nor_a_forecast_of_no_change_counts() -> None:
    found = counted(
        [101.0, 101.0, 99.0, 99.0, 101.0, 100.0], [102.0, 99.0, 98.0, 101.0, 100.0, 101.0]
    )
    assert (found.n, found.n_eff, found.rate) == (4, 4.0, 0.5)


def test_nothing_counted_is_no_rate() -> None:
    found = counted([100.0, 101.0], [101.0, 100.0])
    assert found.n == 0
    assert all(math.isnan(value) for value in (found.rate, found.low, found.high))


@pytest.mark.parametrize(("hits", "n"), [(0, 7), (5, 10), (52, 100), (100, 100)])
def test_the_interval_is_wilsons(hits: int, n: int) -> None:
    expected = binomtest(hits, n).proportion_ci(0.95, "wilson")
    assert wilson_interval(hits / n, n) == pytest.approx((expected.low, expected.high), abs=1e-12)


def test_overlapping_targets_widen_the_interval() -> None:
    rng = np.random.default_rng(1)
    point, actual = ((100.0 + rng.normal(size=900)).tolist() for _ in range(2))
    alone, overlapping = counted(point, actual), counted(point, actual, 9)
    assert overlapping.n_eff == 100.0
    assert (overlapping.low, overlapping.high) == wilson_interval(alone.rate, 100.0)
    assert overlapping.high - overlapping.low > 2.9 * (alone.high - alone.low)
