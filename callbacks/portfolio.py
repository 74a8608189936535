"""Portfolio, and the short log on Live: the trades this browser keeps, of this market."""

from __future__ import annotations

from typing import Any

from dash import Dash, Input, Output

from callbacks.live import register_tick
from components import ids, tables
from components.ids import of
from core.domain import Market, Trade
from core.forecasting.service import ForecastService
from core.portfolio.stored import trades_from_stored
from core.portfolio.trading import realised
from core.settings import Settings

PAGE = "portfolio"


def register(app: Dash, service: ForecastService, settings: Settings) -> None:
    """Register the tick of Portfolio and both trade logs; logs are redrawn after trades."""
    register_tick(app, service, settings, PAGE)

    @app.callback(
        Output(of(PAGE, "trades"), "children"),
        Output(of(PAGE, "realised"), "children"),
        Input(ids.TRADES, "data"),
        Input(ids.MARKET, "data"),
    )
    def log(stored: object, market: object) -> Any:
        trades = trades_of(market, stored)
        return tables.trades_table(trades), tables.money(realised(trades, market_word(market)))

    @app.callback(
        Output(of("live", "trades"), "children"),
        Input(ids.TRADES, "data"),
        Input(ids.MARKET, "data"),
    )
    def short_log(stored: object, market: object) -> Any:
        return tables.short_trades(trades_of(market, stored))


def market_word(market: object) -> Market:
    """Return the market a page says it shows; live unless it says simulated."""
    return "simulated" if market == "simulated" else "live"


def trades_of(market: object, stored: object) -> list[Trade]:
    """Return the readable trades of one market, oldest first."""
    return [t for t in trades_from_stored(stored) if t.market == market_word(market)]
