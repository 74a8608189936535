"""Which market is chosen at start, and what the sentence says."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from core.clock import Clock, SystemClock
from core.errors import HistoryError, RateLimited
from core.exchanges.base import Provider
from core.forecasting import market_choice
from core.forecasting.market_choice import choose_venues
from core.history.csv_store import CsvStore
from core.settings import Settings
from tests.clocks import ManualClock
from tests.exchange import LocalExchange
from tests.made import START, made_candles

Make = Callable[..., Settings]
NOWHERE = "http://127.0.0.1:9"


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock()


@pytest.fixture
def exchange(clock: ManualClock) -> Iterator[LocalExchange]:
    with LocalExchange({"BTCUSDT": made_candles(10)}, at=START, clock=clock) as running:
        yield running


@pytest.fixture
def fallbacks(clock: ManualClock) -> Iterator[dict[str, LocalExchange]]:
    """Coinbase and Kraken, both well."""
    candles = made_candles(10)
    with (
        LocalExchange({"BTC-USD": candles}, venue="coinbase", at=START, clock=clock) as coinbase,
        LocalExchange({"XBTUSD": candles}, venue="kraken", at=START, clock=clock) as kraken,
    ):
        yield {"coinbase": coinbase, "kraken": kraken}


@pytest.fixture
def second(clock: ManualClock) -> Iterator[LocalExchange]:
    with LocalExchange({"BTCUSDT": made_candles(10)}, at=START, clock=clock) as running:
        yield running


@pytest.fixture
def settings_of(tmp_path: Path) -> Make:
    """Return settings for hosts of Binance, and nowhere else unless it is named."""

    def make(source: str, *exchanges: LocalExchange, **named: LocalExchange) -> Settings:
        urls = ",".join(exchange.base_url for exchange in exchanges) or NOWHERE
        others = {
            f"{name.upper()}_BASE_URL": named[name].base_url if name in named else NOWHERE
            for name in ("coinbase", "kraken")
        }
        return Settings.from_env(
            {
                "MARKET_SOURCE": source,
                "BINANCE_BASE_URL": urls,
                "ARTIFACT_DIR": str(tmp_path),
                **others,
            }
        )

    return make


def choose_provider(settings: Settings, clock: Clock, held_real: bool) -> tuple[Provider, str]:
    venues, reason = choose_venues(settings, clock, held_real)
    return venues.current, reason


def test_auto_takes_the_first_host_that_answers(
    settings_of: Make,
    exchange: LocalExchange,
    second: LocalExchange,
    clock: ManualClock,
) -> None:
    settings = settings_of("auto", exchange, second)
    provider, reason = choose_provider(settings, clock, held_real=False)
    assert (provider.name, provider.market) == ("binance", "live")
    assert exchange.base_url.removeprefix("http://") in reason
    provider.sync_clock()
    assert len(exchange.calls()) == 2


@pytest.mark.parametrize("kind", ["451", "403", "5xx", "html", "reset"])
def test_auto_passes_over_a_host_that_refuses_and_keeps_it_behind(
    settings_of: Make,
    exchange: LocalExchange,
    second: LocalExchange,
    clock: ManualClock,
    kind: str,
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
    settings_of: Make, exchange: LocalExchange, second: LocalExchange
) -> None:
    second.fail("hang")
    settings = settings_of("auto", exchange, second)
    provider, _ = choose_provider(settings, SystemClock(), held_real=False)
    assert provider.name == "binance"


def test_auto_gives_up_a_silent_host(
    settings_of: Make,
    exchange: LocalExchange,
    second: LocalExchange,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(market_choice, "PROBE_S", 1.5)
    exchange.fail("hang")
    settings = settings_of("auto", exchange, second)
    provider, reason = choose_provider(settings, SystemClock(), held_real=False)
    assert provider.name == "binance"
    assert second.base_url.removeprefix("http://") in reason


def test_auto_without_any_answer_simulates_where_nothing_real_was_ever_held(
    settings_of: Make,
    exchange: LocalExchange,
    second: LocalExchange,
    clock: ManualClock,
) -> None:
    exchange.fail("451")
    second.stop()
    settings = settings_of("auto", exchange, second)
    provider, reason = choose_provider(settings, clock, held_real=False)
    assert (provider.name, provider.market) == ("simulated", "simulated")
    assert "451" in reason
    assert "connection refused" in reason


def test_auto_without_any_answer_stays_with_binance_where_real_candles_are_held(
    settings_of: Make, exchange: LocalExchange, clock: ManualClock
) -> None:
    exchange.fail("5xx", status=502)
    provider, reason = choose_provider(settings_of("auto", exchange), clock, held_real=True)
    assert (provider.name, provider.market) == ("binance", "live")
    assert "502" in reason
    assert "never mixed" in reason
    assert list(provider.quotes(["BTC-USD"])) == ["BTC-USD"]


def test_a_gate_closed_by_the_probe_stays_closed(
    settings_of: Make, exchange: LocalExchange, clock: ManualClock
) -> None:
    exchange.fail("429", retry_after="30")
    provider, reason = choose_provider(settings_of("auto", exchange), clock, held_real=True)
    assert "429" in reason
    with pytest.raises(RateLimited):
        provider.sync_clock()
    assert len(exchange.calls()) == 1


def test_binance_is_never_left_for_the_simulated_market(
    settings_of: Make, exchange: LocalExchange, clock: ManualClock
) -> None:
    exchange.stop()
    provider, reason = choose_provider(settings_of("binance", exchange), clock, held_real=False)
    assert provider.name == "binance"
    assert "MARKET_SOURCE=binance" in reason


def test_simulated_asks_nobody(
    settings_of: Make, exchange: LocalExchange, clock: ManualClock
) -> None:
    provider, reason = choose_provider(settings_of("simulated", exchange), clock, held_real=True)
    assert provider.market == "simulated"
    assert "MARKET_SOURCE=simulated" in reason
    assert exchange.calls() == []


@pytest.mark.parametrize("kind", ["451", "403", "5xx", "html", "reset"])
@pytest.mark.parametrize(("down", "chosen"), [((), "coinbase"), (("coinbase",), "kraken")])
def test_auto_falls_back_in_order(
    settings_of: Make,
    exchange: LocalExchange,
    fallbacks: dict[str, LocalExchange],
    clock: ManualClock,
    kind: str,
    down: tuple[str, ...],
    chosen: str,
) -> None:
    exchange.fail(kind)
    for name in down:
        fallbacks[name].stop()
    venues, reason = choose_venues(settings_of("auto", exchange, **fallbacks), clock, False)
    assert venues.current.name == chosen
    assert venues.preferred.name == "binance"
    assert " UTC. Binance is not followed: " in venues.degraded
    assert fallbacks[chosen].base_url.removeprefix("http://") in reason


def test_without_any_answer_what_is_on_disk_is_shown_and_never_a_simulation(
    settings_of: Make, clock: ManualClock
) -> None:
    settings = settings_of("auto")
    CsvStore(settings.files_of("coinbase"), "BTC-USD", "live").append(made_candles(5), "coinbase")
    venues, reason = choose_venues(settings, clock, held_real=True)
    assert (venues.current.name, venues.current.market) == ("cache", "live")
    assert "never mixed" in reason
    assert venues.preferred.name == "binance"


def test_an_exchange_that_limits_us_is_there(
    settings_of: Make, exchange: LocalExchange, clock: ManualClock
) -> None:
    exchange.fail("418", retry_after="600")
    venues, reason = choose_venues(settings_of("auto", exchange), clock, held_real=False)
    assert (venues.current.name, venues.current.market) == ("binance", "live")
    assert "418" in reason


def test_the_cache_on_demand_needs_something_on_disk(settings_of: Make, clock: ManualClock) -> None:
    with pytest.raises(HistoryError):
        choose_venues(settings_of("cache"), clock, held_real=False)
