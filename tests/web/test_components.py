"""Components as pure functions: a test per state."""

from __future__ import annotations

import json
import math
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from plotly.utils import PlotlyJSONEncoder

from callbacks.live_paint import render_cell, render_training
from callbacks.model_health import engine_sentences, render_paint
from components import cards, states, tables
from components.formatting import decimals, duration, loss, moment, number, percent, signed
from components.importance import importance_panel
from core.domain import Decision, FeatureImportance, ForecastSpec, Importance, SkillRecord
from tests.web.conftest import NOW, Site
from tests.web.published import made_model

SPEC = ForecastSpec()


def said(parts: Any) -> str:
    """Return components as the browser receives them."""
    return json.dumps(parts, cls=PlotlyJSONEncoder, ensure_ascii=False)


@pytest.mark.parametrize(
    ("value", "text"),
    [(10_018.9, "10,018.90"), (-3.881, "−3.88"), (0.0, "0.00"), (-0.001, "0.00")],
)
def test_numbers(value: float, text: str) -> None:
    assert number(value) == text


def test_signs_are_true_and_zero_has_none() -> None:
    assert [signed(v) for v in (18.9, -18.9, 0.0, 0.001)] == ["+18.90", "−18.90", "0.00", "0.00"]
    assert percent(0.0019) == "+0.19\u202f%"


def test_decimals_follow_the_price() -> None:
    assert [decimals(p) for p in (78_139.36, 88.37, 1.4521, 0.1234, 0.00002)] == [2, 2, 4, 4, 6]


def test_errors_keep_three_digits() -> None:
    assert [loss(v) for v in (81_350.2, 219.4, 19.14, 1.234, 0.1234, 0.0001234)] == [
        "81,350",
        "219.4",
        "19.1",
        "1.23",
        "0.123",
        "0.000123",
    ]


def test_ages_are_whole() -> None:
    assert [duration(s) for s in (-1, 8, 119, 720, 10_800, 200_000)] == [
        "0 s",
        "8 s",
        "119 s",
        "12 min",
        "3 h",
        "2 d",
    ]


def test_a_moment_is_written_by_the_browser_with_utc_on_hover() -> None:
    time = moment(NOW)
    assert time.dateTime == "2026-04-21T12:41:08Z"
    assert time.title == "2026-04-21 12:41:08 UTC"
    assert getattr(time, "children", None) is None


WEEK = SkillRecord(10_079, 10_080, 0.0018, 0.0014)


@pytest.mark.parametrize(
    ("changes", "icon", "words"),
    [
        ({"trained": False, "reason": "4,100 clean rows are too few."}, "alert", "4,100 clean"),
        ({"record": None}, "equals", "Not scored yet"),
        ({}, "equals", "0.18\u202f% better than no change ±0.44 over 24 h"),
        ({}, "equals", "not yet significant: about 5 days more"),
        ({"record": WEEK}, "tick", "±0.14 over 7 days, significant"),
        ({"record": SkillRecord(1_440, 1_439, -0.02, 0.01)}, "alert", "2.00\u202f% worse than no"),
        ({"record": SkillRecord(60, 59, 0.0, 0.01)}, "equals", "No better than no change ±1.00"),
        ({"record": SkillRecord(60, 59, 0.0, 0.01)}, "equals", "over 59 min, cannot be told apart"),
        (
            {"record": SkillRecord(1, 0, 0.5, math.nan)},
            "equals",
            "Too few to tell 50.00",
        ),
        ({"record": SkillRecord(1, 0, 0.5, math.nan)}, "equals", "so far, over 1 min, n 1"),
        ({"record": SkillRecord(288, 1_435, 0.001, 0.01)}, "equals", "about 3 months more"),
    ],
)
def test_skill_in_words(changes: dict[str, object], icon: str, words: str) -> None:
    sign, bold, rest = cards.skill_words(made_model("minute", NOW, **changes))
    assert sign == icon
    assert words in f"{bold} {rest}"


