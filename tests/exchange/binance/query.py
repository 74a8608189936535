"""One call as an endpoint sees it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from tests.exchange.binance import refusals
from tests.exchange.binance.params import Params, one_symbol, symbols_asked, whole_number
from tests.exchange.floor import View
from tests.exchange.series import Series

STATUSES = ("TRADING", "HALT", "BREAK")


@dataclass(frozen=True)
class Query:
    """The floor, the parameters read, and the unit of the times sent: 1 for ms, 1,000 for µs."""

    view: View
    params: Params
    time_unit: int = 1

    def stamp(self, epoch_ms: int) -> int:
        """Return an instant in the unit asked for."""
        return epoch_ms * self.time_unit

    def listed(self) -> Series:
        """Return the series `symbol` names, whether it has begun or not."""
        series = self.view.series.get(one_symbol(self.params))
        if series is None:
            raise refusals.invalid_symbol()
        return series

    def traded(self) -> Series:
        """Return the series `symbol` names; refuse one that has not begun."""
        return self._begun(one_symbol(self.params))

    def limit(self, default: int, largest: int) -> int:
        """Return the rows asked for; more than the largest is taken as the largest."""
        limit = whole_number(self.params, "limit")
        if limit == 0:
            raise refusals.invalid_data("limit")
        return min(limit or default, largest)

    def per_symbol(self, show: Callable[[Series], Any]) -> Any:
        """Answer for `symbol` with an object, for `symbols` or nothing with a list."""
        asked, wanted = symbols_asked(self.params), self.status_asked()
        if asked is not None:
            shown = [show(self._begun(name)) for name in asked]
            return shown[0] if "symbol" in self.params else shown
        begun = [s for name in self.view.series if (s := self.view.begun(name))]
        return [show(s) for s in begun if wanted in (None, self.view.statuses[s.symbol])]

    def status_asked(self) -> str | None:
        status = self.params.get("symbolStatus")
        if status is not None and status not in STATUSES:
            raise refusals.Refusal(-1122, "Invalid symbolStatus.")
        return status

    def _begun(self, symbol: str) -> Series:
        series = self.view.begun(symbol)
        if series is None:
            raise refusals.invalid_symbol()
        return series
