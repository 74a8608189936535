"""Calls are kept apart, and catching up lets quotes and the newest candles pass."""

from __future__ import annotations

import itertools
import threading
from collections.abc import Callable
from contextlib import nullcontext
from datetime import timedelta
from queue import SimpleQueue
from typing import Any

import pytest

from core.errors import OverBudget
from core.exchanges.budget import Pacing
from core.exchanges.http import HttpClient
from core.exchanges.patience import is_patient, patient
from core.exchanges.transport import Transport
from tests.clocks import ManualClock
from tests.exchange import LocalExchange

TIME, PRICE = "/api/v3/time", "/api/v3/ticker/price"
WITHIN_S = 20.0
NEVER = 1_000.0


class QueueClock(ManualClock):
    """A clock by which threads wait until the test lets it run on."""

    def __init__(self) -> None:
        super().__init__()
        self._changed = threading.Condition()
        self._wakes: list[float] = []

    def sleep(self, seconds: float) -> None:
        with self._changed:
            wakes_at = self.monotonic() + seconds
            self._wakes.append(wakes_at)
            self._changed.notify_all()
            in_time = self._changed.wait_for(lambda: self.monotonic() >= wakes_at, WITHIN_S)
            self._wakes.remove(wakes_at)
            assert in_time, "the test let nobody wake"

    def run_on(self, waiting: int) -> None:
        """Once so many threads wait, go to the moment when the first of them wakes."""
        with self._changed:
            self._await(waiting)
            self.advance(min(self._ahead()) - self.monotonic())
            self._changed.notify_all()

    def await_queue(self, waiting: int) -> None:
        with self._changed:
            self._await(waiting)

    def _await(self, waiting: int) -> None:
        assert self._changed.wait_for(lambda: len(self._ahead()) == waiting, WITHIN_S), (
            f"{len(self._ahead())} wait, not {waiting}"
        )

    def _ahead(self) -> list[float]:
        """Return when those wake who wait; one that is to wake now waits no more."""
        return [wakes_at for wakes_at in self._wakes if wakes_at > self.monotonic()]


class Queue:
    """Threads that each make one call, and the order in which they were served."""

    def __init__(self, clock: QueueClock) -> None:
        self.clock = clock
        self.served: list[str] = []
        self._waiting = 0
        self._done: SimpleQueue[str] = SimpleQueue()

    def join(self, name: str, call: Callable[[], object]) -> None:
        """Let a thread wait for its turn; a name with "patient" can wait for longer."""

        def work() -> None:
            with patient() if "patient" in name else nullcontext():
                call()
            self._done.put(name)

        threading.Thread(target=work, daemon=True).start()
        self._waiting += 1
        self.clock.await_queue(self._waiting)

    def serve(self, count: int = 1) -> None:
        """Let the clock run on until `count` more were served, one at each moment."""
        for _ in range(count):
            self.clock.run_on(self._waiting)
            self.served.append(self._done.get(timeout=WITHIN_S))
            self._waiting -= 1
            self.clock.await_queue(self._waiting)

    def close(self) -> None:
        self.serve(self._waiting)


def client_of(exchange: LocalExchange, clock: ManualClock, interval_s: float) -> HttpClient:
    transport = Transport(clock, (1.0, 2.0))
    return HttpClient(
        "Kraken", [exchange.base_url], clock, transport=transport, min_interval_s=interval_s
    )


def ask(client: HttpClient, path: str = TIME, **params: str) -> Any:
    return client.get(path, params, lambda reply: reply.json())


def test_paced_calls_keep_their_distance(exchange: LocalExchange, clock: ManualClock) -> None:
    client = client_of(exchange, clock, 0.125)
    begin = clock.monotonic()
    for _ in range(9):
        ask(client)
    times = [call.time_ms for call in exchange.calls()]
    assert [b - a for a, b in itertools.pairwise(times)] == [125] * 8
    assert clock.monotonic() - begin == 1.0


def test_patient_calls_keep_the_same_distance(exchange: LocalExchange, clock: ManualClock) -> None:
    client = client_of(exchange, clock, 0.125)
    with patient():
        for _ in range(9):
            ask(client)
    times = [call.time_ms for call in exchange.calls()]
    assert [b - a for a, b in itertools.pairwise(times)] == [125] * 8


def test_a_queue_longer_than_the_deadline_is_refused() -> None:
    """The clock stands still while others wait, as it does for threads that ask at once."""

    class Standing(ManualClock):
        def sleep(self, seconds: float) -> None:
            slept.append(seconds)

    slept: list[float] = []
    standing = Standing()
    pacing = Pacing(standing, "Kraken", 1.0)
    for _ in range(4):
        pacing.take(until=3.5)
    with pytest.raises(OverBudget, match="Kraken") as caught:
        pacing.take(until=3.5)
    assert caught.value.retry_at == standing.now() + timedelta(seconds=4)
    with patient(), pytest.raises(OverBudget):
        pacing.take(until=3.5)
    pacing.take(until=4.0)
    assert slept == [1, 2, 3, 4]


def test_urgent_calls_go_before_patient_ones_that_came_first() -> None:
    queue = Queue(QueueClock())
    pacing = Pacing(queue.clock, "Kraken", 1.0)
    pacing.take(NEVER)
    for name in ("patient", "patient", "quotes", "candles", "candles"):
        queue.join(name, lambda: pacing.take(NEVER))
    queue.close()
    assert queue.served == ["quotes", "candles", "candles", "patient", "patient"]


def test_an_urgent_call_waits_for_one_slot_of_a_long_catching_up() -> None:
    queue = Queue(QueueClock())
    pacing = Pacing(queue.clock, "Kraken", 1.0)
    pacing.take(NEVER)
    for page in range(4):
        queue.join(f"patient page {page}", lambda: pacing.take(NEVER))
    queue.serve(2)
    queue.join("quotes", lambda: pacing.take(NEVER))
    queue.close()
    assert queue.served[2] == "quotes"
    assert len(queue.served) == 5


def test_a_patient_call_is_late_but_not_left_out_where_urgent_ones_fill_every_slot() -> None:
    queue = Queue(QueueClock())
    pacing = Pacing(queue.clock, "Coinbase", 0.25)
    pacing.take(NEVER)
    queue.join("patient", lambda: pacing.take(NEVER))
    for _ in range(2):
        queue.join("quotes", lambda: pacing.take(NEVER))
    for _ in range(15):
        queue.serve()
        queue.join("quotes", lambda: pacing.take(NEVER))
    queue.close()
    # Ten slots were let pass, and one more was reserved by then.
    assert queue.served.index("patient") == 11


def test_a_clients_calls_are_served_by_their_urgency(exchange: LocalExchange) -> None:
    queue = Queue(QueueClock())
    client = client_of(exchange, queue.clock, 1.0)
    ask(client)
    queue.join("patient", lambda: ask(client, TIME))
    queue.join("patient", lambda: ask(client, TIME))
    queue.join("quotes", lambda: ask(client, PRICE, symbol="BTCUSDT"))
    queue.close()
    assert [call.path for call in exchange.calls()] == [TIME, PRICE, TIME, TIME]


def test_patience_ends_with_its_block_and_stays_in_its_thread() -> None:
    seen: list[bool] = []
    with patient():
        seen.append(is_patient())
        other = threading.Thread(target=lambda: seen.append(is_patient()))
        other.start()
        other.join()
    assert [*seen, is_patient()] == [True, False, False]
