"""Recorded outages replayed: March 2023 on three venues, and April 2021.

Every figure is computed twice: by the product, and by a plain loop over minutes.
"""

from __future__ import annotations

import math
from typing import Final

import numpy as np
import pandas as pd
import pytest

from core.domain import CANDLE_COLUMNS
from core.features import LONGEST_WINDOW, build_features, complete_bars, mark_gaps
from core.history.cleaning import find_gaps, missing_minutes
from core.models.samples import Task, build_samples
from tests.core.outages import (
    LONGEST_FILLED,
    RECORDINGS,
    TASKS,
    filled_by_hand,
    minute_numbers,
    missing_runs,
    recorded,
    runs_around,
    text_of,
    usable,
)

# Bars of a new segment without a value, by column: the window less one, one more where it
# is a window of returns, of which the first bar has none.
BARS_WITHOUT: Final = {
    "return": 1,
    "log_return": 1,
    "log_return_lag_1": 2,
    "log_return_lag_2": 3,
    "mean_distance_5": 4,
    "mean_distance_15": 14,
    "mean_distance_60": 59,
    "std_ratio_15": 15,
    "std_ratio_60": 60,
    "momentum_10": 10,
    "range_fraction": 0,
    "close_in_range": 0,
    "volume_to_mean_20": 19,
    "volume_spread_20": 19,
    "volume_to_ema_20": 63,
}

recordings = pytest.mark.parametrize("name", list(RECORDINGS))
with_outages = pytest.mark.parametrize("name", [n for n, r in RECORDINGS.items() if r.outages])


@recordings
def test_gaps_are_marked_where_minutes_are_missing(name: str) -> None:
    candles, expected = recorded(name), RECORDINGS[name]
    minutes = minute_numbers(candles.index)
    runs = missing_runs(minutes)
    assert len(candles) == expected.rows
    assert len(runs) == expected.quiet + len(expected.outages)
    assert [(g.start.timestamp() // 60, g.minutes) for g in find_gaps(candles)] == runs
    assert missing_minutes(candles) == sum(length for _, length in runs)
    segments = mark_gaps(candles, 1).to_numpy()
    after = [first + length for first, length in runs]
    begins = [minutes[i] for i in range(1, len(minutes)) if segments[i] != segments[i - 1]]
    assert begins == after
    assert segments[-1] == len(runs)


@recordings
def test_quiet_runs_are_filled_flat_and_outages_left(name: str) -> None:
    expected = RECORDINGS[name]
    whole, filled = usable(name)
    runs = missing_runs(minute_numbers(recorded(name).index))
    if expected.omits_empty_minutes:
        by_hand = filled_by_hand(recorded(name))
    else:
        rows = recorded(name).itertuples(index=False)
        minutes = minute_numbers(recorded(name).index)
        by_hand = {m: (tuple(row), False) for m, row in zip(minutes, rows, strict=True)}
    assert minute_numbers(whole.index) == list(by_hand)
    assert filled.tolist() == [flag for _, flag in by_hand.values()]
    assert [tuple(row) for row in whole.to_numpy().tolist()] == [v for v, _ in by_hand.values()]
    assert int(filled.sum()) == expected.filled
    left = [(text_of(g), n) for g, n in missing_runs(minute_numbers(whole.index))]
    assert tuple(left) == expected.outages
    longer = [(text_of(g), n) for g, n in runs if n > LONGEST_FILLED]
    assert tuple(longer) == expected.outages


@recordings
def test_what_the_exchange_gave_is_kept_number_for_number(name: str) -> None:
    whole, filled = usable(name)
    pd.testing.assert_frame_equal(whole[~filled], recorded(name))


@with_outages
@pytest.mark.parametrize("bar_minutes", [1, 5])
def test_features_restart_after_an_outage(name: str, bar_minutes: int) -> None:
    bars = complete_bars(usable(name)[0], bar_minutes)
    features = build_features(bars, bar_minutes)
    assert set(features.columns) == set(BARS_WITHOUT)
    opens = minute_numbers(bars.index)
    starts = [i for i in range(1, len(opens)) if opens[i] - opens[i - 1] != bar_minutes]
    assert len(starts) == len(RECORDINGS[name].outages)
    for start in starts:
        for column, bars_without in BARS_WITHOUT.items():
            known = np.isfinite(features[column].to_numpy()[start : start + LONGEST_WINDOW + 1])
            assert known.tolist() == [i >= bars_without for i in range(LONGEST_WINDOW + 1)], column


@with_outages
def test_no_window_reaches_back_over_an_outage(name: str) -> None:
    """Other candles before it change nothing after it, at the same volatility."""
    candles = usable(name)[0]
    opens = minute_numbers(candles.index)
    start = max(i for i in range(1, len(opens)) if opens[i] - opens[i - 1] != 1)
    volatility = pd.Series(1e-3, index=candles.index)
    changed = candles.copy()
    factors = np.random.default_rng(5).lognormal(0.0, 0.3, size=(start, 1))
    changed.iloc[:start] = candles.iloc[:start].to_numpy() * factors
    told = [build_features(c, 1, volatility).iloc[start:] for c in (candles, changed)]
    pd.testing.assert_frame_equal(*told, check_exact=True)


@recordings
@pytest.mark.parametrize("task", TASKS, ids=lambda t: f"{t.bar_minutes}m-{t.steps}")
def test_no_training_target_crosses_an_outage(name: str, task: Task) -> None:
    candles = usable(name)[0]
    samples = build_samples(candles, task)
    close = dict(zip(minute_numbers(candles.index), candles["close"].tolist(), strict=True))
    behind, ahead = runs_around(list(close))
    learned = 0
    for i, issued in enumerate(minute_numbers(samples.issued_at)):
        scaled = math.isfinite(samples.scale[i])
        reaches = ahead[issued - task.bar_minutes] >= task.bar_minutes * (task.steps + 1)
        full = behind[issued - 1] >= task.bar_minutes * LONGEST_WINDOW
        assert math.isfinite(samples.target[i]) == (reaches and scaled)
        assert bool(samples.ready[i]) == (full and scaled)
        if reaches and scaled:
            price = close[issued + task.minutes - 1]
            change = math.log(price / close[issued - 1])
            assert samples.target[i] * samples.scale[i] == pytest.approx(change, abs=1e-12)
            assert samples.close_ahead[i] == price
        learned += reaches and full and scaled
    assert learned == RECORDINGS[name].learned[TASKS.index(task)]
    assert int((np.isfinite(samples.target) & samples.ready).sum()) == learned


@recordings
def test_five_minute_bars_are_made_of_whole_fives_only(name: str) -> None:
    candles = usable(name)[0]
    by_bar: dict[int, list[tuple[float, ...]]] = {}
    rows = candles.itertuples(index=False)
    for minute, row in zip(minute_numbers(candles.index), rows, strict=True):
        by_bar.setdefault(minute // 5 * 5, []).append(tuple(row))
    whole = {opened: rows for opened, rows in by_bar.items() if len(rows) == 5}
    bars = complete_bars(candles, 5)
    assert minute_numbers(bars.index) == list(whole)
    assert tuple(bars.columns) == CANDLE_COLUMNS
    expected = [
        (r[0][0], max(x[1] for x in r), min(x[2] for x in r), r[-1][3]) for r in whole.values()
    ]
    assert [tuple(row) for row in bars.iloc[:, :4].to_numpy().tolist()] == expected
