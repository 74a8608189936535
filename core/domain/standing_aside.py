"""Over how long a model is compared with "the price stays" before it stands aside."""

from __future__ import annotations

from typing import Final

from core.domain.spec import ForecastSpec
from core.domain.words import LONG_BAR_MINUTES, Horizon

_USUAL_MINUTES: Final[dict[Horizon, int]] = {"minute": 6 * 60, "long": 24 * 60}
# Overlapping targets count once: fewer than 30 horizons tell nothing.
_HORIZONS: Final = 30


def standing_aside_hours(horizon: Horizon, minutes_ahead: int) -> int:
    """Return the hours compared: 6 at one minute, 24 at 45 minutes.

    Where the target is further away it is 30 times that distance, in whole hours.
    """
    return max(_USUAL_MINUTES[horizon], -(-_HORIZONS * minutes_ahead // 60) * 60) // 60


def standing_aside_bars(horizon: Horizon, steps: int) -> int:
    """Return the same in bars, for targets `steps` bars ahead."""
    bar_minutes = 1 if horizon == "minute" else LONG_BAR_MINUTES
    return standing_aside_hours(horizon, steps * bar_minutes) * 60 // bar_minutes


def standing_aside_sentence(spec: ForecastSpec, horizon: Horizon) -> str:
    """Return what is said while the random walk is published instead of the model."""
    hours = standing_aside_hours(horizon, spec.horizon_minutes(horizon))
    return f"Standing aside: lost to “no change” over the last {hours} hours"
