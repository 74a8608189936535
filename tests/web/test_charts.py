"""Charts: plain lists, gaps left open, and steps that amount to the whole."""

from __future__ import annotations

import json
import math
import re
from dataclasses import asdict, replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from plotly.io.json import to_json_plotly

from callbacks.live_paint import coverage_sentence, render_chart
from components.charts import SESSION_MS, candles, digest, live_figure, session_cutoff
from components.fan import fan, fan_parts, fan_uids
from components.small_charts import profit_figure
from core.domain import Interval, Series, TailTrace
from core.ledger.issued import as_issued
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
    columns = candles(series, 0)
    assert json.loads(json.dumps(columns)) == columns


def test_it_opens_eight_hours_before_the_newest_candle(made: Publisher) -> None:
    series = made.series(NOW)
    whole = render_chart(made.snapshot(NOW), series, {"v": 1})
    assert whole["cutoff"] == session_cutoff(series) == series.close_time[-1] - SESSION_MS
    assert whole["candles"]["first"] == whole["cutoff"]
    assert len(whole["candles"]["close"]) == 481


def test_a_session_that_goes_on_keeps_its_beginning(made: Publisher) -> None:
    series = made.series(NOW)
    earlier = session_cutoff(series) - 30 * MINUTE_MS
    whole = render_chart(made.snapshot(NOW), series, {"v": 1, "cutoff": earlier})
    assert whole["cutoff"] == whole["candles"]["first"] == earlier
    assert len(whole["candles"]["close"]) == 511


def test_a_session_never_begins_after_one_opened_now(made: Publisher) -> None:
    series = made.series(NOW)
    later = series.close_time[-1] - MINUTE_MS
    whole = render_chart(made.snapshot(NOW), series, {"v": 1, "cutoff": later})
    assert whole["cutoff"] == session_cutoff(series)


def test_candles_are_columns_a_minute_apart(made: Publisher) -> None:
    made.quiet = (530,)
    series = made.series(NOW)
    columns = candles(series, series.close_time[519])
    assert columns["first"] == series.close_time[520]
    for name in ("open", "high", "low", "close"):
        assert columns[name] == getattr(series, name)[520:]
    volumes = [v or 0.0 for v in series.volume[520:]]
    assert columns["volume"] == pytest.approx(volumes, rel=1e-3)
    assert columns["filled"] == [series.close_time[530]]
    assert candles(series, series.close_time[-1])["first"] is None
    assert candles(series, series.close_time[530])["filled"] == []


def test_missing_minutes_are_none_and_an_amber_span(made: Publisher) -> None:
    made.missing = (200, 201, 202)
    series = made.series(NOW)
    figure = live_figure(made.snapshot(NOW), series, session_cutoff(series))
    columns = candles(series, session_cutoff(series) - 1)
    for name in ("open", "high", "low", "close", "volume"):
        assert columns[name].count(None) == 3
    assert traces(figure)["price"]["connectgaps"] is False
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
    assert len(step["candles"]["close"]) == 3
    whole = traces(live_figure(made.snapshot(later), made.series(later), first["cutoff"]))
    columns = candles(made.series(later), first["cutoff"] - 1)
    for name in ("open", "high", "low", "close", "volume", "filled"):
        assert first["candles"][name] + step["candles"][name] == columns[name]
    assert step["candles"]["first"] == first["last"] + MINUTE_MS
    for uid, part in step["replace"].items():
        shown = [(x, y) for x, y in zip(part["x"], part["y"], strict=True) if x >= first["cutoff"]]
        assert shown == list(zip(whole[uid]["x"], whole[uid]["y"], strict=True))
    ours = {"price", "candles", "volume", "live", "buys", "sells"}
    assert set(step["replace"]) == set(whole) - ours


def drawn_need(paint: dict[str, Any]) -> dict[str, Any]:
    held = {name: paint[name] for name in ("provider", "digest")}
    return {"v": 2, "since": paint["last"], "cutoff": paint["cutoff"], **held}


