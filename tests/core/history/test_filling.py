"""Quiet minutes are filled flat and flagged; outages stay missing."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd
import pytest

from core.domain import CANDLE_COLUMNS
from core.history.cleaning import check_candles, empty_candles, find_gaps
from core.history.filling import fill_quiet_minutes
from tests.made import made_candles


def without(rows: int, *gaps: tuple[int, int]) -> pd.DataFrame:
    """Return made candles less `gaps` of (first minute, length)."""
    lost = [i for first, length in gaps for i in range(first, first + length)]
    candles = made_candles(rows)
    return candles.drop(candles.index[lost])


@pytest.mark.parametrize(
    ("gaps", "filled", "left"),
    [
        ([(10, 1)], 1, []),
        ([(10, 5)], 5, []),
        ([(10, 6)], 0, [6]),
        ([(10, 5), (16, 5), (22, 6), (29, 1)], 11, [6]),
        ([(0, 3), (45, 5)], 0, []),
    ],
)
def test_runs_of_up_to_five_minutes_are_filled_and_longer_ones_left(
    gaps: Sequence[tuple[int, int]], filled: int, left: list[int]
) -> None:
    whole, flags = fill_quiet_minutes(without(50, *gaps))
    assert int(flags.sum()) == filled
    assert [gap.minutes for gap in find_gaps(whole)] == left


def test_a_filled_minute_is_flat_at_the_last_close_without_volume() -> None:
    sparse = without(30, (10, 3))
    whole, flags = fill_quiet_minutes(sparse)
    pd.testing.assert_frame_equal(whole[~flags], sparse, check_freq=False)
    close = made_candles(30)["close"].iloc[9]
    assert whole[flags].to_numpy().tolist() == [[close] * 4 + [0.0]] * 3
    assert whole.index.equals(made_candles(30).index)


def test_what_is_filled_keeps_the_schema() -> None:
    whole, _ = fill_quiet_minutes(without(30, (10, 3)))
    assert tuple(whole.columns) == CANDLE_COLUMNS
    assert str(whole.index.dtype) == "datetime64[us, UTC]"
    assert whole.index.name == "open_time"
    check_candles(whole)


def test_the_candles_given_are_not_changed() -> None:
    sparse = without(30, (10, 3))
    before = sparse.copy(deep=True)
    fill_quiet_minutes(sparse)
    pd.testing.assert_frame_equal(sparse, before)


def test_the_longest_run_may_be_chosen() -> None:
    sparse = without(30, (4, 1), (10, 2), (20, 7))
    filled = [int(fill_quiet_minutes(sparse, longest)[1].sum()) for longest in (0, 1, 2, 7)]
    assert filled == [0, 1, 3, 10]


@pytest.mark.parametrize("rows", [0, 1, 20])
def test_gapless_candles_stay_as_they_are(rows: int) -> None:
    candles = made_candles(rows) if rows else empty_candles()
    whole, flags = fill_quiet_minutes(candles)
    pd.testing.assert_frame_equal(whole, candles)
    assert flags.tolist() == [False] * rows


@pytest.mark.parametrize("unit", ["s", "ms", "us", "ns"])
def test_filling_does_not_depend_on_the_resolution_of_the_index(unit: str) -> None:
    sparse = without(30, (10, 3))
    sparse.index = pd.DatetimeIndex(sparse.index).as_unit(unit)
    whole, flags = fill_quiet_minutes(sparse)
    assert whole.index.equals(made_candles(30).index)
    assert np.flatnonzero(flags).tolist() == [10, 11, 12]
