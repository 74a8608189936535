"""Rows that must not be believed."""

from __future__ import annotations

from typing import Any

import pytest

from core.errors import BadAnswer
from core.exchanges.validation import candle_page

MINUTE = 60_000
FIRST = 1_772_323_200_000


def row(minute: int = 0, **changes: Any) -> list[Any]:
    opened = FIRST + minute * MINUTE
    fields: dict[str, Any] = {
        "open_time": opened,
        "open": "100.0",
        "high": "102.0",
        "low": "99.0",
        "close": "101.0",
        "volume": "3.5",
        "close_time": opened + MINUTE - 1,
        "quote_volume": "350.0",
        "trades": 7,
        "taker_base": "1.0",
        "taker_quote": "100.0",
        "unused": "0",
    }
    return list((fields | changes).values())


def check(rows: Any, last_open: int | None = None) -> Any:
    return candle_page(rows, step_ms=MINUTE, first_open=FIRST, last_open=last_open, limit=5)


def test_good_rows_become_arrays_of_the_candle_columns() -> None:
    page = check([row(0), row(3)])
    assert page.opens.tolist() == [FIRST, FIRST + 3 * MINUTE]
    assert page.values.tolist() == [[100.0, 102.0, 99.0, 101.0, 3.5]] * 2
    assert len(page.first(1)) == 1


def test_no_rows_are_an_empty_page() -> None:
    assert len(check([])) == 0
    assert check([]).first(0).empty


@pytest.mark.parametrize(
    ("changes", "complaint"),
    [
        ({"open": "0"}, "not above zero"),
        ({"low": "-1"}, "not above zero"),
        ({"close": "nan"}, "not finite"),
        ({"high": "inf"}, "not finite"),
        ({"volume": "NaN"}, "not finite"),
        ({"volume": "-0.1"}, "volume is negative"),
        ({"low": "100.5"}, "low is above"),
        ({"high": "100.5"}, "high is below"),
        ({"open": 100.0}, "not text"),
        ({"close": None}, "not text"),
        ({"close": ""}, "not a number"),
        ({"close": "abc"}, "not a number"),
        ({"open_time": str(FIRST)}, "not a whole number"),
        ({"open_time": float(FIRST)}, "not a whole number"),
        ({"open_time": FIRST + 1}, "off the grid"),
        ({"open_time": 10**30}, "absurdly large"),
        ({"open_time": FIRST * 1000}, "close time"),
        ({"close_time": FIRST + MINUTE}, "close time"),
        ({"trades": True}, "not a whole number"),
        ({"trades": -1}, "trades is negative"),
    ],
)
def test_a_bad_field_refuses_the_page(changes: dict[str, Any], complaint: str) -> None:
    with pytest.raises(BadAnswer, match=complaint):
        check([row(0), row(1, **changes) if "open_time" not in changes else row(0, **changes)])


@pytest.mark.parametrize(
    ("rows", "complaint"),
    [
        ([row(1), row(0)], "after the one before"),
        ([row(0), row(0)], "after the one before"),
        ([row(-1)], "before what was asked"),
        ([row(0)[:10]], "at least 11 fields"),
        ([row(i) for i in range(6)], "at most 5"),
        ([row(0), None], "at least 11 fields"),
        ([{}], "at least 11 fields"),
        ({}, "expected a list"),
        (None, "expected a list"),
        ("[]", "expected a list"),
    ],
)
def test_a_bad_shape_or_order_refuses_the_page(rows: Any, complaint: str) -> None:
    with pytest.raises(BadAnswer, match=complaint):
        check(rows)


def test_rows_past_the_end_asked_for_are_refused() -> None:
    with pytest.raises(BadAnswer, match="after what was asked"):
        check([row(0), row(1)], last_open=FIRST)
