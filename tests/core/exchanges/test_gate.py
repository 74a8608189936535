"""During a block nothing is sent, whichever process asks and however often it is started."""

from __future__ import annotations

import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from core.clock import SystemClock
from core.domain import Block
from core.errors import Banned, Forbidden, RateLimited, Restricted
from core.exchanges.http import HttpClient
from core.exchanges.sending import Manners
from core.exchanges.statuses import Limit, Reply, limit_of
from core.exchanges.transport import Transport
from tests.clocks import ManualClock
from tests.exchange import LocalExchange

TIME = "/api/v3/time"
ROOT = Path(__file__).resolve().parents[3]
ASK_ONCE = f"""
import sys
from pathlib import Path
from core.clock import SystemClock
from core.errors import ExchangeError
from core.exchanges.http import HttpClient

client = HttpClient("Binance", [sys.argv[1]], SystemClock(), memory=Path(sys.argv[2]))
try:
    client.get("{TIME}", {{}}, lambda reply: reply.json())
except ExchangeError as error:
    print(type(error).__name__, error)
else:
    print("answered")
"""


@pytest.fixture
def memory(tmp_path: Path) -> Path:
    return tmp_path / "gates" / "binance.json"


def client_of(exchange: LocalExchange, clock: Any, memory: Path | None) -> HttpClient:
    return HttpClient(
        "Binance",
        [exchange.base_url],
        clock,
        memory=memory,
        transport=Transport(clock, (1.0, 2.0)),
        jitter=lambda: 0.5,
    )


def ask(client: HttpClient) -> Any:
    return client.get(TIME, {}, lambda reply: reply.json())


def asked_by_another_process(exchange: LocalExchange, memory: Path) -> str:
    run = subprocess.run(
        [sys.executable, "-c", ASK_ONCE, exchange.base_url, str(memory)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )
    return run.stdout.strip()


@pytest.mark.parametrize(("kind", "error"), [("429", RateLimited), ("418", Banned)])
def test_another_process_sends_nothing_during_a_block(
    exchange: LocalExchange, memory: Path, kind: str, error: type[RateLimited]
) -> None:
    client = client_of(exchange, SystemClock(), memory)
    exchange.fail(kind, retry_after="600")
    with pytest.raises(error) as caught:
        ask(client)
    assert asked_by_another_process(exchange, memory) == f"{error.__name__} {caught.value}"
    assert len(exchange.calls()) == 1
    memory.unlink()
    assert asked_by_another_process(exchange, memory) == "answered"


def test_a_block_that_another_process_met_is_heeded_at_once(
    exchange: LocalExchange, memory: Path
) -> None:
    client = client_of(exchange, SystemClock(), memory)
    assert "serverTime" in ask(client)
    exchange.fail("418", retry_after="600")
    assert asked_by_another_process(exchange, memory).startswith("Banned 127.0.0.1")
    with pytest.raises(Banned):
        ask(client)
    assert len(exchange.calls()) == 2


def test_a_client_made_anew_knows_the_block_and_its_end(
    exchange: LocalExchange, clock: ManualClock, memory: Path
) -> None:
    exchange.fail("429", retry_after="30")
    with pytest.raises(RateLimited) as caught:
        ask(client_of(exchange, clock, memory))
    client = client_of(exchange, clock, memory)
    assert client.block == Block("limited", clock.now() + timedelta(seconds=30.5))
    assert client.block.until == caught.value.retry_at
    clock.advance(31)
    assert client.block is None
    assert "serverTime" in ask(client)


def test_a_ban_is_told_as_a_ban(exchange: LocalExchange, clock: ManualClock) -> None:
    client = client_of(exchange, clock, None)
    assert client.block is None
    exchange.fail("418", retry_after="300")
    with pytest.raises(Banned, match=r"nothing is sent before 12:05:00 UTC\."):
        ask(client)
    assert client.block == Block("banned", clock.now() + timedelta(seconds=300.5))


def test_an_end_on_another_day_is_told_with_its_date(
    exchange: LocalExchange, clock: ManualClock
) -> None:
    exchange.fail("418", retry_after="86400")
    with pytest.raises(Banned, match=r"before 2026-03-02 12:00:00 UTC\."):
        ask(client_of(exchange, clock, None))


def test_a_restricted_host_stays_so_after_a_restart(
    exchange: LocalExchange, clock: ManualClock, memory: Path
) -> None:
    exchange.fail("451")
    for _ in range(2):
        with pytest.raises(Restricted, match="restricted location"):
            ask(client_of(exchange, clock, memory))
        clock.advance(86_399)
    assert len(exchange.calls()) == 1
    clock.advance(1)
    assert "serverTime" in ask(client_of(exchange, clock, memory))


def test_a_forbidding_host_stays_alone_after_a_restart(
    exchange: LocalExchange, clock: ManualClock, memory: Path
) -> None:
    exchange.fail("403")
    for _ in range(2):
        with pytest.raises(Forbidden):
            ask(client_of(exchange, clock, memory))
    assert len(exchange.calls()) == 1
    clock.advance(61)
    assert "serverTime" in ask(client_of(exchange, clock, memory))


def ban_told(until_ms: int, **headers: str) -> Reply:
    body = f'{{"code":-1003,"msg":"Way too much; IP banned until {until_ms}. Use streams."}}'
    return Reply("127.0.0.1", 418, headers, body.encode(), 0.0, 0.0)


def test_a_ban_without_a_header_ends_when_its_sentence_says() -> None:
    until = datetime(2026, 3, 1, 13, tzinfo=UTC)
    until_ms = int(until.timestamp() * 1000)
    limit = limit_of(ban_told(until_ms))
    assert limit is not None
    assert limit.until == until
    headed = limit_of(ban_told(until_ms, **{"retry-after": "7"}))
    assert headed == Limit(Banned, "127.0.0.1 answered 418 (address banned)", 7.0)
    unclear = limit_of(ban_told(0))
    assert unclear is not None
    assert (unclear.until, unclear.wait_s) == (None, 120.0)


@pytest.mark.parametrize(
    ("ahead_s", "closed_s"), [(3_600, 3_600.5), (-3_600, 120.5), (30 * 86_400, 3 * 86_400 + 0.5)]
)
def test_the_end_in_the_sentence_is_taken_where_it_can_be_true(
    exchange: LocalExchange, clock: ManualClock, ahead_s: int, closed_s: float
) -> None:
    until_ms = round((clock.now() + timedelta(seconds=ahead_s)).timestamp() * 1000)
    client = HttpClient(
        "Binance",
        [exchange.base_url],
        clock,
        manners=Manners(read_limit=lambda _reply: limit_of(ban_told(until_ms))),
        jitter=lambda: 0.5,
    )
    with pytest.raises(Banned) as caught:
        ask(client)
    assert caught.value.retry_at == clock.now() + timedelta(seconds=closed_s)
