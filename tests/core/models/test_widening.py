"""Bands that missed too often widen, those that missed too seldom narrow, by what has matured."""

import numpy as np
import pytest

from core.models.widening import WINDOW, widening

STEPS = 9


def _missed(rows: int, spread: float = 1.0, seed: int = 0) -> np.ndarray:
    """Return misses of which, at a spread of 1, 80 % are below 1."""
    return spread * np.abs(np.random.default_rng(seed).normal(size=rows)) / 1.2815515655446004


def test_it_equals_a_slow_loop() -> None:
    missed = _missed(1_500)
    missed[::17] = np.nan
    factors = widening(missed, STEPS)
    for row in range(0, 1_500, 43):
        known = missed[max(0, row - STEPS - WINDOW + 1) : max(0, row - STEPS + 1)]
        known = known[np.isfinite(known)]
        slow = 1.0 if len(known) < 144 else np.clip(np.quantile(known, 0.8), 0.5, 2.0) ** 0.5
        assert factors[row] == pytest.approx(slow, rel=1e-12), row


def test_only_what_has_matured_counts() -> None:
    missed = _missed(1_200)
    factors = widening(missed, STEPS)
    changed = missed.copy()
    changed[1_000 - STEPS + 1 :] = 50.0
    np.testing.assert_array_equal(widening(changed, STEPS)[:1_001], factors[:1_001])
    assert widening(changed, STEPS)[1_100] > factors[1_100]


def test_a_recent_slice_gives_the_same_bits_as_the_whole() -> None:
    missed = _missed(9_000)
    whole = widening(missed, STEPS)
    for end in range(WINDOW + STEPS, 9_000, 411):
        assert widening(missed[end - WINDOW - STEPS + 1 : end + 1], STEPS)[-1] == whole[end]


@pytest.mark.parametrize(
    ("spread", "low", "high"), [(1.0, 0.93, 1.07), (4.0, 1.41, 1.42), (0.1, 0.70, 0.71)]
)
def test_bands_follow_half_way_and_not_far(spread: float, low: float, high: float) -> None:
    assert low <= widening(_missed(2_000, spread), 1)[-1] <= high


def test_nothing_known_changes_nothing() -> None:
    assert (widening(np.full(300, np.nan), 1) == 1.0).all()
    assert len(widening(np.zeros(0), 1)) == 0
