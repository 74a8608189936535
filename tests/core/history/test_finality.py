"""The newest candle is believed when the clock or a later candle proves it finished."""

from __future__ import annotations

from datetime import timedelta
from itertools import pairwise

import pandas as pd
import pytest

from core.history.cleaning import MINUTE, last_open
from core.history.finality import hold_back_last, is_proven, without_unproven
from tests.made import START, made_candles


@pytest.mark.parametrize("seconds", [0, 45, 90])
def test_a_candle_that_just_closed_is_believed(seconds: int) -> None:
    assert is_proven(START, START + MINUTE + timedelta(seconds=seconds), None)


@pytest.mark.parametrize("late", [timedelta(seconds=91), timedelta(hours=30)])
def test_one_that_should_long_have_a_successor_is_not(late: timedelta) -> None:
    now = START + MINUTE + late
    assert not is_proven(START, now, None)
    assert not is_proven(START, now, START - MINUTE)
    assert is_proven(START, now, START)
    assert is_proven(START, now, START + MINUTE)


@pytest.mark.parametrize("cuts", [(), (3,), (1, 2, 9), (5, 5)])
def test_pages_are_passed_on_whole_with_the_last_candle_apart(cuts: tuple[int, ...]) -> None:
    candles = made_candles(10)
    edges = [0, *cuts, 10]
    pages = [candles.iloc[a:b] for a, b in pairwise(edges) if a < b]
    passed = list(hold_back_last(pages))
    assert [is_last for _, is_last in passed] == [False] * (len(passed) - 1) + [True]
    pd.testing.assert_frame_equal(pd.concat([page for page, _ in passed]), candles)
    assert len(passed[-1][0]) == 1


def test_no_page_is_no_candle() -> None:
    assert list(hold_back_last([])) == []


def test_only_the_unproven_one_is_taken_off() -> None:
    candles = made_candles(5)
    newest = last_open(candles)
    soon, later = newest + 2 * MINUTE, newest + 30 * MINUTE
    assert len(without_unproven(candles, soon, START)) == 5
    assert len(without_unproven(candles, later, START)) == 4
    assert len(without_unproven(candles, later, newest)) == 5
    assert without_unproven(candles.iloc[:0], later, START).empty
