"""The state of a page in a word and a sentence, from what is published."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest

from callbacks.conditions import SIMULATED_NOTE, condition
from callbacks.ticks import price_tick
from core.domain import Block, ForecastSpec, LedgerCheck, Progress
from core.forecasting.service import View
from tests.web.conftest import NOW, Site

AT = NOW.replace(second=0)


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


def test_the_simulated_market_is_never_ok(site: Site) -> None:
    site.publisher.market, site.publisher.provider = "simulated", "simulated"
    site.publish()
    state, note = condition(view(site), "internal")
    assert state == "simulated"
    assert note == f"{SIMULATED_NOTE} Binance answered at start."
    assert price_tick(view(site), "internal")["market"] == "simulated"


CHANGED = LedgerCheck(NOW, {"live": 6}, {}, {"live": "Row 7 was changed after it was written."})
DAMAGE = "The ledger was changed: do not trust its scores. Row 7 was changed after it was written."


def test_a_ledger_that_was_changed_is_said(published: Site) -> None:
    assert say(published, ledger_check=LedgerCheck(NOW, {"live": 9})) == ("ok", "")
    assert say(published, ledger_check=CHANGED) == ("degraded", DAMAGE)
    unread = replace(CHANGED, faults={}, unread="It cannot be read.")
    sentence = "The ledger could not be checked. It cannot be read."
    assert say(published, ledger_check=unread) == ("degraded", sentence)


@pytest.mark.parametrize(
    ("said", "state", "is_first"),
    [
        ({"degraded": "Binance is away."}, "degraded", True),
        ({"frozen_at": NOW}, "cache", True),
        ({"trouble": "Binance answers 418."}, "stale", False),
        ({"block": Block("banned", NOW + timedelta(hours=1))}, "banned", False),
    ],
)
def test_a_ledger_that_was_changed_is_said_in_every_state(
    published: Site, said: dict[str, Any], state: str, is_first: bool
) -> None:
    alone = say(published, **said)
    both = say(published, **said, ledger_check=CHANGED)
    assert alone[0] == both[0] == state
    assert both[1] == " ".join([DAMAGE, alone[1]] if is_first else [alone[1], DAMAGE])


def test_what_is_wrong_with_the_chain_of_another_market_is_not_said(published: Site) -> None:
    other = replace(CHANGED, faults={"simulated": "Row 7 was changed after it was written."})
    assert say(published, ledger_check=other) == ("ok", "")
    published.publisher.market, published.publisher.provider = "simulated", "simulated"
    published.publish()
    assert say(published, ledger_check=other)[1].startswith(f"{DAMAGE} {SIMULATED_NOTE}")


def say(site: Site, **changes: Any) -> tuple[str, str]:
    """Return the condition where the engine says `changes` of itself."""
    site.store.publish_status(site.publisher.status(NOW, **changes))
    return condition(view(site), "internal")


@pytest.mark.parametrize(
    ("kind", "until", "sentence"),
    [
        (
            "banned",
            AT + timedelta(minutes=20),
            "Binance has banned this address until 13:01 UTC: nothing is sent before.",
        ),
        (
            "limited",
            AT + timedelta(seconds=75),
            "Binance limits the rate of requests until 12:43 UTC: nothing is sent before.",
        ),
        (
            "banned",
            AT + timedelta(days=3),
            "Binance has banned this address until 2026-04-24 12:41 UTC: nothing is sent before.",
        ),
    ],
)
def test_a_block_says_until_when(
    published: Site, kind: Any, until: datetime, sentence: str
) -> None:
    block = Block(kind, until)
    assert say(published, block=block, trouble="Binance answers 418.") == (kind, sentence)


def test_a_block_that_is_over_or_of_another_provider_is_not_said(published: Site) -> None:
    assert say(published, block=Block("banned", NOW)) == ("ok", "")
    away = "Coinbase since 12:04 UTC. Binance is not followed: it banned this address."
    block = Block("banned", NOW + timedelta(hours=1))
    assert say(published, block=block, degraded=away) == ("degraded", away)


def test_a_block_before_the_first_forecast_is_said_too(site: Site) -> None:
    state, note = say(site, block=Block("limited", NOW + timedelta(minutes=2)))
    assert state == "preparing"
    assert "until 12:44 UTC" in note


def test_an_invented_market_is_said_to_be_one_before_its_first_forecast(site: Site) -> None:
    state, note = say(site, market="simulated")
    assert state == "preparing"
    assert "nothing here is real" in note


def test_what_is_on_disk_is_said_to_be_offline(published: Site) -> None:
    frozen = AT
    published.publisher.store.publish(
        published.publisher.snapshot(frozen), published.publisher.series(frozen)
    )
    state, note = say(published, frozen_at=frozen, provider="cache", trouble="Binance times out.")
    assert (state, note) == ("cache", "OFFLINE: what is on disk, until 2026-04-21 12:41 UTC.")


def test_trouble_does_not_hide_how_old_the_candle_is(published: Site) -> None:
    late = NOW - timedelta(minutes=9)
    publisher = published.publisher
    publisher.store.publish(publisher.snapshot(late), publisher.series(late))
    assert say(published, trouble="Binance answers 503.") == (
        "stale",
        "Binance answers 503. The last closed candle is 9 min old.",
    )


@pytest.mark.parametrize(("age_s", "state"), [(90, "ok"), (91, "stale")])
def test_a_candle_is_late_after_90_seconds(published: Site, age_s: int, state: str) -> None:
    published.clock.advance(age_s - 8)  # the last one closed 8 s before
    published.publisher.publish_live(published.clock.now())
    published.store.publish_status(
        published.publisher.status(published.clock.now(), clock_offset_ms=0.0)
    )
    assert condition(view(published), "internal")[0] == state


def test_until_the_new_providers_candles_are_there_it_says_whose_are_shown(
    published: Site,
) -> None:
    published.publisher.follow_provider("coinbase", 78_900.0, degraded="Binance is away.")
    published.publisher.publish_live(NOW)
    assert condition(view(published), "internal") == (
        "stale",
        "Binance's last candles are shown, without a live price, until Coinbase's are here.",
    )
    published.publisher.publish_all(NOW)
    assert condition(view(published), "internal") == ("degraded", "Binance is away.")


def test_refilling_comes_before_degraded_and_both_are_said(published: Site) -> None:
    refilling = "12 missing minutes of BTC-USD are being fetched."
    assert say(published, refilling={"BTC-USD": refilling}) == ("refilling", refilling)
    assert say(published, refilling={"BTC-USD": refilling}, degraded="Kraken since 12:04 UTC.") == (
        "refilling",
        f"{refilling} Kraken since 12:04 UTC.",
    )


def test_what_is_wrong_with_another_ticker_is_not_said(published: Site) -> None:
    theirs = {"ETH-USD": "ETH-USD fails."}
    assert say(published, ticker_trouble=theirs, refilling=theirs) == ("ok", "")
    ours = {"BTC-USD": "BTC-USD fails."}
    assert say(published, trouble="It answers 503.", ticker_trouble=ours) == (
        "stale",
        "It answers 503. BTC-USD fails.",
    )
    assert say(published, trouble="BTC-USD fails.", ticker_trouble=ours)[1] == "BTC-USD fails."
