"""Bands breathe: wider after forecasts that missed them too often, narrower after too few."""

from __future__ import annotations

from typing import Final

import numpy as np

from core.domain import SHOWN_LEVEL
from core.losses import Floats

WINDOW: Final = 576
"""Matured forecasts that are looked back on: two days of the long ones, ten hours of minutes."""

_LEAST_KNOWN: Final = 144
_STRENGTH: Final = 0.5
_MOST: Final = 2.0
_CHUNK: Final = 4_096


def widening(missed: Floats, steps: int) -> Floats:
    """Return by how much the bands of each row are to be wider than learned in training.

    Where the bands were right, `SHOWN_LEVEL` of the matured forecasts missed by less than the
    half width of that band. Half way, in logs, to what would have been right is taken: an
    outright correction would follow chance. A step of adaptive conformal inference (Gibbs and
    Candes, Adaptive Conformal Inference Under Distribution Shift, NeurIPS 2021) on the width
    instead of the level.

    Parameters
    ----------
    missed : array, shape (n,)
        In order of issue: distance of the price that came from the forecast, in half widths
        of the band of `SHOWN_LEVEL`; NaN where it is not known.
    steps : int
        Rows from a forecast to its target: of the `steps` newest none has matured.

    Returns
    -------
    array, shape (n,)
        Between the roots of 1/2 and 2; 1 where too few have matured. A row depends on the
        `WINDOW` matured ones before it only.
    """
    padded = np.concatenate((np.full(WINDOW + steps - 1, np.nan), missed))
    windows = np.lib.stride_tricks.sliding_window_view(padded, WINDOW)[: len(missed)]
    factors = np.ones(len(missed))
    for start in range(0, len(missed), _CHUNK):
        rows = slice(start, start + _CHUNK)
        factors[rows] = _factors(windows[rows])
    return factors


def _factors(windows: Floats) -> Floats:
    enough = np.isfinite(windows).sum(axis=1) >= _LEAST_KNOWN
    factors = np.ones(len(windows))
    if enough.any():
        needed = np.nanquantile(windows[enough], SHOWN_LEVEL, axis=1)
        factors[enough] = np.clip(needed, 1.0 / _MOST, _MOST) ** _STRENGTH
    return factors
