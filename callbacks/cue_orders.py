"""Orders that a cue gives: whether it still fires is judged again, from what is published here."""

from __future__ import annotations

from callbacks.conditions import condition
from callbacks.cues import rule_of
from callbacks.ticks import CURRENT
from core.cues import judge
from core.domain import CueSide, Horizon, Position, Side
from core.errors import TradeRefused
from core.forecasting.service import View
from core.portfolio.trading import can_mark
from core.settings import EngineMode


def check_cue(
    view: View, engine: EngineMode, side: Side, rule_text: object, held: Position | None
) -> None:
    """Let an order of a cue pass, if the cue fires by the reader's rule and the order is due.

    Raises
    ------
    TradeRefused
        With the sentence for the person.
    """
    word = {"buy": "Bought", "sell": "Sold"}[side]
    if side == "buy" and held is not None:
        raise TradeRefused("The cue to buy came while a coin is held: nothing was traded.")
    if side == "sell" and not (held and view.quote and can_mark(held, view.quote)):
        raise TradeRefused("The cue to sell came with nothing of this coin held here.")
    if not _fires(view, engine, side, rule_text, held):
        raise TradeRefused(f"{word} nothing: the cue to {side} does not fire on the server.")


def _fires(
    view: View, engine: EngineMode, side: Side, rule_text: object, held: Position | None
) -> bool:
    snapshot, quote = view.snapshot, view.quote
    if snapshot is None or quote is None or condition(view, engine)[0] not in CURRENT:
        return False
    horizon: Horizon = "long" if side == "buy" else "minute"
    forecast, model = snapshot.forecasts.get(horizon), snapshot.models.get(horizon)
    if forecast is None or model is None:
        return False
    paid = held.price if held else None
    told = judge(side, rule_of(rule_text), forecast, model, quote.price, view.exchange_now, paid)
    return isinstance(told, CueSide) and told.fires
