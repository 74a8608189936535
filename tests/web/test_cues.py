"""What a tick says of cues, beside a slow and naive reading of the rule."""

from __future__ import annotations

import json
import math
import zlib
from collections import Counter
from dataclasses import replace
from typing import Any

import pytest

from callbacks.cues import cue_part, tag_of
from callbacks.ticks import live_tick
from core.domain import DIRECTIONAL, REFERENCE, CueRule, ForecastSpec, Position
from core.forecasting.service import View
from core.portfolio.stored import holdings_to_stored
from tests.web.conftest import NOW, Site
from tests.web.recorded_cues import Moment, moments, naive_side

ALWAYS = "0,0.5,0.5,live"


def view(site: Site) -> View:
    return site.service.view(site.publisher.spec, "reader")


def told(moment: Moment, of: View) -> Any:
    return cue_part(moment.view(of), moment.holdings(), moment.rule)["cue"]


def test_cues_are_what_a_slow_calculation_from_the_quotes_says(published: Site) -> None:
    of, seen = view(published), Counter[object]()
    for moment in moments(600, seed=20):
        answer = told(moment, of)
        if moment.quote_age_s > 15:
            assert answer == "stale"
            continue
        for place, side in enumerate(("buy", "sell")):
            expected = naive_side(moment, side)
            seen[side, expected if isinstance(expected, str) else expected.fires] += 1
            if isinstance(expected, str):
                assert answer[place] == expected
                continue
            gap, typical, moves, flags = answer[place]
            assert flags == expected.fires + 2 * expected.stands_in
            assert gap == pytest.approx(expected.gap / expected.reference, abs=1e-6)
            assert typical == pytest.approx(moment.typical(side) / expected.reference, abs=1e-6)
            assert moves == pytest.approx(min(expected.gap / moment.typical(side), 999), abs=0.06)
    told_apart = {(s, e) for s in ("buy", "sell") for e in (True, False, "expired", "unscored")}
    assert told_apart <= {key for key, count in seen.items() if count >= 5}


def test_a_page_that_keeps_no_rule_yet_gets_no_cue(published: Site) -> None:
    assert "cue" not in live_tick(view(published), "internal", {}, None)


@pytest.mark.parametrize("rule", [7, "", "1,2", "9,1,1,live", {"a": 1}, "x" * 5_000])
def test_a_rule_that_is_none_is_the_reference(published: Site, rule: object) -> None:
    of = view(published)
    assert cue_part(of, {}, rule) == cue_part(of, {}, REFERENCE.to_text())


def test_no_cue_where_the_market_stands_still_or_another_provider_comes(published: Site) -> None:
    published.store.publish_status(published.publisher.status(NOW, frozen_at=NOW))
    assert live_tick(view(published), "internal", {}, None, ALWAYS)["cue"] == "stale"
    published.store.publish_status(published.publisher.status(NOW, provider="kraken"))
    assert live_tick(view(published), "internal", {}, None, ALWAYS)["cue"] == "stale"
    published.publisher.publish_live(NOW)
    assert live_tick(view(published), "internal", {}, None, ALWAYS)["cue"][0][3] & 1


def test_without_a_forecast_there_is_none(published: Site) -> None:
    of = view(published)
    assert of.snapshot is not None
    assert cue_part(replace(of, snapshot=None), {}, ALWAYS) == {"cue": "none"}
    only_minute = {"minute": of.snapshot.forecasts["minute"]}
    bare = replace(of, snapshot=replace(of.snapshot, forecasts=only_minute))
    buy, sell, _ = cue_part(bare, {}, ALWAYS)["cue"]
    assert (buy, sell[3]) == ("none", 3)


def test_what_was_bought_elsewhere_is_not_what_was_paid_here(published: Site) -> None:
    of = view(published)
    held = Position("live", "BTC-USD", 1.0, 90_000.0, 90_000.0, NOW, "binance")

    def sell(position: Position) -> Any:
        return cue_part(of, {"live": position}, ALWAYS)["cue"][1]

    assert sell(held)[3] == 1
    for other in ({"provider": "kraken"}, {"ticker": "ETH-USD"}):
        assert sell(replace(held, **other)) == cue_part(of, {}, ALWAYS)["cue"][1]


def test_a_tick_names_what_it_judged(published: Site) -> None:
    buy, sell, tag = cue_part(view(published), {}, "0,1,1,issue")["cue"]
    assert len(buy) == len(sell) == 4
    assert tag == zlib.crc32(b"BTC-USD|0,1,1,issue") & 0xFFFF
    others = {tag_of(ForecastSpec("ETH-USD"), DIRECTIONAL), tag_of(ForecastSpec(), REFERENCE)}
    assert tag not in others


def test_a_tick_with_a_position_and_a_cue_is_small(published: Site) -> None:
    units = 9_999_999.99 / 78_123.456789
    held = Position("live", "BTC-USD", units, 9_999_999.99, 78_123.456789, NOW)
    published.store.publish_status(
        published.publisher.status(NOW, trouble="Binance answers slowly. " * 40)
    )
    values = {
        "live-interval.n_intervals": 1_000_000,
        "holdings.data": holdings_to_stored(
            {"live": held, "simulated": replace(held, market="simulated")}
        ),
        "cue-rule.data": CueRule(4.99, 2.99999, 2.99998, "issue").to_text(),
        "live-spec.data": "BTC-USD",
    }
    request = published.request("live-tick.data", values)
    answer = published.client.post("/_dash-update-component", json=request)
    assert len(answer.data) <= 600
    assert len(json.dumps(request)) <= 1_500
    quiet = published.publisher.status(NOW)
    published.store.publish_status(quiet)
    tick = published.call("live-tick.data", values).get_json()["response"]["live-tick"]["data"]
    assert [len(part) for part in tick["cue"][:2]] == [4, 4]
    assert "hold" in tick


def test_figures_never_carry_a_minus_before_nothing(published: Site) -> None:
    of = view(published)
    for moment in moments(200, seed=3):
        buy, sell, _ = told(replace(moment, quote_age_s=1.0), of)
        figures = [number for side in (buy, sell) if isinstance(side, list) for number in side]
        assert all(number or math.copysign(1, number) > 0 for number in figures)