def test_a_forecast_cell_shows_point_band_and_both_errors(published: Site) -> None:
    text = said(render_cell(published.publisher.snapshot(NOW), "long"))
    assert "In 45 minutes" in text
    assert "80\u202f%" in text
    assert "MAE 219.4 · no change 213.2" in text
    assert "delta-long" in text


def test_a_forecast_cell_shows_the_volatility_in_percent_and_usd(published: Site) -> None:
    snapshot = published.publisher.snapshot(NOW)
    made = replace(snapshot.forecasts["long"], volatility=0.00214, price_at_issue=50_000.0)
    text = said(render_cell(replace(snapshot, forecasts={"long": made}), "long"))
    assert "Volatility 0.21\u202f%, ±107.0" in text
    unknown = replace(made, volatility=None)
    text = said(render_cell(replace(snapshot, forecasts={"long": unknown}), "long"))
    assert "Volatility not known yet" in text


def test_a_forecast_without_a_band_says_so(published: Site) -> None:
    snapshot = published.publisher.snapshot(NOW)
    bare = replace(snapshot.forecasts["long"], bands=())
    text = said(render_cell(replace(snapshot, forecasts={"long": bare}), "long"))
    assert "no band yet" in text


def test_a_revised_forecast_is_marked_with_its_sentence(published: Site) -> None:
    snapshot = published.publisher.snapshot(NOW)
    assert "revised" not in said(render_cell(snapshot, "long"))
    issued = snapshot.forecasts["long"].issued_at
    text = said(render_cell(replace(snapshot, revised=(issued,)), "long"))
    assert "revised" in text
    assert "corrected a candle after this forecast" in text


def test_a_forecast_cell_tells_the_browser_when_it_expires(published: Site) -> None:
    snapshot = published.publisher.snapshot(NOW)
    target = round(snapshot.forecasts["minute"].target_time.timestamp() * 1000)
    assert f'"data-target": "{target}"' in said(render_cell(snapshot, "minute"))


def test_the_badge_tells_of_forecasts_as_published_where_a_ledger_is_kept(
    published: Site,
) -> None:
    record = SkillRecord(n=10_079, minutes=10_080.0, skill=0.0018, reach=0.0014)
    snapshot = published.publisher.snapshot(NOW, records={"minute": record})
    minute, long = (said(render_cell(snapshot, h)) for h in ("minute", "long"))
    assert "0.18\u202f% better than no change" in minute
    assert "kept in the ledger" in minute
    assert "Not scored yet" in long
    assert "no published forecast has met its outcome" in long


def test_a_missing_forecast_is_said_not_hidden(published: Site) -> None:
    snapshot = published.publisher.snapshot(NOW, forecasts={})
    assert "no forecast" in said(render_cell(snapshot, "minute"))


def test_training_tells_the_weight_or_the_reason(published: Site) -> None:
    models = {
        "minute": made_model("minute", NOW),
        "long": made_model("long", NOW, trained=False, reason="too few rows."),
    }
    text = said(render_training(published.publisher.snapshot(NOW, models=models)))
    assert "weight of the model 25\u202f%" in text
    assert "no change, too few rows." in text
    assert "Next training" in text


def test_model_health_renders_every_part(published: Site) -> None:
    view = published.service.view(SPEC, "reader")
    assert view.snapshot is not None
    tail, models, drivers, promotions, retrains, reason = render_paint(view, view.snapshot)
    assert "+0.52\u202f%" in said(tail)
    assert "25\u202f%" in said(models)
    assert "Not computed yet" in said(drivers)
    assert "No decision yet" in said(promotions)
    assert "asked for" in said(retrains)
    assert reason == "Binance answered at start."


def test_trouble_is_told_after_the_reason(published: Site) -> None:
    published.store.publish_status(published.publisher.status(NOW, trouble="It answers 418."))
    view = published.service.view(SPEC, "reader")
    assert engine_sentences(view) == "Binance answered at start. It answers 418."


