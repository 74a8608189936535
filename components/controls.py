"""Controls that are rarely touched: parameters of the forecast, refresh, retraining."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

import dash_bootstrap_components as dbc
from dash import dcc, html

from components.elements import slot
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


def control_panel(page: str, spec: ForecastSpec) -> html.Section:
    """Return the folds: data and horizons, retraining."""
    return html.Section(
        [
            _fold("Data and horizons", _summary(spec), _form(spec), open_=False),
            _fold("Retrain and models", slot("retrain-summary"), _retrain(page), open_=False),
        ],
        className="panel folds",
        **{"aria-label": "Controls"},
    )


def _fold(title: str, summary: Any, body: list[Any], open_: bool) -> html.Details:
    head = html.Summary([html.Span(title), html.Span(summary, className="t3")], className="fold")
    return html.Details([head, html.Div(body, className="fold-body")], open=open_)


def _summary(spec: ForecastSpec) -> str:
    minutes = (spec.horizon_minutes("minute"), spec.horizon_minutes("long"))
    return f"{spec.rows_wanted:,} rows, {minutes[0]} and {minutes[1]} min"


def _form(spec: ForecastSpec) -> list[Any]:
    values = {**spec.to_dict(), "refresh": None}
    fields = [_field(name, values[name]) for name in CONTROL_NAMES]
    tickers = html.Datalist([html.Option(value=t) for t in DEFAULT_TICKERS], id="tickers")
    apply = html.Button("Apply", id=of("live", "apply"), className="btn-m pri")
    reset = dcc.Link("Reset", href="/", className="btn-m")
    return [
        html.Div(fields, className="fields"),
        tickers,
        dcc.Store(id=of("live", "control-names"), data=list(CONTROL_NAMES)),
        dcc.Store(id=of("live", "typed")),
        html.Div([apply, reset], className="buttons"),
    ]


def _field(name: str, value: object) -> html.Div:
    label, unit = _LABELS[name]
    return html.Div(
        [
            html.Label([label, html.Span(unit, className="t3")], htmlFor=control(name)),
            _input(name, value),
            html.Div(id=control_error(name), className="field-error", role="alert"),
        ],
        className=f"field field-{name}",
    )


def _input(name: str, value: object) -> dbc.Input:
    shown = "" if value is None else str(value)
    if name == "ticker":
        return dbc.Input(
            id=control(name), value=shown, list="tickers", maxlength=24, class_name="inp"
        )
    bounds = PARAMETER_RANGES[name]
    low = 0 if name == "train_window" else bounds.low
    return dbc.Input(
        id=control(name),
        type="number",
        value=shown,
        min=low,
        max=bounds.high,
        step=1,
        inputmode="numeric",
        class_name="inp",
    )


def _retrain(page: str) -> list[Any]:
    return [
        html.Div(id=of(page, "training"), className="t2 s12"),
        html.Button("Retrain now", id=of(page, "retrain"), className="btn-m"),
        html.Div(id=of(page, "retrain-answer"), className="s12 t2", role="status"),
        html.Div(slot("training-now"), className="s12"),
    ]
