"""Components as pure functions: a test per state."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from plotly.utils import PlotlyJSONEncoder

from callbacks.live import render_cell, render_training
from callbacks.model_health import engine_sentences, render_paint
from callbacks.portfolio import trades_of
from components import cards, states, tables
from components.formatting import decimals, duration, loss, moment, number, percent, signed
from core.domain import ForecastSpec, Quote, TailScore
from core.portfolio.stored import trades_to_stored
from core.portfolio.trading import buy, sell
from tests.web.conftest import NOW, Site
from tests.web.published import made_losses, made_model

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


@pytest.mark.parametrize(
    ("changes", "icon", "words"),
    [
        ({"trained": False, "reason": "4,100 clean rows are too few."}, "alert", "4,100 clean"),
        ({"tail": None}, "equals", "Not scored yet"),
        ({}, "equals", "0.5\u202f% less error than no change"),
        (
            {"tail": TailScore(100, made_losses(219.4), made_losses(213.2))},
            "equals",
            "2.9\u202f% more error",
        ),
        (
            {"tail": TailScore(100, made_losses(20.0), made_losses(20.0))},
            "equals",
            "As much error as no change",
        ),
        ({"tail": TailScore(10_079, made_losses(19.0), made_losses(19.2))}, "tick", "1.0\u202f%"),
        ({"tail": TailScore(10_079, made_losses(19.4), made_losses(19.2))}, "alert", "more"),
    ],
)
def test_skill_in_words(changes: dict[str, object], icon: str, words: str) -> None:
    sign, bold, rest = cards.skill_words(made_model("minute", NOW, **changes))
    assert sign == icon
    assert words in f"{bold} {rest}"


def test_a_hundred_forecasts_are_said_to_be_too_few() -> None:
    assert cards.skill_words(made_model("minute", NOW))[2].endswith("too few to tell")


def test_a_forecast_cell_shows_point_band_and_both_errors(published: Site) -> None:
    text = said(render_cell(published.publisher.snapshot(NOW), "long"))
    assert "In 45 minutes" in text
    assert "80\u202f%" in text
    assert "MAE 219.4 · no change 213.2" in text
    assert "delta-long" in text


def test_a_forecast_without_a_band_says_so(published: Site) -> None:
    snapshot = published.publisher.snapshot(NOW)
    bare = replace(snapshot.forecasts["long"], band=None)
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
    series = published.publisher.series(NOW)
    tail, models, retrains, reason, minute, long = render_paint(view, view.snapshot, series)
    assert "+0.52\u202f%" in said(tail)
    assert "25\u202f%" in said(models)
    assert "asked for" in said(retrains)
    assert reason == "Binance answered at start."
    assert minute["data"][0]["x"] == series.tails["minute"].target
    assert long["data"][0]["x"] == series.tails["long"].target


def test_trouble_is_told_after_the_reason(published: Site) -> None:
    published.store.publish_status(published.publisher.status(NOW, trouble="It answers 418."))
    view = published.service.view(SPEC, "reader")
    assert engine_sentences(view) == "Binance answered at start. It answers 418."


def test_tables_have_words_when_empty() -> None:
    assert "Not scored yet" in said(tables.tail_table(SPEC, []))
    assert "No training yet" in said(tables.retrains_table(SPEC, []))
    assert "No trades yet" in said(tables.trades_table([]))
    assert "No trades yet" in said(tables.short_trades([]))


def test_a_model_that_stands_aside_says_why(published: Site) -> None:
    card = made_model("minute", NOW, trained=False, reason="4,100 clean rows are too few.")
    snapshot = published.publisher.snapshot(NOW, models={"minute": card})
    assert "4,100 clean rows" in said(tables.models_table(snapshot))
    aside = published.publisher.snapshot(
        NOW, models={"minute": made_model("minute", NOW, shrinkage=0.0)}
    )
    assert "weight 0" in said(tables.models_table(aside))


def test_trades_are_newest_first_with_plain_values_for_the_csv() -> None:
    quote = Quote("BTC-USD", 80_000.0, NOW, "binance", "live")
    position, bought = buy(10_000.0, quote, NOW, timedelta(seconds=10))
    sold = sell(position, replace(quote, price=79_200.0), NOW, timedelta(seconds=10))
    stored = {"v": 1, "list": trades_to_stored([bought, sold])}
    text = said(tables.trades_table(trades_of("live", stored)))
    assert text.index("Sold") < text.index("Bought")
    assert "−100.00" in text
    assert "2026-04-21 12:41:08 UTC" in text
    assert trades_of("simulated", stored) == []


def test_only_the_newest_trades_stand_in_the_narrow_column() -> None:
    quote = Quote("BTC-USD", 80_000.0, NOW, "binance", "live")
    trades = [buy(float(n), quote, NOW, timedelta(seconds=10))[1] for n in range(1, 9)]
    text = said(tables.short_trades(trades))
    assert text.count('"type": "Li"') == 5
    assert "8.00" in text
    assert "3.00" not in text.replace("8.00", "")


def test_notices_are_announced() -> None:
    assert states.notice("No.", "down").role == "status"
    assert states.parameter_notice("minute_horizon: 99 is outside.").role == "alert"
