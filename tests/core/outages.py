"""Recorded outages, the figures that must come of them, and plain loops that count them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache
from typing import Final

import numpy as np
import pandas as pd

from core.exchanges.binance import BinanceProvider
from core.exchanges.coinbase import CoinbaseProvider
from core.exchanges.kraken import KrakenProvider
from core.history.candle_file import read_candle_file
from core.history.filling import fill_quiet_minutes
from core.models.samples import Task
from tests.made import shared_data

LONGEST_FILLED: Final = 5
TASKS: Final = (Task("minute", 1, 1), Task("minute", 1, 15), Task("long", 5, 9))


@dataclass(frozen=True)
class Recording:
    """A recorded file and what must come of it.

    `quiet` counts missing runs that are filled, `filled` their minutes; `outages` are the
    first open time and the minutes of the runs that stay missing. `learned` counts, for
    each of `TASKS`, the rows that a model may learn from.
    """

    file: str
    omits_empty_minutes: bool
    rows: int
    quiet: int
    filled: int
    outages: tuple[tuple[str, int], ...]
    learned: tuple[int, int, int]


RECORDINGS: Final = {
    "coinbase-2023-03": Recording(
        "BTCUSD-COINBASE-1m-20230301-20230321.csv.gz",
        CoinbaseProvider.omits_empty_minutes,
        rows=29_950,
        quiet=10,
        filled=13,
        outages=(("2023-03-04 17:00", 277),),
        learned=(29_835, 29_807, 5_848),
    ),
    "kraken-2023-03": Recording(
        "BTCUSD-KRAKEN-1m-20230301-20230321.csv.gz",
        KrakenProvider.omits_empty_minutes,
        rows=30_179,
        quiet=46,
        filled=48,
        outages=(("2023-03-16 22:01", 12),),
        learned=(30_099, 30_071, 5_900),
    ),
    "binance-us-2023-03": Recording(
        "BTCUSDT-BINANCEUS-1m-20230301-20230321.csv.gz",
        BinanceProvider.omits_empty_minutes,
        rows=30_240,
        quiet=0,
        filled=0,
        outages=(),
        learned=(30_176, 30_162, 5_976),
    ),
    "binance-2021-04": Recording(
        "BTCUSDT-1m-20210326-20210430.csv.gz",
        BinanceProvider.omits_empty_minutes,
        rows=50_000,
        quiet=0,
        filled=0,
        outages=(("2021-04-20 02:00", 150), ("2021-04-25 04:01", 284)),
        learned=(49_808, 49_766, 9_783),
    ),
}


@cache
def recorded(name: str) -> pd.DataFrame:
    return read_candle_file(shared_data(RECORDINGS[name].file))


@cache
def usable(name: str) -> tuple[pd.DataFrame, np.ndarray]:
    """Return the candles as a model gets them, and which of them were filled."""
    candles = recorded(name)
    if RECORDINGS[name].omits_empty_minutes:
        return fill_quiet_minutes(candles)
    return candles, np.zeros(len(candles), dtype=bool)


def minute_numbers(index: pd.Index) -> list[int]:
    return [second // 60 for second in pd.DatetimeIndex(index).as_unit("s").asi8.tolist()]


def missing_runs(minutes: list[int]) -> list[tuple[int, int]]:
    """Walk from the first to the last minute; return (first missing, how many) of each run."""
    present, runs, run = set(minutes), [], 0
    for minute in range(minutes[0], minutes[-1] + 1):
        if minute not in present:
            run += 1
        elif run:
            runs.append((minute - run, run))
            run = 0
    return runs


def filled_by_hand(candles: pd.DataFrame) -> dict[int, tuple[tuple[float, ...], bool]]:
    """Return values and whether they were filled, by minute, made one row after the other."""
    whole: dict[int, tuple[tuple[float, ...], bool]] = {}
    before = None
    for minute, row in zip(
        minute_numbers(candles.index), candles.itertuples(index=False), strict=True
    ):
        if before is not None and 0 < minute - before - 1 <= LONGEST_FILLED:
            close = whole[before][0][3]
            for quiet in range(before + 1, minute):
                whole[quiet] = (close, close, close, close, 0.0), True
        whole[minute] = tuple(row), False
        before = minute
    return whole


def runs_around(minutes: list[int]) -> tuple[dict[int, int], dict[int, int]]:
    """Return, by minute, how many minutes in a row are there up to it, and from it on."""
    behind: dict[int, int] = {}
    for minute in minutes:
        behind[minute] = behind.get(minute - 1, 0) + 1
    ahead: dict[int, int] = {}
    for minute in reversed(minutes):
        ahead[minute] = ahead.get(minute + 1, 0) + 1
    return behind, ahead


def text_of(minute: int) -> str:
    return f"{datetime.fromtimestamp(minute * 60, tz=UTC):%Y-%m-%d %H:%M}"
