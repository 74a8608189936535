"""The simulated market, made to fail, to refuse or to be slow, under any name."""

from __future__ import annotations

import threading
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime, timedelta

from core.domain import Quote
from core.errors import BadAnswer, ExchangeError, ExchangeUnavailable, UnknownSymbol
from core.exchanges.simulated import SimulatedMarket
from core.exchanges.simulated_traits import DEFAULT_SEED
from tests.clocks import ManualClock


class Market(SimulatedMarket):
    """`failing` names what fails ("clock", "1m", "1h", "quotes"), `error` what is raised then.

    A `halted` pair is unknown to whoever asks for more than the last candles; a `broken` one
    fails whenever it is asked for. After `stopped_at` there are no candles, though the clock
    goes on; `stopped` names the pairs that this is so for, empty means all. What is asked for
    from before `damaged_to` on comes in the wrong shape. Of a `delisted` pair there is no price;
    `priced` are the tickers of each call for prices.
    """

    failing: frozenset[str] = frozenset()
    halted: frozenset[str] = frozenset()
    broken: frozenset[str] = frozenset()
    stopped: frozenset[str] = frozenset()
    stopped_at: datetime | None = None
    damaged_to: datetime | None = None
    delisted: frozenset[str] = frozenset()

    def __init__(
        self, clock: ManualClock, name: str = "simulated", seed: int = DEFAULT_SEED
    ) -> None:
        super().__init__(clock, seed=seed)
        self.name = name  # type: ignore[assignment]
        self.error: ExchangeError | None = None
        self.clock_syncs = 0
        self.slow: dict[str, threading.Event] = {}
        self.asked: list[str] = []
        self.priced: list[tuple[str, ...]] = []

    def sync_clock(self) -> float:
        self.clock_syncs += 1
        self._fail("clock")
        return super().sync_clock()

    def lists(self, ticker: str) -> bool:
        return ticker not in self.halted and super().lists(ticker)

    def _pages(self, coin, start, end, interval) -> Iterator:
        self.asked.append(interval)
        catching_up = self.now() - start > timedelta(hours=1)
        if catching_up and any(self._coins[ticker] is coin for ticker in self.halted):
            raise UnknownSymbol("It is not traded.")
        for ticker, go_on in self.slow.items():
            if self._coins[ticker] is coin:
                go_on.wait(20)
        self._fail(interval)
        self._break(ticker for ticker in self.broken if self._coins[ticker] is coin)
        if self.damaged_to is not None and interval == "1m" and start < self.damaged_to:
            raise BadAnswer("A row is not as documented.")
        stands = not self.stopped or any(self._coins[ticker] is coin for ticker in self.stopped)
        if self.stopped_at is not None and stands:
            end = min(end or self.stopped_at, self.stopped_at)
        if end is None or start < end:
            yield from super()._pages(coin, start, end, interval)

    def _fail(self, what: str) -> None:
        if what in self.failing:
            raise self.error or ExchangeUnavailable(f"No answer: {what}.")

    def quotes(self, tickers: Sequence[str]) -> dict[str, Quote]:
        self.priced.append(tuple(tickers))
        self._fail("quotes")
        if self.delisted.intersection(tickers):
            raise UnknownSymbol("It is not traded.")
        self._break(self.broken.intersection(tickers))
        return super().quotes(tickers)

    def _break(self, tickers: Iterable[str]) -> None:
        for ticker in tickers:
            raise ExchangeUnavailable(f"No answer for {ticker}.")
