"""Frozen values that every room shares: specs, forecasts, snapshots, quotes, positions.

Times are aware `datetime` in UTC. Prices and amounts are USD. A *candle* is closed
unless said otherwise, and is known by its open time.

A frame of candles (`CANDLE_COLUMNS`) is a `pandas.DataFrame` indexed by `open_time`
(tz-aware UTC, strictly ascending) with float columns `open, high, low, close, volume`
(volume in units of the coin). Missing minutes are missing rows.
"""

from __future__ import annotations

from core.domain.cues import (
    COST_BPS_RANGE,
    CUE_RANGES,
    DIRECTIONAL,
    REFERENCE,
    USUAL_COST_BPS,
    CueRule,
    CueSide,
    Preset,
    Side,
    cost_aware,
)
from core.domain.engine import (
    Block,
    Diagnosis,
    EngineStatus,
    Finding,
    LedgerCheck,
    LedgerHead,
    NotedHash,
    NotedState,
    Progress,
    Stage,
    Verdict,
)
from core.domain.forecasts import (
    BAND_LEVELS,
    SHOWN_LEVEL,
    Forecast,
    Interval,
    Losses,
    ModelCard,
    Quote,
    Retrain,
    SkillRecord,
    TailScore,
)
from core.domain.importance import FeatureImportance, Importance
from core.domain.portfolio import (
    Position,
    Trade,
)
from core.domain.promotions import DECISIONS_KEPT, Decision, Place, Standing, standings
from core.domain.scores import (
    EVENTS_SHOWN,
    FEWEST_FOR_A_POINT,
    SCORE_RANGES,
    Coverage,
    Curve,
    Direction,
    Event,
    EventKind,
    Moves,
    PublicScore,
    Score,
    ScoreRange,
)
from core.domain.snapshot import (
    Series,
    Snapshot,
    TailTrace,
)
from core.domain.spec import (
    DEFAULT_TICKERS,
    PARAMETER_RANGES,
    TICKER_DEFAULTS,
    ForecastSpec,
    Range,
    TickerDefaults,
    parse_ticker,
    parse_whole_number,
)
from core.domain.standing_aside import standing_aside_hours, standing_aside_sentence
from core.domain.words import (
    CANDLE_COLUMNS,
    HORIZONS,
    LONG_BAR_MINUTES,
    Horizon,
    Market,
    provider_title,
)

__all__ = [
    "BAND_LEVELS",
    "CANDLE_COLUMNS",
    "COST_BPS_RANGE",
    "CUE_RANGES",
    "DECISIONS_KEPT",
    "DEFAULT_TICKERS",
    "DIRECTIONAL",
    "EVENTS_SHOWN",
    "FEWEST_FOR_A_POINT",
    "HORIZONS",
    "LONG_BAR_MINUTES",
    "PARAMETER_RANGES",
    "REFERENCE",
    "SCORE_RANGES",
    "SHOWN_LEVEL",
    "TICKER_DEFAULTS",
    "USUAL_COST_BPS",
    "Block",
    "Coverage",
    "CueRule",
    "CueSide",
    "Curve",
    "Decision",
    "Diagnosis",
    "Direction",
    "EngineStatus",
    "Event",
    "EventKind",
    "FeatureImportance",
    "Finding",
    "Forecast",
    "ForecastSpec",
    "Horizon",
    "Importance",
    "Interval",
    "LedgerCheck",
    "LedgerHead",
    "Losses",
    "Market",
    "ModelCard",
    "Moves",
    "NotedHash",
    "NotedState",
    "Place",
    "Position",
    "Preset",
    "Progress",
    "PublicScore",
    "Quote",
    "Range",
    "Retrain",
    "Score",
    "ScoreRange",
    "Series",
    "Side",
    "SkillRecord",
    "Snapshot",
    "Stage",
    "Standing",
    "TailScore",
    "TailTrace",
    "TickerDefaults",
    "Trade",
    "Verdict",
    "cost_aware",
    "parse_ticker",
    "parse_whole_number",
    "provider_title",
    "standing_aside_hours",
    "standing_aside_sentence",
    "standings",
]
