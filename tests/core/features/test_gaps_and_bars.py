"""Gaps are found, and longer bars are aggregated on the UTC grid."""

import numpy as np
import pandas as pd
import pytest

from core.domain import CANDLE_COLUMNS
from core.features import aggregate_bars, bars_since_gap, complete_bars, mark_gaps
from tests.core.features.series import START, candles


def test_segments_count_the_gaps_before_each_bar() -> None:
    frame = candles(20, gaps=[(5, 3), (12, 1)])
    segments = mark_gaps(frame, 1)
    assert segments.tolist() == [0] * 5 + [1] * 4 + [2] * 7
    assert bars_since_gap(segments.to_numpy()).tolist() == [
        *range(5),
        *range(4),
        *range(7),
    ]


@pytest.mark.parametrize("unit", ["s", "ms", "us", "ns"])
def test_segments_do_not_depend_on_the_resolution_of_the_index(unit: str) -> None:
    frame = candles(20, gaps=[(5, 3)])
    frame.index = pd.DatetimeIndex(frame.index).as_unit(unit)
    assert mark_gaps(frame, 1).tolist() == [0] * 5 + [1] * 12


def test_no_candles_have_no_segments_and_no_bars() -> None:
    empty = candles(10).iloc[:0]
    assert mark_gaps(empty, 1).empty
    assert aggregate_bars(empty).empty
    assert complete_bars(empty, 5).empty


@pytest.mark.parametrize("offset", [0, 1, 3])
def test_bars_equal_a_slow_loop(offset: int) -> None:
    frame = candles(200, gaps=[(33, 1), (50, 17)], start=START + pd.Timedelta(minutes=offset))
    bars = aggregate_bars(frame)
    expected = {}
    for opened, candle in frame.iterrows():
        expected.setdefault(opened.floor("5min"), []).append(candle)
    assert list(bars.index) == list(expected)
    for opened, minutes in expected.items():
        bar = bars.loc[opened]
        assert bar["open"] == minutes[0]["open"]
        assert bar["high"] == max(m["high"] for m in minutes)
        assert bar["low"] == min(m["low"] for m in minutes)
        assert bar["close"] == minutes[-1]["close"]
        assert bar["volume"] == pytest.approx(sum(m["volume"] for m in minutes))
        assert bar["complete"] == (len(minutes) == 5)


def test_only_complete_bars_are_kept_and_the_rest_is_a_gap() -> None:
    frame = candles(60, gaps=[(22, 1)])
    bars = complete_bars(frame, 5)
    assert len(bars) == 11
    assert START + pd.Timedelta(minutes=20) not in bars.index
    assert mark_gaps(bars, 5).tolist() == [0] * 4 + [1] * 7
    assert tuple(bars.columns) == CANDLE_COLUMNS


def test_a_bar_still_forming_is_not_complete() -> None:
    bars = aggregate_bars(candles(14))
    assert bars["complete"].tolist() == [True, True, False]


def test_bars_keep_the_index_conventions_of_candles() -> None:
    bars = aggregate_bars(candles(10))
    assert bars.index.name == "open_time"
    assert str(bars.index.dtype) == "datetime64[us, UTC]"
    assert np.isfinite(bars[list(CANDLE_COLUMNS)].to_numpy()).all()
