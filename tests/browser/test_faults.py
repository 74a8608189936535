"""One exchange, every fault: the page says what is wrong, nothing false is kept, and it passes."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Page

from tests.browser.rig import Rig, says
from tests.waiting import wait_until

# kind, options of the fault, words on the page
ANY_CALL = [
    ("5xx", {"status": 500}, "answered 500 .a fault on its side"),
    ("5xx", {"status": 502}, "answered 502 .a fault on its side"),
    ("5xx", {"status": 503}, "answered 503 .a fault on its side"),
    ("5xx", {"status": 504}, "answered 504 .a fault on its side"),
    ("code", {"code": -1001, "status": 503}, "answered 503 .code -1001"),
    ("code", {"code": -1003, "status": 429}, "limits the rate of requests until"),
    ("code", {"code": -1007, "status": 504}, "answered 504 .code -1007"),
    ("code", {"code": -1008, "status": 503}, "answered 503 .code -1008"),
    ("hang", {}, "gave no whole answer in time"),
    ("reset", {}, "gave no answer"),
    ("empty", {}, "something that is not JSON"),
    ("cut", {}, "gave no answer"),
    ("garbage", {}, "something that is not JSON"),
    ("html", {}, "something that is not JSON"),
    ("shape", {}, "told no time|expected a list|did not describe|without a symbol"),
    ("redirect", {}, "answered 302"),
]


@pytest.mark.parametrize(
    ("kind", "options", "words"),
    ANY_CALL,
    ids=[f"{k}{o.get('code', o.get('status', ''))}" for k, o, _ in ANY_CALL],
)
def test_a_fault_is_said_and_passes(
    rig: Rig, live: Page, kind: str, options: dict[str, int], words: str
) -> None:
    rig.exchanges["binance"].fail(kind, count=None, **options)
    says(live, words)


def test_a_slow_exchange_is_waited_for(rig: Rig, live: Page) -> None:
    exchange = rig.exchanges["binance"]
    before = exchange.calls("/api/v3/ticker/price")
    exchange.fail("slow", count=None, seconds=2.0)
    price = "/api/v3/ticker/price"
    wait_until(lambda: len(exchange.calls(price)) > len(before) + 3, 60, "answers")
    says(live, "^$")


def test_what_was_said_in_the_log_has_no_traceback(rig: Rig) -> None:
    said = rig.log.read_text()
    assert re.search(r"WARNING|INFO", said)
    assert "Traceback" not in said
