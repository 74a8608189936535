"""What the engine asks of a market, whichever it is."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal, Protocol

import pandas as pd

from core.domain import Block, Market, Quote

CandleInterval = Literal["1m", "1h"]


@dataclass(frozen=True, slots=True)
class Usage:
    """What the exchange has told of our use; None where it tells nothing.

    `weight_used` and `weight_limit` are request weight per minute;
    `clock_offset_ms` is exchange clock minus ours; `block` is set while nothing may be sent.
    """

    weight_used: int | None = None
    weight_limit: int | None = None
    clock_offset_ms: float | None = None
    block: Block | None = None


class Provider(Protocol):
    """A market data source. Every method that talks to an exchange raises `ExchangeError`."""

    @property
    def name(self) -> str: ...

    @property
    def market(self) -> Market: ...

    @property
    def omits_empty_minutes(self) -> bool:
        """Tell whether a minute without trades is absent, so that short runs are filled."""

    @property
    def rows_kept(self) -> int | None:
        """Return how many of its newest candles are to be had; None for all of them."""

    def now(self) -> datetime:
        """Return the exchange's clock, without a call: ours plus the last known offset."""

    def sync_clock(self) -> float:
        """Ask the exchange for its time and return the offset in ms."""

    def candles(
        self,
        ticker: str,
        start: datetime,
        end: datetime | None = None,
        interval: CandleInterval = "1m",
    ) -> Iterator[pd.DataFrame]:
        """Yield pages of closed candles, oldest first, with ``start <= open_time < end``.

        Parameters
        ----------
        ticker : str
            ``BTC-USD``.
        start, end : datetime
            Bounds of the open time, UTC; `end` None means up to the last closed candle.

        Yields
        ------
        pandas.DataFrame
            See `core.domain.CANDLE_COLUMNS`. Pages follow each other without overlap.
            Minutes the exchange does not have are absent. The unfinished candle never
            appears: a candle is closed when the exchange's clock is past its close.
        """

    def quotes(self, tickers: Sequence[str]) -> dict[str, Quote]:
        """Return the last price of all `tickers`, by as few calls as there can be."""

    def lists(self, ticker: str) -> bool:
        """Tell whether the exchange trades `ticker` now; remembered for an hour."""

    def usage(self) -> Usage:
        """Return what is known of our use of the exchange."""
