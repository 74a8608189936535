"""How much of a model's forecast is published; the rest is "the price stays"."""

from __future__ import annotations

from typing import Final

import numpy as np

from core.losses import Floats, hac_standard_error

SHARES: Final = (0.25, 0.5)
"""Shares a model may earn. Half is the most: the cost of a useless forecast falls with the
square of its share, while half of a good one still brings three quarters of its gain."""

_STANDARD_ERRORS: Final = 0.5
_LAGS_PER_STEP: Final = 3


def choose_shrinkage(target: Floats, forecast: Floats, steps: int) -> float:
    """Return the share of `forecast` to publish, judged on rows its fit has not seen.

    A share is earned where its mean gain in absolute error over a forecast of 0 exceeds
    half a standard error of that gain; of those the one gaining most is taken, the smaller
    one where they tie. Otherwise 0: "the price stays".

    Parameters
    ----------
    target, forecast : array, shape (n,)
        Scaled returns, in time order.
    steps : int
        Bars from issue to target; targets this close overlap.
    """
    chosen, best = 0.0, 0.0
    if len(target) == 0:
        return chosen
    for share in SHARES:
        gain = np.abs(target) - np.abs(target - share * forecast)
        mean = float(gain.mean())
        error = hac_standard_error(gain, _LAGS_PER_STEP * steps)
        if mean > best and mean > _STANDARD_ERRORS * error:
            chosen, best = share, mean
    return chosen
