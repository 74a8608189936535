"""Trades, one by one and gathered by price."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice, takewhile
from typing import Any

from tests.exchange.binance.params import instant, whole_number
from tests.exchange.binance.query import Query
from tests.exchange.tape import Fill, Tape


def aggregate_trades(query: Query) -> Any:
    """From an id or a time on, or else the newest; all bounds are inclusive."""
    tape = Tape(query.traded(), query.view.now_ms)
    limit = query.limit(500, 1_000)
    from_id = whole_number(query.params, "fromId")
    start = instant(query.params, "startTime", up=True)
    end = instant(query.params, "endTime", up=False)
    if from_id is None and start is None:
        fills = list(islice(tape.newest_first(end), limit))[::-1]
    else:
        older = tape.from_time(start or 0) if from_id is None else tape.from_id(from_id)
        within = takewhile(lambda fill: end is None or fill.time_ms <= end, older)
        fills = list(islice(within, limit))
    return [_aggregate(query, fill) for fill in fills]


def recent_trades(query: Query) -> Any:
    """The newest trades, oldest first."""
    tape = Tape(query.traded(), query.view.now_ms)
    singles = (trade for fill in tape.newest_first() for trade in _singles(query, fill))
    return list(islice(singles, query.limit(500, 1_000)))[::-1]


def _aggregate(query: Query, fill: Fill) -> dict[str, Any]:
    return {
        "a": fill.fill_id,
        "p": f"{fill.price:.8f}",
        "q": f"{fill.quantity:.8f}",
        "f": fill.first_id,
        "l": fill.last_id,
        "T": query.stamp(fill.time_ms),
        "m": fill.falling,
        "M": True,
    }


def _singles(query: Query, fill: Fill) -> Iterator[dict[str, Any]]:
    """Yield the trades of a fill, newest first, each of the same size."""
    quantity = fill.quantity / (fill.last_id - fill.first_id + 1)
    for trade_id in range(fill.last_id, fill.first_id - 1, -1):
        yield {
            "id": trade_id,
            "price": f"{fill.price:.8f}",
            "qty": f"{quantity:.8f}",
            "quoteQty": f"{quantity * fill.price:.8f}",
            "time": query.stamp(fill.time_ms),
            "isBuyerMaker": fill.falling,
            "isBestMatch": True,
        }