def test_a_past_that_stayed_as_it_was_travels_once(made: Publisher) -> None:
    made.missing, made.quiet = (500,), (520,)
    paint = render_chart(made.snapshot(NOW), made.series(NOW), {"v": 1})
    need = drawn_need(paint)
    for minute in range(1, 4):
        later = NOW + timedelta(minutes=minute)
        step = render_chart(made.snapshot(later), made.series(later), need)
        assert (step["kind"], len(step["candles"]["close"])) == ("step", 1)
        need |= {"since": step["last"], "digest": step["digest"]}


def test_a_past_is_known_although_its_oldest_candle_has_left() -> None:
    closes = [float(n) for n in range(1_441)]
    times = [n * MINUTE_MS for n in range(1_441)]
    columns = dict.fromkeys(("open", "high", "low", "close", "volume"), closes)
    before = Series(1, times[:-1], **{n: c[:-1] for n, c in columns.items()}, tails={}, provider="")
    after = Series(2, times[1:], **{n: c[1:] for n, c in columns.items()}, tails={}, provider="")
    since = before.close_time[-1]
    assert digest(before, since) == digest(after, since) != digest(after, after.close_time[-1])


@pytest.mark.parametrize("change", ["came later", "went", "was no trade", "was corrected"])
def test_a_past_that_is_another_by_now_travels_whole(made: Publisher, change: str) -> None:
    made.missing = (500, 501) if change == "came later" else ()
    need = drawn_need(render_chart(made.snapshot(NOW), made.series(NOW), {"v": 1}))
    made.missing = (505,) if change == "went" else ()
    made.quiet = (520,) if change == "was no trade" else ()
    later = NOW + timedelta(minutes=1)
    series = made.series(later)
    if change == "was corrected":
        series.high[530] = 99_000.0
    paint = render_chart(made.snapshot(later), series, need)
    assert (paint["kind"], paint["cutoff"]) == ("full", need["cutoff"])


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


def test_every_band_of_the_fan_lies_within_the_next(made: Publisher) -> None:
    forecasts = made.snapshot(NOW).forecasts
    parts = fan_parts([forecasts["minute"], forecasts["long"]])
    assert list(parts) == [uid for level in (0.95, 0.8, 0.5) for uid in fan_uids(level)]
    lows = [parts[f"fan-{level}-low"]["y"] for level in (95, 80, 50)]
    highs = [parts[f"fan-{level}-high"]["y"] for level in (50, 80, 95)]
    for edges in zip(*lows, *highs, strict=True):
        assert list(edges) == sorted(edges)
    for band in forecasts["long"].bands:
        if band.level != 0.9:
            low, high = (parts[uid]["y"][-1] for uid in fan_uids(band.level))
            assert (low, high) == pytest.approx((band.low, band.high))


def test_a_wider_near_band_still_gives_a_fan(made: Publisher) -> None:
    forecasts = made.snapshot(NOW).forecasts
    wide = replace(forecasts["minute"], bands=(Interval(0.8, 1.0, 1e6),))
    cone = fan([wide, forecasts["long"]])
    assert all(math.isfinite(v) for v in cone["low"] + cone["high"])


def test_without_bands_there_is_no_fan(made: Publisher) -> None:
    bare = [replace(f, bands=()) for f in made.snapshot(NOW).forecasts.values()]
    assert fan(bare) == {"x": [], "low": [], "high": []}


def test_a_snapshot_without_forecasts_still_draws_the_price(made: Publisher) -> None:
    series = replace(made.series(NOW), tails={})
    whole = render_chart(made.snapshot(NOW, forecasts={}), series, {"v": 1})
    parts = traces(whole["figure"])
    assert len(whole["candles"]["close"]) == 481
    assert parts["long"]["x"] == parts["tail"]["x"] == parts["fan-95-low"]["x"] == []


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


def test_coverage_is_counted_on_forecasts_that_met_their_outcome(made: Publisher) -> None:
    tail = made.series(NOW).tails["long"]
    inside = replace(tail, actual=list(tail.price_at_issue))
    (words,) = coverage_sentence(inside)
    assert words.startswith("100\u202f% of the last")
    assert "out-of-sample" in words
    assert coverage_sentence(None) == ["Forecasts at the time they are for"]


