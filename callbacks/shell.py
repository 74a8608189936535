"""The shell: navigation, and how often pages ask. All of it happens in the browser."""

from __future__ import annotations

from dash import Dash, Input, Output, State

from callbacks.clientside import script
from components import ids
from components.ids import control, of
from components.shell import NAVIGATION
from core.forecasting.service import ForecastService
from core.settings import Settings


def register(app: Dash, _service: ForecastService, _settings: Settings) -> None:
    """Register navigation, and the pace of every page."""
    app.clientside_callback(
        script("navigate"),
        *(Output(f"{kind}-{page}", "href") for kind in ("nav", "tab") for page, *_ in NAVIGATION),
        Input(ids.URL, "pathname"),
        Input(ids.URL, "search"),
    )
    app.clientside_callback(
        script("refreshValue"),
        Output(control("refresh"), "value"),
        Input(ids.PREFERENCES, "data"),
    )
    for page in ids.PAGES:
        app.clientside_callback(
            script("pace"),
            Output(of(page, "interval"), "interval"),
            Output(of(page, "interval"), "disabled"),
            Input(ids.PREFERENCES, "data"),
            State(of(page, "interval"), "id"),
        )
