"""The fold "Alerts and sound": a form, the reader's alerts, two switches. See assets/alerts.js."""

from __future__ import annotations

from typing import Any

import dash_bootstrap_components as dbc
from dash import html

from components.elements import slot
from components.ids import of
from core.domain import ForecastSpec


def alerts_form(page: str, spec: ForecastSpec) -> list[Any]:
    """Return the fold's content; what the list holds is written by the browser that keeps it."""
    fields = html.Div([_ticker(page, spec), _side(page), _price(page)], className="alert-fields")
    add = html.Button("Add alert", id=of(page, "alert-add"), className="btn-m")
    return [
        html.P(
            "Told once, when the live price of the pair on screen gets there. "
            "Kept in this browser only.",
            className="s12 t2",
        ),
        fields,
        html.Div(id=of(page, "alert-error"), className="field-error", role="alert"),
        html.Div(add, className="buttons"),
        html.Ul(className="alerts", **{"data-slot": "alerts", "aria-label": "Your alerts"}),
        _switch("sound", "Sound", slot("sound-hint", "s12 t3")),
        _switch(
            "notify",
            "Browser notification",
            html.Span("Also while this page is hidden, if it is open", className="s12 t3"),
        ),
        html.Div(id=of(page, "alert-notify-answer"), className="field-error", role="status"),
    ]


def alerts_summary() -> html.Span:
    """Return what the fold says of itself while it is shut."""
    return slot("alerts-summary")


def _field(page: str, name: str, label: str, control: Any) -> html.Div:
    return html.Div(
        [html.Label(label, htmlFor=of(page, f"alert-{name}")), control], className="field"
    )


def _ticker(page: str, spec: ForecastSpec) -> html.Div:
    control = dbc.Input(
        id=of(page, "alert-ticker"),
        value=spec.ticker,
        list="tickers",
        maxlength=24,
        class_name="inp",
    )
    return _field(page, "ticker", "Alert for", control)


def _side(page: str) -> html.Div:
    options = [{"label": "above", "value": "above"}, {"label": "below", "value": "below"}]
    control = dbc.Select(
        id=of(page, "alert-side"), options=options, value="above", class_name="inp"
    )
    return _field(page, "side", "is", control)


def _price(page: str) -> html.Div:
    control = dbc.Input(
        id=of(page, "alert-price"), inputmode="decimal", maxlength=20, class_name="inp"
    )
    return _field(page, "price", "Price, USD", control)


def _switch(name: str, label: str, hint: html.Span) -> html.Div:
    button = html.Button(
        html.I(),
        className="switch",
        role="switch",
        **{"data-slot": f"wish-{name}", "aria-checked": "false", "aria-label": label},
    )
    return html.Div(
        [html.Span([html.B(label), html.Br(), hint]), button],
        className="switch-row",
    )
