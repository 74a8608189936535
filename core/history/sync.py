"""What is missing between the candles held and the present, fetched page by page."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

import pandas as pd

from core.exchanges.base import Provider
from core.history.cleaning import MINUTE, Gap, find_gaps, last_open, open_times
from core.history.filling import LONGEST_QUIET_MINUTES
from core.history.finality import hold_back_last, is_proven

# A hole younger than this may still be filled by the exchange; older ones are outages.
ASK_AGAIN_FOR: Final = timedelta(hours=24)
# A hole this long may be ours: catching up broke off before it met the candles held.
_PERHAPS_OURS: Final = timedelta(hours=1)
# What had just closed when we stopped may have been corrected since: it is read again.
_REREAD: Final = 2 * MINUTE
# The shortest page of the venues followed: what fits into it is asked for with one call.
_PAGE_MINUTES: Final = 298


@dataclass(frozen=True, slots=True)
class SyncPage:
    """One page of fetched candles, and minutes covered so far of those that are asked for."""

    candles: pd.DataFrame
    done: int
    total: int


def missing_ranges(
    candles: pd.DataFrame,
    start: datetime,
    end: datetime,
    quiet: int = 0,
    given_up: Collection[datetime] = (),
) -> list[Gap]:
    """Return what must be fetched so that `candles` cover ``[start, end)``, oldest first.

    Where newer candles are missing, the newest ones held are fetched again with them.

    Parameters
    ----------
    candles : pandas.DataFrame
        What is held.
    start, end : datetime
        Whole minutes: first open time wanted, and the first one not yet closed.
    quiet : int
        Holes of up to so many minutes are minutes without trades, not missing.
    given_up : collection of datetime
        First minutes of holes that were asked for and did not come.
    """
    if candles.empty:
        return [Gap(start, end)] if start < end else []
    first, after = open_times(candles)[0].to_pydatetime(), last_open(candles) + MINUTE
    holes = [
        Gap(max(g.start, start), g.end)
        for g in find_gaps(candles)
        if g.minutes > quiet
        and g.start not in given_up
        and (g.end > end - ASK_AGAIN_FOR or g.end - g.start >= _PERHAPS_OURS)
    ]
    edges = [Gap(start, first), *_newer(after, start, end)]
    return sorted((g for g in (*edges, *holes) if g.minutes > 0), key=lambda g: g.start)


def _newer(after: datetime, start: datetime, end: datetime) -> list[Gap]:
    """Return what is newer than the candles held, up to `after`, and the newest of those again."""
    if after >= end:
        return []
    if after >= start:
        return [Gap(after - _REREAD, end)]
    return [Gap(after - _REREAD, after), Gap(start, end)]


def joined(ranges: Sequence[Gap]) -> list[Gap]:
    """Return `ranges` (ascending) with those made one that one call can answer together."""
    whole: list[Gap] = []
    for gap in ranges:
        if whole and _fit_one_call(whole[-1], gap):
            whole[-1] = Gap(whole[-1].start, max(whole[-1].end, gap.end))
        else:
            whole.append(gap)
    return whole


def _fit_one_call(older: Gap, newer: Gap) -> bool:
    return newer.start <= older.end or newer.end - older.start <= _PAGE_MINUTES * MINUTE


def first_to_be_had(provider: Provider, candles: pd.DataFrame) -> datetime | None:
    """Return the open time before which the exchange gives nothing more, None for no such time.

    An exchange that keeps a number of rows has at least those that are held: what lies
    before the newest so many of them is lost.
    """
    kept = provider.rows_kept
    if kept is None or len(candles) < kept:
        return None
    return open_times(candles)[-kept].to_pydatetime()


def sync(
    provider: Provider,
    ticker: str,
    candles: pd.DataFrame,
    rows: int,
    given_up: Collection[datetime] = (),
) -> Iterator[SyncPage]:
    """Fetch what `candles` miss of the newest `rows` minutes, page by page, oldest first.

    Parameters
    ----------
    provider : Provider
    ticker : str
    candles : pandas.DataFrame
        What is held already. Pages may hold some of it again, corrected or not.
    rows : int
        Minutes wanted, counted back from the last closed candle.
    given_up : collection of datetime
        See `missing_ranges`.

    Raises
    ------
    ExchangeError
        What was yielded before stays valid.
    """
    end = provider.now().replace(second=0, microsecond=0)
    start = end - rows * MINUTE
    start = max(start, first_to_be_had(provider, candles) or start)
    quiet = LONGEST_QUIET_MINUTES if provider.omits_empty_minutes else 0
    ranges = missing_ranges(candles, start, end, quiet, given_up)
    return fetch_ranges(provider, ticker, candles, ranges)


def fetch_ranges(
    provider: Provider, ticker: str, candles: pd.DataFrame, ranges: Sequence[Gap]
) -> Iterator[SyncPage]:
    """Fetch `ranges` (ascending), with one call for those that fit one page; see `sync`."""
    asked = joined(ranges)
    total, done = sum(gap.minutes for gap in asked), 0
    held = None if candles.empty else last_open(candles)
    for gap in asked:
        pages = provider.candles(ticker, gap.start, gap.end)
        for page, is_last in hold_back_last(pages):
            if is_last and not is_proven(last_open(page), provider.now(), held):
                continue
            reached = int((last_open(page) - gap.start) / MINUTE) + 1
            yield SyncPage(page, done + reached, total)
        done += gap.minutes
