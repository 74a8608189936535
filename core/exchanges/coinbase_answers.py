"""Coinbase Exchange's names, refusals and answers, checked and turned into values."""

from __future__ import annotations

from datetime import datetime
from typing import Final

import numpy as np

from core.domain import CANDLE_COLUMNS
from core.errors import BadAnswer, ExchangeError, UnknownSymbol
from core.exchanges.epoch import instant_of
from core.exchanges.statuses import Complaint, Reply, sentence_of
from core.exchanges.validation import (
    CandlePage,
    checked_page,
    columns_of,
    numbers,
    opens_of_seconds,
    price,
)

# Coinbase may send up to 300 rows, some of them older than what was asked for.
MOST_ROWS: Final = 300
_ROW: Final = ("open_time", "low", "high", "open", "close", "volume")


def read_code(reply: Reply, complaint: Complaint) -> ExchangeError | None:
    """Return the error Coinbase's words stand for, None to leave it to the status."""
    if reply.status == 404 and complaint.message.replace(" ", "").lower() == "notfound":
        return UnknownSymbol(sentence_of(reply, complaint, "it does not list the pair"))
    return None


def server_time(reply: Reply) -> datetime:
    """Read ``/time``: ``{"iso", "epoch": seconds with a fraction}``."""
    body = reply.json()
    return instant_of(body.get("epoch") if isinstance(body, dict) else None, reply.host)


def candle_rows(reply: Reply, step_ms: int, first_open: int, last_open: int) -> CandlePage:
    """Read ``/products/{id}/candles`` and return the rows asked for, oldest first.

    Rows come newest first, ``[time, low, high, open, close, volume]``: epoch seconds and
    JSON numbers. Rows before the start asked for are documented and left out; so is the
    one that opens where the range asked for ends.

    Parameters
    ----------
    first_open, last_open : int
        Open times wanted, epoch milliseconds, both included.

    Raises
    ------
    BadAnswer
        See `core.exchanges.validation.checked_page`.
    """
    columns = dict(zip(_ROW, columns_of(reply.json(), len(_ROW), MOST_ROWS), strict=True))
    opens = opens_of_seconds(columns["open_time"])[::-1]
    values = np.column_stack([numbers(columns[name], name) for name in CANDLE_COLUMNS])[::-1]
    page = checked_page(opens, values, step_ms, last_open + step_ms)
    return page.within(first_open, last_open)


def last_price(reply: Reply) -> float:
    """Read ``/products/{id}/ticker``: the price of the last trade."""
    body = reply.json()
    return price(body.get("price") if isinstance(body, dict) else None)


def trading(reply: Reply, product: str) -> bool:
    """Read ``/products/{id}``: whether it trades now."""
    body = reply.json()
    if not isinstance(body, dict) or body.get("id") != product:
        raise BadAnswer(f"{reply.host} did not describe {product}.")
    status = body.get("status")
    if type(status) is not str:
        raise BadAnswer(f"{reply.host} did not tell the status of {product}.")
    return status == "online" and body.get("trading_disabled") is not True
