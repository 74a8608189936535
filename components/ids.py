"""Ids of components that callbacks know. Pages prefix their own with their name."""

from __future__ import annotations

from typing import Final

URL: Final = "url"
HOLDINGS: Final = "holdings"
TRADES: Final = "trades"
PREFERENCES: Final = "preferences"
CUE_RULE: Final = "cue-rule"
MARKET: Final = "market"
PROFIT_POINTS: Final = "profit-points"
NOTED: Final = "noted"
TYPED: Final = "typed"
TYPED_PAIR: Final = "typed-pair"
PAGES: Final = ("live", "health", "portfolio")

CONTROL_NAMES: Final = (
    "ticker",
    "max_points",
    "train_window",
    "minute_horizon",
    "long_horizon_steps",
    "intraday_days",
    "refresh",
)


def of(page: str, name: str) -> str:
    """Return the id of a page's own component."""
    return f"{page}-{name}"


def control(name: str) -> str:
    """Return the id of the input of a parameter."""
    return f"control-{name}"


def control_error(name: str) -> str:
    """Return the id of the sentence beside the input of a parameter."""
    return f"control-{name}-error"
