"""Positions and trades as the browser keeps them: plain values, read back with suspicion.

Times are epoch milliseconds. What comes back may have been edited or written by another
version: anything that is not whole and plausible reads as absent, and `holdings_fault` says
so. The browser judges the same way (assets/keeping.js) and shows nothing else as its own.

``holdings`` is ``{"v": 1, "live": position or None, "simulated": position or None}``: the
two worlds never mix. ``trades`` is ``{"v": 1, "list": [trade, ...]}``, oldest first.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, datetime
from typing import Any, Final, TypeVar

from core.domain import Market, Position, Trade, parse_ticker
from core.errors import ParameterError

SCHEMA: Final = 1
MARKETS: Final[tuple[Market, ...]] = ("live", "simulated")
TRADES_KEPT: Final = 500
_Read = TypeVar("_Read")
_LARGEST: Final = 1e15
_PROVIDER: Final = re.compile(r"[a-z]{0,20}")
# units × price is what was paid, but for rounding.
_TOLERANCE: Final = 1e-6
_LATEST_MS: Final = 32_503_680_000_000  # the year 3000


def holdings_to_stored(holdings: Mapping[Market, Position]) -> dict[str, Any]:
    """Inverse of `holdings_from_stored`."""
    stored: dict[str, Any] = {"v": SCHEMA}
    for market in MARKETS:
        held = holdings.get(market)
        stored[market] = _position_to_stored(held) if held else None
    return stored


def holdings_from_stored(stored: object) -> dict[Market, Position]:
    """Return the position held in each market; unreadable ones are left out."""
    if not isinstance(stored, dict) or stored.get("v") != SCHEMA:
        return {}
    read = {m: _or_none(_position_from_stored, m, stored.get(m)) for m in MARKETS}
    return {m: position for m, position in read.items() if position is not None}


def holdings_fault(stored: object) -> str:
    """Return in words why stored holdings cannot be read whole, "" where they can."""
    if stored is None:
        return ""
    if not isinstance(stored, dict) or stored.get("v") != SCHEMA:
        return f"it is not of version {SCHEMA}"
    read = holdings_from_stored(stored)
    lost = [m for m in MARKETS if stored.get(m) is not None and m not in read]
    return f"the position of the {lost[0]} market is not plausible" if lost else ""


def trades_to_stored(trades: Iterable[Trade]) -> list[dict[str, Any]]:
    """Return trades as plain values, in the order given."""
    return [_trade_to_stored(trade) for trade in trades]


def trades_from_stored(stored: object) -> list[Trade]:
    """Return the newest `TRADES_KEPT` readable trades, oldest first."""
    if not isinstance(stored, dict) or stored.get("v") != SCHEMA:
        return []
    rows = stored.get("list")
    if not isinstance(rows, list):
        return []
    read = (_or_none(_trade_from_stored, row) for row in rows[-TRADES_KEPT:])
    return [trade for trade in read if trade is not None]


def epoch_ms(time: datetime) -> int:
    """Return whole milliseconds since 1970."""
    return round(time.timestamp() * 1000)


def _position_to_stored(position: Position) -> dict[str, Any]:
    return {
        "ticker": position.ticker,
        "units": position.units,
        "invested": position.invested,
        "price": position.price,
        "bought_at": epoch_ms(position.bought_at),
        "provider": position.provider,
    }


def _position_from_stored(market: Market, row: Any) -> Position:
    units, invested, price = (_positive(row[name]) for name in ("units", "invested", "price"))
    _check_product(units, price, invested)
    return Position(
        market=market,
        ticker=parse_ticker(row["ticker"]),
        units=units,
        invested=invested,
        price=price,
        bought_at=_time(row["bought_at"]),
        provider=_word(row.get("provider", "")),
    )


def _trade_to_stored(trade: Trade) -> dict[str, Any]:
    return {
        "market": trade.market,
        "side": trade.side,
        "ticker": trade.ticker,
        "units": trade.units,
        "price": trade.price,
        "amount": trade.amount,
        "time": epoch_ms(trade.time),
        "quote_time": epoch_ms(trade.quote_time),
        "provider": trade.provider,
        "profit": trade.profit,
        "by": trade.by,
    }


def _trade_from_stored(row: Any) -> Trade:
    units, price, amount = (_positive(row[name]) for name in ("units", "price", "amount"))
    _check_product(units, price, amount)
    return Trade(
        market=_one_of(MARKETS, row["market"]),
        side=_one_of(("buy", "sell"), row["side"]),
        ticker=parse_ticker(row["ticker"]),
        units=units,
        price=price,
        amount=amount,
        time=_time(row["time"]),
        quote_time=_time(row["quote_time"]),
        provider=_word(row["provider"]),
        profit=None if row["profit"] is None else _number(row["profit"]),
        # Before cues could trade, all was done by hand and not said.
        by=_one_of(("hand", "cue"), row.get("by", "hand")),
    )


def _or_none(read: Callable[..., _Read], *stored: object) -> _Read | None:
    try:
        return read(*stored)
    except (KeyError, TypeError, ValueError, ParameterError):
        return None


def _number(value: object) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise TypeError("not a number")
    if not math.isfinite(value) or abs(value) > _LARGEST:
        raise ValueError("not a plausible number")
    return float(value)


def _positive(value: object) -> float:
    number = _number(value)
    if number <= 0:
        raise ValueError("not positive")
    return number


def _time(value: object) -> datetime:
    milliseconds = _positive(value)
    if milliseconds > _LATEST_MS:
        raise ValueError("not a plausible time")
    return datetime.fromtimestamp(milliseconds / 1000, UTC)


def _check_product(units: float, price: float, amount: float) -> None:
    if not math.isclose(units * price, amount, rel_tol=_TOLERANCE):
        raise ValueError("the amount is not units times price")


def _word(value: object) -> str:
    if not isinstance(value, str) or not _PROVIDER.fullmatch(value):
        raise ValueError("not a provider's name")
    return value


def _one_of(allowed: Iterable[Any], value: object) -> Any:
    if value not in allowed:
        raise ValueError("not one of the allowed words")
    return value
