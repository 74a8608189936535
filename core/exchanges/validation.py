"""Checks of what an exchange sent, before anything believes it. A bad row refuses its page."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import pandas as pd

from core.domain import CANDLE_COLUMNS
from core.errors import BadAnswer
from core.exchanges.epoch import LATEST_S

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]
_FEWEST_FIELDS: Final = 11
_CLOSE_TIME, _TRADES = 6, 8


@dataclass(frozen=True, slots=True)
class CandlePage:
    """Checked rows of one answer, the unfinished candle included.

    `opens` is epoch milliseconds, ascending, shape (n,); `values` has the columns of
    `CANDLE_COLUMNS`, shape (n, 5).
    """

    opens: Ints
    values: Floats

    def __len__(self) -> int:
        return len(self.opens)

    def first(self, count: int) -> pd.DataFrame:
        """Return the first `count` rows as a frame of candles."""
        stamps = self.opens[:count].astype("datetime64[ms]").astype("datetime64[us]")
        index = pd.DatetimeIndex(stamps, name="open_time").tz_localize("UTC")
        return pd.DataFrame(self.values[:count], index=index, columns=list(CANDLE_COLUMNS))

    def within(self, first_open: int, last_open: int) -> CandlePage:
        """Return the rows that open from `first_open` to `last_open`, both included."""
        kept = (self.opens >= first_open) & (self.opens <= last_open)
        return CandlePage(self.opens[kept], self.values[kept])


def candle_page(
    rows: Any, *, step_ms: int, first_open: int, last_open: int | None, limit: int
) -> CandlePage:
    """Check an answer of ``/api/v3/klines`` and return it as arrays.

    Parameters
    ----------
    rows : Any
        The parsed body: rows ``[open time ms, open, high, low, close, volume, close time
        ms, quote volume, trades, taker base, taker quote, ...]``, prices and volumes as
        text, times and trades as whole numbers.
    step_ms : int
        Length of a candle.
    first_open, last_open : int
        The open times asked for, epoch milliseconds, both included.
    limit : int
        Most rows asked for.

    Raises
    ------
    BadAnswer
        Any row is not as documented, out of order, off the grid, outside what was asked,
        or its prices contradict each other.
    """
    columns = columns_of(rows, _FEWEST_FIELDS, limit)
    opens = whole_numbers(columns[0], "open time")
    closes = whole_numbers(columns[_CLOSE_TIME], "close time")
    trades = whole_numbers(columns[_TRADES], "number of trades")
    values = np.column_stack(
        [decimals(columns[i + 1], name) for i, name in enumerate(CANDLE_COLUMNS)]
    )
    page = checked_page(opens, values, step_ms, last_open)
    _require(closes == opens + step_ms - 1, opens, "its close time does not fit its open time")
    _require(opens >= first_open, opens, "it opens before what was asked for")
    require_counts(trades, opens)
    return page


def columns_of(rows: Any, fields: int, limit: int) -> list[tuple[Any, ...]]:
    """Return the first `fields` columns of an answer made of rows, each empty if none came.

    Raises
    ------
    BadAnswer
        Not a list, more than `limit` rows, or a row that is not a list of so many fields.
    """
    if not isinstance(rows, list) or len(rows) > limit:
        raise BadAnswer(f"candles: expected a list of at most {limit:,} rows.")
    if not all(type(row) is list and len(row) >= fields for row in rows):
        raise BadAnswer(f"candles: a row is not a list of at least {fields} fields.")
    return list(zip(*(row[:fields] for row in rows), strict=True)) or [()] * fields


def checked_page(
    opens: Ints, values: Floats, step_ms: int, last_open: int | None = None
) -> CandlePage:
    """Return rows as a page once their times and prices agree with themselves.

    Parameters
    ----------
    opens : array of int, shape (n,)
        Epoch milliseconds.
    values : array, shape (n, 5)
        In the order of `CANDLE_COLUMNS`.
    step_ms : int
        Length of a candle.
    last_open : int or None
        Latest open time a row can have, epoch milliseconds.

    Raises
    ------
    BadAnswer
        A row is out of order, off the grid, too late, or its prices contradict each other.
    """
    _require(opens % step_ms == 0, opens, "it opens off the grid")
    if last_open is not None:
        _require(opens <= last_open, opens, "it opens after what was asked for")
    ascending = np.diff(opens, prepend=opens[:1] - 1) > 0
    _require(ascending, opens, "it does not open after the one before it")
    _check_prices(values, opens)
    return CandlePage(opens, values)


def require_counts(trades: Ints, opens: Ints) -> None:
    """Refuse a negative number of trades."""
    _require(trades >= 0, opens, "its number of trades is negative")


def price(text: Any) -> float:
    """Return a price sent as text.

    Raises
    ------
    BadAnswer
        Not text, not a number, not finite, or not above zero.
    """
    try:
        value = float(text) if type(text) is str else math.nan
    except ValueError:
        value = math.nan
    if not (math.isfinite(value) and value > 0):
        raise BadAnswer(f"price: {str(text)[:24]!r} is not a price.")
    return value


def whole_numbers(column: tuple[Any, ...], name: str) -> Ints:
    """Return a column of JSON integers; anything else is a `BadAnswer`."""
    if not set(map(type, column)) <= {int}:
        raise BadAnswer(f"candles: a {name} is not a whole number.")
    try:
        return np.array(column, dtype=np.int64)
    except OverflowError:
        raise BadAnswer(f"candles: a {name} is absurdly large.") from None


def opens_of_seconds(column: tuple[Any, ...]) -> Ints:
    """Return a column of open times sent as epoch seconds in epoch milliseconds."""
    seconds = whole_numbers(column, "open time")
    if (np.abs(seconds) >= LATEST_S).any():
        raise BadAnswer("candles: an open time is not in seconds.")
    return seconds * 1_000


def decimals(column: tuple[Any, ...], name: str) -> Floats:
    """Return a column of numbers sent as text; anything else is a `BadAnswer`."""
    if not set(map(type, column)) <= {str}:
        raise BadAnswer(f"candles: a value of {name} is not text.")
    return _floats(column, name)


def numbers(column: tuple[Any, ...], name: str) -> Floats:
    """Return a column of JSON numbers; anything else is a `BadAnswer`."""
    if not set(map(type, column)) <= {int, float}:
        raise BadAnswer(f"candles: a value of {name} is not a number.")
    return _floats(column, name)


def _floats(column: tuple[Any, ...], name: str) -> Floats:
    try:
        return np.array(list(map(float, column)), dtype=np.float64)
    except (ValueError, OverflowError):
        raise BadAnswer(f"candles: a value of {name} is not a number.") from None


def _check_prices(values: Floats, opens: Ints) -> None:
    open_, high, low, close, volume = values.T
    _require(np.isfinite(values.sum(axis=1)), opens, "a value is not finite")
    _require(values[:, :4].min(axis=1) > 0, opens, "a price is not above zero")
    _require(low <= np.minimum(open_, close), opens, "its low is above its open or close")
    _require(high >= np.maximum(open_, close), opens, "its high is below its open or close")
    _require(volume >= 0, opens, "its volume is negative")


def _require(good: npt.NDArray[np.bool_], opens: Ints, complaint: str) -> None:
    if not good.all():
        bad = int(opens[np.flatnonzero(~good)[0]])
        raise BadAnswer(f"candles: the row opening at {bad} ms is refused: {complaint}.")
