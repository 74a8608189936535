"""Live: price, two forecasts, the chart, the position and the controls."""

from __future__ import annotations

import dash
from dash import dcc, html

from components import cards, controls, position, states
from components.elements import graph, legend, panel, slot
from components.frame import DEFAULT_SPEC, page_frame, read_spec
from components.ids import of
from core.domain import HORIZONS, ForecastSpec

PAGE = "live"


def layout(default: ForecastSpec = DEFAULT_SPEC, /, **query: str) -> html.Div:
    """Return the page for the forecast the address asks for."""
    spec, sentence = read_spec(default, query)
    left = [_first_row(spec), _chart(spec), position.profit_panel(PAGE)]
    right = [
        position.position_panel(PAGE),
        controls.control_panel(PAGE, spec),
        _trade_log(),
    ]
    return page_frame(
        PAGE,
        spec,
        sentence,
        html.H1(f"Live forecast of {spec.ticker}", className="visually-hidden"),
        html.Div(
            [html.Div(left, className="col"), html.Div(right, className="col rail")],
            className="grid live",
        ),
    )


def _first_row(spec: ForecastSpec) -> html.Section:
    cells = [
        html.Div(
            cards.forecast_skeleton(spec, horizon),
            id=of(PAGE, f"forecast-{horizon}"),
            className="cell-forecast",
        )
        for horizon in HORIZONS
    ]
    price = cards.price_cell(spec, controls.ticker_picker(PAGE, spec))
    return html.Section(
        [price, *cells], className="panel kpi", **{"aria-label": "Price and forecasts"}
    )


def _chart(spec: ForecastSpec) -> html.Section:
    minutes = spec.horizon_minutes("long")
    lines = legend(
        [
            ("Price", "", "--ch-actual"),
            ("Forecast", "dash", "--ch-forecast"),
            (f"80 % band, {minutes} min before", "blk", "--ch-band-80"),
            ("No change", "dots", "--ch-rw"),
        ]
    )
    return panel(
        "Live vs predicted",
        lines,
        html.Div(
            [
                graph(of(PAGE, "chart"), "main"),
                html.Div(slot("tag"), className="price-tag"),
                states.progress_panel(),
            ],
            className="chart-box",
        ),
        subtitle=html.Span(id=of(PAGE, "subtitle")),
        tools=[_ranges()],
        class_name="chart-panel",
    )


def _ranges() -> html.Div:
    buttons = [
        html.Button(f"{hours} h", **{"data-hours": str(hours), "aria-pressed": "false"})
        for hours in (1, 3, 8)
    ]
    return html.Div(
        buttons, className="seg", role="group", id=of(PAGE, "ranges"), **{"aria-label": "Range"}
    )


def _trade_log() -> html.Section:
    return panel(
        "Trade log",
        html.Div(id=of(PAGE, "trades"), className="trade-log"),
        tools=[dcc.Link("All", href="/portfolio", className="s12")],
    )


dash.register_page(
    __name__, path="/", order=0, name="Live", title="Live · Market Pulse", layout=layout
)
