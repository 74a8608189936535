"""A share must be earned on unseen rows; bands are quantiles of what was missed."""

import numpy as np
import pytest

from core.models.bands import MIN_RESIDUALS, ScaledBand
from core.models.shrinkage import SHARES, choose_shrinkage


@pytest.mark.parametrize("steps", [1, 9])
def test_a_good_forecast_earns_the_largest_share(steps: int) -> None:
    rng = np.random.default_rng(0)
    signal = rng.normal(size=5_000)
    assert choose_shrinkage(signal + rng.normal(size=5_000), signal, steps) == max(SHARES)


def test_a_forecast_four_times_too_large_earns_the_smaller_share() -> None:
    rng = np.random.default_rng(0)
    signal = rng.normal(size=5_000)
    assert choose_shrinkage(signal + 0.1 * rng.normal(size=5_000), 4.0 * signal, 1) == min(SHARES)


@pytest.mark.parametrize("forecast", [0.0, -1.0])
def test_nothing_is_earned_without_a_gain(forecast: float) -> None:
    target = np.random.default_rng(0).normal(size=5_000)
    assert choose_shrinkage(target, forecast * target, 1) == 0.0


def test_nothing_is_earned_without_rows() -> None:
    assert choose_shrinkage(np.zeros(0), np.zeros(0), 1) == 0.0


def test_a_band_holds_the_share_it_promises() -> None:
    residuals = np.random.default_rng(0).standard_t(5, 10_000)
    band = ScaledBand.of(residuals)
    assert band is not None
    assert np.mean((residuals >= band.low) & (residuals <= band.high)) == pytest.approx(
        0.8, abs=1e-3
    )


def test_a_band_always_holds_the_point() -> None:
    assert ScaledBand.of(np.linspace(1.0, 2.0, 500)) == ScaledBand(0.0, pytest.approx(1.9))


def test_too_few_residuals_make_no_band() -> None:
    assert ScaledBand.of(np.ones(MIN_RESIDUALS - 1)) is None
