"""Losses equal slow loops, refuse nonsense, and their examples are true."""

from __future__ import annotations

import doctest
import math
from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from core import losses

Loss = Callable[[list[float], list[float]], float]


def _slow_mae(actual: list[float], forecast: list[float]) -> float:
    return sum(abs(a - f) for a, f in zip(actual, forecast, strict=True)) / len(actual)


def _slow_mse(actual: list[float], forecast: list[float]) -> float:
    return sum((a - f) ** 2 for a, f in zip(actual, forecast, strict=True)) / len(actual)


def _slow_rmse(actual: list[float], forecast: list[float]) -> float:
    return math.sqrt(_slow_mse(actual, forecast))


def _slow_r2(actual: list[float], forecast: list[float]) -> float:
    mean = sum(actual) / len(actual)
    spread = sum((a - mean) ** 2 for a in actual) / len(actual)
    return 1.0 - _slow_mse(actual, forecast) / spread


SLOW: list[tuple[Loss, Loss]] = [
    (losses.mae, _slow_mae),
    (losses.mse, _slow_mse),
    (losses.rmse, _slow_rmse),
    (losses.r2, _slow_r2),
]


@pytest.mark.parametrize(("loss", "slow"), SLOW)
@given(seed=st.integers(0, 10_000), n=st.integers(2, 50))
def test_a_loss_equals_its_slow_loop(loss: Loss, slow: Loss, seed: int, n: int) -> None:
    rng = np.random.default_rng(seed)
    actual, forecast = (rng.normal(100.0, 5.0, n).tolist() for _ in range(2))
    assert loss(actual, forecast) == pytest.approx(slow(actual, forecast), rel=1e-9)


@pytest.mark.parametrize("loss", [loss for loss, _ in SLOW])
@pytest.mark.parametrize(
    ("actual", "forecast"),
    [([], []), ([1.0], [1.0, 2.0]), ([1.0, math.nan], [1.0, 2.0]), ([1.0, 2.0], [1.0, math.inf])],
)
def test_a_loss_refuses_what_it_cannot_judge(
    loss: Loss, actual: list[float], forecast: list[float]
) -> None:
    with pytest.raises(ValueError, match="actual and forecast must be"):
        loss(actual, forecast)


def test_r2_of_a_price_that_never_changes() -> None:
    assert losses.r2([3.3] * 7, [3.3] * 7) == 1.0
    assert losses.r2([3.3] * 7, [3.4] * 7) == 0.0


def test_skill_compares_with_the_baseline() -> None:
    actual, baseline = [1.0, 2.0, 3.0], [0.0, 0.0, 0.0]
    assert losses.skill(actual, actual, baseline) == 1.0
    assert losses.skill(actual, baseline, baseline) == 0.0
    assert losses.skill(actual, [-1.0, -2.0, -3.0], baseline) == -1.0
    assert losses.skill(actual, baseline, actual) == 0.0


def test_score_holds_every_loss() -> None:
    actual, forecast = [1.0, 2.0, 4.0], [1.5, 2.0, 3.0]
    scored = losses.score(actual, forecast)
    for loss in (losses.mae, losses.mse, losses.rmse, losses.r2):
        assert getattr(scored, loss.__name__) == loss(actual, forecast)


def test_the_standard_error_equals_a_slow_loop() -> None:
    values = np.random.default_rng(3).normal(size=80).cumsum()
    lag, n = 5, 80
    mean = values.mean()
    total = 0.0
    for i in range(n):
        for j in range(n):
            if abs(i - j) <= lag:
                weight = 1.0 - abs(i - j) / (lag + 1)
                total += weight * (values[i] - mean) * (values[j] - mean)
    assert losses.hac_standard_error(values, lag) == pytest.approx(math.sqrt(total) / n)


def test_overlapping_errors_count_for_less_than_independent_ones() -> None:
    noise = np.random.default_rng(0).normal(size=20_000)
    overlapping = np.convolve(noise, np.ones(9), mode="valid")
    independent = overlapping.std() / math.sqrt(len(overlapping))
    assert losses.hac_standard_error(overlapping, 27) == pytest.approx(3.0 * independent, rel=0.15)


def test_the_standard_error_of_too_little_is_not_known() -> None:
    assert math.isnan(losses.hac_standard_error([1.0], 3))
    assert losses.hac_standard_error([1.0, 1.0], 9) == 0.0


def test_the_examples_are_true() -> None:
    result = doctest.testmod(losses)
    assert result.attempted >= 5
    assert result.failed == 0
