"""Finding what is missing, and merging what was fetched."""

from __future__ import annotations

from datetime import timedelta

import numpy as np
import pandas as pd
import pytest

from core.exchanges.kraken_answers import KEPT_ROWS
from core.exchanges.simulated import SimulatedMarket
from core.history.cleaning import Gap, empty_candles, find_gaps, merge, missing_minutes
from core.history.sync import first_to_be_had, joined, missing_ranges
from tests.clocks import ManualClock
from tests.made import START, made_candles

MINUTE = timedelta(minutes=1)


def test_nothing_held_is_one_range():
    assert missing_ranges(empty_candles(), START, START + 5 * MINUTE) == [
        Gap(START, START + 5 * MINUTE)
    ]


def test_all_held_is_no_range():
    candles = made_candles(100)
    assert missing_ranges(candles, START, START + 100 * MINUTE) == []


def test_both_edges_and_a_recent_hole_are_asked_for_oldest_first():
    candles = made_candles(100).drop(made_candles(100).index[40:43])
    ranges = missing_ranges(candles, START - 7 * MINUTE, START + 105 * MINUTE)
    assert [(g.start, g.minutes) for g in ranges] == [
        (START - 7 * MINUTE, 7),
        (START + 40 * MINUTE, 3),
        (START + 98 * MINUTE, 7),
    ]


def test_the_newest_ones_held_are_fetched_again_only_with_newer_ones():
    candles = made_candles(100)
    ends = [missing_ranges(candles, START, START + end * MINUTE) for end in (100, 101)]
    assert ends == [[], [Gap(START + 98 * MINUTE, START + 101 * MINUTE)]]


def test_after_a_long_absence_no_more_is_asked_for_than_is_wanted():
    candles = made_candles(100)
    start, end = START + 50_000 * MINUTE, START + 51_000 * MINUTE
    newest_held = Gap(START + 98 * MINUTE, START + 100 * MINUTE)
    assert missing_ranges(candles, start, end) == [newest_held, Gap(start, end)]


def test_a_hole_that_was_given_up_is_not_asked_for_and_the_next_one_is():
    candles = made_candles(100).drop(made_candles(100).index[[40, 41, 42, 60]])
    end = START + 100 * MINUTE
    ranges = missing_ranges(candles, START, end, given_up={START + 40 * MINUTE})
    assert ranges == [Gap(START + 60 * MINUTE, START + 61 * MINUTE)]


def spans(*bounds: tuple[int, int]) -> list[Gap]:
    return [Gap(START + first * MINUTE, START + end * MINUTE) for first, end in bounds]


@pytest.mark.parametrize(
    ("ranges", "calls"),
    [
        ([], []),
        ([(0, 5)], [(0, 5)]),
        ([(0, 5), (290, 298)], [(0, 298)]),
        ([(0, 5), (290, 299)], [(0, 5), (290, 299)]),
        ([(0, 100), (150, 160), (299, 310)], [(0, 160), (299, 310)]),
        ([(0, 1_000), (1_002, 1_010)], [(0, 1_000), (1_002, 1_010)]),
        ([(0, 9), (8, 1_000)], [(0, 1_000)]),
        ([(0, 1_000), (990, 995)], [(0, 1_000)]),
    ],
)
def test_ranges_are_joined_where_they_overlap_or_fit_one_page(ranges, calls):
    assert joined(spans(*ranges)) == spans(*calls)


@pytest.mark.parametrize(("held", "first"), [(719, None), (720, 0), (1_000, 280)])
def test_what_lies_before_the_rows_an_exchange_keeps_is_lost(held, first):
    exchange = SimulatedMarket(ManualClock())
    candles = made_candles(held)
    assert first_to_be_had(exchange, candles) is None
    exchange.rows_kept = KEPT_ROWS
    lost_before = None if first is None else START + first * MINUTE
    assert first_to_be_had(exchange, candles) == lost_before


def test_an_old_hole_is_an_outage_and_is_left():
    candles = made_candles(3_000)
    candles = candles.drop(candles.index[40:43])
    assert missing_ranges(candles, START, START + 3_000 * MINUTE) == []
    assert [g.minutes for g in find_gaps(candles)] == [3]
    assert missing_minutes(candles) == 3


def test_a_long_old_hole_may_be_a_fetch_that_broke_off_and_is_asked_for_within_the_bounds():
    candles = made_candles(9_000)
    candles = candles.drop(candles.index[1_000:5_000])
    whole, half = (
        missing_ranges(candles, START + first * MINUTE, START + 9_000 * MINUTE)
        for first in (0, 3_000)
    )
    assert whole == [Gap(START + 1_000 * MINUTE, START + 5_000 * MINUTE)]
    assert half == [Gap(START + 3_000 * MINUTE, START + 5_000 * MINUTE)]
    assert missing_ranges(candles, START + 6_000 * MINUTE, START + 9_000 * MINUTE) == []


def test_gaps_equal_a_slow_walk_over_the_minutes():
    rng = np.random.default_rng(3)
    whole = made_candles(400)
    candles = whole[rng.random(400) > 0.2]
    held = set(candles.index)
    inside = pd.date_range(candles.index[0], candles.index[-1], freq="min")
    missing = [t for t in inside if t not in held]
    assert sum(g.minutes for g in find_gaps(candles)) == len(missing) == missing_minutes(candles)
    listed = [g.start + i * MINUTE for g in find_gaps(candles) for i in range(g.minutes)]
    assert listed == [t.to_pydatetime() for t in missing]


def test_merge_lets_the_newer_win_and_sorts():
    candles = made_candles(10)
    revised = candles.iloc[3:5].assign(close=candles["close"].iloc[3:5] + 1)
    merged = merge(candles.iloc[2:], pd.concat([candles.iloc[:2], revised]))
    assert merged.index.is_monotonic_increasing
    assert len(merged) == 10
    assert (merged["close"] - candles["close"]).round(6).tolist() == [0, 0, 0, 1, 1, 0, 0, 0, 0, 0]
