"""The coins of the simulated market: a shared factor and their own, made into candles."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import lru_cache
from typing import Final, Literal

import numpy as np
import pandas as pd

from core.exchanges.simulated_noise import Floats, Ints, normals
from core.exchanges.simulated_paths import (
    DAY_MINUTES,
    EPOCH,
    STEP_SECONDS,
    Factor,
    FactorTraits,
    day_minutes,
)

_ANCHOR_DAY: Final = (datetime(2027, 1, 1, tzinfo=EPOCH.tzinfo) - EPOCH).days
_DAYS_PER_BLOCK: Final = 512
_VOLUME_DECIMALS: Final = 5


@dataclass(frozen=True, slots=True)
class Shift:
    """A planted change of every coin, from `at` (aware, a whole minute) on.

    Attributes
    ----------
    at : datetime
    kind : {"volatility", "level"}
    size : float
        ``volatility``: the factor by which returns grow for good, e.g. 2.0.
        ``level``: the one-off move of the price, as a fraction, e.g. -0.05.
    """

    at: datetime
    kind: Literal["volatility", "level"]
    size: float

    def __post_init__(self) -> None:
        if self.at < EPOCH or self.at.second or self.at.microsecond:
            raise ValueError("A shift needs a whole minute after the opening of the market.")
        lowest = 0.0 if self.kind == "volatility" else -1.0
        if not self.size > lowest:
            raise ValueError(f"The size of a {self.kind} shift must be above {lowest:g}.")

    @property
    def minute(self) -> int:
        """Minutes since `EPOCH`."""
        return (self.at - EPOCH) // timedelta(minutes=1)


def volatility_factor(shifts: Sequence[Shift], minutes: Ints) -> Floats:
    """Return by how much planted shifts multiply the returns of `minutes`."""
    factor = np.ones(len(minutes))
    for shift in shifts:
        if shift.kind == "volatility":
            factor[minutes >= shift.minute] *= shift.size
    return factor


@dataclass(frozen=True, slots=True)
class CoinTraits:
    """What makes one coin.

    Attributes
    ----------
    price : float
        Its price at the start of 2027, in USD.
    decimals : int
        Decimals of its price.
    turnover : float
        Typical USD traded in a minute.
    beta : float
        Its log return per log return of the whole market.
    own : FactorTraits
        The part of its returns that is its own.
    """

    price: float
    decimals: int
    turnover: float
    beta: float
    own: FactorTraits


@dataclass(frozen=True, slots=True, eq=False)
class CoinDay:
    """One day of one coin: rounded prices at the end of each five-second step.

    `opening` is the last price of the day before; `steps` has shape (1440, 12) and
    `volume` shape (1440,), in units of the coin.
    """

    opening: float
    steps: Floats
    volume: Floats

    def candles(self, day: int) -> pd.DataFrame:
        """Return the day's 1,440 candles; each opens at the close before it."""
        close = self.steps[:, -1]
        opens = np.concatenate([[self.opening], close[:-1]])
        start = EPOCH + timedelta(days=day)
        return pd.DataFrame(
            {
                "open": opens,
                "high": np.maximum(opens, self.steps.max(axis=1)),
                "low": np.minimum(opens, self.steps.min(axis=1)),
                "close": close,
                "volume": self.volume,
            },
            index=pd.date_range(
                start, periods=DAY_MINUTES, freq="min", name="open_time", unit="us"
            ),
        )

    def price_at(self, second: int) -> float:
        """Return the last price `second` whole seconds into the day."""
        done = second // STEP_SECONDS
        return float(self.steps.flat[done - 1]) if done else self.opening


class Coin:
    """One coin's path. Days are counted from `EPOCH`; a few recent ones stay in memory."""

    def __init__(
        self, ticker: str, traits: CoinTraits, market: Factor, shifts: Sequence[Shift] = ()
    ) -> None:
        self._traits = traits
        self._market = market
        self._own = Factor(market.seed, ticker, traits.own, market.flavour)
        self._shifts = tuple(shifts)
        self._volume_stream = f"{market.seed}/{ticker}/volume"
        self._levels = lru_cache(maxsize=16)(self._build_levels)
        self.day = lru_cache(maxsize=4)(self._build_day)

    def _build_day(self, day: int) -> CoinDay:
        scales, steps = self._moves(day)
        levels = self._levels(day // _DAYS_PER_BLOCK + 1)
        path = levels[day] + np.cumsum(steps).reshape(steps.shape)
        path[-1, -1] = levels[day + 1]  # the very number the next day opens at
        prices = np.round(np.exp(path), self._traits.decimals)
        opening = float(np.round(np.exp(levels[day]), self._traits.decimals))
        volume = self._volume(day, scales, np.abs(steps.sum(axis=1)))
        return CoinDay(opening, prices, volume)

    def _moves(self, day: int) -> tuple[Floats, Floats]:
        """Return the minutes' standard deviations and the steps' log returns, shifts included."""
        market, own = self._market.day(day), self._own.day(day)
        factor = volatility_factor(self._shifts, day_minutes(day))
        scales = factor * np.hypot(self._traits.beta * market.scales, own.scales)
        steps = factor[:, None] * (self._traits.beta * market.steps + own.steps)
        for shift in self._shifts:
            if shift.kind == "level" and shift.minute // DAY_MINUTES == day:
                steps[shift.minute % DAY_MINUTES, 0] += np.log1p(shift.size)
        return scales, steps

    def _build_levels(self, blocks: int) -> Floats:
        """Return the log price at the start of each day of the first blocks, and their end."""
        days = blocks * _DAYS_PER_BLOCK
        returns = self._plain_returns(max(days, _ANCHOR_DAY))
        anchor = np.log(self._traits.price) - returns[:_ANCHOR_DAY].sum()
        starts = np.arange(days) * DAY_MINUTES
        moved = returns[:days] * volatility_factor(self._shifts, starts)
        for day in {shift.minute // DAY_MINUTES for shift in self._shifts}:
            if day < days:
                moved[day] = self._moves(day)[1].sum()
        return np.asarray(anchor + np.concatenate([[0.0], np.cumsum(moved)]))

    def _plain_returns(self, days: int) -> Floats:
        market = self._market.day_returns(days)
        return self._traits.beta * market + self._own.day_returns(days)

    def _volume(self, day: int, scales: Floats, moves: Floats) -> Floats:
        """Return each minute's volume in coins: more when volatile, more when it moved."""
        usual = np.hypot(
            self._traits.beta * self._market.daily_volatility, self._own.daily_volatility
        ) / np.sqrt(DAY_MINUTES)
        noise = np.exp(0.8 * normals(self._volume_stream, day, DAY_MINUTES))
        usd = self._traits.turnover * (scales / usual) * (0.3 + moves / scales) * noise
        volume = np.round(usd / self._traits.price, _VOLUME_DECIMALS)
        return np.asarray(np.maximum(volume, 10.0**-_VOLUME_DECIMALS))
