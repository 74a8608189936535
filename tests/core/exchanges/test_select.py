"""Which market is chosen at start, and what the sentence says."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from core.clock import SystemClock
from core.errors import RateLimited
from core.exchanges import select
from core.exchanges.select import choose_provider
from core.settings import Settings
from tests.clocks import ManualClock
from tests.exchange import LocalExchange
from tests.made import START, made_candles


@pytest.fixture
def second(clock: ManualClock) -> Iterator[LocalExchange]:
    with LocalExchange({"BTCUSDT": made_candles(10)}, at=START, clock=clock) as running:
        yield running


def settings_of(source: str, *exchanges: LocalExchange) -> Settings:
    urls = ",".join(exchange.base_url for exchange in exchanges)
    return Settings.from_env({"MARKET_SOURCE": source, "BINANCE_BASE_URL": urls})


def test_auto_takes_the_first_host_that_answers(
    exchange: LocalExchange, second: LocalExchange, clock: ManualClock
) -> None:
    settings = settings_of("auto", exchange, second)
    provider, reason = choose_provider(settings, clock, held_real=False)
    assert (provider.name, provider.market) == ("binance", "live")
    assert exchange.base_url.removeprefix("http://") in reason
    provider.sync_clock()
    assert len(exchange.calls()) == 2


@pytest.mark.parametrize("kind", ["451", "403", "5xx", "html", "reset"])
def test_auto_passes_over_a_host_that_refuses_and_keeps_it_behind(
    exchange: LocalExchange, second: LocalExchange, clock: ManualClock, kind: str
) -> None:
    exchange.fail(kind)
    settings = settings_of("auto", exchange, second)
    provider, reason = choose_provider(settings, clock, held_real=False)
    assert provider.name == "binance"
    assert second.base_url.removeprefix("http://") in reason
    provider.quotes(["BTC-USD"])
    assert len(exchange.calls()) == 1
    clock.advance(61)
    second.stop()
    if kind != "451":
        provider.quotes(["BTC-USD"])
        assert exchange.calls("/api/v3/ticker/price")


def test_auto_waits_for_no_silent_host_when_an_earlier_one_answers(
    exchange: LocalExchange, second: LocalExchange
) -> None:
    second.fail("hang")
    settings = settings_of("auto", exchange, second)
    provider, _ = choose_provider(settings, SystemClock(), held_real=False)
    assert provider.name == "binance"


def test_auto_gives_up_a_silent_host(
    exchange: LocalExchange, second: LocalExchange, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(select, "PROBE_S", 1.5)
    exchange.fail("hang")
    settings = settings_of("auto", exchange, second)
    provider, reason = choose_provider(settings, SystemClock(), held_real=False)
    assert provider.name == "binance"
    assert second.base_url.removeprefix("http://") in reason


def test_auto_without_any_answer_simulates_where_nothing_real_was_ever_held(
    exchange: LocalExchange, second: LocalExchange, clock: ManualClock
) -> None:
    exchange.fail("451")
    second.stop()
    settings = settings_of("auto", exchange, second)
    provider, reason = choose_provider(settings, clock, held_real=False)
    assert (provider.name, provider.market) == ("simulated", "simulated")
    assert "451" in reason
    assert "connection refused" in reason


def test_auto_without_any_answer_stays_with_binance_where_real_candles_are_held(
    exchange: LocalExchange, clock: ManualClock
) -> None:
    exchange.fail("5xx", status=502)
    provider, reason = choose_provider(settings_of("auto", exchange), clock, held_real=True)
    assert (provider.name, provider.market) == ("binance", "live")
    assert "502" in reason
    assert "never mixed" in reason
    assert list(provider.quotes(["BTC-USD"])) == ["BTC-USD"]


def test_a_gate_closed_by_the_probe_stays_closed(
    exchange: LocalExchange, clock: ManualClock
) -> None:
    exchange.fail("429", retry_after="30")
    provider, reason = choose_provider(settings_of("auto", exchange), clock, held_real=True)
    assert "429" in reason
    with pytest.raises(RateLimited):
        provider.sync_clock()
    assert len(exchange.calls()) == 1


def test_binance_is_never_left_for_the_simulated_market(
    exchange: LocalExchange, clock: ManualClock
) -> None:
    exchange.stop()
    provider, reason = choose_provider(settings_of("binance", exchange), clock, held_real=False)
    assert provider.name == "binance"
    assert "MARKET_SOURCE=binance" in reason


def test_simulated_asks_nobody(exchange: LocalExchange, clock: ManualClock) -> None:
    provider, reason = choose_provider(settings_of("simulated", exchange), clock, held_real=True)
    assert provider.market == "simulated"
    assert "MARKET_SOURCE=simulated" in reason
    assert exchange.calls() == []
