"""How the simulated market moves: one log-price path per factor, any day reached directly.

Volatility and direction come from separate streams. Given the whole volatility path, the
increments are independent normals of mean 0, so the past tells nothing of the next sign:
log prices are an exact martingale, down to the five-second step. Only volatility can be
forecast, as in real markets.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from functools import lru_cache
from typing import Final, Literal

import numpy as np

from core.exchanges.simulated_noise import Floats, Ints, bridge, normals, smooth_noise

Flavour = Literal["clustered", "stationary"]

EPOCH: Final = datetime(2024, 1, 1, tzinfo=UTC)
DAY_MINUTES: Final = 1_440
STEPS_PER_MINUTE: Final = 12
STEP_SECONDS: Final = 60 // STEPS_PER_MINUTE
DRAW_DAYS: Final = 182
_DAYS_PER_BLOCK: Final = 512
_GRID_MINUTES: Final = 120
_BURST: Final = 0.4
_JUMP: Final = 6.0
_JUMP_ABOVE: Final = 3.2  # a normal exceeds it once in 1,455 draws, about once a day


@dataclass(frozen=True, slots=True)
class Ripple:
    """One component of log volatility: knots `spacing` minutes apart, deviation `amplitude`."""

    spacing: int
    amplitude: float


# Volatility clusters at many time scales at once (Müller et al. 1997; Corsi 2009). Months and
# days are mostly common to all coins; the rest is each factor's own.
_COMMON: Final = (Ripple(43_200, 0.16), Ripple(5_760, 0.18), Ripple(720, 0.16))
_OWN: Final = (Ripple(2_880, 0.10), Ripple(240, 0.14))
_FAST: Final = (Ripple(60, 0.25),)


def day_minutes(day: int) -> Ints:
    """Return the minutes of `day`, counted from `EPOCH`."""
    return np.arange(day * DAY_MINUTES, (day + 1) * DAY_MINUTES)


def _wave(minutes: Ints) -> Floats:
    hour = 2 * np.pi / 24 * (minutes / 60 - 15)
    return np.asarray(0.27 * np.cos(hour) + 0.09 * np.cos(2 * hour))


_WAVE_LEVEL: Final = 0.5 * float(np.log(np.exp(2 * _wave(day_minutes(0))).mean()))


def _seasonal(minutes: Ints) -> Floats:
    """Return log volatility by the time of day: highest at 15:00 UTC, mean square of exp 1."""
    return _wave(minutes) - _WAVE_LEVEL


@dataclass(frozen=True, slots=True, eq=False)
class FactorDay:
    """One day: each minute's standard deviation, and the log returns of five-second steps.

    `scales` has shape (1440,), `steps` shape (1440, 12).
    """

    scales: Floats
    steps: Floats


@dataclass(frozen=True, slots=True)
class FactorTraits:
    """What makes one factor.

    Attributes
    ----------
    daily_volatility : float
        Root mean square of daily log returns over the years.
    days_draw : int
        Which of the possible draws of daily returns to take.
    minute_draws : tuple of int
        Which of the possible draws of minute returns to take in each `DRAW_DAYS` days
        from `EPOCH` on; 0 after the last.
    """

    daily_volatility: float
    days_draw: int = 0
    minute_draws: tuple[int, ...] = ()


class Factor:
    """One independent source of returns: the whole market, or what is a coin's own.

    Parameters
    ----------
    seed : int
    name : str
        With `seed`, names the streams.
    traits : FactorTraits
    flavour : {"clustered", "stationary"}
        ``stationary`` drops clustering and season, and keeps the fat tails.
    """

    def __init__(self, seed: int, name: str, traits: FactorTraits, flavour: Flavour) -> None:
        self.seed = seed
        self.flavour = flavour
        self._name = name
        self._traits = traits
        self._table = lru_cache(maxsize=16)(self._build_table)
        self.day = lru_cache(maxsize=2)(self._build_day)

    @property
    def daily_volatility(self) -> float:
        """Root mean square of daily log returns over the years."""
        return self._traits.daily_volatility

    def day_returns(self, days: int) -> Floats:
        """Return each day's log return, shape (days,), from `EPOCH` on."""
        return self._table(-(-days // _DAYS_PER_BLOCK))[1][:days]

    def minute_returns(self, day: int, scales: Floats) -> Floats:
        """Return the minutes' log returns, shape (1440,), which sum to the day's."""
        draws, period = self._traits.minute_draws, day // DRAW_DAYS
        draw = draws[period] if period < len(draws) else 0
        noise = normals(self._stream(f"minutes-{draw}"), day, DAY_MINUTES)
        return bridge(scales, noise, self.day_returns(day + 1)[day])

    def scales(self, day: int) -> Floats:
        """Return each minute's standard deviation, shape (1440,)."""
        minutes = day_minutes(day)
        log = self._bursts(day)
        if self.flavour == "clustered":
            log = log + self._slow(minutes) + self._ripples(_FAST, "common", minutes)
        raw = np.exp(log)
        variance = self._table(day // _DAYS_PER_BLOCK + 1)[0][day]
        return np.asarray(raw * np.sqrt(variance / np.sum(raw**2)))

    def _build_day(self, day: int) -> FactorDay:
        shape = (DAY_MINUTES, STEPS_PER_MINUTE)
        scales = self.scales(day)
        fine = np.broadcast_to(scales[:, None] / np.sqrt(STEPS_PER_MINUTE), shape)
        noise = normals(self._stream("steps"), day, shape)
        return FactorDay(scales, bridge(fine, noise, self.minute_returns(day, scales)))

    def _build_table(self, blocks: int) -> tuple[Floats, Floats]:
        """Return variances and log returns of the days in the first `blocks` blocks."""
        stream = self._stream(f"days-{self._traits.days_draw}")
        noise = np.concatenate([normals(stream, b, _DAYS_PER_BLOCK) for b in range(blocks)])
        variances = self._day_variances(len(noise))
        return variances, np.sqrt(variances) * noise

    def _day_variances(self, days: int) -> Floats:
        typical = self._traits.daily_volatility**2
        if self.flavour == "stationary":
            return np.full(days, typical)
        grid = np.arange(_GRID_MINUTES // 2, days * DAY_MINUTES, _GRID_MINUTES)
        square = np.exp(2 * self._slow(grid)).reshape(days, -1).mean(axis=1)
        return np.asarray(typical * square)

    def _bursts(self, day: int) -> Floats:
        """Return log volatility that is new in every minute: it makes the tails fat."""
        usual, rare = normals(f"{self.seed}/common/bursts", day, (2, DAY_MINUTES))
        return np.asarray(_BURST * usual + np.log(_JUMP) * (rare > _JUMP_ABOVE))

    def _slow(self, minutes: Ints) -> Floats:
        common = self._ripples(_COMMON, "common", minutes)
        return common + self._ripples(_OWN, self._name, minutes) + _seasonal(minutes)

    def _ripples(self, ripples: tuple[Ripple, ...], owner: str, minutes: Ints) -> Floats:
        """Return a sum of components, less what makes exp(2 x) average to 1."""
        total = np.zeros(len(minutes))
        for ripple in ripples:
            stream = f"{self.seed}/{owner}/volatility-{ripple.spacing}"
            noise = smooth_noise(stream, ripple.spacing, minutes)
            total += ripple.amplitude * noise - ripple.amplitude**2
        return total

    def _stream(self, purpose: str) -> str:
        return f"{self.seed}/{self._name}/{purpose}"
