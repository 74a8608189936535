"""Instants as exchanges send them: counted from 1970, UTC."""

from __future__ import annotations

import math
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from core.errors import BadAnswer

EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
MS: Final = timedelta(milliseconds=1)
# No exchange asked here is older than 2011; past the year 2255 a number is of another unit.
_EARLIEST_S: Final = 1_293_840_000
LATEST_S: Final = 9_000_000_000


def to_ms(instant: datetime) -> int:
    """Return whole epoch milliseconds, rounded down, of an aware instant."""
    return (instant - EPOCH) // MS


def instant_of(seconds: Any, host: str) -> datetime:
    """Return the instant of a clock told in epoch seconds, to the microsecond.

    Raises
    ------
    BadAnswer
        Not a number, or no time that an exchange's clock can show.
    """
    plausible = (
        type(seconds) in (int, float)
        and math.isfinite(seconds)
        and _EARLIEST_S <= seconds < LATEST_S
    )
    if not plausible:
        raise BadAnswer(f"{host} told no time.")
    return EPOCH + timedelta(seconds=seconds)
