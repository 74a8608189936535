"""The age at which a model forecasts no more."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Final

from core.models.trained import TrainedModel

EXPIRE_AFTER: Final = timedelta(hours=72)
"""Used where no setting says otherwise."""


def is_expired(model: TrainedModel, now: datetime, expire_after: timedelta) -> bool:
    """Tell whether `model` is so old at `now` that it must not forecast."""
    return now - model.trained_at >= expire_after


def too_old(expire_after: timedelta) -> str:
    """Return "older than 72 h"."""
    return f"older than {expire_after / timedelta(hours=1):g} h"


def refusal(model: TrainedModel, now: datetime, expire_after: timedelta) -> str:
    """Return why `model` refuses to forecast, in a sentence; nothing where it does not."""
    if not is_expired(model, now, expire_after):
        return ""
    return f'The model is {too_old(expire_after)}: the forecast is "the price stays".'
