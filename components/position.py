"""The panel "My position" and its profit chart. Money is simulated; figures come with the tick."""

from __future__ import annotations

from typing import Any, Final

import dash_bootstrap_components as dbc
from dash import dcc, html

from components import states
from components.elements import graph, icon, pairs, panel, pill, slot
from components.ids import of
from components.small_charts import profit_figure

_HOW_POSITION: Final = (
    "Simulated money. “Set investment” buys at the price the server published in the last ten "
    "seconds, in full and without fees. Profit = units × price now − invested. It is kept in this "
    "browser only."
)
_HOW_PROFIT: Final = (
    "One point at every refresh: units × live price − invested, in USD. Time that this page was "
    "closed, hidden or paused is left out, not guessed. Old points thin out on a long day."
)


def position_panel(page: str, cue_ticker: str = "") -> html.Section:
    """Return profit first, four figures, one amount and what the buttons will do.

    Parameters
    ----------
    cue_ticker : str
        The coin whose cues may be traded on this page; empty where none are.
    """
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
        _damage(),
        held,
        none,
        html.P(slot("elsewhere"), className="elsewhere s12"),
        *_order_form(page),
        _auto_trade(cue_ticker) if cue_ticker else None,
        tools=[pill("simulated money")],
        how=_HOW_POSITION,
        class_name="position",
        id="position",
        **{"data-held": "no"},
    )


def _damage() -> html.Div:
    """Return what is said where the browser's own copy cannot be read, and the ways out."""
    return html.Div(
        [
            html.P([icon("alert", "down"), slot("damage")], className="msg"),
            html.P(
                "Nothing is traded and nothing is thrown away until you choose.", className="t2"
            ),
            html.Div(
                [
                    html.Button("Download it", className="btn-m", **{"data-damage": "download"}),
                    html.Button("Start afresh", className="btn-m", **{"data-damage": "afresh"}),
                ],
                className="buttons",
            ),
        ],
        className="damage s12",
        role="alert",
    )


def _auto_trade(ticker: str) -> html.Div:
    switch = html.Button(
        html.I(**{"aria-hidden": "true"}),
        className="switch",
        role="switch",
        **{
            "aria-checked": "false",
            "aria-labelledby": "auto-label",
            "aria-describedby": "auto-what",
            "data-wish": "auto",
        },
    )
    what = (
        "A cue to buy invests the amount if nothing is held; a cue to sell sells what is held "
        "of this coin. Simulated money, only while this page is looked at."
    )
    return html.Div(
        [
            html.Div(
                [
                    switch,
                    html.Span("Trade the cues for me", id="auto-label", className="m"),
                    slot("auto-state", "t2 s12 auto-state", role="status"),
                ],
                className="auto-row",
            ),
            html.P(what, id="auto-what", className="t3 s12"),
        ],
        className="auto",
        **{"data-ticker": ticker},
    )


def _order_form(page: str) -> list[Any]:
    # A text field: it shows "10,000.00", and what is typed reaches the server as typed.
    amount = dbc.Input(
        id=of(page, "amount"),
        value="10,000.00",
        maxlength=16,
        inputmode="decimal",
        autocomplete="off",
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
        dcc.Store(id=of(page, "filled")),
    ]


def profit_panel(page: str) -> html.Section:
    """Return the profit chart: a point every refresh since the purchase, where it is valued."""
    return panel(
        slot("profit-title"),
        html.Div(graph(of(page, "profit-chart"), "sub"), className="when-held when-valued"),
        states.empty("Not valued now", slot("no-curve"), "when-unvalued"),
        states.empty("No position yet", "A point is added at every refresh.", "when-flat"),
        dcc.Store(id=of(page, "profit-figure"), data=profit_figure()),
        subtitle=slot("profit-subtitle"),
        how=_HOW_PROFIT,
        class_name="profit",
        **{"data-held": "no"},
    )
