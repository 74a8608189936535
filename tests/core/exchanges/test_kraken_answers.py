"""Kraken's names, envelope, errors and rows, as its documentation shows them."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

import pytest

from core.domain import CANDLE_COLUMNS, DEFAULT_TICKERS
from core.errors import (
    BadAnswer,
    BadRequest,
    ExchangeError,
    ExchangeUnavailable,
    UnknownSymbol,
)
from core.exchanges.kraken_answers import (
    KEPT_ROWS,
    candle_rows,
    last_prices,
    limit_words,
    names_of,
    pair_of,
    result_of,
    server_time,
    trading,
)
from core.exchanges.statuses import Reply

MINUTE_MS = 60_000
FIRST_S = 1_688_671_200
PRICES = {
    "XXBTZUSD": {"a": ["30300.1", "1", "1.0"], "b": ["30300.0", "1", "1.0"], "c": ["30303.2", "6"]},
    "XETHZUSD": {"c": ["1870.2", "0.1"]},
    "XDGUSD": {"c": ["0.0665", "100"]},
    "SOLUSD": {"c": ["19.9", "5"]},
}


def reply(result: Any = None, error: Any = (), status: int = 200) -> Reply:
    body = {"error": list(error)} if result is None else {"error": list(error), "result": result}
    return raw(json.dumps(body), status)


def raw(text: str, status: int = 200) -> Reply:
    return Reply("api.kraken.com", status, {}, text.encode(), 0.0, 0.1)


def row(minutes: int = 0, **changes: Any) -> list[Any]:
    fields: dict[str, Any] = {
        "time": FIRST_S + 60 * minutes,
        "open": "30306.1",
        "high": "30306.2",
        "low": "30305.7",
        "close": "30305.8",
        "vwap": "30306.1",
        "volume": "3.39243896",
        "count": 23,
    }
    return list((fields | changes).values())


def rows_of(*rows: Any, key: str = "XXBTZUSD") -> Any:
    answer = reply({key: list(rows), "last": FIRST_S})
    return candle_rows(answer, "BTC-USD", MINUTE_MS, (FIRST_S + 3_600 * 24) * 1_000)


@pytest.mark.parametrize(
    ("ticker", "asked", "answered"),
    [
        ("BTC-USD", "XBTUSD", "XXBTZUSD"),
        ("ETH-USD", "ETHUSD", "XETHZUSD"),
        ("SOL-USD", "SOLUSD", "SOLUSD"),
        ("BNB-USD", "BNBUSD", "BNBUSD"),
        ("XRP-USD", "XRPUSD", "XXRPZUSD"),
        ("ADA-USD", "ADAUSD", "ADAUSD"),
        ("DOGE-USD", "XDGUSD", "XDGUSD"),
    ],
)
def test_each_ticker_has_its_own_names(ticker: str, asked: str, answered: str) -> None:
    assert pair_of(ticker) == asked
    assert {asked, answered} <= names_of(ticker)
    assert not any(answered in names_of(other) for other in DEFAULT_TICKERS if other != ticker)


def test_rows_ascend_and_the_volume_is_the_seventh_field() -> None:
    page = rows_of(row(0), row(3, volume="1.5"))
    assert page.opens.tolist() == [FIRST_S * 1_000, (FIRST_S + 180) * 1_000]
    frame = page.first(2)
    assert tuple(frame.columns) == CANDLE_COLUMNS
    assert frame.iloc[0].tolist() == [30_306.1, 30_306.2, 30_305.7, 30_305.8, 3.39243896]
    assert frame["volume"].iloc[1] == 1.5


@pytest.mark.parametrize(
    ("rows", "complaint"),
    [
        ([row(1), row(0)], "after the one before"),
        ([row(0), row(0)], "after the one before"),
        ([row(24 * 60 + 1)], "after what was asked"),
        ([row(0, time=FIRST_S * 1_000)], "not in seconds"),
        ([row(0, time=str(FIRST_S))], "not a whole number"),
        ([row(0, time=FIRST_S + 30)], "off the grid"),
        ([row(0, close=30_305.8)], "not text"),
        ([row(0, close=None)], "not text"),
        ([row(0, close="nan")], "not finite"),
        ([row(0, low="30306.0")], "low is above"),
        ([row(0, high="30305.9")], "high is below"),
        ([row(0, volume="-1")], "volume is negative"),
        ([row(0, count=-1)], "trades is negative"),
        ([row(0, count="23")], "not a whole number"),
        ([row(0)[:7]], "at least 8 fields"),
        ([row(i) for i in range(KEPT_ROWS + 2)], "at most 721 rows"),
    ],
)
def test_rows_that_must_not_be_believed(rows: list[Any], complaint: str) -> None:
    with pytest.raises(BadAnswer, match=complaint):
        rows_of(*rows)


@pytest.mark.parametrize("key", ["XETHZUSD", "XBTEUR", "last", ""])
def test_rows_under_another_pair_s_name_are_refused(key: str) -> None:
    with pytest.raises(BadAnswer, match="XBTUSD"):
        rows_of(row(0), key=key)


@pytest.mark.parametrize(
    "text", ["[]", "null", "{}", '{"error":"x"}', '{"error":[]}', '{"error":[],"result":[]}', "<"]
)
def test_what_is_no_envelope_is_a_bad_answer(text: str) -> None:
    with pytest.raises(BadAnswer):
        result_of(raw(text))


@pytest.mark.parametrize(
    ("words", "error"),
    [
        ("EQuery:Unknown asset pair", UnknownSymbol),
        ("EQuery:Invalid asset pair", BadRequest),
        ("EGeneral:Invalid arguments", BadRequest),
        ("EGeneral:Invalid arguments:since", BadRequest),
        ("EService:Unavailable", ExchangeUnavailable),
        ("EService:Busy", ExchangeUnavailable),
        ("EGeneral:Internal error", ExchangeUnavailable),
    ],
)
def test_each_error_under_http_200_is_its_typed_error(
    words: str, error: type[ExchangeError]
) -> None:
    with pytest.raises(error, match=words) as raised:
        result_of(reply(error=[words]))
    assert type(raised.value) is error


def test_a_warning_is_no_error() -> None:
    warned = reply({"unixtime": FIRST_S}, error=["WGeneral:Deprecated"])
    assert result_of(warned) == {"unixtime": FIRST_S}
    assert limit_words(warned) == ""


def test_an_error_beside_a_result_is_an_error() -> None:
    with pytest.raises(ExchangeUnavailable):
        result_of(reply({"unixtime": FIRST_S}, error=["EService:Busy"]))


@pytest.mark.parametrize("told", [None, "1688671200", 1.7e12, True, -1])
def test_a_time_that_is_none_is_refused(told: Any) -> None:
    with pytest.raises(BadAnswer):
        server_time(reply({"unixtime": told}))


def test_the_time_is_the_middle_of_the_second_told() -> None:
    told = reply({"unixtime": 1_688_671_200, "rfc1123": "Thu,  6 Jul 23 19:20:00 +0000"})
    assert server_time(told) == datetime(2023, 7, 6, 19, 20, 0, 500_000, tzinfo=UTC)


def test_each_price_is_found_under_kraken_s_own_name() -> None:
    found = last_prices(reply(PRICES), ["DOGE-USD", "BTC-USD", "ETH-USD", "SOL-USD"])
    expected = {"DOGE-USD": 0.0665, "BTC-USD": 30_303.2, "ETH-USD": 1_870.2, "SOL-USD": 19.9}
    assert found == expected


@pytest.mark.parametrize("described", [{}, {"c": []}, {"c": [1.0]}, {"c": ["0"]}, {"c": "1"}, []])
def test_a_price_that_is_none_is_refused(described: Any) -> None:
    with pytest.raises(BadAnswer):
        last_prices(reply({"SOLUSD": described}), ["SOL-USD"])


def test_a_missing_price_is_refused() -> None:
    with pytest.raises(BadAnswer, match="ADAUSD"):
        last_prices(reply(PRICES), ["BTC-USD", "ADA-USD"])


def test_only_a_pair_online_trades() -> None:
    for status, expected in (("online", True), ("cancel_only", False), ("delisted", False)):
        described = {"XXBTZUSD": {"altname": "XBTUSD", "status": status}}
        assert trading(reply(described), "BTC-USD") is expected
    with pytest.raises(BadAnswer):
        trading(reply({"XXBTZUSD": {"altname": "XBTUSD"}}), "BTC-USD")
