"""The state of a page and its tick, from what is published."""

from __future__ import annotations

import math
from dataclasses import replace
from datetime import timedelta

import pytest

from callbacks.conditions import SIMULATED_NOTE, condition
from callbacks.ticks import fitted, health_tick, live_tick, price_tick
from core.domain import ForecastSpec, Position, Progress
from core.forecasting.service import View
from tests.web.conftest import NOW, Site


def view(site: Site, client: str = "reader") -> View:
    return site.service.view(site.publisher.spec, client)


def test_nothing_published_is_waiting(site: Site) -> None:
    assert condition(view(site), "internal") == (
        "waiting",
        "The engine is starting; it has not reported yet.",
    )
    assert set(price_tick(view(site), "internal")) == {"now", "state", "note", "progress"}


def test_all_is_well(published: Site) -> None:
    assert condition(view(published), "internal") == ("ok", "")


def test_a_silent_engine_is_said_to_be_restarted_only_where_it_is(published: Site) -> None:
    published.clock.advance(6)
    state, inside = condition(view(published), "internal")
    assert state == "silent"
    assert inside == "The engine is not answering; it is being restarted."
    assert condition(view(published), "external")[1] == "The engine is not answering."


def test_a_refused_spec_says_why(site: Site) -> None:
    site.publish()
    for minutes in range(2, 4):
        last = site.service.view(ForecastSpec(minute_horizon=minutes), "one visitor")
    state, note = condition(last, "internal")
    assert state == "refused"
    assert note.startswith("One new forecast per visitor and minute")


@pytest.mark.parametrize(
    ("progress", "state"),
    [
        (Progress("fetching", 12, 50, "pages"), "preparing"),
        (Progress("training", 1, 2, "models"), "preparing"),
        (Progress("failed", message="The exchange does not list BTC-USD."), "failed"),
    ],
)
def test_without_a_snapshot_the_tick_tells_what_the_engine_does(
    site: Site, progress: Progress, state: str
) -> None:
    site.publisher.publish_progress(NOW, progress)
    tick = price_tick(view(site), "internal")
    assert tick["state"] == state
    assert tick["note"] == progress.message
    assert tick["progress"] == [progress.stage, progress.done, progress.total, progress.unit]


def test_trouble_of_the_exchange_is_stale(published: Site) -> None:
    published.store.publish_status(published.publisher.status(NOW, trouble="Binance answers 418."))
    assert condition(view(published), "internal") == ("stale", "Binance answers 418.")


@pytest.mark.parametrize(
    ("late", "words"),
    [(timedelta(minutes=9), "The last closed candle is 9 min old."), (timedelta(0), "")],
)
def test_a_late_candle_is_stale(published: Site, late: timedelta, words: str) -> None:
    at = NOW - late
    published.publisher.store.publish(
        published.publisher.snapshot(at), published.publisher.series(at)
    )
    state, note = condition(view(published), "internal")
    assert (state, note) == (("stale", words) if words else ("ok", ""))


def test_an_old_quote_is_stale_and_its_age_is_said(published: Site) -> None:
    old = replace(published.publisher.quote(NOW), time=NOW - timedelta(seconds=40))
    published.store.publish_quotes({"BTC-USD": old})
    assert condition(view(published), "internal") == ("stale", "The last price is 40 s old.")


def test_without_a_quote_the_last_close_is_the_price_at_its_own_time(published: Site) -> None:
    published.store.publish_quotes({})
    tick = live_tick(view(published), "internal", {}, None)
    snapshot = published.publisher.snapshot(NOW)
    assert tick["price"] == snapshot.price
    assert tick["quote"] == round(snapshot.as_of.timestamp() * 1000)
    assert tick["state"] == "stale"


def test_the_simulated_market_is_never_ok(site: Site) -> None:
    site.publisher.market, site.publisher.provider = "simulated", "simulated"
    site.publish()
    state, note = condition(view(site), "internal")
    assert state == "simulated"
    assert note == f"{SIMULATED_NOTE} Binance answered at start."
    assert price_tick(view(site), "internal")["market"] == "simulated"


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


def test_health_carries_the_process_and_the_clock(published: Site) -> None:
    tick = health_tick(view(published), "internal")
    assert (tick["offset"], tick["rows"]) == (14, [50_000, 0, 0])
    assert tick["weight"] == [182, 6_000]
    assert {"pid", "started", "next"} <= tick.keys()


def test_a_note_that_fits_is_left_alone() -> None:
    assert fitted({"note": "short", "now": 1}) == {"note": "short", "now": 1}
