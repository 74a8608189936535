"""Charts: plain lists, gaps left open, and steps that amount to the whole."""

from __future__ import annotations

import json
import math
import re
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from callbacks.live import coverage_sentence, render_chart
from components.charts import SESSION_MS, live_figure, session_cutoff
from components.fan import fan
from components.small_charts import error_figure, profit_figure
from core.domain import Interval
from tests.web.conftest import NOW, Site
from tests.web.published import MINUTE_MS, Publisher

ASSETS = Path(__file__).resolve().parents[2] / "assets"


def traces(figure: dict[str, Any]) -> dict[str, dict[str, Any]]:
    return {trace["uid"]: trace for trace in figure["data"]}


@pytest.fixture
def made(site: Site) -> Publisher:
    return site.publisher


def test_a_figure_is_plain_json_of_lists(made: Publisher) -> None:
    series = made.series(NOW)
    figure = live_figure(made.snapshot(NOW), series, session_cutoff(series))
    assert json.loads(json.dumps(figure)) == figure
    assert all(type(trace["x"]) is list for trace in figure["data"])


def test_it_opens_eight_hours_before_the_newest_candle(made: Publisher) -> None:
    series = made.series(NOW)
    price = traces(live_figure(made.snapshot(NOW), series, session_cutoff(series)))["price"]
    assert price["x"][0] == series.close_time[-1] - SESSION_MS
    assert len(price["x"]) == 481


def test_missing_minutes_are_none_and_an_amber_span(made: Publisher) -> None:
    made.missing = (200, 201, 202)
    series = made.series(NOW)
    figure = live_figure(made.snapshot(NOW), series, session_cutoff(series))
    price = traces(figure)["price"]
    assert price["y"].count(None) == 3
    assert price["connectgaps"] is False
    (span,) = [s for s in figure["layout"]["shapes"] if s["type"] == "rect"]
    assert span["x0"] == series.close_time[199]
    assert span["x1"] == series.close_time[202]
    assert span["fillcolor"] == "--warn-soft"


def test_steps_on_a_drawn_chart_amount_to_the_whole(made: Publisher) -> None:
    first = render_chart(made.snapshot(NOW), made.series(NOW), {"v": 1})
    assert first["kind"] == "full"
    later = NOW + timedelta(minutes=3)
    need = {"v": 2, "since": first["last"], "cutoff": first["cutoff"], "provider": "binance"}
    step = render_chart(made.snapshot(later), made.series(later), need)
    assert step["kind"] == "step"
    assert len(step["x"]) == 3
    whole = traces(live_figure(made.snapshot(later), made.series(later), first["cutoff"]))
    drawn = traces(first["figure"])
    assert drawn["price"]["x"] + step["x"] == whole["price"]["x"]
    assert drawn["price"]["y"] + step["y"] == whole["price"]["y"]
    for uid, part in step["replace"].items():
        shown = [(x, y) for x, y in zip(part["x"], part["y"], strict=True) if x >= first["cutoff"]]
        assert shown == list(zip(whole[uid]["x"], whole[uid]["y"], strict=True))
    assert set(step["replace"]) == set(whole) - {"price", "live"}


def test_another_providers_candles_are_never_joined_to_those_drawn(made: Publisher) -> None:
    first = render_chart(made.snapshot(NOW), made.series(NOW), {"v": 1})
    assert first["provider"] == "binance"
    later = NOW + timedelta(minutes=1)
    need = {"v": 2, "since": first["last"], "cutoff": first["cutoff"], "provider": "binance"}
    made.follow_provider("coinbase", 78_900.0)
    other = render_chart(made.snapshot(later), made.series(later), need)
    assert (other["kind"], other["provider"]) == ("full", "coinbase")
    unsaid = {"v": 2, "since": first["last"], "cutoff": first["cutoff"]}
    assert render_chart(made.snapshot(later), made.series(later), unsaid)["kind"] == "full"


def test_candles_of_another_version_are_drawn_whole_again_next_time(made: Publisher) -> None:
    series = replace(made.series(NOW), version=1)
    drawn = render_chart(made.snapshot(NOW), series, {"v": 1})
    need = {"v": 2, "since": drawn["last"], "cutoff": drawn["cutoff"]}
    need["provider"] = drawn["provider"]
    assert render_chart(made.snapshot(NOW), made.series(NOW), need)["kind"] == "full"


def test_after_a_gap_in_what_is_held_the_whole_figure_travels(made: Publisher) -> None:
    series = made.series(NOW)
    stale = {"v": 1, "since": series.close_time[0] - MINUTE_MS, "cutoff": series.close_time[0]}
    assert render_chart(made.snapshot(NOW), series, stale)["kind"] == "full"
    future = {"v": 1, "since": series.close_time[-1] + MINUTE_MS, "cutoff": 0}
    assert render_chart(made.snapshot(NOW), series, future)["kind"] == "full"


