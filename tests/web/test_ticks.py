"""The tick, from what is published."""

from __future__ import annotations

import math
from dataclasses import replace
from datetime import timedelta

import pytest

from callbacks.ticks import fitted, health_tick, live_tick, price_tick
from core.domain import Diagnosis, LedgerCheck, Position
from core.forecasting.service import View
from tests.web.conftest import NOW, Site


def view(site: Site) -> View:
    return site.service.view(site.publisher.spec, "reader")


def test_without_a_quote_the_last_close_is_the_price_at_its_own_time(published: Site) -> None:
    published.store.publish_quotes({})
    tick = live_tick(view(published), "internal", {}, None)
    snapshot = published.publisher.snapshot(NOW)
    assert tick["price"] == snapshot.price
    assert tick["quote"] == round(snapshot.as_of.timestamp() * 1000)
    assert tick["state"] == "stale"


def test_the_24_h_change_moves_with_the_live_price(published: Site) -> None:
    close = published.publisher.snapshot(NOW).price
    quote = replace(published.publisher.quote(NOW), price=1.01 * close)
    published.store.publish_quotes({"BTC-USD": quote})
    tick = price_tick(view(published), "internal")
    assert tick["day"] == pytest.approx(1.01 * 1.0214 - 1, abs=1e-6)
    assert tick["high"] == pytest.approx(1.01 * close, abs=0.01)


def test_forecasts_are_told_by_their_distance_to_the_live_price(published: Site) -> None:
    tick = live_tick(view(published), "internal", {}, None)
    forecasts = published.publisher.snapshot(NOW).forecasts
    assert tick["delta"]["long"] == pytest.approx(forecasts["long"].point - tick["price"], abs=0.01)


def test_a_position_of_the_other_market_is_not_valued(published: Site) -> None:
    position = Position("simulated", "BTC-USD", 1.0, 100.0, 100.0, NOW)
    quote = published.publisher.quote(NOW)
    assert "hold" not in live_tick(view(published), "internal", {"simulated": position}, quote)
    wrong = {"live": replace(position, market="live")}
    assert "hold" not in live_tick(
        view(published), "internal", wrong, replace(quote, market="simulated")
    )


def test_a_profit_that_rounds_to_nothing_has_no_sign(published: Site) -> None:
    quote = published.publisher.quote(NOW)
    position = Position("live", "BTC-USD", 1.0, quote.price + 0.001, quote.price, NOW)
    hold = live_tick(view(published), "internal", {"live": position}, quote)["hold"]
    assert [math.copysign(1, figure) for figure in hold[:3]] == [1, 1, 1]


@pytest.mark.parametrize("ticker", ["BTC-USD", "ETH-USD"])
def test_a_value_at_an_old_price_says_so(published: Site, ticker: str) -> None:
    quote = replace(published.publisher.quote(NOW), ticker=ticker, time=NOW)
    held = {"live": Position("live", ticker, 1.0, 100.0, 100.0, NOW)}

    def age_mark(seconds: int) -> list[float]:
        published.publisher.publish_live(NOW + timedelta(seconds=seconds))
        moment = replace(view(published), now=NOW + timedelta(seconds=seconds))
        tick = live_tick(moment, "internal", held, quote)
        hold: list[float] = tick["hold"][4:]
        return hold

    assert age_mark(9) == []
    assert age_mark(12) == [0]
    assert age_mark(16) == [round(NOW.timestamp() * 1000)]


def test_health_carries_the_process_and_the_clock(published: Site) -> None:
    tick = health_tick(view(published), "internal")
    assert (tick["offset"], tick["rows"]) == (14, [50_000, 0, 0])
    assert tick["weight"] == [182, 6_000]
    assert {"pid", "started", "next"} <= tick.keys()


def test_a_forecast_whose_time_has_passed_has_no_distance(published: Site) -> None:
    published.clock.advance(53)  # 12:42:01; the minute forecast was for 12:42
    published.publisher.publish_live(published.clock.now())
    assert set(live_tick(view(published), "internal", {}, None)["delta"]) == {"long"}
    published.clock.advance(3_600)
    published.publisher.publish_live(published.clock.now(), price=78_000.0)
    assert "delta" not in live_tick(view(published), "internal", {}, None)


