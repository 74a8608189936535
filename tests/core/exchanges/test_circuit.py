"""A host that fails again and again is left alone, then tried with one call at a time."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from typing import Any

import pytest

from core.errors import (
    BadAnswer,
    BadRequest,
    CircuitOpen,
    ExchangeError,
    ExchangeUnavailable,
    Restricted,
)
from core.exchanges.circuit import Circuit
from core.exchanges.http import HttpClient
from core.exchanges.transport import Transport
from tests.clocks import ManualClock
from tests.exchange import LocalExchange
from tests.made import START, made_candles
from tests.waiting import wait_until

TIME = "/api/v3/time"


def fail(circuit: Circuit, error: ExchangeError | None = None) -> None:
    with pytest.raises(ExchangeError), circuit.call():
        raise error or ExchangeUnavailable("It fell over.")


def opened(clock: ManualClock) -> Circuit:
    circuit = Circuit(clock, "api.example.com")
    for _ in range(3):
        fail(circuit)
    return circuit


def test_it_opens_after_three_failures_in_a_row(clock: ManualClock) -> None:
    circuit = Circuit(clock, "api.example.com")
    fail(circuit)
    fail(circuit)
    with circuit.call() as probe:
        assert not probe
    fail(circuit)
    fail(circuit)
    assert circuit.refusal() is None
    fail(circuit)
    with pytest.raises(CircuitOpen, match="12:00:05 UTC") as caught, circuit.call():
        pytest.fail("the call was let through")
    assert "It fell over." in str(caught.value)
    assert not caught.value.retryable


@pytest.mark.parametrize("error", [BadRequest("Our mistake."), Restricted("Not from there.")])
def test_what_is_no_fault_of_the_host_opens_nothing(
    clock: ManualClock, error: ExchangeError
) -> None:
    circuit = Circuit(clock, "api.example.com")
    for _ in range(10):
        fail(circuit, error)
    assert circuit.refusal() is None


def test_the_pause_doubles_up_to_five_minutes(clock: ManualClock) -> None:
    circuit, pauses = opened(clock), []
    for _ in range(9):
        refusal = circuit.refusal()
        assert refusal is not None
        pause_s = (refusal.retry_at - clock.now()).total_seconds()
        pauses.append(pause_s)
        clock.advance(pause_s - 0.01)
        assert circuit.refusal() is not None
        clock.advance(0.02)
        fail(circuit, BadAnswer("Nonsense."))
    assert pauses == [5, 10, 20, 40, 80, 160, 300, 300, 300]


def test_a_good_probe_closes_it_and_the_pause_begins_anew(clock: ManualClock) -> None:
    circuit = opened(clock)
    clock.advance(5)
    fail(circuit)
    clock.advance(10)
    with circuit.call() as probe:
        assert probe
    fail(circuit)
    fail(circuit)
    assert circuit.refusal() is None
    fail(circuit)
    refusal = circuit.refusal()
    assert refusal is not None
    assert (refusal.retry_at - clock.now()).total_seconds() == 5


def test_only_one_probe_passes_at_a_time(clock: ManualClock) -> None:
    circuit = opened(clock)
    clock.advance(5)
    with circuit.call() as probe:
        assert probe
        with pytest.raises(CircuitOpen, match="being probed"), circuit.call():
            pytest.fail("a second probe was let through")
    assert circuit.refusal() is None


def test_a_probe_that_says_nothing_of_the_host_is_followed_by_another(clock: ManualClock) -> None:
    circuit = opened(clock)
    clock.advance(5)
    fail(circuit, Restricted("Not from there."))
    with circuit.call() as probe:
        assert probe


def test_a_call_that_breaks_off_by_our_own_fault_frees_the_probe(clock: ManualClock) -> None:
    circuit = opened(clock)
    clock.advance(5)
    with pytest.raises(KeyError), circuit.call():
        raise KeyError("a bug")
    with circuit.call() as probe:
        assert probe


def test_a_call_begun_before_it_opened_changes_no_pause(clock: ManualClock) -> None:
    circuit = Circuit(clock, "api.example.com")

    def slow_call() -> None:
        with circuit.call():
            for _ in range(3):
                fail(circuit)
            clock.advance(3)
            raise ExchangeUnavailable("It fell over.")

    with pytest.raises(ExchangeUnavailable):
        slow_call()
    clock.advance(2)
    assert circuit.refusal() is None


@pytest.fixture
def other(clock: ManualClock) -> Iterator[LocalExchange]:
    with LocalExchange({"BTCUSDT": made_candles(10)}, at=START, clock=clock) as running:
        yield running


def client_of(clock: Any, *exchanges: LocalExchange) -> HttpClient:
    return HttpClient(
        "Binance",
        [exchange.base_url for exchange in exchanges],
        clock,
        transport=Transport(clock, (1.0, 0.3)),
        jitter=lambda: 0.5,
    )


def ask(client: HttpClient) -> Any:
    return client.get(TIME, {}, lambda reply: reply.json())


def test_an_open_host_gets_no_call_and_one_probe_without_repeats(
    exchange: LocalExchange, clock: ManualClock
) -> None:
    client = client_of(clock, exchange)
    exchange.fail("5xx", count=None)
    for _ in range(3):
        with pytest.raises(ExchangeUnavailable):
            ask(client)
    assert len(exchange.calls()) == 12
    with pytest.raises(CircuitOpen, match=r"next probe is at \d\d:\d\d:\d\d UTC"):
        ask(client)
    assert len(exchange.calls()) == 12
    clock.advance(5)
    with pytest.raises(ExchangeUnavailable, match="503"):
        ask(client)
    assert len(exchange.calls()) == 13
    exchange.heal()
    clock.advance(10)
    assert "serverTime" in ask(client)
    assert "serverTime" in ask(client)


def test_the_others_are_asked_while_one_is_open(
    exchange: LocalExchange, other: LocalExchange, clock: ManualClock
) -> None:
    client = client_of(clock, exchange, other)
    exchange.fail("5xx", count=None)
    for _ in range(5):
        client.prefer(exchange.base_url)
        assert "serverTime" in ask(client)
    assert len(exchange.calls()) == 12
    assert len(other.calls()) == 5


def test_when_all_are_open_the_call_fails_at_once_and_names_the_next_probe(
    exchange: LocalExchange, other: LocalExchange, clock: ManualClock
) -> None:
    client = client_of(clock, exchange, other)
    for running in (exchange, other):
        running.fail("5xx", count=None)
    for _ in range(3):
        with pytest.raises(ExchangeUnavailable):
            ask(client)
    sent = len(exchange.calls()) + len(other.calls())
    with pytest.raises(ExchangeUnavailable) as caught:
        ask(client)
    assert isinstance(caught.value, CircuitOpen)
    assert f"{caught.value.retry_at:%H:%M:%S} UTC" in str(caught.value)
    assert len(exchange.calls()) + len(other.calls()) == sent


def test_a_single_question_keeps_to_the_circuit_too(
    exchange: LocalExchange, clock: ManualClock
) -> None:
    client = client_of(clock, exchange)
    exchange.fail("5xx", count=None)
    errors = []
    for _ in range(4):
        with pytest.raises(ExchangeUnavailable) as caught:
            client.ask(exchange.base_url, TIME, {}, lambda r: r.json(), clock.monotonic() + 1)
        errors.append(type(caught.value))
    assert errors == [ExchangeUnavailable] * 3 + [CircuitOpen]
    assert len(exchange.calls()) == 3


def test_threads_send_one_probe_together(exchange: LocalExchange) -> None:
    """The exchange is silent, so that the probe is under way while the others ask."""
    clock = ManualClock()
    client = client_of(clock, exchange)
    exchange.fail("5xx", count=12)
    for _ in range(3):
        with pytest.raises(ExchangeUnavailable):
            ask(client)
    clock.advance(10)
    exchange.fail("hang", count=None)
    outcomes: list[type[ExchangeError]] = []

    def work() -> None:
        with pytest.raises(ExchangeError) as caught:
            ask(client)
        outcomes.append(type(caught.value))

    probing = threading.Thread(target=work)
    probing.start()
    wait_until(lambda: len(exchange.calls()) == 13)
    work()
    probing.join()
    assert CircuitOpen in outcomes
    assert len(exchange.calls()) == 13