def test_tables_have_words_when_empty() -> None:
    assert "Not scored yet" in said(tables.tail_table(SPEC, []))
    assert "No training yet" in said(tables.retrains_table(SPEC, []))


def test_a_model_that_stands_aside_says_why(published: Site) -> None:
    card = made_model("minute", NOW, trained=False, reason="4,100 clean rows are too few.")
    snapshot = published.publisher.snapshot(NOW, models={"minute": card})
    assert "4,100 clean rows" in said(tables.models_table(snapshot))
    aside = published.publisher.snapshot(
        NOW, models={"minute": made_model("minute", NOW, shrinkage=0.0)}
    )
    assert "weight 0" in said(tables.models_table(aside))


def test_notices_are_announced() -> None:
    assert states.notice("No.", "down").role == "status"
    assert states.parameter_notice("minute_horizon: 99 is outside.").role == "alert"


def test_a_model_that_lost_lately_stands_aside_in_words(published: Site) -> None:
    snapshot = published.publisher.snapshot(NOW)
    aside = {h: replace(f, standing_aside=True) for h, f in snapshot.forecasts.items()}
    stood = replace(snapshot, forecasts=aside)
    words = "Standing aside: lost to “no change” over the last {} hours"
    for horizon, hours in (("minute", 6), ("long", 24)):
        assert words.format(hours) in said(render_cell(stood, horizon))
        assert words.format(hours) in said(tables.models_table(stood))
        assert "Standing aside" not in said(render_cell(snapshot, horizon))
    assert "Standing aside" not in said(tables.models_table(snapshot))


def made_decision(hours_ago: int, promoted: bool, mae: float = 19.3) -> Decision:
    at = NOW - timedelta(hours=hours_ago)
    return Decision(
        at=at,
        horizon="minute",
        version=f"{at:%Y%m%dT%H%M%SZ}-a{hours_ago:06d}",
        model_id=f"a{hours_ago:06d}",
        trained_at=at,
        rows=49_997,
        promoted=promoted,
        champion_id="b000000",
        n=100,
        mae=mae,
        champion_mae=19.14,
        random_walk_mae=19.21,
        z=None,
        sentence=f"Said of {hours_ago}.",
    )


def test_promotions_tell_champion_kept_out_and_replaced(published: Site) -> None:
    decisions = made_decision(3, True), made_decision(2, False), made_decision(1, True)
    text = said(tables.promotions_table(published.publisher.snapshot(NOW, decisions=decisions)))
    newest, kept_out, oldest = (text.index(f"a{hours:06d}") for hours in (1, 2, 3))
    assert newest < text.index('"champion"') < kept_out
    assert kept_out < text.index("kept out: +0.8\u202f% error") < oldest
    assert text.index("replaced at\u00a0") > oldest
    assert "2026-04-21T11:41:08Z" in text[oldest:]
    assert "Said of 2." in text


def test_what_drives_the_forecast_is_drawn_with_its_noise_and_said(published: Site) -> None:
    features = (
        FeatureImportance("mean_distance_60", 0.00152, 0.0004),
        FeatureImportance("mean_distance_5", 0.00052, 0.0002),
        FeatureImportance("momentum_10", 0.00001, 0.0004),
    )
    minute = Importance("minute", "v", NOW, 1_400, 10, features)
    long = Importance("long", "v", NOW, 100, 10, features[2:])
    text = said(importance_panel(published.publisher.snapshot(NOW, importance=(long, minute))))
    assert "0.152" in text
    assert '"width": "79.2%"' in text
    assert '"left": "58.3%", "width": "41.7%"' in text
    assert text.index("Next minute") < text.index("In 45 minutes")
    assert (
        "Next minute: only Mean distance 60 and Mean distance 5 stand clear of noise "
        "on 1,400 forecasts that the model had not seen"
    ) in text
    assert "In 45 minutes: no feature stands clear of noise on 100 forecasts" in text
