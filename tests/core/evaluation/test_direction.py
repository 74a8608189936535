"""Hits are counted where there was a side to name, and overlaps count once."""

from __future__ import annotations

import doctest
import math

import numpy as np
import pandas as pd
import pytest
from scipy.stats import binomtest

from core.evaluation import direction as module
from core.evaluation.direction import direction, wilson_interval


def _frame(point: list[float], actual: list[float]) -> pd.DataFrame:
    return pd.DataFrame({"price_at_issue": 100.0, "point": point, "actual": actual})


def test_neither_a_still_price_nor_a_forecast_of_no_change_counts() -> None:
    found = direction(
        _frame([101.0, 101.0, 99.0, 99.0, 101.0, 100.0], [102.0, 99.0, 98.0, 101.0, 100.0, 101.0]),
        steps=1,
    )
    assert (found.n, found.n_eff, found.rate) == (4, 4.0, 0.5)


def test_nothing_counted_is_no_rate() -> None:
    found = direction(_frame([100.0, 101.0], [101.0, 100.0]), steps=1)
    assert found.n == 0
    assert all(math.isnan(value) for value in (found.rate, found.low, found.high))


@pytest.mark.parametrize(("hits", "n"), [(0, 7), (5, 10), (52, 100), (100, 100)])
def test_the_interval_is_wilsons(hits: int, n: int) -> None:
    expected = binomtest(hits, n).proportion_ci(0.95, "wilson")
    assert wilson_interval(hits / n, n) == pytest.approx((expected.low, expected.high), abs=1e-12)


def test_overlapping_targets_widen_the_interval() -> None:
    rng = np.random.default_rng(1)
    frame = _frame((100.0 + rng.normal(size=900)).tolist(), (100.0 + rng.normal(size=900)).tolist())
    alone, overlapping = direction(frame, 1), direction(frame, 9)
    assert overlapping.n_eff == 100.0
    assert (overlapping.low, overlapping.high) == wilson_interval(alone.rate, 100.0)
    assert overlapping.high - overlapping.low > 2.9 * (alone.high - alone.low)


def test_the_examples_are_true() -> None:
    result = doctest.testmod(module)
    assert (result.attempted, result.failed) == (2, 0)
