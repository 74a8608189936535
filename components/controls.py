"""Controls that are rarely touched: the forecast, the cue rule, alerts, retraining.

A column of folds beside the charts; on phones a sheet over the page, opened from the top bar.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any, Final

import dash_bootstrap_components as dbc
from dash import dcc, html

from components.alerts import alerts_form, alerts_summary
from components.cue import cue_rule_form
from components.elements import icon, slot
from components.ids import CONTROL_NAMES, control, control_error, of
from core.domain import DEFAULT_TICKERS, PARAMETER_RANGES, ForecastSpec

_LABELS: Final = {
    "ticker": ("Ticker", ""),
    "max_points": ("Candles kept", "newest first"),
    "train_window": ("Train window", "0 = all"),
    "minute_horizon": ("Minute horizon", "min"),
    "long_horizon_steps": ("Long horizon", "× 5 min"),
    "intraday_days": ("Days", "blank = all"),
    "refresh": ("Refresh", "s"),
}
_HOW_DATA: Final = (
    "Which pair is forecast, how far ahead, and from how many candles. Apply opens that forecast; "
    "the engine trains it first where nobody has asked for it yet."
)
_HOW_RETRAIN: Final = (
    "When each model was trained, on how many rows, and its weight: how much of what it says "
    "is added to “no change”. Retraining is for everybody; forecasts go on meanwhile."
)


def ticker_picker(page: str, spec: ForecastSpec) -> html.Div:
    """Return the quick choice of a ticker beside the price."""
    select = dbc.Select(
        id=of(page, "ticker"),
        options=ticker_options(DEFAULT_TICKERS, spec.ticker),
        value=spec.ticker,
        class_name="picker",
    )
    label = html.Label("Ticker", htmlFor=of(page, "ticker"), className="visually-hidden")
    return html.Div([label, select])


def ticker_options(tickers: Sequence[str], current: str) -> list[dict[str, str]]:
    """Return what can be picked: `tickers`, and the one on screen where it is another."""
    listed = [*tickers, *([] if current in tickers else [current])]
    return [{"label": ticker, "value": ticker} for ticker in listed]


def control_panel(page: str, spec: ForecastSpec) -> html.Dialog:
    """Return the folds; assets/dialogs.js keeps them as the reader left them."""
    close = html.Button(
        icon("cross"),
        className="ibtn",
        title="Close",
        **{"aria-label": "Close", "data-close-dialog": "controls"},
    )
    head = html.Div([html.Span("Controls", className="title grow"), close], className="folds-head")
    return html.Dialog(
        [
            head,
            _fold("data", "Data and horizons", _summary(spec), _forecast_form(page, spec)),
            _fold("cue", "Cue rule", slot("cue-preset"), [cue_rule_form(page)]),
            _fold("alerts", "Alerts and sound", alerts_summary(), alerts_form(page, spec)),
            _fold("retrain", "Retrain and models", slot("retrain-summary"), _retrain(page)),
        ],
        id="controls",
        className="panel folds",
        **{"aria-label": "Controls"},
    )


def _fold(name: str, title: str, summary: Any, body: list[Any]) -> html.Details:
    head = html.Summary([html.Span(title), html.Span(summary, className="t3")], className="fold")
    return html.Details([head, html.Div(body, className="fold-body")], id=f"fold-{name}")


def _summary(spec: ForecastSpec) -> str:
    minutes = (spec.horizon_minutes("minute"), spec.horizon_minutes("long"))
    return f"{spec.rows_wanted:,} rows, {minutes[0]} and {minutes[1]} min"


def _forecast_form(page: str, spec: ForecastSpec) -> list[Any]:
    values = {**spec.to_dict(), "refresh": PARAMETER_RANGES["refresh"].default}
    shown = {name: _shown(values[name]) for name in CONTROL_NAMES}
    fields = [_field(name, text) for name, text in shown.items()]
    tickers = html.Datalist([html.Option(value=t) for t in DEFAULT_TICKERS], id="tickers")
    copy = html.Button("Copy link", id=of(page, "copy"), className="btn-m")
    apply = html.Button("Apply", id=of(page, "apply"), className="btn-m pri")
    reset = dcc.Link("Reset", href="/", id=of(page, "reset"), className="btn-m")
    return [
        html.P(_HOW_DATA, className="s12 t2"),
        _watch(page),
        html.Div(fields, className="fields", **{"data-values": json.dumps(shown)}),
        tickers,
        dcc.Store(id=of(page, "control-names"), data=list(CONTROL_NAMES)),
        html.Div([apply, reset, copy], className="buttons"),
    ]


def _watch(page: str) -> html.Div:
    """Return the field for any pair, with what is usual for it."""
    label = html.Label(
        ["Watch another ticker", html.Span("ETH or ETH-USD", className="t3")],
        htmlFor=of(page, "watch"),
    )
    field = dbc.Input(
        id=of(page, "watch"), value="", list="tickers", maxlength=24, class_name="inp"
    )
    button = html.Button("Watch", id=of(page, "watch-go"), className="btn-m")
    return html.Div(
        [
            label,
            html.Div([field, button], className="watch-row"),
            html.Div(id=of(page, "watch-error"), className="field-error", role="alert"),
        ],
        className="field watch",
    )


def _field(name: str, value: str) -> html.Div:
    label, unit = _LABELS[name]
    return html.Div(
        [
            html.Label([label, html.Span(unit, className="t3")], htmlFor=control(name)),
            _input(name, value),
            html.Div(id=control_error(name), className="field-error", role="alert"),
        ],
        className=f"field field-{name}",
    )


def _shown(value: object) -> str:
    return "" if value is None else str(value)


def _input(name: str, value: str) -> dbc.Input:
    if name == "ticker":
        return dbc.Input(
            id=control(name), value=value, list="tickers", maxlength=24, class_name="inp"
        )
    bounds = PARAMETER_RANGES[name]
    low = 0 if name == "train_window" else bounds.low
    return dbc.Input(
        id=control(name),
        type="number",
        value=value,
        min=low,
        max=bounds.high,
        step=1,
        inputmode="numeric",
        class_name="inp",
    )


def _retrain(page: str) -> list[Any]:
    bar = html.Div(html.I(**{"data-slot": "training-bar"}), className="pbar", hidden=True)
    return [
        html.P(_HOW_RETRAIN, className="s12 t2"),
        html.Div(id=of(page, "training"), className="t2 s12"),
        html.Div(
            html.Button("Retrain now", id=of(page, "retrain"), className="btn-m"),
            className="buttons",
        ),
        html.Div(id=of(page, "retrain-answer"), className="s12 t2", role="status"),
        html.Div([slot("training-now", "s12"), bar], className="training-progress"),
    ]
