"""Bring stored candles up to the present: find what is missing, fetch, append."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

import pandas as pd

from core.exchanges.base import Provider
from core.history.cleaning import MINUTE, Gap, find_gaps, last_open, merge, open_times
from core.history.csv_store import CsvStore

# A hole younger than this may still be filled by the exchange; older ones are outages.
_ASK_AGAIN_FOR: Final = timedelta(hours=24)


@dataclass(frozen=True, slots=True)
class SyncStep:
    """Progress of one sync: candles so far and minutes fetched of those missing."""

    candles: pd.DataFrame
    done: int
    total: int


def missing_ranges(candles: pd.DataFrame, start: datetime, end: datetime) -> list[Gap]:
    """Return what must be fetched so that `candles` cover ``[start, end)``, oldest first.

    Parameters
    ----------
    candles : pandas.DataFrame
        What is held.
    start, end : datetime
        Whole minutes: first open time wanted, and the first one not yet closed.
    """
    if candles.empty:
        return [Gap(start, end)] if start < end else []
    first, after = open_times(candles)[0].to_pydatetime(), last_open(candles) + MINUTE
    recent = [g for g in find_gaps(candles) if g.end > end - _ASK_AGAIN_FOR]
    edges = [Gap(start, first), Gap(after, end)]
    return sorted((g for g in (*edges, *recent) if g.minutes > 0), key=lambda g: g.start)


def sync(
    provider: Provider,
    ticker: str,
    candles: pd.DataFrame,
    rows: int,
    store: CsvStore | None,
) -> Iterator[SyncStep]:
    """Fetch what is missing of the newest `rows` minutes, page by page.

    Every page is on disk before it is yielded. The last step holds all candles; there is
    at least one step, also when nothing was missing.

    Parameters
    ----------
    provider : Provider
    ticker : str
    candles : pandas.DataFrame
        What is held already.
    rows : int
        Minutes wanted, counted back from the last closed candle.
    store : CsvStore or None
        Where new candles are appended; None keeps them in memory only.

    Raises
    ------
    ExchangeError, HistoryError
        What was yielded before stays valid.
    """
    end = provider.now().replace(second=0, microsecond=0)
    ranges = missing_ranges(candles, end - rows * MINUTE, end)
    total, done = sum(gap.minutes for gap in ranges), 0
    yield SyncStep(candles, 0, total)
    for gap in ranges:
        for page in provider.candles(ticker, gap.start, gap.end):
            if store is not None:
                store.append(page, provider.name)
            candles = merge(candles, page)
            reached = int((last_open(page) - gap.start) / MINUTE) + 1
            yield SyncStep(candles, done + reached, total)
        done += gap.minutes
    yield SyncStep(candles, total, total)
