"""Answers whose candles are damaged on the way."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from typing import Any

from tests.exchange.answers import Answer, json_answer
from tests.exchange.faults import Fault
from tests.exchange.venue import Venue

Rows = list[list[Any]]


def spoil(answer: Answer, fault: Fault, venue: Venue) -> Answer:
    """Return the answer with its candles damaged; what is no candles' answer stays as it is."""
    if answer.status != 200:
        return answer
    body = json.loads(answer.body)
    rows = venue.rows(body)
    if not rows or not all(isinstance(row, list) for row in rows):
        return answer
    rows[:] = SPOILS[fault.kind](rows, fault)
    return replace(answer, body=json_answer(body).body)


def _struck(rows: Rows) -> int:
    """Return the row to strike: in the middle, of two the first, which is a closed candle's."""
    return (len(rows) - 1) // 2


def _with(rows: Rows, *instead: list[Any]) -> Rows:
    at = _struck(rows)
    return [*rows[:at], *instead, *rows[at + 1 :]]


def _null(rows: Rows, _fault: Fault) -> Rows:
    row = rows[_struck(rows)]
    return _with(rows, [row[0], *[None] * (len(row) - 1)])


def _nan(rows: Rows, _fault: Fault) -> Rows:
    """Text becomes "NaN", a number the bare word; times and counts, being whole, stay."""
    row = rows[_struck(rows)]
    return _with(rows, [row[0], *map(_nan_like, row[1:])])


def _nan_like(value: Any) -> Any:
    if isinstance(value, str):
        return "NaN"
    return float("nan") if isinstance(value, float) else value


def _short(rows: Rows, _fault: Fault) -> Rows:
    row = rows[_struck(rows)]
    return _with(rows, row[: len(row) // 2])


def _duplicate(rows: Rows, _fault: Fault) -> Rows:
    row = rows[_struck(rows)]
    return _with(rows, row, row)


def _missing(rows: Rows, fault: Fault) -> Rows:
    first = max(0, _struck(rows) - (fault.rows - 1) // 2)
    return rows[:first] + rows[first + fault.rows :]


SPOILS: dict[str, Callable[[Rows, Fault], Rows]] = {
    "null": _null,
    "nan": _nan,
    "short": _short,
    "duplicate": _duplicate,
    "reverse": lambda rows, _fault: rows[::-1],
    "missing": _missing,
}