@pytest.mark.parametrize(
    "need", [None, 7, [], {"since": "x"}, {"since": True}, {"since": 1.5, "cutoff": {}}]
)
def test_whatever_the_browser_says_it_holds_a_chart_comes(made: Publisher, need: Any) -> None:
    assert render_chart(made.snapshot(NOW), made.series(NOW), need)["kind"] == "full"


def test_the_fan_ends_at_the_far_band_and_passes_the_near_one(made: Publisher) -> None:
    forecasts = made.snapshot(NOW).forecasts
    near, far = forecasts["minute"], forecasts["long"]
    cone = fan([near, far])
    assert far.band is not None
    assert cone["low"][0] == cone["high"][0] == far.price_at_issue
    assert (cone["low"][-1], cone["high"][-1]) == pytest.approx((far.band.low, far.band.high))
    share = (cone["x"][5] - cone["x"][0]) / (cone["x"][-1] - cone["x"][0])
    width = (cone["high"][5] - cone["low"][5]) / (far.band.high - far.band.low)
    assert width == pytest.approx(math.sqrt(share), rel=1e-3)


def test_a_wider_near_band_still_gives_a_fan(made: Publisher) -> None:
    forecasts = made.snapshot(NOW).forecasts
    wide = replace(forecasts["minute"], band=Interval(0.8, 1.0, 1e6))
    cone = fan([wide, forecasts["long"]])
    assert all(math.isfinite(v) for v in cone["low"] + cone["high"])


def test_without_bands_there_is_no_fan(made: Publisher) -> None:
    bare = [replace(f, band=None) for f in made.snapshot(NOW).forecasts.values()]
    assert fan(bare) == {"x": [], "low": [], "high": []}


def test_a_snapshot_without_forecasts_still_draws_the_price(made: Publisher) -> None:
    series = replace(made.series(NOW), tails={})
    parts = traces(live_figure(made.snapshot(NOW, forecasts={}), series, session_cutoff(series)))
    assert len(parts["price"]["x"]) == 481
    assert parts["long"]["x"] == parts["tail"]["x"] == parts["fan-low"]["x"] == []


def test_the_ribbon_ends_now_and_no_change_starts_where_the_forecast_was_issued(
    made: Publisher,
) -> None:
    series, snapshot = made.series(NOW), made.snapshot(NOW)
    tail = series.tails["long"]
    later = replace(tail, target=[t + 45 * MINUTE_MS for t in tail.target])
    earlier = replace(
        snapshot.forecasts["long"],
        issued_at=snapshot.as_of - timedelta(minutes=1),
        price_at_issue=77_777.0,
    )
    parts = traces(
        live_figure(
            replace(snapshot, forecasts={"long": earlier}),
            replace(series, tails={"long": later}),
            session_cutoff(series),
        )
    )
    assert max(parts["tail"]["x"]) <= series.close_time[-1] < max(later.target)
    assert parts["no-change"]["y"] == [77_777.0, 77_777.0]
    assert parts["path"]["x"][0] == series.close_time[-1] - MINUTE_MS


def test_errors_leave_out_what_is_not_known_yet(made: Publisher) -> None:
    tail = made.series(NOW).tails["minute"]
    tail = replace(tail, actual=[*tail.actual[:-1], None])
    model = traces(error_figure(tail))["model"]
    assert len(model["x"]) == len(tail.target) - 1
    assert model["y"][0] == pytest.approx(abs((tail.actual[0] or 0) - tail.point[0]))


def test_coverage_is_counted_on_forecasts_that_met_their_outcome(made: Publisher) -> None:
    tail = made.series(NOW).tails["long"]
    inside = replace(tail, actual=list(tail.price_at_issue))
    assert coverage_sentence(inside).startswith("100\u202f% of the last")
    assert coverage_sentence(None) == "Forecasts at the time they are for"


def test_every_colour_of_a_chart_is_a_token(made: Publisher) -> None:
    tokens = set(re.findall(r"(--[a-z0-9-]+):", (ASSETS / "00-tokens.css").read_text()))
    series = made.series(NOW)
    figures = [
        live_figure(made.snapshot(NOW), series, session_cutoff(series)),
        profit_figure(),
        error_figure(series.tails["long"]),
    ]
    used = set(re.findall(r'"(--[a-z0-9-]+)"', json.dumps(figures)))
    assert used
    assert used <= tokens
    assert not re.findall(r"#[0-9a-fA-F]{3,8}\b", json.dumps(figures))
