"""Past-only columns, volatility and targets, computed from closed candles.

`build_features` is the only door to the columns a model sees.
"""

from core.features.bars import aggregate_bars, complete_bars
from core.features.build import FEATURE_NAMES, LONGEST_WINDOW, build_features
from core.features.gaps import bars_since_gap, mark_gaps
from core.features.targets import log_returns_ahead, scaled_returns_ahead
from core.features.volatility import VOLATILITY_BARS, ewma_volatility

__all__ = [
    "FEATURE_NAMES",
    "LONGEST_WINDOW",
    "VOLATILITY_BARS",
    "aggregate_bars",
    "bars_since_gap",
    "build_features",
    "complete_bars",
    "ewma_volatility",
    "log_returns_ahead",
    "mark_gaps",
    "scaled_returns_ahead",
]
