"""Simulated orders: executed here, at the published quote, never at a browser's price.

The server keeps nothing of anybody: an order brings the holdings it is for and gets back
those after it, and the browser keeps them if no other tab traded meanwhile (assets/orders.js).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

from dash import Dash, Input, Output, State, no_update

from callbacks.clientside import script
from callbacks.cue_orders import check_cue
from callbacks.ticks import market_of
from callbacks.visitors import client_address, read_spec_text
from components import ids, states
from components.formatting import decimals, number, signed, utc_text
from components.ids import of
from core.domain import Market, Position, Quote, Trade, provider_title
from core.domain.portfolio import TradedBy
from core.errors import ParameterError, TradeRefused
from core.forecasting.service import QUOTE_TRADABLE_FOR, ForecastService, View
from core.portfolio.stored import (
    holdings_fault,
    holdings_from_stored,
    holdings_to_stored,
    trades_to_stored,
)
from core.portfolio.trading import buy, parse_amount, sell
from core.settings import EngineMode, Settings

PAGES: Final = ("live", "portfolio")
_LONGEST_ID: Final = 40


@dataclass(frozen=True, slots=True)
class Filled:
    """What an order changed: the holdings after it, and the trades made, oldest first."""

    holdings: dict[Market, Position]
    trades: tuple[Trade, ...]


def register(app: Dash, service: ForecastService, settings: Settings) -> None:
    """Register on both pages that take orders: the amount, orders, and the profit curve."""
    for page in PAGES:
        _register_amount(app, page)
        _register_order(app, service, settings.engine, page)
        _register_profit(app, page)


def _register_amount(app: Dash, page: str) -> None:
    app.clientside_callback(
        script("amountText"),
        Output(of(page, "amount"), "value"),
        Input(ids.PREFERENCES, "data"),
        State(of(page, "amount"), "id"),
    )


def _register_order(app: Dash, service: ForecastService, engine: EngineMode, page: str) -> None:
    app.clientside_callback(
        script("ask"),
        Output(of(page, "confirm"), "displayed"),
        Output(of(page, "confirm"), "message"),
        Input(of(page, "invest"), "n_clicks"),
        Input(of(page, "amount"), "n_submit"),
        Input(of(page, "sell"), "n_clicks"),
        Input(of(page, "confirm"), "submit_n_clicks"),
        State(of(page, "amount"), "id"),
        prevent_initial_call=True,
    )

    @app.callback(
        Output(of(page, "filled"), "data"),
        Input(of(page, "order"), "data"),
        State(of(page, "spec"), "data"),
        prevent_initial_call=True,
    )
    def execute(order: object, spec_text: object) -> Any:
        spec = read_spec_text(spec_text)
        if spec is None or not isinstance(order, dict):
            return no_update
        return render_order(service, service.view(spec, client_address()), engine, order)

    app.clientside_callback(
        script("settle"),
        Output(ids.HOLDINGS, "data", allow_duplicate=True),
        Output(ids.TRADES, "data", allow_duplicate=True),
        Output(of(page, "order-message"), "children"),
        Input(of(page, "filled"), "data"),
        prevent_initial_call=True,
    )


def _register_profit(app: Dash, page: str) -> None:
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
    service: ForecastService, view: View, engine: EngineMode, order: dict[str, Any]
) -> dict[str, Any]:
    """Return what became of an order: its id, the sentence, and what it changed if it was filled.

    ``{"id": ..., "say": notice, "holdings": ..., "trades": [...]}``; a refused order has the
    first two only.
    """
    answer = {"id": str(order.get("id"))[:_LONGEST_ID]}
    try:
        fault = holdings_fault(order.get("held"))
        if fault:
            raise TradeRefused(f"What this browser keeps of your position cannot be read: {fault}.")
        holdings = holdings_from_stored(order.get("held"))
        filled = fill(service, view, engine, order, holdings)
    except (TradeRefused, ParameterError) as error:
        return {**answer, "say": states.notice(str(error), "down")}
    sentence = " ".join(trade_sentence(t, holdings.get(t.market)) for t in filled.trades)
    return {
        **answer,
        "say": states.notice(sentence, "acc"),
        "holdings": holdings_to_stored(filled.holdings),
        "trades": trades_to_stored(filled.trades),
    }


def fill(
    service: ForecastService,
    view: View,
    engine: EngineMode,
    order: dict[str, Any],
    holdings: dict[Market, Position],
) -> Filled:
    """Execute an order of the market on screen.

    ``{"kind": "invest", "amount": USD}`` sells what is held, then buys; ``{"kind": "sell"}``
    sells all. Both happen, or neither. ``auto-buy`` and ``auto-sell`` are the same for a cue
    by ``rule``: they buy with nothing held, and sell what the cue is about.

    Raises
    ------
    TradeRefused, ParameterError
        With the sentence for the person.
    """
    market = market_of(view)
    if market is None:
        raise TradeRefused("There is no price to trade at yet; try again in a moment.")
    if order.get("market") not in (None, market):
        raise TradeRefused(f"The {market} market is shown by now: nothing was traded.")
    held = holdings.get(market)
    rest = {m: p for m, p in holdings.items() if m != market}
    match order.get("kind"):
        case "auto-buy":
            check_cue(view, engine, "buy", order.get("rule"), held)
            return _invest(service, view, order, held, rest, "cue")
        case "auto-sell":
            check_cue(view, engine, "sell", order.get("rule"), held)
            return _sell_all(service, view, held, rest, "cue")
        case "sell":
            return _sell_all(service, view, held, rest, "hand")
        case "invest":
            return _invest(service, view, order, held, rest, "hand")
    raise TradeRefused("This is no order that can be executed.")


def _sell_all(
    service: ForecastService,
    view: View,
    held: Position | None,
    rest: dict[Market, Position],
    by: TradedBy,
) -> Filled:
    if held is None:
        raise TradeRefused("There is nothing to sell.")
    return Filled(rest, (_sell_held(service, view, held, by),))


def _invest(
    service: ForecastService,
    view: View,
    order: dict[str, Any],
    held: Position | None,
    rest: dict[Market, Position],
    by: TradedBy,
) -> Filled:
    sold = (_sell_held(service, view, held, by),) if held else ()
    amount = parse_amount(order.get("amount"))
    position, bought = buy(amount, view.quote, view.exchange_now, QUOTE_TRADABLE_FOR, by)
    return Filled({**rest, position.market: position}, (*sold, bought))


def _sell_held(service: ForecastService, view: View, held: Position, by: TradedBy) -> Trade:
    quote = _quote_of(service, view, held.ticker)
    if quote is None:
        raise TradeRefused(f"No price of {held.ticker} is published now; open its page, then sell.")
    return sell(held, quote, view.exchange_now, QUOTE_TRADABLE_FOR, by)


def _quote_of(service: ForecastService, view: View, ticker: str) -> Quote | None:
    return view.quote if ticker == view.spec.ticker else service.quote(ticker)


def trade_sentence(trade: Trade, held: Position | None = None) -> str:
    """Return ``Bought 0.128218 BTC at 77,991.99 USD, quoted 2026-04-21 10:32:04 UTC.``

    A sale of what was `held` also says where it was bought at another provider's price.
    """
    word = "Bought" if trade.side == "buy" else "Sold"
    coin = trade.ticker.removesuffix("-USD")
    price = number(trade.price, decimals(trade.price))
    return (
        f"{word} {number(trade.units, 6)} {coin} at {price} USD, "
        f"quoted {utc_text(trade.quote_time)}.{_realised(trade)}{_other_provider(trade, held)}"
    )


def _realised(trade: Trade) -> str:
    if trade.profit is None:
        return ""
    return f" Revenue {number(trade.amount)} USD, profit {signed(trade.profit)} USD."


def _other_provider(trade: Trade, held: Position | None) -> str:
    if trade.side == "buy" or held is None or held.provider in ("", trade.provider):
        return ""
    bought, sold = provider_title(held.provider), provider_title(trade.provider)
    return f" Bought at {bought}'s price, sold at {sold}'s."
