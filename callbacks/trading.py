"""Simulated orders: executed here, at the published quote, never at a browser's price."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from dash import Dash, Input, Output, State, no_update

from callbacks.clientside import script
from callbacks.ticks import market_of
from callbacks.visitors import client_address, read_spec_text
from components import ids, states
from components.formatting import decimals, number, provider_name, signed, utc_text
from components.ids import of
from core.domain import Market, Position, Quote, Trade
from core.errors import ParameterError, TradeRefused
from core.forecasting.service import QUOTE_TRADABLE_FOR, ForecastService, View
from core.portfolio.stored import holdings_from_stored, holdings_to_stored, trades_to_stored
from core.portfolio.trading import buy, parse_amount, sell
from core.settings import Settings

PAGES = ("live", "portfolio")


@dataclass(frozen=True, slots=True)
class Filled:
    """What an order changed: the holdings after it, and the trades made, oldest first."""

    holdings: dict[Market, Position]
    trades: tuple[Trade, ...]


def register(app: Dash, service: ForecastService, _settings: Settings) -> None:
    """Register orders on both pages that take them, and the trade log."""
    for page in PAGES:
        _register_order(app, service, page)
    app.clientside_callback(
        script("appendTrades"),
        Output(ids.TRADES, "data"),
        Input(ids.TRADE_EVENT, "data"),
        State(ids.TRADES, "data"),
        prevent_initial_call=True,
    )


def _register_order(app: Dash, service: ForecastService, page: str) -> None:
    app.clientside_callback(
        script("order"),
        Output(of(page, "order"), "data"),
        Output(of(page, "confirm"), "displayed"),
        Output(of(page, "confirm"), "message"),
        Input(of(page, "invest"), "n_clicks"),
        Input(of(page, "sell"), "n_clicks"),
        Input(of(page, "confirm"), "submit_n_clicks"),
        State(of(page, "amount"), "id"),
        State(of(page, "tick"), "data"),
        State(ids.HOLDINGS, "data"),
        prevent_initial_call=True,
    )

    @app.callback(
        Output(ids.HOLDINGS, "data", allow_duplicate=True),
        Output(ids.TRADE_EVENT, "data", allow_duplicate=True),
        Output(of(page, "order-message"), "children"),
        Input(of(page, "order"), "data"),
        State(of(page, "spec"), "data"),
        State(ids.HOLDINGS, "data"),
        prevent_initial_call=True,
    )
    def execute(order: object, spec_text: object, stored: object) -> Any:
        spec = read_spec_text(spec_text)
        if spec is None or not isinstance(order, dict):
            return no_update, no_update, no_update
        view = service.view(spec, client_address())
        return render_order(service, view, order, stored)

    app.clientside_callback(
        script("profit"),
        Output(of(page, "profit-chart"), "figure"),
        Output(ids.PROFIT_POINTS, "data", allow_duplicate=True),
        Input(of(page, "tick"), "data"),
        State(ids.HOLDINGS, "data"),
        State(ids.PROFIT_POINTS, "data"),
        State(of(page, "profit-figure"), "data"),
        State(of(page, "profit-chart"), "id"),
        prevent_initial_call=True,
    )


def render_order(
    service: ForecastService, view: View, order: dict[str, Any], stored: object
) -> tuple[Any, Any, Any]:
    """Return (holdings to store, trades made, sentence); refused orders change nothing."""
    holdings = holdings_from_stored(stored)
    try:
        filled = fill(service, view, order, holdings)
    except (TradeRefused, ParameterError) as error:
        return no_update, no_update, states.notice(str(error), "down")
    sentence = " ".join(trade_sentence(t, holdings.get(t.market)) for t in filled.trades)
    event = trades_to_stored(filled.trades)
    return holdings_to_stored(filled.holdings), event, states.notice(sentence, "acc")


def fill(
    service: ForecastService, view: View, order: dict[str, Any], holdings: dict[Market, Position]
) -> Filled:
    """Execute an order of the market on screen.

    ``{"kind": "invest", "amount": USD}`` sells what is held, then buys; ``{"kind":
    "sell"}`` sells all. Both happen, or neither.

    Raises
    ------
    TradeRefused, ParameterError
        With the sentence for the person.
    """
    market = market_of(view)
    if market is None:
        raise TradeRefused("There is no price to trade at yet; try again in a moment.")
    rest = {m: p for m, p in holdings.items() if m != market}
    held = holdings.get(market)
    sold = (_sell_held(service, view, held),) if held else ()
    if order.get("kind") == "sell":
        if not sold:
            raise TradeRefused("There is nothing to sell.")
        return Filled(rest, sold)
    amount = parse_amount(order.get("amount"))
    position, bought = buy(amount, view.quote, view.exchange_now, QUOTE_TRADABLE_FOR)
    return Filled({**rest, position.market: position}, (*sold, bought))


def _sell_held(service: ForecastService, view: View, held: Position) -> Trade:
    quote = _quote_of(service, view, held.ticker)
    if quote is None:
        raise TradeRefused(f"No price of {held.ticker} is published now; open its page, then sell.")
    return sell(held, quote, view.exchange_now, QUOTE_TRADABLE_FOR)


def _quote_of(service: ForecastService, view: View, ticker: str) -> Quote | None:
    return view.quote if ticker == view.spec.ticker else service.quote(ticker)


def trade_sentence(trade: Trade, held: Position | None = None) -> str:
    """Return ``Bought 0.128218 BTC at 77,991.99 USD, quoted 2026-04-21 10:32:04 UTC.``

    A sale of what was `held` also says where it was bought at another provider's price.
    """
    word = "Bought" if trade.side == "buy" else "Sold"
    coin = trade.ticker.removesuffix("-USD")
    price = number(trade.price, decimals(trade.price))
    profit = "" if trade.profit is None else f" Profit {signed(trade.profit)} USD."
    return (
        f"{word} {number(trade.units, 6)} {coin} at {price} USD, "
        f"quoted {utc_text(trade.quote_time)}.{profit}{_other_provider(trade, held)}"
    )


def _other_provider(trade: Trade, held: Position | None) -> str:
    if trade.side == "buy" or held is None or held.provider in ("", trade.provider):
        return ""
    bought, sold = provider_name(held.provider), provider_name(trade.provider)
    return f" Bought at {bought}'s price, sold at {sold}'s."
