"""What published forecasts were worth, as the ledger knows it, and what explains it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final, Literal

from core.domain.forecasts import SkillRecord
from core.domain.words import Horizon

ScoreRange = Literal["1h", "24h", "7d", "30d"]

SCORE_RANGES: Final[Mapping[ScoreRange, timedelta]] = {
    "1h": timedelta(hours=1),
    "24h": timedelta(days=1),
    "7d": timedelta(days=7),
    "30d": timedelta(days=30),
}
"""By the word in an address, how far back target times may lie."""

EVENTS_SHOWN: Final = 200
"""How many events are read at once, the newest."""

FEWEST_FOR_A_POINT: Final = 10
"""Forecasts below which a figure over time has no point."""

# The usual least for a normal approximation of a share.
_EXPECTED: Final = 5.0

EventKind = Literal["engine", "training", "promotion", "breaker", "provider", "outage", "ledger"]


@dataclass(frozen=True, slots=True)
class Direction:
    """Hits among the forecasts that named a side and were answered by one.

    Attributes
    ----------
    n : int
        Forecasts counted: neither the forecast nor the price stood still.
    n_eff : float
        Independent forecasts they are worth: overlapping targets count once.
    rate : float
        Share of hits; NaN where `n` is 0.
    low, high : float
        95 % Wilson interval of `rate`; NaN where `n` is 0.
    """

    n: int
    n_eff: float
    rate: float
    low: float
    high: float


@dataclass(frozen=True, slots=True)
class Coverage:
    """How many prices ended inside the bands of one level.

    Attributes
    ----------
    level : float
        What was promised.
    n : int
        Forecasts that had the band.
    n_eff : float
        Independent forecasts they are worth.
    rate : float
        Share inside, edges included.
    chance_low, chance_high : float
        Where chance alone puts the share of a promise that is kept, 95 % of the time.
    """

    level: float
    n: int
    n_eff: float
    rate: float
    chance_low: float
    chance_high: float

    @property
    def is_tested(self) -> bool:
        """Whether enough is known to judge: five independent misses and hits are to be expected."""
        return self.n_eff * min(self.level, 1.0 - self.level) >= _EXPECTED

    @property
    def kept(self) -> bool:
        """Whether chance alone may explain the distance to the promise."""
        return self.chance_low <= self.rate <= self.chance_high


@dataclass(frozen=True, slots=True)
class Score:
    """Matured forecasts beside the random walk's.

    Attributes
    ----------
    n_eff : float
        Independent forecasts they are worth: overlapping targets count once.
    mae, mae_random_walk : float
        USD.
    record : SkillRecord
    direction : Direction
    coverage : tuple of Coverage
        In the order of `BAND_LEVELS`; empty where no forecast had a band.
    """

    n_eff: float
    mae: float
    mae_random_walk: float
    record: SkillRecord
    direction: Direction
    coverage: tuple[Coverage, ...]

    @property
    def n(self) -> int:
        """Forecasts scored."""
        return self.record.n


@dataclass(frozen=True, slots=True)
class Curve:
    """Figures over time, oldest first, equally long; None where too few forecasts lie behind one.

    Attributes
    ----------
    time : list of int
        Epoch milliseconds: the end of what each figure is about.
    skill, low, high : list
        Of the time of `width` before, with the 95 % interval.
    mae, mae_random_walk : list
        Of the same time, USD.
    gained : list
        Sum of absolute errors less that of the random walk since the beginning, USD: falling
        means winning.
    """

    width: timedelta
    time: list[int]
    skill: list[float | None]
    low: list[float | None]
    high: list[float | None]
    mae: list[float | None]
    mae_random_walk: list[float | None]
    gained: list[float]


@dataclass(frozen=True, slots=True)
class Moves:
    """Moves from issue to target in basis points, as forecast and as they came."""

    said: list[float]
    came: list[float]


@dataclass(frozen=True, slots=True)
class Event:
    """Something that explains a score, at `at`. `horizon` is empty where it concerns both."""

    at: datetime
    kind: EventKind
    text: str
    horizon: Horizon | Literal[""] = ""


@dataclass(frozen=True, slots=True)
class PublicScore:
    """All that Model Health shows of the ledger for one spec, horizon and range.

    `scores` are of both horizons and all ranges, None where nothing has an outcome yet;
    `shown` is the score of the horizon and the range that the charts are of; `unknown` forecasts
    of these are left out of every figure, for their outcome will never be known.
    """

    horizon: Horizon
    range: ScoreRange
    scores: Mapping[Horizon, Mapping[ScoreRange, Score | None]]
    curve: Curve
    moves: Moves
    events: tuple[Event, ...]
    unknown: int = 0

    @property
    def shown(self) -> Score | None:
        return self.scores[self.horizon][self.range]
