"""Each way an exchange can fail, as its typed error; repeats, the gate, and several hosts."""

from __future__ import annotations

import itertools
import threading
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest

from core.clock import SystemClock
from core.errors import (
    BadAnswer,
    BadRequest,
    Banned,
    ExchangeError,
    ExchangeTimeout,
    ExchangeUnavailable,
    Forbidden,
    RateLimited,
    Restricted,
    UnknownSymbol,
)
from core.exchanges.access import Access, family_of
from core.exchanges.binance_answers import read_code
from core.exchanges.http import HttpClient
from core.exchanges.sending import Manners
from core.exchanges.transport import USER_AGENT, Transport
from tests.clocks import ManualClock
from tests.exchange import LocalExchange
from tests.made import START, made_candles

TIME = "/api/v3/time"
ONCE, FOUR_TIMES = 1, 4


def client_of(clock: Any, *exchanges: LocalExchange) -> HttpClient:
    return HttpClient(
        "Binance",
        [exchange.base_url for exchange in exchanges],
        clock,
        manners=Manners(read_code, weight_header="X-MBX-USED-WEIGHT-1M"),
        transport=Transport(clock, (1.0, 0.3)),
        jitter=lambda: 0.5,
    )


def ask(client: HttpClient, path: str = TIME, **params: str) -> Any:
    return client.get(path, params, lambda reply: reply.json())


@pytest.fixture
def other(clock: ManualClock) -> Iterator[LocalExchange]:
    with LocalExchange({"BTCUSDT": made_candles(10)}, at=START, clock=clock) as running:
        yield running


@pytest.mark.parametrize(
    ("kind", "options", "error", "sent"),
    [
        ("429", {}, RateLimited, ONCE),
        ("418", {}, Banned, ONCE),
        ("451", {}, Restricted, ONCE),
        ("403", {}, Forbidden, ONCE),
        ("5xx", {"status": 500}, ExchangeUnavailable, FOUR_TIMES),
        ("5xx", {"status": 503}, ExchangeUnavailable, FOUR_TIMES),
        ("code", {"status": 400, "code": -1100}, BadRequest, ONCE),
        ("code", {"status": 400, "code": -1121}, UnknownSymbol, ONCE),
        ("code", {"status": 400, "code": -1008}, ExchangeUnavailable, FOUR_TIMES),
        ("code", {"status": 500, "code": -1001}, ExchangeUnavailable, FOUR_TIMES),
        ("hang", {}, ExchangeTimeout, FOUR_TIMES),
        ("reset", {}, ExchangeUnavailable, FOUR_TIMES),
        ("cut", {}, ExchangeUnavailable, FOUR_TIMES),
        ("empty", {}, BadAnswer, FOUR_TIMES),
        ("garbage", {}, BadAnswer, FOUR_TIMES),
        ("html", {}, BadAnswer, FOUR_TIMES),
        ("redirect", {}, BadAnswer, FOUR_TIMES),
        ("body", {"body": '{"serverTime": NaN}'}, BadAnswer, FOUR_TIMES),
    ],
)
def test_each_failure_has_its_error_and_number_of_tries(
    exchange: LocalExchange,
    clock: ManualClock,
    kind: str,
    options: dict[str, Any],
    error: type[ExchangeError],
    sent: int,
) -> None:
    exchange.fail(kind, count=None, **options)
    with pytest.raises(ExchangeError) as caught:
        ask(client_of(clock, exchange))
    assert type(caught.value) is error
    assert len(exchange.calls()) == sent
    assert "127.0.0.1" in str(caught.value)


def test_an_unknown_path_is_our_mistake(exchange: LocalExchange, clock: ManualClock) -> None:
    with pytest.raises(BadRequest) as caught:
        ask(client_of(clock, exchange), "/api/v1/time")
    assert caught.value.code is None
    assert len(exchange.calls()) == 1


def test_a_refusal_keeps_the_exchange_s_code_and_words(
    exchange: LocalExchange, clock: ManualClock
) -> None:
    with pytest.raises(UnknownSymbol, match="Invalid symbol") as caught:
        ask(client_of(clock, exchange), "/api/v3/ticker/price", symbol="NOSUCH")
    assert caught.value.code == -1121


def test_a_failure_that_passes_is_not_noticed(exchange: LocalExchange, clock: ManualClock) -> None:
    exchange.fail("5xx", count=3)
    assert "serverTime" in ask(client_of(clock, exchange))
    assert len(exchange.calls()) == 4


def test_backoff_doubles(exchange: LocalExchange, clock: ManualClock) -> None:
    exchange.fail("5xx", count=None)
    with pytest.raises(ExchangeUnavailable):
        ask(client_of(clock, exchange))
    times = [call.time_ms for call in exchange.calls()]
    assert [b - a for a, b in itertools.pairwise(times)] == [500, 1_000, 2_000]


def test_repeats_stop_at_the_deadline(exchange: LocalExchange, clock: ManualClock) -> None:
    exchange.fail("5xx", count=None)
    with pytest.raises(ExchangeUnavailable):
        client_of(clock, exchange).get(TIME, {}, lambda reply: reply.json(), deadline_s=1.0)
    assert len(exchange.calls()) == 2


def test_an_answer_that_trickles_is_given_up(exchange: LocalExchange) -> None:
    exchange.fail("drip", count=None, seconds=0.02)
    client = client_of(SystemClock(), exchange)
    with pytest.raises(ExchangeTimeout):
        client.get(TIME, {}, lambda reply: reply.json(), deadline_s=0.2)


