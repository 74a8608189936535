"""Buy, sell and value a simulated position. Pure: quotes and the time come in.

A trade is filled at a published quote, in full, without fees or spread. Amounts are USD.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final, Literal

from core.domain import Market, Position, Quote, Trade
from core.domain.portfolio import TradedBy
from core.errors import ParameterError, TradeRefused

AMOUNT_LOW: Final = 1.0
AMOUNT_HIGH: Final = 10_000_000.0
# A comma parts thousands only: "1,5" is not read as fifteen. assets/orders.js reads the same.
_AMOUNT: Final = re.compile(r"(\d{1,3}(,\d{3})+|\d+)(\.\d*)?", re.ASCII)


@dataclass(frozen=True, slots=True)
class Mark:
    """A position at a price: its value and unrealised profit in USD, and profit / invested."""

    value: float
    profit: float
    fraction: float


def parse_amount(value: object) -> float:
    """Return an amount in USD from untrusted input.

    Raises
    ------
    ParameterError
        Not a number, or outside `AMOUNT_LOW` to `AMOUNT_HIGH`.
    """
    text = str(value).strip()
    amount = float(text.replace(",", "")) if _AMOUNT.fullmatch(text) else math.nan
    if not AMOUNT_LOW <= amount <= AMOUNT_HIGH:
        given = "nothing" if value is None or not text else text[:24]
        raise ParameterError(
            "amount",
            f"amount must be from {AMOUNT_LOW:,.0f} to {AMOUNT_HIGH:,.0f} USD, not {given}.",
        )
    return amount


def buy(
    amount: float,
    quote: Quote | None,
    now: datetime,
    tradable_for: timedelta,
    by: TradedBy = "hand",
) -> tuple[Position, Trade]:
    """Spend `amount` USD at `quote`.

    Parameters
    ----------
    now : datetime
        The exchange's clock, which also stamped the quote.
    tradable_for : timedelta
        Age up to which a quote may be traded at.
    by : {"hand", "cue"}
        Who ordered it.

    Raises
    ------
    TradeRefused
        There is no quote, or it is too old.
    """
    quote = _tradable(quote, now, tradable_for)
    units = amount / quote.price
    position = Position(quote.market, quote.ticker, units, amount, quote.price, now, quote.provider)
    return position, _trade("buy", quote, units, amount, now, None, by)


def sell(
    position: Position,
    quote: Quote | None,
    now: datetime,
    tradable_for: timedelta,
    by: TradedBy = "hand",
) -> Trade:
    """Sell all of `position` at `quote`, of whichever provider; otherwise as `buy`.

    Raises
    ------
    TradeRefused
        Also where the quote is of another coin or of the other market.
    """
    quote = _tradable(quote, now, tradable_for)
    if (quote.market, quote.ticker) != (position.market, position.ticker):
        raise TradeRefused(
            f"{position.ticker} of the {position.market} market cannot be sold "
            f"at a price of {quote.ticker} of the {quote.market} market."
        )
    value = position.units * quote.price
    profit = value - position.invested
    return _trade("sell", quote, position.units, value, now, profit, by)


def can_mark(position: Position, quote: Quote) -> bool:
    """Tell whether `quote` values `position`: the same coin and market at the same provider."""
    return (position.market, position.ticker) == (quote.market, quote.ticker) and (
        position.provider in ("", quote.provider)
    )


def mark(position: Position, price: float) -> Mark:
    """Value `position` at `price` (USD per unit)."""
    value = position.units * price
    profit = value - position.invested
    return Mark(value, profit, profit / position.invested)


def realised(trades: Iterable[Trade], market: Market) -> float:
    """Return the profit in USD of all sales made in one market."""
    return math.fsum(t.profit for t in trades if t.market == market and t.profit is not None)


def _tradable(quote: Quote | None, now: datetime, tradable_for: timedelta) -> Quote:
    if quote is None:
        raise TradeRefused("There is no price to trade at yet; try again in a moment.")
    age = now - quote.time
    if age > tradable_for:
        raise TradeRefused(
            f"The last price is {age.total_seconds():,.0f} s old; "
            f"trades need one of at most {tradable_for.total_seconds():.0f} s."
        )
    return quote


def _trade(
    side: Literal["buy", "sell"],
    quote: Quote,
    units: float,
    amount: float,
    now: datetime,
    profit: float | None,
    by: TradedBy,
) -> Trade:
    return Trade(
        market=quote.market,
        side=side,
        ticker=quote.ticker,
        units=units,
        price=quote.price,
        amount=amount,
        time=now,
        quote_time=quote.time,
        provider=quote.provider,
        profit=profit,
        by=by,
    )
