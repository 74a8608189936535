"""Live: the tick."""

from __future__ import annotations

from typing import Any

from dash import Dash, Input, Output, State, no_update

from callbacks.answers import plain
from callbacks.clientside import script
from callbacks.crowd import Crowd
from callbacks.ticks import Tick, fitted, live_tick, market_of
from callbacks.visitors import client_address, read_spec_text
from components import ids
from components.ids import of
from core.forecasting.service import ForecastService, View
from core.portfolio.stored import holdings_from_stored
from core.settings import EngineMode, Settings

PAGE = "live"


def register(app: Dash, service: ForecastService, settings: Settings) -> None:
    """Register the tick of Live."""
    register_tick(app, service, settings, PAGE)


def register_tick(app: Dash, service: ForecastService, settings: Settings, page: str) -> None:
    """Register the one interval-driven callback of a page with a position."""
    crowd = Crowd()

    @app.callback(
        Output(of(page, "tick"), "data"),
        Input(of(page, "interval"), "n_intervals"),
        Input(ids.HOLDINGS, "data"),
        Input(ids.CUE_RULE, "data"),
        State(of(page, "spec"), "data"),
    )
    @plain
    def tick(_ticks: object, holdings: object, rule: object, spec_text: object) -> Any:
        spec = read_spec_text(spec_text)
        if spec is None:
            return no_update
        view = service.view(spec, client_address())
        answer = read_tick(service, view, settings.engine, holdings, rule)
        turns_s = crowd.turns_s()
        return fitted({**answer, "turns": turns_s}) if turns_s else answer

    app.clientside_callback(
        script("tick"),
        Output(of(page, "need"), "data"),
        Output(ids.MARKET, "data", allow_duplicate=True),
        Input(of(page, "tick"), "data"),
        State(ids.HOLDINGS, "data"),
        prevent_initial_call=True,
    )


def read_tick(
    service: ForecastService, view: View, engine: EngineMode, stored: object, rule: object = None
) -> Tick:
    """Return the tick of a page for the holdings and the rule of cues that its browser keeps."""
    holdings = holdings_from_stored(stored)
    market = market_of(view)
    held = holdings.get(market) if market else None
    quote = view.quote
    if held is not None and held.ticker != view.spec.ticker:
        quote = service.quote(held.ticker)
    return live_tick(view, engine, holdings, quote, rule)
