"""Profit against a slow account kept in exact fractions, over random sequences of orders."""

from __future__ import annotations

import json
import random
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from fractions import Fraction

import pytest

from core.domain import Position, Quote, Trade
from core.portfolio.stored import (
    holdings_from_stored,
    holdings_to_stored,
    trades_from_stored,
    trades_to_stored,
)
from core.portfolio.trading import buy, mark, realised, sell

START = datetime(2026, 4, 21, 12, 0, tzinfo=UTC)
TEN_SECONDS = timedelta(seconds=10)


def quotes(draw: random.Random, count: int) -> list[Quote]:
    """Return a random walk of prices, one every three seconds."""
    price = draw.choice([0.08, 2.5, 3_100.0, 78_000.0])
    walk = []
    for step in range(count):
        price *= 1 + draw.gauss(0, 0.01)
        at = START + timedelta(seconds=3 * step)
        walk.append(Quote("BTC-USD", price, at, "binance", "live"))
    return walk


def naive_account(
    orders: list[tuple[str, float]], prices: list[float]
) -> tuple[list[Fraction], Fraction]:
    """Return the unrealised profit at every price held through, and all that was realised."""
    units, paid, earned, points = Fraction(0), Fraction(0), Fraction(0), []
    for (kind, amount), price in zip(orders, prices, strict=True):
        exact = Fraction(price)
        if kind != "wait" and units:
            earned += units * exact - paid
            units = paid = Fraction(0)
        if kind == "invest":
            paid, units = Fraction(amount), Fraction(amount) / exact
        if units:
            points.append(units * exact - paid)
    return points, earned


def through_the_browser(position: Position | None, trades: list[Trade]) -> Position | None:
    """Return the position as it comes back from where it is kept, and check the log's way."""
    assert trades_from_stored({"v": 1, "list": json.loads(json.dumps(trades_to_stored(trades)))})
    stored = json.dumps(holdings_to_stored({"live": position} if position else {}))
    return holdings_from_stored(json.loads(stored)).get("live")


@pytest.mark.parametrize("seed", range(300))
def test_profit_is_what_a_slow_account_says(seed: int) -> None:
    draw = random.Random(seed)
    walk = quotes(draw, 60)
    orders = [
        (draw.choice(["invest", "sell", *["wait"] * 6]), round(draw.uniform(1, 50_000), 2))
        for _ in walk
    ]
    position: Position | None = None
    trades: list[Trade] = []
    points: list[float] = []
    for (kind, amount), quote in zip(orders, walk, strict=True):
        now = quote.time + timedelta(seconds=1)
        if kind != "wait" and position is not None:
            trades.append(sell(position, quote, now, TEN_SECONDS))
            position = None
        if kind == "invest":
            position, bought = buy(amount, quote, now, TEN_SECONDS)
            trades.append(bought)
            position = through_the_browser(position, trades[-500:])
        if position is not None:
            points.append(mark(position, quote.price).profit)
    expected, earned = naive_account(orders, [quote.price for quote in walk])
    assert points == pytest.approx([float(point) for point in expected], rel=1e-9, abs=1e-6)
    assert realised(trades, "live") == pytest.approx(float(earned), rel=1e-9, abs=1e-6)
    elsewhere = [replace(trade, market="simulated") for trade in trades]
    assert realised(elsewhere, "live") == 0
