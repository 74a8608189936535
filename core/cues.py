"""Cues: whether forecasts are worth acting on by a rule, and how far they are from it. Pure."""

from __future__ import annotations

from datetime import datetime
from typing import Literal

from core.domain import Forecast, ModelCard
from core.domain.cues import CueRule, CueSide, Side

WhyNot = Literal["expired", "unscored"]


def judge(
    side: Side,
    rule: CueRule,
    forecast: Forecast,
    model: ModelCard,
    live_price: float,
    now: datetime,
    bought_at: float | None = None,
) -> CueSide | WhyNot:
    """Return what `rule` says of buying on the long forecast, or selling on the minute's.

    Parameters
    ----------
    side : {"buy", "sell"}
    forecast : Forecast
        The long one for buying, the minute's for selling.
    model : ModelCard
        Of that forecast; its MAE is out of sample.
    live_price : float
        USD.
    now : datetime
        The exchange's clock.
    bought_at : float or None
        What was paid per unit of what is held. None: the live price, or the price at issue,
        stands in for it.

    Returns
    -------
    CueSide or str
        ``expired`` where the forecast's target time has passed, ``unscored`` where the
        model's error is not known yet.
    """
    if forecast.target_time <= now:
        return "expired"
    if model.tail is None:
        return "unscored"
    present = live_price if rule.against == "live" else forecast.price_at_issue
    reference = present if side == "buy" or bought_at is None else bought_at
    factor = rule.buy_factor if side == "buy" else rule.sell_factor
    return CueSide(
        side=side,
        value=forecast.point - rule.mae_weight * model.tail.model.mae,
        bar=factor * reference,
        reference=reference,
        # Of "no change" the error is the move.
        typical_move=model.tail.random_walk.mae,
        issued_at=forecast.issued_at,
        stands_in=side == "sell" and bought_at is None,
    )
