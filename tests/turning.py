"""A market that teaches a model that moves are taken back, turns against it, and turns back."""

from __future__ import annotations

from typing import Final

import numpy as np
import pandas as pd

from core.domain import ForecastSpec
from tests.made import made_candles

SPEC: Final = ForecastSpec(max_points=9_000)
TAUGHT: Final = 6_500
"""Candles of mean reversion that the model learns from."""
TURNS: Final = TAUGHT + 500
TURNS_BACK: Final = TURNS + 800
WINDOW: Final = 6 * 60
"""Minutes within which a model that loses stands aside, at one minute ahead."""


def turning_market() -> pd.DataFrame:
    """Return candles whose moves are partly taken back, then go on, then are taken back."""
    rows = TURNS_BACK + 900
    candles = made_candles(rows)
    pull = np.full(rows, -0.35)
    pull[TURNS:TURNS_BACK] = 0.35
    shocks = np.random.default_rng(5).normal(0, 4e-4, rows)
    moves = shocks + pull * np.concatenate(([0.0], shocks[:-1]))
    close = 80_000 * np.exp(np.cumsum(moves))
    opened = np.concatenate(([80_000], close[:-1]))
    candles["open"], candles["close"] = opened, close
    candles["high"] = np.maximum(opened, close) * 1.0001
    candles["low"] = np.minimum(opened, close) * 0.9999
    return candles