def test_a_forecast_at_its_very_target_time_has_expired(published: Site) -> None:
    published.store.publish_status(published.publisher.status(NOW, clock_offset_ms=52_000.0))
    assert [f.horizon for f in view(published).current_forecasts] == ["long"]
    published.store.publish_status(published.publisher.status(NOW, clock_offset_ms=51_999.0))
    assert [f.horizon for f in view(published).current_forecasts] == ["minute", "long"]


def test_a_frozen_clock_is_the_exchanges_clock(published: Site) -> None:
    frozen = NOW - timedelta(days=3)
    publisher = published.publisher
    publisher.store.publish(publisher.snapshot(frozen), publisher.series(frozen))
    published.store.publish_status(publisher.status(NOW, frozen_at=frozen))
    published.store.publish_quotes({"BTC-USD": publisher.quote(frozen)})
    tick = live_tick(view(published), "internal", {}, None)
    assert tick["now"] == round(frozen.timestamp() * 1000)
    assert tick["frozen"] is True
    assert set(tick["delta"]) == {"minute", "long"}


def test_a_quote_of_another_provider_is_not_mixed_with_the_snapshot(published: Site) -> None:
    published.publisher.follow_provider("coinbase", 78_900.0, degraded="Binance answers 503.")
    published.publisher.publish_live(NOW)
    switching = live_tick(view(published), "internal", {}, None)
    old = published.store.snapshot(published.publisher.spec)
    assert old is not None
    assert (switching["provider"], switching["of"]) == ("coinbase", "binance")
    assert switching["price"] == old.price
    published.publisher.publish_all(NOW)
    switched = live_tick(view(published), "internal", {}, None)
    assert "of" not in switched
    assert switched["price"] == pytest.approx(78_900, rel=0.05)
    assert switched["price"] != switching["price"]


def test_since_when_is_told_only_of_a_provider_that_is_not_preferred(published: Site) -> None:
    since = NOW - timedelta(minutes=37)
    published.store.publish_status(published.publisher.status(NOW, provider_since=since))
    assert "since" not in price_tick(view(published), "internal")
    degraded = published.publisher.status(NOW, provider_since=since, degraded="Binance is away.")
    published.store.publish_status(degraded)
    assert price_tick(view(published), "internal")["since"] == round(since.timestamp() * 1000)


def test_a_position_is_valued_only_at_prices_of_its_own_provider(published: Site) -> None:
    quote = published.publisher.quote(NOW)
    held = Position("live", "BTC-USD", 1.0, 100.0, 100.0, NOW, provider="binance")
    assert "hold" in live_tick(view(published), "internal", {"live": held}, quote)
    other = replace(quote, provider="coinbase")
    assert "hold" not in live_tick(view(published), "internal", {"live": held}, other)
    older = replace(held, provider="")
    assert "hold" in live_tick(view(published), "internal", {"live": older}, other)


def test_health_tells_filled_and_revised_and_when_the_doctor_looked(published: Site) -> None:
    publisher = published.publisher
    revised = (NOW - timedelta(hours=1), NOW - timedelta(hours=2))
    snapshot = publisher.snapshot(NOW, gaps=3, filled=12, revised=revised)
    publisher.store.publish(snapshot, publisher.series(NOW))
    tick = health_tick(view(published), "internal", Diagnosis(NOW, ()))
    assert (tick["rows"], tick["revised"]) == ([50_000, 3, 12], 2)
    assert tick["looked"] == round(NOW.timestamp() * 1000)


def test_a_note_that_fits_is_left_alone() -> None:
    assert fitted({"note": "short", "now": 1}) == {"note": "short", "now": 1}


def test_health_tells_when_all_hashes_were_recomputed_and_what_was_found(published: Site) -> None:
    assert "checked" not in health_tick(view(published), "internal")
    at = round(NOW.timestamp() * 1000)
    for faults, whole in (({}, 1), ({"live": "Row 7 was changed."}, 0), ({"simulated": "So."}, 1)):
        check = LedgerCheck(NOW, {"live": 9}, {"live": NOW - timedelta(days=1)}, faults)
        published.store.publish_status(published.publisher.status(NOW, ledger_check=check))
        tick = health_tick(view(published), "internal")
        assert tick["checked"] == [at, whole, 9]
        assert tick["begins"] == at - 86_400_000


def test_a_note_that_does_not_fit_is_cut_between_two_words() -> None:
    note = fitted({"note": "Many words. " * 99, "now": 1})["note"]
    assert note.endswith((" words. ...", " Many ..."))
    assert len(note) > 400
