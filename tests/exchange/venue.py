"""What a venue must be able to do; `LocalExchange` does the rest."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Protocol

from tests.exchange.answers import Answer, Request
from tests.exchange.faults import Fault
from tests.exchange.floor import View


class Venue(Protocol):
    """One exchange's protocol: paths, parameters, limits, errors and words."""

    @property
    def candles_path(self) -> str:
        """Return the pattern of the paths that answer candles."""

    @property
    def spoken(self) -> Mapping[str, Callable[[Fault, int], Answer]]:
        """Return the faults it has words of its own for; made of the fault and epoch ms now."""

    def answer(self, request: Request, view: View) -> Answer:
        """Return the true answer, limits counted."""

    def rows(self, body: Any) -> list[list[Any]] | None:
        """Return the list of candles inside a candles' answer; None where it is none."""

    def ban(self, address: str, seconds: float) -> None:
        """Refuse every call of an address for a while, as the venue does to those who go on."""
