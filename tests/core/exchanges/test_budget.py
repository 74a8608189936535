"""No more is asked than half of the weight that an exchange allows."""

from __future__ import annotations

import threading
from datetime import timedelta
from typing import Any

import pytest

from core.errors import OverBudget, RateLimited
from core.exchanges.budget import WeightBudget
from core.exchanges.http import HttpClient
from core.exchanges.sending import Manners
from core.exchanges.transport import Transport
from tests.clocks import ManualClock
from tests.exchange import LocalExchange

TIME, PRICE = "/api/v3/time", "/api/v3/ticker/price"
LIMIT = 40


@pytest.fixture
def budget(clock: ManualClock) -> WeightBudget:
    return WeightBudget(clock, "Binance", LIMIT)


def told(budget: WeightBudget, clock: ManualClock, used: int) -> None:
    budget.note(used, clock.monotonic(), clock.monotonic())


def test_calls_pass_up_to_half_of_the_limit(budget: WeightBudget, clock: ManualClock) -> None:
    for _ in range(10):
        budget.take(2, clock.monotonic() + 1)
    with pytest.raises(OverBudget, match="12:01:00 UTC") as caught:
        budget.take(1, clock.monotonic() + 1)
    assert caught.value.retry_at == clock.now() + timedelta(minutes=1)
    assert isinstance(caught.value, RateLimited)


def test_a_call_waits_for_the_next_minute_if_it_may(
    budget: WeightBudget, clock: ManualClock
) -> None:
    budget.take(20, clock.monotonic() + 1)
    clock.advance(45)
    budget.take(2, clock.monotonic() + 20)
    assert clock.monotonic() == 60


def test_what_others_at_this_address_use_counts(budget: WeightBudget, clock: ManualClock) -> None:
    told(budget, clock, 19)
    budget.take(1, clock.monotonic() + 1)
    with pytest.raises(OverBudget):
        budget.take(1, clock.monotonic() + 1)
    assert budget.told == 19


def test_an_answer_that_left_last_minute_says_nothing_of_this_one(
    budget: WeightBudget, clock: ManualClock
) -> None:
    clock.advance(59)
    sent_at = clock.monotonic()
    clock.advance(2)
    budget.note(20, sent_at, clock.monotonic())
    budget.take(20, clock.monotonic() + 1)
    assert budget.told == 20


def test_a_new_limit_is_taken(budget: WeightBudget, clock: ManualClock) -> None:
    budget.take(20, clock.monotonic() + 1)
    budget.set_limit(60)
    assert budget.limit == 60
    budget.take(10, clock.monotonic() + 1)
    with pytest.raises(OverBudget):
        budget.take(1, clock.monotonic() + 1)


def test_without_a_limit_nothing_is_held_back(clock: ManualClock) -> None:
    budget = WeightBudget(clock, "Coinbase", None)
    for _ in range(100):
        budget.take(100, clock.monotonic())
    assert clock.monotonic() == 0


def test_a_call_heavier_than_the_budget_is_refused_not_waited_for_for_ever(
    budget: WeightBudget, clock: ManualClock
) -> None:
    with pytest.raises(OverBudget):
        budget.take(21, clock.monotonic() + 600)


def test_threads_together_stay_under_half(clock: ManualClock) -> None:
    budget = WeightBudget(clock, "Binance", 1_000)
    passed: list[int] = []

    def work() -> None:
        for i in range(100):
            try:
                budget.take(1, clock.monotonic() + 1)
            except OverBudget:
                return
            passed.append(i)

    threads = [threading.Thread(target=work) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(passed) == 500


def client_of(exchange: LocalExchange, clock: ManualClock, **options: Any) -> HttpClient:
    return HttpClient(
        "Binance",
        [exchange.base_url],
        clock,
        manners=Manners(weight_header="X-MBX-USED-WEIGHT-1M"),
        transport=Transport(clock, (1.0, 2.0)),
        **options,
    )


def ask(client: HttpClient, path: str = TIME, weight: int = 1, **params: str) -> Any:
    return client.get(path, params, lambda reply: reply.json(), weight=weight)


def test_a_client_never_passes_half_of_the_limit(
    exchange: LocalExchange, clock: ManualClock
) -> None:
    client = client_of(exchange, clock, weight_limit=LIMIT)
    for _ in range(10):
        ask(client, PRICE, 2, symbol="BTCUSDT")
    with pytest.raises(OverBudget):
        ask(client, PRICE, 2, symbol="BTCUSDT")
    assert client.block is None
    clock.advance(30)
    with pytest.raises(OverBudget):
        ask(client)
    clock.advance(30)
    ask(client, PRICE, 2, symbol="BTCUSDT")
    assert max(exchange.budget.by_minute().values()) == 20


def test_the_header_corrects_what_the_client_thinks(
    exchange: LocalExchange, clock: ManualClock
) -> None:
    """The call weighs 2 and was counted as 1; the exchange's number is taken."""
    client = client_of(exchange, clock, weight_limit=LIMIT)
    for _ in range(10):
        ask(client, PRICE, 1, symbol="BTCUSDT")
    with pytest.raises(OverBudget):
        ask(client, PRICE, 1, symbol="BTCUSDT")
    client.set_weight_limit(80)
    assert client.weight_limit == 80
    ask(client, PRICE, 1, symbol="BTCUSDT")


def test_repeats_count_as_well(exchange: LocalExchange, clock: ManualClock) -> None:
    client = client_of(exchange, clock, weight_limit=6, jitter=lambda: 0.5)
    exchange.fail("5xx", count=3)
    with pytest.raises(OverBudget):
        ask(client)
    assert len(exchange.calls()) == 3
