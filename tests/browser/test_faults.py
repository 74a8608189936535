"""One exchange, every fault: the page says what is wrong, nothing false is kept, and it passes."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import timedelta

import pytest
from playwright.sync_api import Page

from tests.browser.conftest import Observed, Servers
from tests.browser.rig import PATH, SPEC, SYMBOLS, Rig, is_well, says
from tests.exchange.exchange import LocalExchange
from tests.made import START, made_candles
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
# Damage to candles only; seen when all of them are fetched.
CANDLES = [
    ("null", "not a whole number|not text"),
    ("nan", "not finite|not a number"),
    ("short", "not a list of at least"),
    ("duplicate", "does not open after the one before|at most 1,000 rows"),
    ("reverse", "does not open after the one before|opens (before|after) what"),
]


@pytest.fixture(scope="module")
def rig(serve: Servers, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Rig]:
    artifacts = tmp_path_factory.mktemp("injured")
    at = START + timedelta(minutes=1_500)
    with LocalExchange({SYMBOLS["binance"]: made_candles(3_000)}, at=at, as_now=True) as exchange:
        url = serve(
            {
                "ARTIFACT_DIR": str(artifacts),
                "BINANCE_BASE_URL": exchange.base_url,
                "MARKET_SOURCE": "binance",
                "WATCH": SPEC.to_text(),
                "ENGINE": "internal",
                "QUOTE_SECONDS": "1",
            }
        )
        running = Rig(url, artifacts, {"binance": exchange}, serve.logs[url])
        wait_until(running.snapshot, 90, "the first forecast")
        yield running
        exchange.heal()


@pytest.fixture
def live(rig: Rig, page: Page, observed: Observed) -> Iterator[Page]:
    """The Live page of a healthy app, which is healthy again and made no mistake afterwards."""
    page.goto(rig.url + PATH)
    is_well(page)
    yield page
    rig.heal()
    is_well(page)
    rig.check_stored("binance")
    assert "Traceback" not in rig.log.read_text()
    assert [c for c in observed.complaints if "page error" in c] == []


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


@pytest.mark.parametrize(("kind", "words"), CANDLES)
def test_damaged_candles_are_refused_whole(rig: Rig, live: Page, kind: str, words: str) -> None:
    rig.exchanges["binance"].fail(kind, count=None)
    rig.refetch()
    says(live, words)
    assert not list(rig.artifacts.glob("*_history.csv"))


@pytest.mark.parametrize(
    ("kind", "words"),
    [("429", "limits the rate of requests until"), ("418", "has banned this address until")],
)
def test_nothing_is_sent_while_limited_or_banned_also_after_a_restart(
    rig: Rig, live: Page, kind: str, words: str
) -> None:
    exchange = rig.exchanges["binance"]
    exchange.fail(kind, retry_after="12")
    says(live, words)
    known = len(exchange.calls())
    block = rig.status().block
    assert block is not None
    rig.restart_engine()
    says(live, words)
    assert len(exchange.calls()) == known
    wait_until(lambda: len(exchange.calls()) > known, 60, "calls after the ban")
    first = exchange.calls()[known]
    assert exchange.calls_during_ban() == []
    assert first.time_ms >= block.until.timestamp() * 1000


def test_a_slow_exchange_is_waited_for(rig: Rig, live: Page) -> None:
    exchange = rig.exchanges["binance"]
    before = exchange.calls("/api/v3/ticker/price")
    exchange.fail("slow", count=None, seconds=2.0)
    price = "/api/v3/ticker/price"
    wait_until(lambda: len(exchange.calls(price)) > len(before) + 3, 60, "answers")
    says(live, "^$")


def test_a_firewall_page_stops_the_host_for_a_minute(rig: Rig, live: Page) -> None:
    exchange = rig.exchanges["binance"]
    exchange.fail("403", count=None)
    says(live, "answered 403 .refused by its firewall")
    known = len(exchange.calls())
    exchange.heal()
    rig.restart_engine()
    says(live, "answered 403 .refused by its firewall")
    assert len(exchange.calls()) == known
    is_well(live)


def test_missing_minutes_are_said_asked_for_again_and_come(rig: Rig, live: Page) -> None:
    rig.exchanges["binance"].fail("missing", count=1, rows=12)
    rig.refetch()
    says(live, "12 minutes of BTC-USD are missing since .* and are asked for again")
    wait_until(lambda: rig.snapshot().gaps == 0, 120, "the missing minutes")


def test_candles_that_stop_while_the_clock_goes_on_are_said(rig: Rig, live: Page) -> None:
    rig.exchanges["binance"].fail("stale", count=None)
    says(live, "The last closed candle is (9[0-9]|1[0-9]{2}) s old|is 2 min old", timeout_s=170)


def test_a_clock_that_is_wrong_closes_no_candle(rig: Rig, live: Page) -> None:
    rig.exchanges["binance"].fail("skew", count=None, seconds=1_800)
    rig.restart_engine()
    says(live, "The last closed candle is (29|30|31) min old")
    rig.exchanges["binance"].heal()
    rig.restart_engine()


@pytest.mark.usefixtures("live")
def test_a_candle_that_is_final_late_is_corrected_and_its_forecast_marked(rig: Rig) -> None:
    rig.exchanges["binance"].fail("late", count=None, seconds=20)
    before = rig.snapshot().as_of
    wait_until(lambda: rig.snapshot().revised, 200, "a corrected candle")
    marked = rig.snapshot().revised[0]
    assert marked > before - timedelta(minutes=2)
    assert marked.second == 0


def test_what_was_said_in_the_log_has_no_traceback(rig: Rig) -> None:
    said = rig.log.read_text()
    assert re.search(r"WARNING|INFO", said)
    assert "Traceback" not in said
