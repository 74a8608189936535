"""Model Health: can the forecasts be believed, and is the machinery keeping up?"""

from __future__ import annotations

from typing import Final
from urllib.parse import urlencode

import dash
from dash import dcc, html

from components import importance, scores, states, tables
from components.doctor import TABLE
from components.elements import graph, icon, legend, pairs, panel, section, slot, wide_table
from components.frame import DEFAULT_SPEC, page_frame, read_spec
from components.ids import of
from components.witness import FORGET_QUESTION
from core.domain import ForecastSpec

PAGE = "health"
HOW_SKILL: Final = (
    "Each point is about the forecasts of the time before it that have met their outcome: how much "
    "smaller their mean absolute error was than that of saying “the price stays”. The band is the "
    "95 % interval; where it holds zero, luck explains the difference. Marks at the foot are "
    "events; hover tells which."
)
HOW_COVERAGE: Final = (
    "A 90 % band should hold nine prices in ten. The line in the middle is the promise; a dot left "
    "of the box means bands that are too narrow, right of it too wide, more than chance explains."
)
_EVENTS: Final = [("Event", "mark", "--text-2")]


def layout(default: ForecastSpec = DEFAULT_SPEC, /, **query: str) -> html.Div:
    """Return the page for the forecast, the horizon and the time range the address asks for."""
    spec, sentence = read_spec(default, query)
    horizon, name, refused = scores.read_choice(query)
    title = html.Div(
        [
            html.H1("Model Health"),
            html.Span(spec.to_text(), className="pill"),
            html.Div(className="grow"),
            scores.choices(spec, horizon, name, query),
        ],
        className="page-title",
    )
    return page_frame(
        PAGE,
        spec,
        " ".join(filter(None, (sentence, refused))),
        title,
        states.progress_panel(),
        dcc.Store(id=of(PAGE, "choice"), data={"horizon": horizon, "range": name}),
        dcc.Store(id=of(PAGE, "figures")),
        dcc.Store(id=of(PAGE, "whole")),
        section(
            "Accuracy",
            "Does the forecast beat “the price stays”? Each was sealed before its outcome",
            _shown(spec, name),
            _skill(),
            _coverage(),
            _mae(),
            _gained(),
            _moves(spec.horizon_minutes(horizon)),
            _scores(),
            _events(),
            _tail(),
        ),
        section(
            "Machinery",
            "What stands behind the forecasts, and is it keeping up?",
            *(_models(), _machinery(), _drivers(), _promotions(), _doctor(), _retrains()),
        ),
    )


def _shown(spec: ForecastSpec, name: str) -> html.Div:
    """Return in words what the charts say, and the way to all of its rows."""
    address = "/ledger.csv?" + urlencode({"spec": spec.to_text(), "range": name})
    export = html.A(
        [icon("download"), html.Span("Ledger as CSV")],
        href=address,
        download=True,
        className="btn-m sm",
        title="Every forecast of this range with its hash and its outcome, both horizons",
    )
    said = html.P(id=of(PAGE, "ledger-note"), className="grow t2", role="status")
    return html.Div([said, export, _witness()], className="shown c12")


def _witness() -> html.Div:
    """Return whether what this browser noted of the ledger still stands; a way to note anew."""
    button = html.Button(
        "Forget, note anew",
        id=of(PAGE, "witness-again"),
        className="btn-m sm",
        hidden=True,
        title="Forget what this browser noted, and note the newest hashes",
    )
    again = dcc.ConfirmDialogProvider(
        button, id=of(PAGE, "witness-confirm"), message=FORGET_QUESTION
    )
    said = html.Div(id=of(PAGE, "witness"), role="status")
    return html.Div([said, again, dcc.Store(id=of(PAGE, "witnessed"))], className="witness t3 s12")


def _skill() -> html.Section:
    lines = legend(
        [("Skill", "", "--ch-forecast"), ("95 % interval", "blk", "--ch-band-80"), *_EVENTS]
    )
    return panel(
        "Skill over time",
        lines,
        _chart("skill"),
        subtitle="Share of the error of no change that was removed, %; above zero is better",
        how=HOW_SKILL,
        class_name="c8",
    )


