"""A loss is told from chance as often as promised, and not where there is none."""

from __future__ import annotations

import doctest
import math
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import norm

from core.evaluation import significance
from core.evaluation.significance import compare, holm


def test_the_comparison_equals_a_slow_loop() -> None:
    gain = np.random.default_rng(5).normal(0.1, 1.0, 60).cumsum()
    lag, n, mean = 6, 60, gain.mean()
    total = sum(
        (1.0 - abs(i - j) / (lag + 1)) * (gain[i] - mean) * (gain[j] - mean)
        for i in range(n)
        for j in range(n)
        if abs(i - j) <= lag
    )
    found = compare(gain, steps=2)
    assert found.gain == pytest.approx(mean)
    assert found.standard_error == pytest.approx(math.sqrt(total) / n)
    assert found.p_worse == pytest.approx(norm.cdf(mean / found.standard_error))


def test_an_equal_forecaster_is_called_worse_as_often_as_promised() -> None:
    rejected = 0
    for seed in range(400):
        noise = np.random.default_rng(seed).normal(size=1_208)
        overlapping = np.convolve(noise, np.ones(9) / 3.0, mode="valid")
        rejected += compare(overlapping, steps=9).p_worse < 0.05
    assert 0.03 <= rejected / 400 <= 0.09


@pytest.mark.parametrize(
    ("gain", "p_worse"), [([0.0, 0.0, 0.0], 1.0), ([0.5, 0.5], 1.0), ([-0.5, -0.5], 0.0)]
)
def test_differences_that_do_not_vary(gain: list[float], p_worse: float) -> None:
    assert compare(gain, 1).p_worse == p_worse


def test_one_difference_tells_nothing() -> None:
    assert math.isnan(compare([-1.0], 1).p_worse)


@given(st.lists(st.floats(0.0, 1.0), min_size=1, max_size=12))
def test_holm_rejects_what_its_step_by_step_rule_rejects(p_values: list[float]) -> None:
    adjusted = holm(p_values)
    order = sorted(range(len(p_values)), key=lambda i: p_values[i])
    rejected: set[int] = set()
    for rank, i in enumerate(order):
        if p_values[i] * (len(p_values) - rank) > 0.05:
            break
        rejected.add(i)
    assert {i for i, p in enumerate(adjusted) if p <= 0.05} == rejected
    assert all(adjusted[a] <= adjusted[b] for a, b in pairwise(order))


def test_the_examples_are_true() -> None:
    result = doctest.testmod(significance)
    assert (result.attempted, result.failed) == (3, 0)
