"""What every page shares: top bar, footer, tab bar, the reader's stores."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from dash import dcc, html

from components import ids
from components.elements import icon, slot
from components.shortcuts import shortcut_sheet
from components.theme import INDEX

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


def index() -> str:
    """Return the page that everything is put into."""
    return INDEX.replace("{%sheet%}", shortcut_sheet())


def layout(pages: Any) -> html.Div:
    """Return the frame around `pages`, Dash's container of them."""
    skip = html.A("Skip to the page", href="#main", className="skip-link")
    return html.Div(
        [
            skip,
            _top_bar(),
            pages,
            html.Footer(html.P(DISCLAIMER), className="foot"),
            _navigation("tab", "tabbar", "Pages, at the thumb"),
            html.Div(id="toasts", className="toasts", role="status"),
            *_stores(),
        ],
        className="shell",
    )


def _top_bar() -> html.Header:
    brand = html.Div([icon("logo"), html.Span("Market Pulse")], className="brand")
    market = slot("market", "badge-v", title="Which market the figures are from")
    tools = [
        _tool("keys", "Keyboard shortcuts", "keys-button", opens={"dialog": "shortcuts"}),
        _tool("bell", "Alerts and sound", "needs-controls", opens={"fold": "fold-alerts"}),
        _tool("theme", "Change theme", id="theme"),
        _tool("sliders", "Controls", "needs-controls", opens={"fold": "fold-data"}),
    ]
    return html.Header(
        [brand, _navigation("nav", "nav-m", "Pages"), html.Div(className="grow"), market, *tools],
        className="top",
    )


def _tool(
    sign: str,
    label: str,
    class_name: str = "",
    opens: Mapping[str, str] | None = None,
    **given: Any,
) -> html.Button:
    attributes = {f"data-open-{kind}": target for kind, target in (opens or {}).items()}
    return html.Button(
        icon(sign),
        className=f"ibtn {class_name}".strip(),
        title=label,
        **{"aria-label": label, **attributes, **given},
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
        # Of the preferences only what the tick needs.
        dcc.Store(id=ids.CUE_RULE),
        dcc.Store(id=ids.PROFIT_POINTS, storage_type="local"),
        # Hashes of the ledger, see callbacks/witness.py.
        dcc.Store(id=ids.NOTED, storage_type="local"),
        dcc.Store(id=ids.MARKET),
        # Beside the pages: the server is asked of what comes with a page as soon as it opens.
        dcc.Store(id=ids.TYPED),
        dcc.Store(id=ids.TYPED_PAIR),
    ]