@pytest.mark.parametrize(
    ("kind", "header", "wait_s"),
    [
        ("429", "7", 7),
        ("429", None, 60),
        ("429", "soon", 60),
        ("429", "-5", 60),
        ("429", "0", 1),
        ("418", "300", 300),
        ("418", None, 120),
        ("418", "Wed, 21 Oct 2026 07:28:00 GMT", 120),
        ("418", "99999999999", 3 * 86_400),
    ],
)
def test_nothing_is_sent_before_the_wait_is_over(
    exchange: LocalExchange, clock: ManualClock, kind: str, header: str | None, wait_s: float
) -> None:
    client = client_of(clock, exchange)
    exchange.fail(kind, retry_after=header)
    with pytest.raises(RateLimited) as first:
        ask(client)
    assert first.value.retry_at == clock.now() + timedelta(seconds=wait_s + 0.5)
    for _ in range(2):
        with pytest.raises(RateLimited) as again:
            ask(client)
        assert type(again.value) is type(first.value)
        assert again.value.retry_at == first.value.retry_at
        clock.advance(wait_s / 2)
    assert len(exchange.calls()) == 1
    clock.advance(0.5)
    assert "serverTime" in ask(client)


def test_one_gate_closes_all_hosts(
    exchange: LocalExchange, other: LocalExchange, clock: ManualClock
) -> None:
    client = client_of(clock, exchange, other)
    exchange.fail("429", retry_after="10")
    for _ in range(2):
        with pytest.raises(RateLimited):
            ask(client)
    assert len(exchange.calls()) == 1
    assert other.calls() == []


def test_a_ban_is_not_shortened_by_a_later_refusal(clock: ManualClock) -> None:
    """Another call was under way when the ban came, and was told a shorter wait."""
    access = Access(clock, jitter=lambda: 0.5)
    access.close(Banned, "418.", 600.0)
    access.close(RateLimited, "429.", 10.0)
    clock.advance(600)
    with pytest.raises(Banned):
        access.check()
    clock.advance(1)
    access.check()


def test_the_next_host_answers_and_is_asked_first_from_then_on(
    exchange: LocalExchange, other: LocalExchange, clock: ManualClock
) -> None:
    client = client_of(clock, exchange, other)
    exchange.stop()
    assert "serverTime" in ask(client)
    exchange.start()
    assert "serverTime" in ask(client)
    assert exchange.calls() == []
    assert len(other.calls()) == 2


def test_a_silent_host_leaves_time_for_the_next(
    exchange: LocalExchange, other: LocalExchange
) -> None:
    exchange.fail("hang", count=None)
    client = client_of(SystemClock(), exchange, other)
    answer = client.get(TIME, {}, lambda reply: reply.json(), deadline_s=2.0)
    assert "serverTime" in answer


def test_a_restricted_host_is_not_asked_for_a_day(
    exchange: LocalExchange, other: LocalExchange, clock: ManualClock
) -> None:
    client = client_of(clock, exchange, other)
    exchange.fail("451")
    assert "serverTime" in ask(client)
    clock.advance(86_399)
    other.fail("5xx", count=4)
    with pytest.raises(ExchangeUnavailable, match="restricted location"):
        ask(client)
    assert len(exchange.calls()) == 1
    clock.advance(2)
    client.prefer(exchange.base_url)
    assert "serverTime" in ask(client)
    assert len(exchange.calls()) == 2


def test_a_forbidding_host_is_left_alone_for_a_minute(
    exchange: LocalExchange, clock: ManualClock
) -> None:
    client = client_of(clock, exchange)
    exchange.fail("403")
    for _ in range(2):
        with pytest.raises(Forbidden):
            ask(client)
        clock.advance(29)
    assert len(exchange.calls()) == 1
    clock.advance(2)
    assert "serverTime" in ask(client)


def test_when_all_hosts_fail_the_sentence_tells_what_each_did(
    exchange: LocalExchange, other: LocalExchange, clock: ManualClock
) -> None:
    exchange.fail("451")
    other.fail("5xx", count=None, status=502)
    with pytest.raises(ExchangeUnavailable) as caught:
        ask(client_of(clock, exchange, other))
    assert "451" in str(caught.value)
    assert "502" in str(caught.value)


@pytest.mark.parametrize(
    ("one", "another", "same"),
    [
        ("https://api.binance.com", "https://api1.binance.com", True),
        ("https://api.binance.com", "https://data-api.binance.vision", False),
        ("http://127.0.0.1:8001", "http://127.0.0.1:8002", False),
        ("http://localhost:8001", "http://localhost:8002", False),
    ],
)
def test_hosts_of_one_owner_are_a_family(one: str, another: str, same: bool) -> None:
    assert (family_of(one) == family_of(another)) is same


def test_the_weight_is_read_and_forgotten_after_a_minute(
    exchange: LocalExchange, clock: ManualClock
) -> None:
    client = client_of(clock, exchange)
    assert client.weight_used is None
    ask(client)
    ask(client, "/api/v3/ticker/price", symbol="BTCUSDT")
    assert client.weight_used == 3
    clock.advance(61)
    assert client.weight_used is None


def test_calls_carry_our_name_and_share_connections(
    exchange: LocalExchange, clock: ManualClock
) -> None:
    client = client_of(clock, exchange)
    for _ in range(5):
        ask(client)
    assert {call.user_agent for call in exchange.calls()} == {USER_AGENT}
    assert len({call.peer for call in exchange.calls()}) == 1


def test_threads_share_a_client(exchange: LocalExchange) -> None:
    client = client_of(SystemClock(), exchange)
    answers: list[Any] = []

    def work() -> None:
        answers.extend(ask(client) for _ in range(20))

    threads = [threading.Thread(target=work) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(answers) == 160


def test_a_client_without_hosts_cannot_be_made(clock: ManualClock) -> None:
    with pytest.raises(ValueError, match="no address"):
        HttpClient("Binance", [], clock)