def test_no_line_and_no_ribbon_crosses_a_time_without_forecasts(made: Publisher) -> None:
    series, snapshot = made.series(NOW), made.snapshot(NOW)
    columns = {k: v for k, v in asdict(series.tails["long"]).items() if k != "issued_since"}
    holed = TailTrace(**{name: column[:40] + column[60:] for name, column in columns.items()})
    cutoff, end = session_cutoff(series), series.close_time[-1]
    parts = traces(live_figure(snapshot, replace(series, tails={"long": holed}), cutoff))
    tail, low, high = (parts[uid] for uid in ("tail", "tail-low", "tail-high"))
    assert tail["x"] == low["x"] == high["x"] == sorted(tail["x"])
    ends = [row for row, point in enumerate(tail["y"]) if point is None]
    assert len(ends) == 2
    assert ends[1] == ends[0] + 1
    assert [tail["x"][row] for row in ends] == [holed.target[39], holed.target[40]]
    assert all(low["y"][row] == high["y"][row] for row in ends)
    kept = [time for time, point in zip(tail["x"], tail["y"], strict=True) if point is not None]
    assert kept == [time for time in holed.target if cutoff <= time <= end]


def test_what_was_issued_is_told_from_what_was_replayed(made: Publisher) -> None:
    replayed = made.series(NOW).tails["long"]
    rows = slice(60, None)
    written = TailTrace(
        *(
            [value + 1.0 for value in column[rows]] if name == "point" else column[rows]
            for name, column in asdict(replayed).items()
            if name != "issued_since"
        )
    )
    drawn = as_issued(replayed, written)
    assert drawn.issued_since == written.target[0]
    assert drawn.point == replayed.point[:60] + written.point
    assert drawn.target == replayed.target
    sentence = to_json_plotly(coverage_sentence(drawn))
    assert "as issued since" in sentence
    assert "replayed before" in sentence
    assert "replayed before" not in to_json_plotly(coverage_sentence(as_issued(written, written)))
    ahead = replace(replayed, issued_since=replayed.target[-1] + 1)
    sentence = to_json_plotly(coverage_sentence(ahead))
    assert "out-of-sample forecasts" in sentence
    assert "as issued from" in sentence
    nothing = TailTrace([], [], [], [], [], [], [])
    assert as_issued(replayed, nothing) == replayed


def test_every_colour_of_a_chart_is_a_token(made: Publisher) -> None:
    tokens = set(re.findall(r"(--[a-z0-9-]+):", (ASSETS / "00-tokens.css").read_text()))
    series = made.series(NOW)
    figures = [
        live_figure(made.snapshot(NOW), series, session_cutoff(series)),
        profit_figure(),
    ]
    used = set(re.findall(r'"(--[a-z0-9-]+)"', json.dumps(figures)))
    assert used
    assert used <= tokens
    assert not re.findall(r"#[0-9a-fA-F]{3,8}\b", json.dumps(figures))


def test_a_marker_ahead_says_time_forecast_band_and_no_change(made: Publisher) -> None:
    series, snapshot = made.series(NOW), made.snapshot(NOW)
    long = snapshot.forecasts["long"]
    (words,) = traces(live_figure(snapshot, series, session_cutoff(series)))["long"]["customdata"]
    assert words.split("<br>") == [
        "(13:26 UTC)",
        f"Forecast <b>{long.point:,.2f}</b>",
        f"80\u202f% band {long.band.low:,.2f} – {long.band.high:,.2f}" if long.band else "",
        f"No change {long.price_at_issue:,.2f}",
    ]
    bare = replace(snapshot, forecasts={"long": replace(long, bands=())})
    (short,) = traces(live_figure(bare, series, session_cutoff(series)))["long"]["customdata"]
    assert "band" not in short


def test_volume_has_a_band_of_its_own_below_the_price(made: Publisher) -> None:
    series = made.series(NOW)
    layout = live_figure(made.snapshot(NOW), series, session_cutoff(series))["layout"]
    bottom, top = layout["yaxis2"]["domain"]
    assert bottom == 0
    assert top <= 0.18
    assert top < layout["yaxis"]["domain"][0]
    assert layout["yaxis2"]["visible"] is False
