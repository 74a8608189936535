"""Last prices of many tickers with as few calls as the exchange allows."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress

from core.domain import Quote
from core.errors import UnknownSymbol
from core.exchanges.base import Provider


def quotes_of_traded(provider: Provider, tickers: Sequence[str]) -> dict[str, Quote]:
    """Return quotes of those that are traded: one delisted pair fails the call for all.

    Raises
    ------
    ExchangeError
        No price could be had; `UnknownSymbol` where the only ticker is not traded.
    """
    try:
        return provider.quotes(tickers)
    except UnknownSymbol:
        if len(tickers) == 1:
            raise
    half = len(tickers) // 2
    found: dict[str, Quote] = {}
    for part in (tickers[:half], tickers[half:]):
        with suppress(UnknownSymbol):
            found |= quotes_of_traded(provider, part)
    return found
