"""Features equal their definitions, know only the past, and stop at gaps."""

import math

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.features import (
    FEATURE_NAMES,
    LONGEST_WINDOW,
    VOLATILITY_BARS,
    build_features,
    complete_bars,
    ewma_volatility,
)
from tests.core.features.series import altered_after, candles, flat_candles, recorded


def _slow(bars: pd.DataFrame, row: int, volatility: float) -> dict[str, float]:
    """Compute the features of one gapless row from their definitions."""
    past = bars.iloc[: row + 1]
    close, volume = past["close"], past["volume"]
    returns = np.log(close / close.shift(1))
    bar = past.iloc[-1]
    weights = (1.0 - 2.0 / 21.0) ** np.arange(63, -1, -1)
    usual = volume.iloc[-20:].mean()
    slow = {
        "return": close.iloc[-1] / close.iloc[-2] - 1.0,
        "log_return": returns.iloc[-1] / volatility,
        "log_return_lag_1": returns.iloc[-2] / volatility,
        "log_return_lag_2": returns.iloc[-3] / volatility,
        "momentum_10": math.log(close.iloc[-1] / close.iloc[-11]) / volatility / math.sqrt(10),
        "range_fraction": (bar["high"] - bar["low"]) / bar["close"] / volatility,
        "close_in_range": 2 * (bar["close"] - bar["low"]) / (bar["high"] - bar["low"]) - 1,
        "volume_to_mean_20": math.log(volume.iloc[-1] / usual),
        "volume_spread_20": volume.iloc[-20:].std() / usual,
        "volume_to_ema_20": math.log(
            volume.iloc[-1] / np.average(volume.iloc[-64:], weights=weights)
        ),
    }
    for window in (5, 15, 60):
        distance = math.log(close.iloc[-1] / close.iloc[-window:].mean())
        slow[f"mean_distance_{window}"] = distance / volatility / math.sqrt(window)
    for window in (15, 60):
        slow[f"std_ratio_{window}"] = math.log(returns.iloc[-window:].std() / volatility)
    return slow


@pytest.mark.parametrize("minutes", [1, 5])
def test_features_equal_a_slow_loop(minutes: int) -> None:
    bars = complete_bars(candles(900 * minutes, seed=3), minutes)
    features = build_features(bars, minutes)
    volatility = ewma_volatility(bars, minutes)
    assert tuple(features.columns) == FEATURE_NAMES
    for row in range(LONGEST_WINDOW, 900, 61):
        slow = _slow(bars, row, volatility.iloc[row])
        assert set(slow) == set(FEATURE_NAMES)
        for name, value in slow.items():
            assert features[name].iloc[row] == pytest.approx(value, rel=1e-8, abs=1e-10), name


@settings(max_examples=40, deadline=None)
@given(
    seed=st.integers(0, 1_000),
    row=st.integers(0, 799),
    gap=st.tuples(st.integers(1, 700), st.integers(1, 80)),
    minutes=st.sampled_from([1, 5]),
)
def test_candles_after_t_change_no_feature_at_t(
    seed: int, row: int, gap: tuple[int, int], minutes: int
) -> None:
    frame = candles(900, seed=seed, gaps=[gap])
    changed = altered_after(frame, row, seed)
    closed = frame.index[row] + pd.Timedelta(minutes=1)

    def known(source: pd.DataFrame) -> pd.DataFrame:
        features = build_features(complete_bars(source, minutes), minutes)
        return features[features.index + pd.Timedelta(minutes=minutes) <= closed]

    pd.testing.assert_frame_equal(known(changed), known(frame), check_exact=True)


def test_a_recent_slice_gives_the_same_bits_as_the_whole() -> None:
    frame = candles(3_000, seed=5, gaps=[(1_500, 40)])
    whole = build_features(frame, 1)
    for end in range(VOLATILITY_BARS + 1, len(frame), 97):
        part = build_features(frame.iloc[end - VOLATILITY_BARS - 1 : end], 1)
        np.testing.assert_array_equal(part.iloc[-1], whole.iloc[end - 1])


def test_windows_restart_after_a_gap() -> None:
    frame = candles(500, gaps=[(300, 1)])
    features = build_features(frame, 1)
    first_known = {
        "return": 1,
        "log_return_lag_1": 2,
        "log_return_lag_2": 3,
        "mean_distance_5": 4,
        "momentum_10": 10,
        "mean_distance_60": 59,
        "std_ratio_15": 15,
        "std_ratio_60": 60,
        "volume_to_mean_20": 19,
        "volume_to_ema_20": 63,
    }
    for name, bars in first_known.items():
        after = features[name].iloc[300:]
        assert after.iloc[:bars].isna().all(), name
        assert after.iloc[bars:].notna().all(), name
    assert features.iloc[300 + LONGEST_WINDOW - 1 :].notna().all(axis=None)


def test_what_lies_before_a_gap_changes_only_volatility_after_it() -> None:
    frame = candles(500, gaps=[(300, 5)])
    other = frame.copy()
    other.iloc[:300, :4] *= 2.0
    pd.testing.assert_frame_equal(
        build_features(other, 1).iloc[300:], build_features(frame, 1).iloc[300:], rtol=1e-9
    )


def test_features_do_not_depend_on_the_price_or_volume_scale() -> None:
    frame = candles(400)
    dear = frame * [1_000.0, 1_000.0, 1_000.0, 1_000.0, 1e-3]
    pd.testing.assert_frame_equal(build_features(dear, 1), build_features(frame, 1), rtol=1e-6)


def test_flat_prices_without_volume_give_no_infinite_feature() -> None:
    features = build_features(flat_candles(400), 1).iloc[LONGEST_WINDOW:]
    assert not np.isinf(features.to_numpy()).any()
    prices = features.drop(columns=[c for c in FEATURE_NAMES if c.startswith("volume")])
    assert prices.notna().all(axis=None)


def test_recorded_outages_leave_no_infinite_feature() -> None:
    frame = recorded("BTCUSD-KRAKEN-1m-20230301-20230321", 12_000)
    features = build_features(frame, 1)
    assert not np.isinf(features.to_numpy()).any()
    assert features.notna().all(axis=1).mean() > 0.8
