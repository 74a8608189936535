"""Simulated positions and trades."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from core.domain.words import Market

TradedBy = Literal["hand", "cue"]


@dataclass(frozen=True, slots=True)
class Position:
    """A simulated holding. `price` is what was paid per unit, in USD, at `provider`.

    It is valued at prices of that provider only: another one quotes another price for the
    same coin. An empty `provider` is that of an older version and fits any.
    """

    market: Market
    ticker: str
    units: float
    invested: float
    price: float
    bought_at: datetime
    provider: str = ""


@dataclass(frozen=True, slots=True)
class Trade:
    """One simulated trade.

    `profit` is realised profit in USD, None for a purchase; `by` is who ordered it: a person,
    or a cue that this person lets trade.
    """

    market: Market
    side: Literal["buy", "sell"]
    ticker: str
    units: float
    price: float
    amount: float
    time: datetime
    quote_time: datetime
    provider: str
    profit: float | None
    by: TradedBy = "hand"
