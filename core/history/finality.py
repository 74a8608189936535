"""Whether the newest candle is finished, beyond what the exchange's clock says.

A candle is closed when the exchange's clock is past its end. Where that clock runs ahead of
its own candles, the last of them may still be under way: then only a later candle proves it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta
from typing import Final

import pandas as pd

from core.history.cleaning import MINUTE, last_open

_NEXT_IS_DUE_WITHIN: Final = timedelta(seconds=90)


def is_proven(opened: datetime, now: datetime, newest_held: datetime | None) -> bool:
    """Tell whether the newest candle known, opened at `opened`, may be believed.

    Parameters
    ----------
    opened : datetime
        Its open time.
    now : datetime
        The exchange's clock.
    newest_held : datetime or None
        Open time of the newest candle held already.
    """
    if newest_held is not None and newest_held >= opened:
        return True
    return now - (opened + MINUTE) <= _NEXT_IS_DUE_WITHIN


def hold_back_last(pages: Iterable[pd.DataFrame]) -> Iterator[tuple[pd.DataFrame, bool]]:
    """Yield the candles of `pages` with the last one alone at the end, marked True."""
    last: pd.DataFrame | None = None
    for page in pages:
        whole = page if last is None else pd.concat([last, page])
        last = whole.iloc[-1:]
        if len(whole) > 1:
            yield whole.iloc[:-1], False
    if last is not None:
        yield last, True


def without_unproven(page: pd.DataFrame, now: datetime, newest_held: datetime) -> pd.DataFrame:
    """Return `page` without its last candle where that one is not proven finished."""
    if page.empty or is_proven(last_open(page), now, newest_held):
        return page
    return page.iloc[:-1]
