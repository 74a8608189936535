"""Everything the pages do, in one table of contents.

Each module has `register(app, service, settings)`: thin handlers around functions that
can be called without a browser. Nothing registers itself at import.
"""

from __future__ import annotations

from typing import Final

from dash import Dash

from callbacks import (
    controls,
    cues,
    live,
    live_paint,
    model_health,
    portfolio,
    public_scores,
    shell,
    trading,
    witness,
)
from core.forecasting.service import ForecastService
from core.settings import Settings

ROOMS: Final = (
    shell,
    cues,
    live,
    live_paint,
    trading,
    controls,
    model_health,
    public_scores,
    witness,
    portfolio,
)


def register_all(app: Dash, service: ForecastService, settings: Settings) -> None:
    """Register every callback of the application on `app`."""
    for room in ROOMS:
        room.register(app, service, settings)
