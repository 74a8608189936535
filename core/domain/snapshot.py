"""What the engine publishes of one spec after each closed candle."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from core.domain.forecasts import Forecast, ModelCard, Retrain, SkillRecord
from core.domain.importance import Importance
from core.domain.promotions import Decision
from core.domain.spec import ForecastSpec
from core.domain.words import Horizon, Market


@dataclass(frozen=True, slots=True)
class Snapshot:
    """All that one spec's readers need, published whole after each closed candle.

    `version` grows with every publication of the spec. `price` is the close of the last
    candle, `as_of` the instant it closed. `rows` counts candles held, `gaps` the missing
    minutes among them, `filled` those without trades that were filled flat. `change_24h`
    is a fraction, None with less than 24 h of candles. `revised` are the times of issue, of
    the last day, whose forecast was made from a candle that the exchange corrected later.
    `decisions` tell which models became champion, and which were kept out; `importance` what
    drives those that forecast, where the engine had the time to find out. `records` are what
    forecasts as published were worth, by the ledger: without an entry while none has met its
    outcome, and None where no ledger is kept.
    """

    version: int
    spec: ForecastSpec
    market: Market
    provider: str
    as_of: datetime
    price: float
    low_24h: float
    high_24h: float
    change_24h: float | None
    rows: int
    gaps: int
    first_open: datetime
    forecasts: Mapping[Horizon, Forecast]
    models: Mapping[Horizon, ModelCard]
    retrains: tuple[Retrain, ...] = ()
    next_training: datetime | None = None
    filled: int = 0
    revised: tuple[datetime, ...] = ()
    decisions: tuple[Decision, ...] = ()
    importance: tuple[Importance, ...] = ()
    records: Mapping[Horizon, SkillRecord] | None = None


@dataclass(frozen=True, slots=True)
class TailTrace:
    """Recent out-of-sample forecasts of one horizon, oldest first, equal lengths.

    `target` is epoch milliseconds; `actual` is None where not yet known. Those with a target at or
    after `issued_since` stand as they were published; those before it, and all where it is None,
    were made afterwards, by a model that had not seen their outcome.
    """

    issued: list[int]
    target: list[int]
    point: list[float]
    low: list[float]
    high: list[float]
    price_at_issue: list[float]
    actual: list[float | None]
    issued_since: int | None = None


@dataclass(frozen=True, slots=True)
class Series:
    """What the chart draws: the newest candles and the predicted tails.

    `close_time` is epoch milliseconds of each candle's close (open + 60 s); the other
    lists run parallel to it. A missing minute is a row of None in all price lists. `filled`
    are the close times of minutes without trades that were filled flat.
    """

    version: int
    close_time: list[int]
    open: list[float | None]
    high: list[float | None]
    low: list[float | None]
    close: list[float | None]
    volume: list[float | None]
    tails: Mapping[Horizon, TailTrace]
    provider: str
    filled: tuple[int, ...] = ()
