"""Portfolio: its tick and what sales earned; and the trade logs of both pages that have one."""

from __future__ import annotations

from typing import Any

from dash import Dash, Input, Output, State

from callbacks.clientside import script
from callbacks.live import register_tick
from components import ids, tables
from components.ids import of
from core.domain import Market
from core.forecasting.service import ForecastService
from core.portfolio.stored import trades_from_stored
from core.portfolio.trading import realised
from core.settings import Settings

PAGE = "portfolio"


def register(app: Dash, service: ForecastService, settings: Settings) -> None:
    """Register the tick of Portfolio and both trade logs; logs are redrawn after trades."""
    register_tick(app, service, settings, PAGE)

    @app.callback(
        Output(of(PAGE, "realised"), "children"),
        Input(ids.TRADES, "data"),
        Input(ids.MARKET, "data"),
    )
    def earned(stored: object, market: object) -> Any:
        return render_realised(stored, market)

    for page in ("live", PAGE):
        app.clientside_callback(
            script("showTrades"),
            Output(of(page, "trades"), "children"),
            Input(ids.TRADES, "data"),
            Input(ids.MARKET, "data"),
            State(of(page, "trades-parts"), "data"),
        )


def render_realised(stored: object, market: object) -> Any:
    """Return the profit in USD of all kept sales of the market that a page says it shows."""
    shown: Market = "simulated" if market == "simulated" else "live"
    return tables.money(realised(trades_from_stored(stored), shown))
