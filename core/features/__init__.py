"""Past-only columns, volatility and targets, computed from closed candles.

`build_features`, `distant_features`, `calendar_features` and `volatility_columns` are the
only doors to the columns a model sees.
"""

from core.features.bars import aggregate_bars, complete_bars
from core.features.build import FEATURE_NAMES, LONGEST_WINDOW, build_features
from core.features.calendar import CALENDAR_NAMES, calendar_features
from core.features.distant import DISTANT_BARS, DISTANT_NAMES, distant_features
from core.features.gaps import bars_since_gap, mark_gaps
from core.features.realised import HISTORY_BARS, realised_volatility, volatility_columns
from core.features.targets import log_returns_ahead, scaled_returns_ahead
from core.features.volatility import VOLATILITY_BARS, ewma_volatility

__all__ = [
    "CALENDAR_NAMES",
    "DISTANT_BARS",
    "DISTANT_NAMES",
    "FEATURE_NAMES",
    "HISTORY_BARS",
    "LONGEST_WINDOW",
    "VOLATILITY_BARS",
    "aggregate_bars",
    "bars_since_gap",
    "build_features",
    "calendar_features",
    "complete_bars",
    "distant_features",
    "ewma_volatility",
    "log_returns_ahead",
    "mark_gaps",
    "realised_volatility",
    "scaled_returns_ahead",
    "volatility_columns",
]
