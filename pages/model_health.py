"""Model Health: can the forecasts be believed, and is the machinery keeping up?"""

from __future__ import annotations

import dash
from dash import dcc, html

from components import importance, states, tables
from components.doctor import TABLE
from components.elements import graph, legend, pairs, panel, slot, wide_table
from components.frame import DEFAULT_SPEC, page_frame, read_spec
from components.ids import of
from core.domain import HORIZONS, ForecastSpec, Horizon

PAGE = "health"


def layout(default: ForecastSpec = DEFAULT_SPEC, /, **query: str) -> html.Div:
    """Return the page for the forecast the address asks for."""
    spec, sentence = read_spec(default, query)
    title = html.Div(
        [html.H1("Model Health"), html.Span(spec.to_text(), className="pill")],
        className="page-title",
    )
    charts = [_errors(spec, horizon) for horizon in HORIZONS]
    return page_frame(
        PAGE,
        spec,
        sentence,
        title,
        states.progress_panel(),
        html.Div(
            [
                _tail(),
                *charts,
                _models(),
                _machinery(),
                _drivers(),
                _promotions(),
                _doctor(),
                _retrains(),
            ],
            className="g12",
        ),
    )


def _tail() -> html.Section:
    return panel(
        "Tail error beside “no change”",
        wide_table("Tail error", states.skeleton(4), id=of(PAGE, "tail")),
        subtitle="Last out-of-sample forecasts of each model, in USD; R² of the price level",
        tools=[tables.export_button("tail-table", "tail-metrics")],
        class_name="c12",
    )


def _errors(spec: ForecastSpec, horizon: Horizon) -> html.Section:
    lines = legend([("Model", "", "--ch-forecast"), ("No change", "wide", "--ch-rw")])
    return panel(
        f"Errors {spec.horizon_minutes(horizon)} min ahead, one by one",
        lines,
        graph(of(PAGE, f"errors-{horizon}"), "tile"),
        dcc.Store(id=of(PAGE, f"figure-{horizon}")),
        subtitle="Absolute error of each out-of-sample forecast at its target time, USD",
        class_name="c6",
    )


def _models() -> html.Section:
    return panel(
        "Models",
        wide_table("Models", states.skeleton(4), id=of(PAGE, "models")),
        subtitle="What stands behind the forecasts on screen",
        tools=[tables.export_button("models-table", "models")],
        class_name="c8",
    )


def _drivers() -> html.Section:
    return panel(
        "What drives the forecast",
        wide_table("What drives the forecast", states.skeleton(3), id=of(PAGE, "drivers")),
        subtitle="Permutation importance: out of sample, extra absolute error when shuffled",
        tools=[tables.export_button(importance.TABLE, "importance")],
        class_name="c12",
    )


def _promotions() -> html.Section:
    return panel(
        "Models and promotions",
        wide_table("Models and promotions", states.skeleton(3), id=of(PAGE, "promotions")),
        subtitle="A challenger takes over only if it is no worse on what neither had seen",
        tools=[tables.export_button("promotions-table", "promotions")],
        class_name="c12",
    )


def _machinery() -> html.Section:
    rows = [
        ("Engine heartbeat", slot("beat")),
        ("Engine process", slot("pid")),
        ("Running since", slot("started")),
        ("Last candle", slot("candle")),
        ("Quote", slot("quote-age")),
        ("Request weight", slot("weight")),
        ("Clock offset", slot("offset")),
        ("Forecasts in the ledger", slot("ledger")),
        ("Its head", html.Code(slot("ledger-head"))),
        ("Candles held", slot("rows")),
        ("Minutes missing, filled", slot("gaps")),
        ("Forecasts revised, last day", slot("revised")),
        ("Next training", slot("next-training")),
    ]
    return panel(
        "Engine",
        pairs(rows),
        html.P(id=of(PAGE, "reason"), className="sub"),
        subtitle="One writer for everybody",
        class_name="c4",
    )


def _doctor() -> html.Section:
    return panel(
        "Doctor",
        html.Div(states.skeleton(3), id=of(PAGE, "doctor")),
        dcc.Store(id=of(PAGE, "looked")),
        subtitle="Every exchange and part of this deployment, as the engine's machine sees it",
        tools=[tables.export_button(TABLE, "doctor")],
        class_name="c12",
    )


def _retrains() -> html.Section:
    return panel(
        "Retrain history",
        wide_table("Retrain history", states.skeleton(3), id=of(PAGE, "retrains")),
        subtitle="Newest first; tail MAE at the time of training",
        tools=[tables.export_button("retrains-table", "retrains")],
        class_name="c12",
    )


dash.register_page(
    __name__,
    path="/model-health",
    order=1,
    name="Model Health",
    title="Model Health · Market Pulse",
    layout=layout,
)
