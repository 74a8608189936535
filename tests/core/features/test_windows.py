"""Window statistics equal their definitions and depend on their window alone."""

import math

import numpy as np
import pytest

from core.features import windows
from core.features.windows import Floats


@pytest.fixture(name="values")
def _values() -> Floats:
    return np.random.default_rng(1).lognormal(size=300)


def _slow(values: Floats, window: int, statistic) -> Floats:
    out = np.full(len(values), np.nan)
    for i in range(window - 1, len(values)):
        out[i] = statistic(values[i - window + 1 : i + 1])
    return out


@pytest.mark.parametrize("window", [5, 15, 60])
def test_mean_and_deviation_equal_a_slow_loop(values: Floats, window: int) -> None:
    np.testing.assert_allclose(windows.rolling_mean(values, window), _slow(values, window, np.mean))
    np.testing.assert_allclose(
        windows.rolling_std(values, window), _slow(values, window, lambda w: np.std(w, ddof=1))
    )


def test_decayed_sum_equals_a_slow_loop(values: Floats) -> None:
    expected = [
        sum(0.9**k * values[i - k] for k in range(min(25, i + 1))) for i in range(len(values))
    ]
    np.testing.assert_allclose(windows.decayed_sum(values, 0.9, 25), expected)


def test_decayed_sum_refuses_a_window_that_is_not_square(values: Floats) -> None:
    with pytest.raises(ValueError, match="square"):
        windows.decayed_sum(values, 0.9, 24)


def test_exponential_mean_has_the_weights_of_its_span(values: Floats) -> None:
    weights = (1.0 - 2.0 / 21.0) ** np.arange(63, -1, -1)
    expected = _slow(values, 64, lambda w: np.average(w, weights=weights))
    np.testing.assert_allclose(windows.exponential_mean(values, 20, 64), expected)


def test_lagged_is_the_earlier_value(values: Floats) -> None:
    lagged = windows.lagged(values, 3)
    assert np.isnan(lagged[:3]).all()
    np.testing.assert_array_equal(lagged[3:], values[:-3])


@pytest.mark.parametrize("length", [0, 1, 4])
def test_a_series_shorter_than_the_window_is_nan(length: int) -> None:
    values = np.ones(length)
    for out in (
        windows.rolling_mean(values, 5),
        windows.rolling_std(values, 5),
        windows.lagged(values, 5),
        windows.exponential_mean(values, 3, 9),
    ):
        assert len(out) == length
        assert np.isnan(out).all()


def test_a_slice_gives_the_same_bits_as_the_whole(values: Floats) -> None:
    for end in range(70, 300, 23):
        part = values[end - 64 : end]
        assert windows.rolling_mean(part, 60)[-1] == windows.rolling_mean(values, 60)[end - 1]
        assert windows.rolling_std(part, 60)[-1] == windows.rolling_std(values, 60)[end - 1]
        ema = windows.exponential_mean(values, 20, 64)[end - 1]
        assert windows.exponential_mean(part, 20, 64)[-1] == ema


def test_equal_values_deviate_by_no_more_than_rounding() -> None:
    spread = windows.rolling_std(np.full(200, 3.3), 60)[59:]
    assert spread.max() <= 60 * math.ulp(3.3)


@pytest.mark.parametrize("window", [1, 2, 3, 8, 19, 360])
def test_a_window_sum_is_that_of_its_window_alone(window: int) -> None:
    values = np.random.default_rng(3).normal(size=500)
    sums = windows.window_sum(values, window)
    expected = [values[max(row - window + 1, 0) : row + 1].sum() for row in range(500)]
    np.testing.assert_allclose(sums, expected, rtol=0, atol=1e-12)
    changed = np.concatenate((values[: 500 - window] * 1e9, values[500 - window :]))
    assert (
        windows.window_sum(changed, window)[-1]
        == sums[-1]
        == windows.window_sum(values[-window:], window)[-1]
    )
