"""Every fault, at every venue, as it goes over the wire."""

from __future__ import annotations

import json
import math
from typing import Any

import pytest
import requests

from tests.clocks import ManualClock
from tests.exchange.conftest import Asked
from tests.exchange.market_clock import to_ms
from tests.made import START

MINUTE = 60_000
FIRST = to_ms(START)
PRESENT = 1_500
TOO_FAST = {
    "binance": (429, -1003),
    "coinbase": (429, "Public rate limit exceeded"),
    "kraken": (200, "EAPI:Rate limit exceeded"),
}


def said(asked: Asked, answer: requests.Response) -> Any:
    """Return the code or the words of a refusal."""
    body = answer.json()
    if asked.venue.name == "kraken":
        assert "result" not in body
        return body["error"][0]
    return body["code"] if asked.venue.name == "binance" else body["message"]


def test_too_fast_in_the_venue_s_own_words(asked: Asked) -> None:
    asked.exchange.fail("429", retry_after="7")
    answer = asked.time()
    assert (answer.status_code, said(asked, answer)) == TOO_FAST[asked.venue.name]
    assert answer.headers.get("Retry-After") == (None if asked.venue.name == "kraken" else "7")
    assert asked.time().status_code == 200


def test_a_ban_is_binance_s_alone(asked: Asked, clock: ManualClock) -> None:
    if asked.venue.name != "binance":
        with pytest.raises(ValueError, match="unknown fault '418'"):
            asked.exchange.fail("418")
        return
    asked.exchange.fail("418", retry_after="300")
    answer = asked.time()
    assert (answer.status_code, answer.headers["Retry-After"]) == (418, "300")
    assert f"IP banned until {to_ms(clock.now()) + 300_000}." in answer.json()["msg"]


@pytest.mark.parametrize(("kind", "status"), [("451", 451), ("403", 403)])
def test_closed_doors(asked: Asked, kind: str, status: int) -> None:
    asked.exchange.fail(kind)
    answer = asked.time()
    assert answer.status_code == status
    if kind == "451" and asked.venue.name == "binance":
        assert answer.json()["code"] == 0
    else:
        assert answer.text.startswith("<html>")


@pytest.mark.parametrize("status", [500, 502, 503, 504, 520])
def test_their_own_failures_are_pages(asked: Asked, status: int) -> None:
    asked.exchange.fail("5xx", status=status)
    answer = asked.time()
    assert answer.status_code == status
    assert answer.text.startswith("<html>")


@pytest.mark.parametrize("code", [-1001, -1003, -1007, -1008])
def test_a_code_with_any_status(asked: Asked, code: int) -> None:
    words = "" if asked.venue.name == "binance" else "EService:Busy"
    asked.exchange.fail("code", code=code, status=500, message=words)
    answer = asked.time()
    if asked.venue.name == "binance":
        assert (answer.status_code, answer.json()["code"]) == (500, code)
    else:
        assert answer.status_code == (200 if asked.venue.name == "kraken" else 500)
        assert said(asked, answer) == words


@pytest.mark.parametrize("kind", ["empty", "garbage", "html", "shape"])
def test_a_status_of_200_that_is_no_answer(asked: Asked, kind: str) -> None:
    right = asked.candles().json()
    asked.exchange.fail(kind)
    answer = asked.candles()
    assert answer.status_code == 200
    if kind == "shape":
        assert answer.json() == {"unexpected": True}
    else:
        with pytest.raises((json.JSONDecodeError, UnicodeDecodeError)):
            json.loads(answer.content)
    assert asked.candles().json() == right


def test_any_body_can_be_sent(asked: Asked) -> None:
    asked.exchange.fail("body", body="null")
    assert asked.candles().json() is None


def test_a_redirect_leads_to_a_page_and_following_it_is_recorded(asked: Asked) -> None:
    asked.exchange.fail("redirect")
    answer = asked.time()
    assert (answer.status_code, answer.headers["Location"]) == (302, "/sign-in")
    assert asked.get("/sign-in").text.startswith("<html>")
    assert [call.path for call in asked.exchange.calls()] == [asked.venue.time, "/sign-in"]


@pytest.mark.parametrize("kind", ["reset", "cut"])
def test_a_connection_that_breaks(asked: Asked, kind: str) -> None:
    asked.exchange.fail(kind)
    with pytest.raises((requests.ConnectionError, requests.exceptions.ChunkedEncodingError)):
        asked.candles()
    assert asked.candles().status_code == 200


def test_silence_until_the_exchange_is_stopped(asked: Asked) -> None:
    asked.exchange.fail("hang")
    with pytest.raises(requests.Timeout):
        requests.get(asked.exchange.base_url + asked.venue.time, timeout=0.3)
    assert asked.time().status_code == 200


