"""What volatility is foretold from equals its definitions, and knows only the past."""

import math

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.features import (
    CALENDAR_NAMES,
    DISTANT_BARS,
    DISTANT_NAMES,
    HISTORY_BARS,
    calendar_features,
    complete_bars,
    distant_features,
    ewma_volatility,
    realised_volatility,
    volatility_columns,
)
from tests.core.features.series import altered_after, candles, flat_candles

WINDOWS = (5, 15, 60, 240, 1_440)


def _slow(bars: pd.DataFrame, row: int) -> list[float]:
    """Return the first columns of a gapless row at one minute a bar, from their definitions."""
    past = bars.iloc[: row + 1]
    o, h, low, c = (past[name].to_numpy() for name in ("open", "high", "low", "close"))
    ranged = 0.5 * np.log(h / low) ** 2 - (2 * math.log(2) - 1) * np.log(c / o) ** 2
    ranged = np.maximum(ranged, 0.0)
    squares = np.diff(np.log(c)) ** 2
    columns = [0.5 * math.log(ranged[-1] + 1e-10)]
    for window in WINDOWS:
        for values in (ranged, squares):
            columns.append(0.5 * math.log(values[-window:].mean() + 1e-10))
    return columns


def test_columns_equal_a_slow_loop() -> None:
    bars = candles(2_000, seed=3)
    columns = volatility_columns(bars, 1)
    for row in range(HISTORY_BARS, 2_000, 61):
        slow = _slow(bars, row)
        assert columns[row, : len(slow)] == pytest.approx(slow, rel=1e-8)


def test_volume_and_clock_follow() -> None:
    bars = candles(2_000, seed=3)
    columns, volume = volatility_columns(bars, 1), bars["volume"]
    at = 2 * len(WINDOWS) + 1
    ratio = math.log(volume.iloc[-5:].mean() / volume.iloc[-240:].mean())
    assert columns[-1, at] == pytest.approx(ratio)
    closed = bars.index[-1] + pd.Timedelta(minutes=1)
    assert columns[-1, at + 2 : at + 4].tolist() == [closed.minute % 15 == 0, closed.minute == 0]
    angle = 2 * math.pi * (60 * closed.hour + closed.minute) / 1_440
    assert columns[-1, at + 4] == pytest.approx(math.sin(angle))
    assert columns[-1, -1] == (closed.day_of_week >= 5)


@settings(max_examples=30, deadline=None)
@given(
    seed=st.integers(0, 1_000),
    row=st.integers(0, 799),
    gap=st.tuples(st.integers(1, 700), st.integers(1, 80)),
    minutes=st.sampled_from([1, 5]),
)
def test_candles_after_t_change_nothing_at_t(
    seed: int, row: int, gap: tuple[int, int], minutes: int
) -> None:
    frame = candles(900, seed=seed, gaps=[gap])
    changed = altered_after(frame, row, seed)
    closed = frame.index[row] + pd.Timedelta(minutes=1)

    def known(source: pd.DataFrame) -> np.ndarray:
        bars = complete_bars(source, minutes)
        table = np.column_stack(
            (
                volatility_columns(bars, minutes),
                distant_features(bars, minutes, ewma_volatility(bars, minutes)),
                calendar_features(bars.index),
            )
        )
        return table[bars.index + pd.Timedelta(minutes=minutes) <= closed]

    np.testing.assert_array_equal(known(changed), known(frame))


@pytest.mark.parametrize("minutes", [1, 5])
def test_every_row_is_finite_after_a_gap_and_without_moves(minutes: int) -> None:
    for frame in (candles(900, gaps=[(400, 70)]), flat_candles(400)):
        assert np.isfinite(volatility_columns(complete_bars(frame, minutes), minutes)).all()


def test_a_recent_slice_gives_the_same_bits_as_the_whole() -> None:
    frame = candles(4_000, seed=5, gaps=[(2_500, 40)])
    whole = volatility_columns(frame, 1)
    far = distant_features(frame, 1, ewma_volatility(frame, 1))
    for end in range(HISTORY_BARS + 1, len(frame), 197):
        part = frame.iloc[end - HISTORY_BARS - 1 : end]
        np.testing.assert_array_equal(volatility_columns(part, 1)[-1], whole[end - 1])
        near = distant_features(part, 1, ewma_volatility(part, 1))
        np.testing.assert_array_equal(near.iloc[-1], far.iloc[end - 1])


def test_distant_means_equal_a_slow_loop_and_wait_for_their_window() -> None:
    frame = candles(4_000, seed=5, gaps=[(2_000, 3)])
    volatility = ewma_volatility(frame, 1)
    features = distant_features(frame, 1, volatility)
    assert tuple(features.columns) == DISTANT_NAMES
    for name in DISTANT_NAMES:
        window = int(name.rsplit("_", 1)[1])
        close = frame["close"]
        distance = math.log(close.iloc[-1] / close.iloc[-window:].mean())
        expected = distance / volatility.iloc[-1] / math.sqrt(window)
        assert features[name].iloc[-1] == pytest.approx(expected, rel=1e-8)
        after = features[name].iloc[2_000:]
        assert after.iloc[: window - 1].isna().all()
        assert after.iloc[window - 1 :].notna().all()
    assert DISTANT_BARS == 1_440


def test_realised_volatility_is_the_root_of_summed_squares_and_knows_no_gap() -> None:
    frame = candles(300, gaps=[(100, 2)])
    realised = realised_volatility(frame, 45)
    returns = np.diff(np.log(frame["close"].to_numpy()[-46:]))
    assert realised.iloc[-1] == pytest.approx(math.sqrt((returns**2).sum()))
    assert realised.iloc[100:145].isna().all()
    assert realised.iloc[145:].notna().all()


def test_the_calendar_counts_minutes_of_hour_quarter_and_five() -> None:
    times = pd.DatetimeIndex(["2026-03-01 10:00", "2026-03-01 10:37"], tz="UTC")
    assert calendar_features(times).tolist() == [[0, 0, 0], [37, 7, 2]]
    assert len(CALENDAR_NAMES) == 3
