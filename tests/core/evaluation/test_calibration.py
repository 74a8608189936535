"""Coverage, pinball and Winkler scores equal slow loops and examples by hand."""

from __future__ import annotations

import doctest
import math
from itertools import pairwise

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.evaluation import calibration
from core.evaluation.calibration import (
    band_score,
    daily_coverage,
    pinball,
    pinball_score,
    tercile_coverage,
    winkler,
)


def _slow_winkler(actual: list[float], low: list[float], high: list[float], level: float) -> float:
    alpha, total = 1.0 - level, 0.0
    for y, lo, hi in zip(actual, low, high, strict=True):
        total += hi - lo
        if y < lo:
            total += 2.0 / alpha * (lo - y)
        if y > hi:
            total += 2.0 / alpha * (y - hi)
    return total / len(actual)


def _slow_pinball(actual: list[float], quantile: list[float], probability: float) -> float:
    total = 0.0
    for y, q in zip(actual, quantile, strict=True):
        total += probability * (y - q) if y >= q else (1.0 - probability) * (q - y)
    return total / len(actual)


def _frame(n: int, seed: int = 0) -> pd.DataFrame:
    rng = np.random.default_rng(seed)
    start = 100.0 + rng.normal(size=n)
    volatility = rng.uniform(0.001, 0.01, n)
    frame = pd.DataFrame(
        {
            "issued_at": pd.date_range("2026-03-01 12:00", periods=n, freq="10min", tz="UTC"),
            "price_at_issue": start,
            "actual": start * np.exp(volatility * rng.normal(size=n)),
            "volatility": volatility,
            **dict(zip(("q5", "q25", "q75", "q95"), (-0.01, -0.004, 0.004, 0.01), strict=True)),
        }
    )
    for name, width in (("50", 0.674), ("80", 1.282), ("90", 1.645), ("95", 1.96)):
        frame[f"lo{name}"] = start * np.exp(-width * volatility)
        frame[f"hi{name}"] = start * np.exp(width * volatility)
    return frame


@given(seed=st.integers(0, 10_000), n=st.integers(1, 40), level=st.sampled_from((0.5, 0.8, 0.95)))
def test_the_winkler_score_equals_a_slow_loop(seed: int, n: int, level: float) -> None:
    rng = np.random.default_rng(seed)
    actual, one, other = rng.normal(0.0, 2.0, (3, n))
    low, high = np.minimum(one, other), np.maximum(one, other)
    slow = _slow_winkler(actual.tolist(), low.tolist(), high.tolist(), level)
    assert winkler(actual, low, high, level) == pytest.approx(slow)


@given(seed=st.integers(0, 10_000), n=st.integers(1, 40), probability=st.floats(0.01, 0.99))
def test_the_pinball_loss_equals_a_slow_loop(seed: int, n: int, probability: float) -> None:
    actual, quantile = np.random.default_rng(seed).normal(size=(2, n))
    slow = _slow_pinball(actual.tolist(), quantile.tolist(), probability)
    assert pinball(actual, quantile, probability) == pytest.approx(slow)


def test_both_are_least_for_the_true_quantiles() -> None:
    drawn = np.random.default_rng(2).normal(size=200_000)
    for shift in (-0.2, 0.2):
        assert pinball(drawn, np.full(len(drawn), -1.645), 0.05) < pinball(
            drawn, np.full(len(drawn), -1.645 + shift), 0.05
        )
        assert winkler(drawn, np.full(len(drawn), -1.645), np.full(len(drawn), 1.645), 0.9) < (
            winkler(
                drawn, np.full(len(drawn), -1.645 + shift), np.full(len(drawn), 1.645 - shift), 0.9
            )
        )


def test_coverage_of_all_of_days_and_of_thirds_equals_a_slow_loop() -> None:
    frame = _frame(500)
    score = band_score(frame, 0.8)
    assert score is not None
    inside = [
        lo <= y <= hi
        for lo, y, hi in zip(frame["lo80"], frame["actual"], frame["hi80"], strict=True)
    ]
    assert (score.level, score.n) == (0.8, 500)
    assert score.coverage == pytest.approx(sum(inside) / 500)
    # From noon, 144 a day: half of the first day, two whole ones, and 140.
    edges = (0, 72, 216, 360, 500)
    days = [sum(inside[a:b]) / (b - a) for a, b in pairwise(edges)]
    assert score.days == 4
    assert (score.day_min, score.day_max) == pytest.approx((min(days), max(days)))
    by_volatility = sorted(range(500), key=lambda i: frame["volatility"][i])
    thirds = (by_volatility[:167], by_volatility[167:333], by_volatility[333:])
    slow = [sum(inside[i] for i in third) / len(third) for third in thirds]
    assert score.terciles == pytest.approx(tuple(slow))
    assert score.winkler == pytest.approx(
        _slow_winkler(*(frame[n].tolist() for n in ("actual", "lo80", "hi80")), 0.8)
    )


def test_an_edge_belongs_to_its_band() -> None:
    frame = _frame(3).assign(lo80=99.0, hi80=101.0, actual=[99.0, 101.0, 101.5])
    score = band_score(frame, 0.8)
    assert score is not None
    assert score.coverage == pytest.approx(2 / 3)


def test_a_day_with_a_handful_of_forecasts_is_no_worst_day() -> None:
    issued = pd.date_range("2026-03-01", periods=2 * 1_440 + 5, freq="min", tz="UTC")
    inside = np.ones(len(issued), dtype=bool)
    inside[-5:] = False
    assert daily_coverage(pd.Series(issued), inside).tolist() == [1.0, 1.0]


def test_thirds_without_volatility_are_not_known() -> None:
    found = tercile_coverage(np.array([True, False]), np.full(2, math.nan))
    assert all(math.isnan(share) for share in found)


def test_rows_without_a_band_are_left_out() -> None:
    frame = _frame(40)
    frame.loc[frame.index[:10], ["lo90", "hi90"]] = math.nan
    for level, n in ((0.8, 40), (0.9, 30)):
        score = band_score(frame, level)
        assert score is not None
        assert score.n == n
    gain = pinball_score(frame)
    assert gain is not None
    assert gain.n == 30


def test_no_band_at_all_is_no_score() -> None:
    bare = _frame(20).assign(lo80=math.nan, hi80=math.nan, lo90=math.nan)
    assert band_score(bare, 0.8) is None
    assert pinball_score(bare) is None


def test_pinball_gain_over_the_unconditional_quantiles() -> None:
    frame = _frame(300, seed=4)
    score = pinball_score(frame)
    assert score is not None
    came = np.log(frame["actual"] / frame["price_at_issue"]).tolist()
    own, fixed = 0.0, 0.0
    for probability, edge, name in (
        (0.05, "lo90", "q5"),
        (0.25, "lo50", "q25"),
        (0.75, "hi50", "q75"),
        (0.95, "hi90", "q95"),
    ):
        said = np.log(frame[edge] / frame["price_at_issue"]).tolist()
        own += _slow_pinball(came, said, probability) / 4
        fixed += _slow_pinball(came, frame[name].tolist(), probability) / 4
    assert (score.model, score.unconditional) == pytest.approx((own, fixed))
    assert score.gain == pytest.approx(1.0 - own / fixed)
    assert score.gain > 0.0


def test_the_examples_are_true() -> None:
    result = doctest.testmod(calibration)
    assert (result.attempted, result.failed) == (2, 0)
