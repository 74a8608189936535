"""Portfolio: the simulated position, what it earned, and every trade."""

from __future__ import annotations

import dash
from dash import html

from components import position, trade_log
from components.elements import panel, pill, slot
from components.frame import DEFAULT_SPEC, page_frame, read_spec
from components.ids import of
from core.domain import ForecastSpec

PAGE = "portfolio"


def layout(default: ForecastSpec = DEFAULT_SPEC, /, **query: str) -> html.Div:
    """Return the page; the address names the coin that the buttons buy."""
    spec, sentence = read_spec(default, query)
    title = html.Div(
        [html.H1("Portfolio"), pill("simulated money"), pill(spec.ticker)], className="page-title"
    )
    left = [_totals(), position.profit_panel(PAGE), _log()]
    return page_frame(
        PAGE,
        spec,
        sentence,
        title,
        html.Div(
            [
                html.Div(left, className="col"),
                html.Div([position.position_panel(PAGE)], className="col rail"),
            ],
            className="grid live",
        ),
    )


def _totals() -> html.Section:
    cells = [
        ("Value", slot("value", "fig")),
        ("Invested", slot("invested", "fig")),
        ("Unrealised", slot("profit", "fig")),
        ("Realised", html.Span(id=of(PAGE, "realised"), className="fig")),
    ]
    return html.Section(
        [html.Div([html.Div(name, className="lab"), figure]) for name, figure in cells],
        className="panel totals",
        **{"aria-label": "Totals"},
    )


def _log() -> html.Section:
    return panel(
        "Trade log",
        trade_log.trade_log(PAGE, compact=False),
        subtitle="Filled at published prices, newest first; kept in this browser only",
        tools=[trade_log.csv_button()],
        how=trade_log.HOW,
    )


dash.register_page(
    __name__,
    path="/portfolio",
    order=2,
    name="Portfolio",
    title="Portfolio · Market Pulse",
    layout=layout,
)
