"""Live: price, two forecasts, the chart, the position and the controls."""

from __future__ import annotations

import dash
from dash import dcc, html

from components import cards, chart_panel, controls, cue, position, trade_log
from components.elements import panel
from components.frame import DEFAULT_SPEC, page_frame, read_spec
from components.ids import of
from core.domain import HORIZONS, ForecastSpec

PAGE = "live"


def layout(default: ForecastSpec = DEFAULT_SPEC, /, **query: str) -> html.Div:
    """Return the page for the forecast the address asks for."""
    spec, sentence = read_spec(default, query)
    left = [_first_row(spec), chart_panel.chart_panel(PAGE, spec), position.profit_panel(PAGE)]
    right = [
        position.position_panel(PAGE, spec.ticker),
        controls.control_panel(PAGE, spec),
        _trade_log(),
    ]
    return page_frame(
        PAGE,
        spec,
        sentence,
        dcc.Store(id=of(PAGE, "opened")),
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
        [price, *cells, cue.cue_cell(PAGE)],
        className="panel kpi",
        **{"aria-label": "Price, forecasts and cue"},
    )


def _trade_log() -> html.Section:
    return panel(
        "Trade log",
        trade_log.trade_log(PAGE, compact=True),
        tools=[
            trade_log.csv_button(),
            dcc.Link("All", href="/portfolio", className="s12 all-link"),
        ],
        how=trade_log.HOW,
    )


dash.register_page(
    __name__, path="/", order=0, name="Live", title="Live · Market Pulse", layout=layout
)
