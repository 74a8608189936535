"""What is missing between the candles held and the present, fetched page by page."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

import pandas as pd

from core.exchanges.base import Provider
from core.history.cleaning import MINUTE, Gap, find_gaps, last_open, open_times
from core.history.filling import LONGEST_QUIET_MINUTES
from core.history.finality import hold_back_last, is_proven

# A hole younger than this may still be filled by the exchange; older ones are outages.
_ASK_AGAIN_FOR: Final = timedelta(hours=24)
# A hole this long may be ours: catching up broke off before it met the candles held.
_PERHAPS_OURS: Final = timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class SyncPage:
    """One page of fetched candles, and minutes covered so far of those that were missing."""

    candles: pd.DataFrame
    done: int
    total: int


def missing_ranges(
    candles: pd.DataFrame, start: datetime, end: datetime, quiet: int = 0
) -> list[Gap]:
    """Return what must be fetched so that `candles` cover ``[start, end)``, oldest first.

    Parameters
    ----------
    candles : pandas.DataFrame
        What is held.
    start, end : datetime
        Whole minutes: first open time wanted, and the first one not yet closed.
    quiet : int
        Holes of up to so many minutes are minutes without trades, not missing.
    """
    if candles.empty:
        return [Gap(start, end)] if start < end else []
    first, after = open_times(candles)[0].to_pydatetime(), last_open(candles) + MINUTE
    holes = [
        Gap(max(g.start, start), g.end)
        for g in find_gaps(candles)
        if g.minutes > quiet and (g.end > end - _ASK_AGAIN_FOR or g.end - g.start >= _PERHAPS_OURS)
    ]
    edges = [Gap(start, first), Gap(after, end)]
    return sorted((g for g in (*edges, *holes) if g.minutes > 0), key=lambda g: g.start)


def sync(provider: Provider, ticker: str, candles: pd.DataFrame, rows: int) -> Iterator[SyncPage]:
    """Fetch what `candles` miss of the newest `rows` minutes, page by page, oldest first.

    Parameters
    ----------
    provider : Provider
    ticker : str
    candles : pandas.DataFrame
        What is held already.
    rows : int
        Minutes wanted, counted back from the last closed candle.

    Raises
    ------
    ExchangeError
        What was yielded before stays valid.
    """
    end = provider.now().replace(second=0, microsecond=0)
    quiet = LONGEST_QUIET_MINUTES if provider.omits_empty_minutes else 0
    ranges = missing_ranges(candles, end - rows * MINUTE, end, quiet)
    total, done = sum(gap.minutes for gap in ranges), 0
    held = None if candles.empty else last_open(candles)
    for gap in ranges:
        pages = provider.candles(ticker, gap.start, gap.end)
        for page, is_last in hold_back_last(pages):
            if is_last and not is_proven(last_open(page), provider.now(), held):
                continue
            reached = int((last_open(page) - gap.start) / MINUTE) + 1
            yield SyncPage(page, done + reached, total)
        done += gap.minutes
