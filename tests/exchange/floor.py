"""What is traded, and how it looks to one call."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from tests.exchange.faults import Fault
from tests.exchange.market_clock import MarketClock
from tests.exchange.series import Series


@dataclass(frozen=True)
class View:
    """The floor as one call sees it.

    Attributes
    ----------
    time_ms : int
        What the exchange's clock shows, epoch ms.
    now_ms : int
        Trades up to this instant are known; the same as `time_ms` unless a fault parts them.
    series, statuses : mapping
        By the venue's symbol; a status is ``TRADING``, ``HALT`` or ``BREAK``.
    weight_limit : int
        Binance's request weight per minute.
    """

    time_ms: int
    now_ms: int
    series: Mapping[str, Series]
    statuses: Mapping[str, str]
    weight_limit: int

    def begun(self, symbol: str) -> Series | None:
        """Return the series of a symbol that is listed and has begun, else None."""
        series = self.series.get(symbol)
        return series if series is not None and series.begun(self.now_ms) else None


@dataclass
class Floor:
    """What is traded: series by symbol, the clock, and each symbol's status."""

    clock: MarketClock
    series: Mapping[str, Series]
    statuses: dict[str, str]
    weight_limit: int

    def view(self, fault: Fault | None = None) -> View:
        """Return how all looks now, under a fault of `faults.STATES` or none."""
        now_ms = self.clock.now_ms()
        view = View(now_ms, now_ms, self.series, self.statuses, self.weight_limit)
        if fault is None:
            return view
        if fault.kind == "stale":
            return replace(view, now_ms=min(now_ms, fault.since_ms))
        if fault.kind == "skew":
            return replace(view, time_ms=now_ms + int(fault.seconds * 1000))
        if fault.kind == "late":
            return replace(view, series=_settling_late(self.series, int(fault.seconds * 1000)))
        return view


def _settling_late(series: Mapping[str, Series], by_ms: int) -> dict[str, Series]:
    return {symbol: replace(s, late_ms=by_ms) for symbol, s in series.items()}
