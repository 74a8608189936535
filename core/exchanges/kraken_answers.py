"""Kraken's names, errors and answers, checked and turned into values."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from typing import Any, Final

import numpy as np

from core.domain import CANDLE_COLUMNS
from core.errors import BadAnswer, BadRequest, ExchangeError, ExchangeUnavailable, UnknownSymbol
from core.exchanges.epoch import instant_of
from core.exchanges.statuses import Complaint, Reply
from core.exchanges.validation import (
    CandlePage,
    checked_page,
    columns_of,
    decimals,
    opens_of_seconds,
    price,
    require_counts,
    whole_numbers,
)

KEPT_ROWS: Final = 720
"""The newest rows that Kraken gives, however far back it is asked."""

TIME_GRAIN_S: Final = 1.0
"""Kraken tells its time in whole seconds."""

_OWN_NAMES: Final[Mapping[str, str]] = {"BTC": "XBT", "DOGE": "XDG"}
_ROW: Final = ("open_time", "open", "high", "low", "close", "vwap", "volume", "trades")
_LIMITS: Final = ("EAPI:Rate limit exceeded", "EGeneral:Too many requests")
_UNKNOWN_PAIR: Final = "EQuery:Unknown asset pair"
_OUR_MISTAKES: Final = ("EQuery:", "EGeneral:Invalid arguments", "EGeneral:Unknown method")


def pair_of(ticker: str) -> str:
    """Return the name to ask Kraken by: ``BTC-USD`` is asked for as ``XBTUSD``."""
    coin, _, currency = ticker.partition("-")
    return _OWN_NAMES.get(coin, coin) + currency


def names_of(ticker: str) -> frozenset[str]:
    """Return the names Kraken may answer by: old assets carry an X or Z before them."""
    coin, _, currency = ticker.partition("-")
    own = _OWN_NAMES.get(coin, coin)
    return frozenset(x + own + z + currency for x in ("", "X", "Z") for z in ("", "Z"))


def limit_words(reply: Reply) -> str:
    """Return the error by which Kraken tells of a limit, "" where it tells of none."""
    return next((error for error in _errors_in(reply) if error.startswith(_LIMITS)), "")


def read_code(reply: Reply, _complaint: Complaint) -> ExchangeError | None:
    """Return the error Kraken's words stand for, None to leave it to the status."""
    errors = _errors_in(reply)
    return _error_of(reply, errors[0]) if errors else None


def result_of(reply: Reply) -> dict[str, Any]:
    """Open the envelope ``{"error": [...], "result": {...}}``.

    Raises
    ------
    UnknownSymbol, BadRequest, ExchangeUnavailable
        By the first error in it; warnings, which begin with W, are let be.
    BadAnswer
        It is no such envelope.
    """
    body = reply.json()
    if not isinstance(body, dict) or not isinstance(body.get("error"), list):
        raise BadAnswer(f"{reply.host} sent no envelope of errors and a result.")
    if errors := _errors_of(body):
        raise _error_of(reply, errors[0])
    result = body.get("result")
    if not isinstance(result, dict):
        raise BadAnswer(f"{reply.host} sent neither an error nor a result.")
    return result


def server_time(reply: Reply) -> datetime:
    """Read ``/Time`` and return the middle of the second that was told."""
    second = instant_of(result_of(reply).get("unixtime"), reply.host)
    return second + timedelta(seconds=TIME_GRAIN_S / 2)


def candle_rows(reply: Reply, ticker: str, step_ms: int, last_open: int) -> CandlePage:
    """Read ``/OHLC``, the unfinished candle included.

    Rows ascend, ``[time s, open, high, low, close, vwap, volume, count]`` with prices and
    volumes as text, under Kraken's own name of the pair.

    Parameters
    ----------
    last_open : int
        Latest open time that a row can have, epoch milliseconds.

    Raises
    ------
    UnknownSymbol, BadRequest, ExchangeUnavailable, BadAnswer
        See `result_of` and `core.exchanges.validation.checked_page`.
    """
    result = {key: value for key, value in result_of(reply).items() if key != "last"}
    rows = _of_ticker(result, ticker, reply)
    # Some answers hold the unfinished candle besides the 720.
    columns = dict(zip(_ROW, columns_of(rows, len(_ROW), KEPT_ROWS + 1), strict=True))
    opens = opens_of_seconds(columns["open_time"])
    values = np.column_stack([decimals(columns[name], name) for name in CANDLE_COLUMNS])
    require_counts(whole_numbers(columns["trades"], "number of trades"), opens)
    return checked_page(opens, values, step_ms, last_open)


def last_prices(reply: Reply, tickers: Iterable[str]) -> dict[str, float]:
    """Read ``/Ticker``: the price of the last trade of each ticker, ``c[0]``."""
    result = result_of(reply)
    return {ticker: _last_price(_of_ticker(result, ticker, reply)) for ticker in tickers}


def trading(reply: Reply, ticker: str) -> bool:
    """Read ``/AssetPairs`` asked for one pair: whether it trades now."""
    described = _of_ticker(result_of(reply), ticker, reply)
    status = described.get("status") if isinstance(described, dict) else None
    if type(status) is not str:
        raise BadAnswer(f"{reply.host} did not tell the status of {pair_of(ticker)}.")
    return status == "online"


def _last_price(described: Any) -> float:
    closes = described.get("c") if isinstance(described, dict) else None
    return price(closes[0] if isinstance(closes, list) and closes else None)


def _of_ticker(result: Mapping[str, Any], ticker: str, reply: Reply) -> Any:
    """Return the one entry of `result` that bears a name of `ticker`."""
    keys = [key for key in result if key in names_of(ticker)]
    if len(keys) != 1:
        raise BadAnswer(f"{reply.host} sent nothing under the name of {pair_of(ticker)}.")
    return result[keys[0]]


def _errors_in(reply: Reply) -> list[str]:
    """Return the errors of an answer, none where it is no envelope."""
    try:
        return _errors_of(reply.json())
    except BadAnswer:
        return []


def _errors_of(body: Any) -> list[str]:
    told = body.get("error") if isinstance(body, dict) else None
    words = [str(error) for error in told] if isinstance(told, list) else []
    return [error for error in words if not error.startswith("W")]


def _error_of(reply: Reply, words: str) -> ExchangeError:
    said = f"{reply.host} answered {words[:200]}."
    if words.startswith(_UNKNOWN_PAIR):
        return UnknownSymbol(said)
    if words.startswith(_OUR_MISTAKES):
        return BadRequest(said)
    return ExchangeUnavailable(said)
