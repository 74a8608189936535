"""The panel "My position" and its profit chart. Money is simulated; figures come with the tick."""

from __future__ import annotations

from typing import Any

import dash_bootstrap_components as dbc
from dash import dcc, html

from components import states
from components.elements import graph, pairs, panel, pill, slot
from components.ids import of
from components.small_charts import profit_figure


def position_panel(page: str) -> html.Section:
    """Return profit first, four figures, one amount and what the buttons will do."""
    held = html.Div(
        [
            html.Div([slot("profit", "fig"), slot("profit-share", "s12")], className="cell-row"),
            html.P(slot("not-valued"), className="not-valued s12"),
            pairs(
                [
                    ("Value now", slot("value")),
                    ("Invested", slot("invested")),
                    ("Units", slot("units")),
                    (html.Span(["Bought at ", slot("bought-at")]), slot("bought-price")),
                ]
            ),
        ],
        className="when-held",
    )
    none = states.empty(
        "No position yet",
        "Set an amount and watch what it would have earned. No real money moves.",
        "when-flat",
    )
    return panel(
        "My position",
        held,
        none,
        *_order_form(page),
        tools=[pill("simulated money")],
        class_name="position",
        id="position",
        **{"data-held": "no"},
    )


def _order_form(page: str) -> list[Any]:
    amount = dbc.Input(
        id=of(page, "amount"),
        type="number",
        value=10_000,
        min=1,
        max=10_000_000,
        step="any",
        debounce=False,
        persistence=True,
        inputmode="decimal",
        class_name="inp",
    )
    field = html.Div(
        [html.Span("$", className="u", **{"aria-hidden": "true"}), amount], className="money"
    )
    return [
        html.Div(
            [
                html.Label(
                    "Amount in USD", htmlFor=of(page, "amount"), className="visually-hidden"
                ),
                field,
                html.Button("Set investment", id=of(page, "invest"), className="btn-m pri"),
            ],
            className="order",
        ),
        html.Button(slot("sell-text"), id=of(page, "sell"), className="btn-m wide when-held"),
        html.Div(id=of(page, "order-message"), className="order-message s12", role="status"),
        dcc.ConfirmDialog(id=of(page, "confirm")),
        dcc.Store(id=of(page, "order")),
    ]


def profit_panel(page: str) -> html.Section:
    """Return the profit chart: a point every refresh since the purchase."""
    return panel(
        slot("profit-title"),
        html.Div(graph(of(page, "profit-chart"), "sub"), className="when-held"),
        states.empty("No position yet", "A point is added at every refresh.", "when-flat"),
        dcc.Store(id=of(page, "profit-figure"), data=profit_figure()),
        subtitle=slot("profit-subtitle"),
        class_name="profit",
        **{"data-held": "no"},
    )
