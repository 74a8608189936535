"""The fan: the bands of the two horizons, and what lies between them."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any, Final

from components.formatting import epoch_ms
from core.domain import SHOWN_LEVEL, Forecast, Interval

FAN_LEVELS: Final = (0.95, 0.8, 0.5)
"""Bands that are drawn, the widest first."""

_FAN_STEPS: Final = 12
_MINUTE_MS: Final = 60_000
_EDGES: Final = (("low", -1), ("high", 1))


def fan_uids(level: float) -> tuple[str, str]:
    """Return the names of the traces that edge one band, e.g. ``fan-95-low``."""
    percent = round(100 * level)
    return f"fan-{percent}-low", f"fan-{percent}-high"


def fan_parts(ahead: Sequence[Forecast]) -> dict[str, dict[str, list[Any]]]:
    """Return the points of all edges by the uid of their trace."""
    parts = {}
    for level in FAN_LEVELS:
        cone = fan(ahead, level)
        for uid, (edge, _) in zip(fan_uids(level), _EDGES, strict=True):
            parts[uid] = {"x": cone["x"], "y": cone[edge]}
    return parts


def fan(ahead: Sequence[Forecast], level: float = SHOWN_LEVEL) -> dict[str, list[Any]]:
    """Return one band of the fan from the last close to the far target.

    Between issue, the near and the far target each edge's distance from the straight path
    follows ``a * t ** b`` through both bands (``b`` = 0.5 for a random walk, and where
    there is one band only).
    """
    banded = [(f, band) for f in ahead if (band := _band(f, level)) is not None]
    if not banded:
        return {"x": [], "low": [], "high": []}
    far, _ = banded[-1]
    minutes = (far.target_time - far.issued_at).total_seconds() / 60
    widths = {edge: (_distance(*banded[-1], edge), _power(banded, edge)) for edge, _ in _EDGES}
    cone: dict[str, list[Any]] = {"x": [], "low": [], "high": []}
    for step in range(_FAN_STEPS + 1):
        share = (step / _FAN_STEPS) ** 2  # dense where the fan opens
        centre = far.price_at_issue + share * (far.point - far.price_at_issue)
        cone["x"].append(epoch_ms(far.issued_at) + round(share * minutes * _MINUTE_MS))
        for edge, sign in _EDGES:
            width, power = widths[edge]
            cone[edge].append(round(centre + sign * width * share**power, 8))
    return cone


def _band(forecast: Forecast, level: float) -> Interval | None:
    return next((band for band in forecast.bands if band.level == level), None)


def _power(banded: Sequence[tuple[Forecast, Interval]], edge: str) -> float:
    """Return b of ``a * t ** b`` through the two bands' distances."""
    (near, _), (far, _) = banded[0], banded[-1]
    times = (far.target_time - far.issued_at) / (near.target_time - near.issued_at)
    widths = (_distance(*banded[0], edge), _distance(*banded[-1], edge))
    if times <= 1 or min(widths) <= 0 or widths[1] <= widths[0]:
        return 0.5
    return math.log(widths[1] / widths[0]) / math.log(times)


def _distance(forecast: Forecast, band: Interval, edge: str) -> float:
    return abs(float(getattr(band, edge)) - forecast.point)
