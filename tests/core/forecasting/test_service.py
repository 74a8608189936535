"""What readers see, and whose demands are taken."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from core.domain import EngineStatus, ForecastSpec, Market, Progress, Quote
from core.forecasting.service import ForecastService
from core.forecasting.store import SnapshotStore
from tests.clocks import ManualClock

WATCHED = ForecastSpec()


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock()


@pytest.fixture
def store(tmp_path: Path) -> SnapshotStore:
    return SnapshotStore.at(tmp_path)


@pytest.fixture
def service(store: SnapshotStore, clock: ManualClock) -> ForecastService:
    return ForecastService(store, clock, [WATCHED], max_specs=2)


def status(clock: ManualClock, market: Market = "live") -> EngineStatus:
    return EngineStatus(1, clock.now(), clock.now(), market, "binance", "", 12, 6000, 250.0)


def test_nothing_published_is_nothing_known(service: ForecastService):
    view = service.view(WATCHED, "a")
    assert (view.status, view.snapshot, view.quote, view.refusal) == (None, None, None, "")
    assert not view.engine_alive
    assert view.progress.stage == "waiting"


def test_the_engine_is_silent_after_five_seconds(service, store, clock):
    store.publish_status(status(clock))
    clock.advance(4.9)
    assert service.view(WATCHED, "a").engine_alive
    clock.advance(0.2)
    assert not service.view(WATCHED, "a").engine_alive


def test_ages_are_measured_on_the_exchange_clock(service, store, clock):
    store.publish_status(status(clock))
    exchange_now = clock.now() + timedelta(milliseconds=250)
    store.publish_quotes({"BTC-USD": Quote("BTC-USD", 1.0, exchange_now, "binance", "live")})
    clock.advance(2)
    assert service.view(WATCHED, "a").quote_age == timedelta(seconds=2)


def test_a_quote_of_the_other_world_is_not_shown(service, store, clock):
    store.publish_status(status(clock, "simulated"))
    store.publish_quotes({"BTC-USD": Quote("BTC-USD", 1.0, clock.now(), "binance", "live")})
    assert service.view(WATCHED, "a").quote is None
    assert service.quote("BTC-USD") is None
    store.publish_status(status(clock, "live"))
    assert service.quote("BTC-USD").price == 1.0


def test_watched_specs_are_never_written_as_demand(service, store):
    service.view(WATCHED, "a")
    assert store.wanted() == {}


def test_a_demand_is_written_once_in_thirty_seconds(service, store, clock):
    spec = ForecastSpec("ETH-USD")
    service.view(spec, "a")
    first = store.wanted()[spec.key].last_seen
    clock.advance(29)
    service.view(spec, "a")
    assert store.wanted()[spec.key].last_seen == first
    clock.advance(2)
    service.view(spec, "b")
    assert store.wanted()[spec.key].last_seen == clock.now()
    assert store.wanted()[spec.key].since == first


def test_one_new_demand_per_client_and_minute_in_all_workers(service, store, clock):
    other_worker = ForecastService(store, clock, [WATCHED], max_specs=2)
    assert service.view(ForecastSpec("ETH-USD"), "a").refusal == ""
    refusal = other_worker.view(ForecastSpec("SOL-USD"), "a").refusal
    assert "per visitor and minute" in refusal
    assert "BTC-USD, ETH-USD" in refusal
    clock.advance(61)
    assert other_worker.view(ForecastSpec("SOL-USD"), "a").refusal == ""


def test_places_are_bounded_and_free_after_ten_idle_minutes(service, store, clock):
    for number, ticker in enumerate(["ETH-USD", "SOL-USD"]):
        assert service.view(ForecastSpec(ticker), str(number)).refusal == ""
    refusal = service.view(ForecastSpec("XRP-USD"), "z").refusal
    assert "All 2 places" in refusal
    assert "BTC-USD, ETH-USD, SOL-USD" in refusal
    clock.advance(601)
    assert service.view(ForecastSpec("XRP-USD"), "z").refusal == ""
    assert list(store.wanted()) == ["XRP-USD"]


def test_retraining_is_taken_once_in_ten_minutes(service, store, clock):
    assert "starts" in service.request_retrain(WATCHED)
    asked = store.retrain_requests()["BTC-USD"].at
    clock.advance(599)
    assert "ask again after 12:10 UTC" in service.request_retrain(WATCHED)
    assert store.retrain_requests()["BTC-USD"].at == asked
    clock.advance(2)
    assert "starts" in service.request_retrain(WATCHED)
    assert store.retrain_requests()["BTC-USD"].at == clock.now()


def test_only_what_is_served_can_be_retrained(service, store, clock):
    spec = ForecastSpec("ETH-USD")
    assert service.request_retrain(spec) == "ETH-USD is not served now. Served: BTC-USD."
    assert store.retrain_requests() == {}
    service.view(spec, "a")
    assert "starts" in service.request_retrain(spec)
    clock.advance(601)
    assert "not served" in service.request_retrain(spec)


def test_a_refused_page_takes_no_lock(service, store, monkeypatch):
    for number, ticker in enumerate(["ETH-USD", "SOL-USD"]):
        service.view(ForecastSpec(ticker), str(number))
    monkeypatch.setattr(store, "update_wanted", pytest.fail)
    assert "All 2 places" in service.view(ForecastSpec("XRP-USD"), "z").refusal


def fail(store: SnapshotStore, clock: ManualClock, *specs: ForecastSpec) -> None:
    """Publish that the engine cannot serve `specs`."""
    failed = {spec.key: Progress("failed", message="It is not traded.") for spec in specs}
    store.publish_status(replace(status(clock), progress=failed))


def test_a_failed_pair_does_not_keep_its_visitor_waiting(service, store, clock):
    wrong = ForecastSpec("NOPE-USD")
    assert service.view(wrong, "a").refusal == ""
    assert "per visitor and minute" in service.view(ForecastSpec("ETH-USD"), "a").refusal
    fail(store, clock, wrong)
    assert service.view(ForecastSpec("ETH-USD"), "a").refusal == ""
    assert "per visitor and minute" in service.view(ForecastSpec("SOL-USD"), "a").refusal


def test_failed_pairs_yield_their_place_the_oldest_first(service, store, clock):
    wrong = [ForecastSpec("NOPE-USD"), ForecastSpec("NADA-USD")]
    for spec in wrong:
        service.view(spec, "a")
        fail(store, clock, *wrong)
        clock.advance(1)
    assert service.view(ForecastSpec("ETH-USD"), "b").refusal == ""
    assert list(store.wanted()) == ["NADA-USD", "ETH-USD"]
    assert service.view(ForecastSpec("SOL-USD"), "c").refusal == ""
    assert list(store.wanted()) == ["ETH-USD", "SOL-USD"]
    assert "All 2 places" in service.view(ForecastSpec("XRP-USD"), "d").refusal


def test_failed_pairs_are_few_in_a_minute(store, clock):
    service = ForecastService(store, clock, [WATCHED], max_specs=8)
    wrong = [ForecastSpec(f"NOPE{number}-USD") for number in range(6)]
    fail(store, clock, *wrong)
    answers = [service.view(spec, "a").refusal for spec in wrong]
    assert answers[:5] == [""] * 5
    assert "per visitor and minute" in answers[5]
    clock.advance(61)
    assert service.view(wrong[5], "a").refusal == ""
