"""What every page shares: top bar, footer, tab bar, the reader's stores."""

from __future__ import annotations

from typing import Any, Final

import dash
from dash import dcc, html

from components import ids
from components.elements import icon, slot

# (page, path, label, icon)
NAVIGATION: Final = (
    ("live", "/", "Live", "pulse"),
    ("health", "/model-health", "Model Health", "shield"),
    ("portfolio", "/portfolio", "Portfolio", "pie"),
)
DISCLAIMER: Final = (
    "A demonstration. Positions are simulated money: no order is ever sent to an exchange. "
    "Forecasts are often wrong, and nothing here is financial advice."
)


def layout() -> html.Div:
    """Return the frame around the pages."""
    skip = html.A("Skip to the page", href="#main", className="skip-link")
    return html.Div(
        [
            skip,
            _top_bar(),
            dash.page_container,
            html.Footer(html.P(DISCLAIMER), className="foot"),
            _navigation("tab", "tabbar", "Pages, at the thumb"),
            *_stores(),
        ],
        className="shell",
    )


def _top_bar() -> html.Header:
    brand = html.Div([icon("logo"), html.Span("Market Pulse")], className="brand")
    market = slot("market", "badge-v", title="Which market the figures are from")
    theme = html.Button(
        icon("theme"),
        id="theme",
        className="ibtn",
        title="Theme",
        **{"aria-label": "Change theme"},
    )
    return html.Header(
        [brand, _navigation("nav", "nav-m", "Pages"), html.Div(className="grow"), market, theme],
        className="top",
    )


def _navigation(kind: str, class_name: str, label: str) -> html.Nav:
    links = [
        dcc.Link(
            [icon(sign), html.Span(text)],
            href=path,
            id=f"{kind}-{page}",
            className="nav-link-m",
        )
        for page, path, text, sign in NAVIGATION
    ]
    return html.Nav(links, className=class_name, **{"aria-label": label})


def _stores() -> list[Any]:
    return [
        dcc.Location(id=ids.URL, refresh="callback-nav"),
        dcc.Store(id=ids.HOLDINGS, storage_type="local"),
        dcc.Store(id=ids.TRADES, storage_type="local"),
        dcc.Store(id=ids.PREFERENCES, storage_type="local"),
        dcc.Store(id=ids.PROFIT_POINTS, storage_type="session"),
        dcc.Store(id=ids.TRADE_EVENT),
        dcc.Store(id=ids.MARKET),
    ]
