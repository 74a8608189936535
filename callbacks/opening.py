"""The first layout of a visit: its page is in it, with what is published by then.

Dash's router asks for a page in a second request, after the frame was drawn; a page would then
ask for its figures in a third. The address stands in the request for the layout, so all three are
answered at once. Where it does not (a browser may be told to keep it to itself), the router goes on
as ever.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import parse_qsl, urlsplit

import dash
from dash import dcc, html
from dash.development.base_component import Component
from flask import Flask, Response, has_request_context, request

from callbacks.live import read_tick
from callbacks.live_paint import render_cell
from callbacks.visitors import client_address
from components import shell
from components.ids import of
from core.domain import HORIZONS, ForecastSpec
from core.forecasting.service import ForecastService, View
from core.settings import Settings

LAYOUT_PATH: Final = "/_dash-layout"
_LIVE: Final = "live"


@dataclass(frozen=True, slots=True)
class Address:
    """A page of ours, and what its address asks for. `search` is as it stands there.

    Of a parameter that is given twice the first counts, as for scripts of the page.
    """

    page: Mapping[str, Any]
    path: str
    search: str

    @property
    def query(self) -> dict[str, str]:
        once: dict[str, str] = {}
        for name, text in parse_qsl(self.search.removeprefix("?")):
            once.setdefault(name, text)
        return once


def read_address(address: str | None, host: str) -> Address | None:
    """Return the page of `address`; None where it is not a page of `host`, or is not told."""
    try:
        parts = urlsplit(address or "")
    except ValueError:
        return None
    if parts.netloc != host:
        return None
    for page in dash.page_registry.values():
        if page["path"] == parts.path:
            return Address(page, parts.path, f"?{parts.query}" if parts.query else "")
    return None


def first_layout(service: ForecastService, settings: Settings) -> html.Div:
    """Return the frame with the page that the request for it comes from."""
    address = read_address(request.referrer, request.host) if has_request_context() else None
    if address is None:
        return shell.layout(dash.page_container)
    page = address.page["layout"](**address.query)
    if address.path == "/":
        _show_published(page, service, settings)
    return shell.layout(_page_container(address, page))


def _page_container(address: Address, page: Component) -> html.Div:
    """Return Dash's container of pages with `page` in it, known to the router as routed."""
    return html.Div(
        [
            dcc.Location(
                id="_pages_location",
                pathname=address.path,
                search=address.search,
                refresh="callback-nav",
            ),
            html.Div(page, id="_pages_content", disable_n_clicks=True),
            dcc.Store(id="_pages_store", data={"title": address.page["title"]}),
            html.Div(id="_pages_dummy", disable_n_clicks=True),
        ]
    )


def _show_published(page: Component, service: ForecastService, settings: Settings) -> None:
    """Put the forecasts into Live, and beside them the tick that belongs to them."""
    spec = ForecastSpec.from_text(page[of(_LIVE, "spec")].data)
    view = service.view(spec, client_address())
    if view.snapshot is None or view.switching:
        return
    for horizon in HORIZONS:
        page[of(_LIVE, f"forecast-{horizon}")].children = render_cell(view.snapshot, horizon)
    setattr(page, "data-first", json.dumps(_first_tick(service, view, settings)))


def _first_tick(service: ForecastService, view: View, settings: Settings) -> dict[str, Any]:
    """Return the tick of a visitor of whom nothing is known yet."""
    return read_tick(service, view, settings.engine, None)


def attach(server: Flask) -> None:
    """Let no browser keep a layout: it holds figures, and depends on the page it is for."""

    @server.after_request
    def forget(response: Response) -> Response:
        if request.path.endswith(LAYOUT_PATH):
            response.headers["Cache-Control"] = "no-store"
        return response
