"""Made moments of a market and a reader, and what the cue rule says of each, worked out slowly.

Written from the rule's own words, with none of the application's functions: buy where the long
forecast less w times its MAE is above b times the reference price; sell where the minute's
forecast less w times its MAE is above s times what was paid, or, with nothing bought, the price
that buying compares with.
"""

from __future__ import annotations

import random
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any

from core.domain import Forecast, Losses, Market, ModelCard, Position, Quote, TailScore
from core.forecasting.service import View
from tests.web.conftest import NOW

RULES = (
    "1,1.5,1.2,live",
    "0,0.5,0.5,live",
    "0,1,1,live",
    "1,0.998,0.999,live",
    "1,1.002,1.002,issue",
    "0,1,1,issue",
    "0.5,0.999,1.001,issue",
)
HORIZONS = {"buy": "long", "sell": "minute"}


@dataclass(frozen=True)
class Moment:
    """What one tick sees. Prices and errors are USD."""

    rule: str
    price: float
    at_issue: float
    points: Mapping[str, float]
    maes: Mapping[str, float | None]
    no_change: Mapping[str, float]
    paid: float | None
    quote_age_s: float
    since_issue_s: float

    def typical(self, side: str) -> float:
        return self.no_change[HORIZONS[side]]

    def holdings(self) -> dict[Market, Position]:
        if self.paid is None:
            return {}
        bought = NOW - timedelta(hours=1)
        return {"live": Position("live", "BTC-USD", 1.0, self.paid, self.paid, bought, "binance")}

    def view(self, of: View) -> View:
        """Return `of` with this moment's forecasts, errors and quote."""
        assert of.snapshot is not None
        issued = of.exchange_now - timedelta(seconds=self.since_issue_s)
        snapshot = replace(
            of.snapshot,
            forecasts={h: self._forecast(h, issued) for h in ("minute", "long")},
            models={h: self._model(of.snapshot.models[h]) for h in ("minute", "long")},
        )
        quoted = of.exchange_now - timedelta(seconds=self.quote_age_s)
        quote = Quote("BTC-USD", self.price, quoted, "binance", "live")
        return replace(of, snapshot=snapshot, quote=quote)

    def _forecast(self, horizon: Any, issued: Any) -> Forecast:
        target = issued + timedelta(minutes=1 if horizon == "minute" else 45)
        return Forecast(horizon, issued, target, self.at_issue, self.points[horizon], None)

    def _model(self, card: ModelCard) -> ModelCard:
        mae = self.maes[card.horizon]
        if mae is None:
            return replace(card, tail=None)
        own, none = (Losses(m, m * m, m, 0.0) for m in (mae, self.no_change[card.horizon]))
        return replace(card, tail=TailScore(100, own, none))


@dataclass(frozen=True)
class Expected:
    """What the rule says of one side, USD."""

    fires: bool
    gap: float
    reference: float
    stands_in: bool


def naive_side(moment: Moment, side: str) -> Expected | str:
    """Return what the words of the rule say of `side`, or why they say nothing."""
    horizon = HORIZONS[side]
    lasts_s = 60 if horizon == "minute" else 2_700
    if moment.since_issue_s >= lasts_s:
        return "expired"
    mae = moment.maes[horizon]
    if mae is None:
        return "unscored"
    w, b, s, against = moment.rule.split(",")
    reference = moment.price if against == "live" else moment.at_issue
    if side == "sell" and moment.paid is not None:
        reference = moment.paid
    forecast = moment.points[horizon] - float(w) * mae
    bar = float(b if side == "buy" else s) * reference
    return Expected(forecast > bar, bar - forecast, reference, side == "sell" and not moment.paid)


def moments(count: int, seed: int, rule: str | None = None) -> Iterator[Moment]:
    """Yield moments near the line as well as far from it; the same for the same seed."""
    draw = random.Random(seed)
    for _ in range(count):
        price = round(78_000 * (1 + draw.gauss(0, 0.004)), 2)
        at_issue = round(price * (1 + draw.gauss(0, 0.001)), 2)
        unscored = draw.random() < 0.08
        yield Moment(
            rule=rule or draw.choice(RULES),
            price=price,
            at_issue=at_issue,
            points={
                "minute": at_issue * (1 + draw.gauss(0, 0.001)),
                "long": at_issue * (1 + draw.gauss(0, 0.004)),
            },
            maes={
                "minute": None if unscored else draw.uniform(10, 30),
                "long": None if unscored else draw.uniform(100, 300),
            },
            no_change={"minute": draw.uniform(10, 30), "long": draw.uniform(100, 300)},
            paid=None if draw.random() < 0.5 else round(price * (1 + draw.gauss(0, 0.002)), 2),
            quote_age_s=draw.choice((0.0, 1.0, 3.0, 14.0, 16.0)),
            since_issue_s=draw.choice((0.0, 8.0, 59.0, 60.0, 61.0, 2_699.0, 2_700.0)),
        )
