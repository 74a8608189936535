"""What an unknown address shows."""

from __future__ import annotations

import dash
from dash import dcc, html


def layout(_default: object = None, /, **_query: str) -> html.Main:
    """Return one sentence and a way home."""
    return html.Main(
        [
            html.Div(html.H1("No such page"), className="page-title"),
            html.P(["The pages are in the bar above. ", dcc.Link("Go to Live", href="/")]),
        ],
        id="main",
        className="page",
    )


dash.register_page(__name__, title="No such page · Market Pulse", layout=layout)
