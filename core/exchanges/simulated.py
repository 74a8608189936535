"""The simulated market: a whole exchange made of arithmetic, needing no network and no disk.

The same seed gives the same history and the same future in every process. It has what real
minutes have (volatility that clusters and follows the time of day, fat tails, correlated
coins, volume that follows volatility) and one thing they have only nearly: the past says
nothing about the sign of the next return.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Final, Literal

import pandas as pd

from core.clock import Clock
from core.domain import Quote
from core.errors import ExchangeUnavailable, UnknownSymbol
from core.exchanges.base import CandleInterval, Usage
from core.exchanges.simulated_coins import Coin, Shift
from core.exchanges.simulated_paths import EPOCH, Factor, Flavour
from core.exchanges.simulated_traits import COINS, DEFAULT_SEED, WHOLE_MARKET

__all__ = ["EPOCH", "Shift", "SimulatedMarket"]

_DAY: Final = timedelta(days=1)
_STEP: Final[Mapping[CandleInterval, timedelta]] = {
    "1m": timedelta(minutes=1),
    "1h": timedelta(hours=1),
}


class SimulatedMarket:
    """A `Provider` whose candles and quotes are computed from the clock alone.

    Parameters
    ----------
    clock : Clock
        Its time is the exchange's time.
    flavour : {"clustered", "stationary"}
        ``stationary`` has neither clustering nor season, for tests of drift.
    shifts : sequence of Shift
        Planted changes; before them the market is as it would be without them.
    seed : int
    """

    name = "simulated"
    market: Literal["simulated"] = "simulated"
    omits_empty_minutes = False
    rows_kept = None

    def __init__(
        self,
        clock: Clock,
        flavour: Flavour = "clustered",
        shifts: Sequence[Shift] = (),
        seed: int = DEFAULT_SEED,
    ) -> None:
        self._clock = clock
        market = Factor(seed, "market", WHOLE_MARKET, flavour)
        self._coins = {
            ticker: Coin(ticker, traits, market, shifts) for ticker, traits in COINS.items()
        }

    def now(self) -> datetime:
        """Return the clock's time, which is the exchange's."""
        return self._clock.now()

    def sync_clock(self) -> float:
        """Return 0: the two clocks are one."""
        return 0.0

    def candles(
        self,
        ticker: str,
        start: datetime,
        end: datetime | None = None,
        interval: CandleInterval = "1m",
    ) -> Iterator[pd.DataFrame]:
        """Yield closed candles, one UTC day a page; see `Provider.candles`.

        There are none before `EPOCH`.

        Raises
        ------
        UnknownSymbol
            The ticker is not traded here.
        """
        coin = self._coin(ticker)
        return self._pages(coin, start, end, interval)

    def _pages(
        self, coin: Coin, start: datetime, end: datetime | None, interval: CandleInterval
    ) -> Iterator[pd.DataFrame]:
        first = max(start, EPOCH)
        # Open times up to and including `last` belong to candles that have closed.
        last = self.now() - _STEP[interval]
        stop = last + timedelta.resolution if end is None else min(end, last + timedelta.resolution)
        for day in range((first - EPOCH) // _DAY, -((EPOCH - stop) // _DAY)):
            page = coin.day(day).candles(day)
            if interval == "1h":
                page = _hourly(page)
            page = page[(page.index >= first) & (page.index < stop)]
            if len(page):
                yield page

    def quotes(self, tickers: Sequence[str]) -> dict[str, Quote]:
        """Return the last prices; see `Provider.quotes`. They change every five seconds.

        Raises
        ------
        UnknownSymbol
            A ticker is not traded here.
        ExchangeUnavailable
            The clock is before the opening of the market.
        """
        now = self.now()
        if now < EPOCH:
            raise ExchangeUnavailable(f"The simulated market opens on {EPOCH:%Y-%m-%d}.")
        day, into = divmod(now - EPOCH, _DAY)
        return {
            ticker: Quote(
                ticker,
                self._coin(ticker).day(day).price_at(into.seconds),
                now,
                self.name,
                self.market,
            )
            for ticker in tickers
        }

    def lists(self, ticker: str) -> bool:
        """Tell whether `ticker` is one of the simulated coins."""
        return ticker in self._coins

    def usage(self) -> Usage:
        """Return a clock offset of 0; nothing else is counted."""
        return Usage(clock_offset_ms=0.0)

    def _coin(self, ticker: str) -> Coin:
        if ticker not in self._coins:
            raise UnknownSymbol(f"The simulated market does not trade {ticker}.")
        return self._coins[ticker]


def _hourly(minutes: pd.DataFrame) -> pd.DataFrame:
    """Return hourly candles of one whole day of minutes."""
    return minutes.resample("h").agg(
        {"open": "first", "high": "max", "low": "min", "close": "last", "volume": "sum"}
    )