def test_a_slow_answer_is_the_right_one(asked: Asked) -> None:
    right = asked.candles().json()
    asked.exchange.fail("slow", seconds=0.4)
    with pytest.raises(requests.Timeout):
        requests.get(asked.exchange.base_url + asked.venue.candles, timeout=0.1)
    asked.exchange.fail("slow", seconds=0.05)
    assert asked.candles().json() == right


def test_null_and_nan_strike_a_closed_row(asked: Asked) -> None:
    right = asked.rows()
    for kind in ("null", "nan"):
        asked.exchange.fail(kind)
        rows = asked.rows()
        wrong = [i for i in range(len(rows)) if rows[i] != right[i]]
        assert len(rows) == len(right)
        assert len(wrong) == 1
        assert wrong[0] < len(rows) - 1
        row = rows[wrong[0]]
        assert row[0] == right[wrong[0]][0]
        assert all(v is None if kind == "null" else math.isnan(float(v)) for v in row[1:6])


def test_short_rows(asked: Asked) -> None:
    whole = len(asked.rows()[0])
    asked.exchange.fail("short")
    assert sorted({len(row) for row in asked.rows()}) == [whole // 2, whole]


def test_duplicates(asked: Asked) -> None:
    right = asked.rows()
    asked.exchange.fail("duplicate")
    rows = asked.rows()
    assert len(rows) == len(right) + 1
    assert [row for i, row in enumerate(rows) if row not in rows[:i]] == right


def test_reversed_order(asked: Asked) -> None:
    right = asked.rows()
    asked.exchange.fail("reverse")
    assert asked.rows() == right[::-1]


@pytest.mark.parametrize("count", [1, 4, 1_000])
def test_missing_rows(asked: Asked, count: int) -> None:
    right = asked.rows()
    asked.exchange.fail("missing", rows=count)
    rows = asked.rows()
    assert len(rows) == max(0, len(right) - count)
    assert all(row in right for row in rows)


def test_damage_strikes_candles_only(asked: Asked) -> None:
    right = asked.rows()
    asked.exchange.fail("null")
    assert asked.clock_ms() == asked.exchange.clock.now_ms()
    assert asked.rows() != right
    assert asked.rows() == right


def test_damage_passes_what_is_no_candle(asked: Asked) -> None:
    lists = {
        "binance": "/api/v3/ticker/price",
        "coinbase": "/products",
        "kraken": "/0/public/Ticker",
    }
    path = lists[asked.venue.name]
    right = asked.get(path).json()
    asked.exchange.fail("reverse", path)
    assert asked.get(path).json() == right


def test_stale_data_with_a_moving_clock(asked: Asked, clock: ManualClock) -> None:
    before = asked.rows()
    asked.exchange.fail("stale", count=None)
    clock.advance(300)
    assert asked.rows() == before
    assert asked.clock_ms() == FIRST + PRESENT * MINUTE + 330_000
    asked.exchange.heal()
    assert asked.open_ms(asked.rows()[-1]) == FIRST + (PRESENT + 5) * MINUTE


@pytest.mark.parametrize("skew_s", [-90.0, 45.0])
def test_a_skewed_clock_with_true_data(asked: Asked, skew_s: float) -> None:
    before, true_ms = asked.rows(), asked.clock_ms()
    asked.exchange.fail("skew", count=None, seconds=skew_s)
    assert asked.clock_ms() == true_ms + skew_s * 1000
    assert asked.rows() == before


def test_a_minute_final_only_some_time_after_its_end(asked: Asked, clock: ManualClock) -> None:
    asked.exchange.fail("late", count=None, seconds=20)
    clock.advance(40)  # ten seconds into the next minute
    (early, _unfinished) = asked.rows()[-2:]
    assert asked.open_ms(early) == FIRST + PRESENT * MINUTE
    clock.advance(11)
    (final, _unfinished) = asked.rows()[-2:]
    assert final[0] == early[0]
    assert final != early
    asked.exchange.heal()
    assert asked.rows()[-2] == final


def test_faults_strike_by_pattern_and_count(asked: Asked) -> None:
    address = asked.exchange.base_url + "/control/fault"
    fault = {"kind": "5xx", "path": asked.venue.time[:3] + "*", "count": 2, "status": 502}
    assert requests.post(address, json=fault, timeout=5).status_code == 200
    assert [asked.time().status_code for _ in range(3)] == [502, 502, 200]
    assert requests.post(address, json={"kind": "flood"}, timeout=5).status_code == 400
    asked.exchange.fail("html", count=None)
    assert requests.delete(address, timeout=5).status_code == 200
    assert asked.time().json()
