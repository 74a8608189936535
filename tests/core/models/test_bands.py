"""Bands are quantiles of what was missed."""

import numpy as np
import pytest

from core.domain import BAND_LEVELS
from core.models.bands import MIN_RESIDUALS, ScaledBands


def test_a_band_holds_the_share_it_promises() -> None:
    residuals = np.random.default_rng(0).standard_t(5, 10_000)
    bands = ScaledBands.of(residuals)
    assert bands is not None
    for level, low, high in zip(BAND_LEVELS, bands.low, bands.high, strict=True):
        inside = np.mean((residuals >= low) & (residuals <= high))
        assert inside == pytest.approx(level, abs=1e-3)


def test_a_band_always_holds_the_point() -> None:
    bands = ScaledBands.of(np.linspace(1.0, 2.0, 500))
    assert bands is not None
    assert bands.low == (0.0, 0.0, 0.0, 0.0)
    assert bands.high == pytest.approx((1.75, 1.9, 1.95, 1.975))


def test_too_few_residuals_make_no_band() -> None:
    assert ScaledBands.of(np.ones(MIN_RESIDUALS - 1)) is None
