"""Binance's names, codes and answers, checked and turned into values."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from core.errors import BadAnswer, ExchangeError, ExchangeUnavailable, UnknownSymbol
from core.exchanges.epoch import EPOCH, MS
from core.exchanges.statuses import Complaint, Reply, sentence_of
from core.exchanges.validation import price

# Their side is overloaded or lost the request: retried whatever the HTTP status.
_RETRYABLE_CODES: Final = frozenset({-1000, -1001, -1006, -1007, -1008})
_INVALID_SYMBOL: Final = -1121
# The exchange opened in 2017; past the year 2255 a number is not milliseconds.
_EARLIEST_MS: Final = 1_483_228_800_000
_LATEST_MS: Final = 9_000_000_000_000


def symbol_of(ticker: str) -> str:
    """Return Binance's name of a ticker: ``BTC-USD`` is traded as ``BTCUSDT``."""
    return ticker.replace("-", "") + "T"


def read_code(reply: Reply, complaint: Complaint) -> ExchangeError | None:
    """Return the error Binance's own code stands for, None to leave it to the status."""
    if complaint.code == _INVALID_SYMBOL:
        return UnknownSymbol(
            sentence_of(reply, complaint, "it does not list the pair"), complaint.code
        )
    if complaint.code in _RETRYABLE_CODES:
        return ExchangeUnavailable(sentence_of(reply, complaint, f"code {complaint.code}"))
    return None


def server_time(reply: Reply) -> datetime:
    """Read ``/api/v3/time``."""
    body = reply.json()
    time_ms = body.get("serverTime") if isinstance(body, dict) else None
    if type(time_ms) is not int or not _EARLIEST_MS <= time_ms < _LATEST_MS:
        raise BadAnswer(f"{reply.host} told no time.")
    return EPOCH + time_ms * MS


def prices(reply: Reply, wanted: Collection[str]) -> dict[str, float]:
    """Read ``/api/v3/ticker/price``: USDT by symbol, one for each symbol `wanted`."""
    body = reply.json()
    rows = body if isinstance(body, list) else [body]
    if not all(isinstance(row, dict) and type(row.get("symbol")) is str for row in rows):
        raise BadAnswer(f"{reply.host} sent a price without a symbol.")
    found = {row["symbol"]: price(row.get("price")) for row in rows if row["symbol"] in wanted}
    missing = [symbol for symbol in wanted if symbol not in found]
    if missing:
        raise BadAnswer(f"{reply.host} sent no price for {', '.join(missing)}.")
    return found


@dataclass(frozen=True, slots=True)
class Listing:
    """What ``/api/v3/exchangeInfo`` says of one symbol, and the weight allowed per minute."""

    trading: bool
    weight_limit: int | None


def listing(reply: Reply, symbol: str) -> Listing:
    """Read ``/api/v3/exchangeInfo`` asked for one symbol; unknown fields are let be."""
    body = reply.json()
    symbols = body.get("symbols") if isinstance(body, dict) else None
    if not isinstance(body, dict) or not isinstance(symbols, list):
        raise BadAnswer(f"{reply.host} did not describe {symbol}.")
    described = [s for s in symbols if isinstance(s, dict) and s.get("symbol") == symbol]
    if len(described) != 1 or type(described[0].get("status")) is not str:
        raise BadAnswer(f"{reply.host} did not describe {symbol}.")
    return Listing(described[0]["status"] == "TRADING", _minute_weight_limit(body))


def _minute_weight_limit(info: Mapping[str, Any]) -> int | None:
    limits = info.get("rateLimits")
    for row in limits if isinstance(limits, list) else []:
        if not isinstance(row, dict):
            continue
        kind = (row.get("rateLimitType"), row.get("interval"), row.get("intervalNum"))
        limit = row.get("limit")
        if kind == ("REQUEST_WEIGHT", "MINUTE", 1) and type(limit) is int and limit > 0:
            return limit
    return None
