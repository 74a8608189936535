"""The 80 % fan between the bands of the two horizons."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any, Final

from components.formatting import epoch_ms
from core.domain import Forecast

_FAN_STEPS: Final = 12
_MINUTE_MS: Final = 60_000


def fan(ahead: Sequence[Forecast]) -> dict[str, list[Any]]:
    """Return the 80 % fan from the last close to the far target.

    Between issue, the near and the far target each edge's distance from the straight path
    follows ``a * t ** b`` through both bands (``b`` = 0.5 for a random walk, and where
    there is one band only).
    """
    banded = [f for f in ahead if f.band is not None]
    if not banded:
        return {"x": [], "low": [], "high": []}
    far = banded[-1]
    minutes = (far.target_time - far.issued_at).total_seconds() / 60
    cone: dict[str, list[Any]] = {"x": [], "low": [], "high": []}
    for step in range(_FAN_STEPS + 1):
        share = (step / _FAN_STEPS) ** 2  # dense where the fan opens
        centre = far.price_at_issue + share * (far.point - far.price_at_issue)
        cone["x"].append(epoch_ms(far.issued_at) + round(share * minutes * _MINUTE_MS))
        for edge, sign in (("low", -1), ("high", 1)):
            width = _edge_width(banded, edge) * share ** _edge_power(banded, edge)
            cone[edge].append(round(centre + sign * width, 8))
    return cone


def _edge_width(banded: Sequence[Forecast], edge: str) -> float:
    return _distance(banded[-1], edge)


def _edge_power(banded: Sequence[Forecast], edge: str) -> float:
    """Return b of ``a * t ** b`` through the two bands' distances."""
    near, far = banded[0], banded[-1]
    times = (far.target_time - far.issued_at) / (near.target_time - near.issued_at)
    widths = (_distance(near, edge), _distance(far, edge))
    if times <= 1 or min(widths) <= 0 or widths[1] <= widths[0]:
        return 0.5
    return math.log(widths[1] / widths[0]) / math.log(times)


def _distance(forecast: Forecast, edge: str) -> float:
    assert forecast.band is not None
    return abs(getattr(forecast.band, edge) - forecast.point)