def _coverage() -> html.Section:
    return panel(
        "Promised against observed",
        html.Div(states.skeleton(4), id=of(PAGE, "coverage")),
        subtitle="Dot: share of prices inside each band. Box: where chance may put it",
        how=HOW_COVERAGE,
        class_name="c4",
    )


def _mae() -> html.Section:
    return panel(
        "Error follows the market",
        legend([("Forecast", "", "--ch-forecast"), ("No change", "wide", "--ch-rw")]),
        _chart("mae"),
        subtitle="Mean absolute error, USD",
        class_name="c4",
    )


def _gained() -> html.Section:
    return panel(
        "Cumulative loss difference: falling means winning",
        legend([("Forecast less no change", "", "--ch-forecast"), *_EVENTS]),
        _chart("gained"),
        subtitle="Sum of absolute errors less those of no change, USD",
        class_name="c4",
    )


def _moves(minutes: int) -> html.Section:
    return panel(
        "Forecast against actual",
        _chart("moves"),
        subtitle=f"{minutes}-minute move, basis points: across as forecast, up as it came",
        class_name="c4",
    )


def _scores() -> html.Section:
    return _table(
        "Skill against no change",
        "scores",
        "Of matured forecasts in the ledger; MAE in USD; overlapping targets count once",
        (scores.SCORES_TABLE, "scores"),
        lines=4,
    )


def _events() -> html.Section:
    return _table(
        "What happened meanwhile",
        "events",
        "Trainings, champions, the breaker, other exchanges and outages of this range",
        (scores.EVENTS_TABLE, "events"),
    )


def _chart(name: str) -> html.Div:
    return graph(of(PAGE, f"chart-{name}"), "tile", double_click="autosize")


def _tail() -> html.Section:
    return _table(
        "Tail error beside “no change”",
        "tail",
        "Last out-of-sample forecasts of each model, in USD; R² of the price level",
        ("tail-table", "tail-metrics"),
        lines=4,
    )


def _models() -> html.Section:
    return _table(
        "Models",
        "models",
        "What stands behind the forecasts on screen",
        ("models-table", "models"),
        lines=4,
        class_name="c8",
    )


def _drivers() -> html.Section:
    return _table(
        "What drives the forecast",
        "drivers",
        "Permutation importance: out of sample, extra absolute error when shuffled",
        (importance.TABLE, "importance"),
    )


def _promotions() -> html.Section:
    return _table(
        "Models and promotions",
        "promotions",
        "A challenger takes over only if it is no worse on what neither had seen",
        ("promotions-table", "promotions"),
    )


def _table(
    title: str,
    part: str,
    subtitle: str,
    saved: tuple[str, str],
    lines: int = 3,
    class_name: str = "c12",
) -> html.Section:
    """Return the panel of a table that comes with a paint.

    Parameters
    ----------
    saved : tuple of str
        Id of the table, and the name of the file it is saved as.
    lines : int
        Height reserved until it comes.
    """
    return panel(
        title,
        wide_table(title, states.skeleton(lines), id=of(PAGE, part)),
        subtitle=subtitle,
        tools=[tables.export_button(*saved)],
        class_name=class_name,
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
        ("Hash of the last", html.Code(slot("ledger-head"))),
        ("Outcomes in the ledger", slot("outcomes")),
        ("Hash of the last outcome", html.Code(slot("outcomes-head"))),
        ("All hashes recomputed", slot("checked")),
        ("Oldest forecast left then", slot("begins")),
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
    return _table(
        "Retrain history",
        "retrains",
        "Newest first; tail MAE at the time of training",
        ("retrains-table", "retrains"),
    )


dash.register_page(
    __name__,
    path="/model-health",
    order=1,
    name="Model Health",
    title="Model Health · Market Pulse",
    layout=layout,
)
