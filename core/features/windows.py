"""Statistics over the last bars, computed so that each value depends on its window alone.

A running sum (cumulative or updated in place, as `DataFrame.rolling` keeps) carries
rounding from all earlier bars. Here each value is added up from its own window, always in
the same order, so a short recent slice gives bit for bit what the whole series gives.
All functions take and return arrays of shape (n,); the first values, whose window is not
full, are NaN unless said otherwise.
"""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]


def lagged(values: Floats, bars: int) -> Floats:
    """Return the value `bars` rows earlier."""
    out = np.full(len(values), np.nan)
    if bars < len(values):
        out[bars:] = values[: len(values) - bars]
    return out


def window_sum(values: Floats, window: int) -> Floats:
    """Return the sum of the last `window` values; those before the start count as zero.

    Added up by doubling: sums of 1, 2, 4... neighbours, of which the binary digits of `window`
    choose. That is about ``2 log2(window)`` vector operations, in the same order for each row.
    """
    out = np.zeros(len(values))
    doubled, size, shift = values, 1, 0
    while size <= window:
        if window & size:
            out = out + _shifted(doubled, shift)
            shift += size
        doubled = doubled + _shifted(doubled, size)
        size *= 2
    return out


def _shifted(values: Floats, rows: int) -> Floats:
    out = np.zeros(len(values))
    if rows < len(values):
        out[rows:] = values[: len(values) - rows]
    return out


def rolling_mean(values: Floats, window: int) -> Floats:
    """Return the mean of the last `window` values."""
    out = np.full(len(values), np.nan)
    size = len(values) - window + 1
    if size <= 0:
        return out
    total = values[:size].copy()
    for offset in range(1, window):
        total += values[offset : offset + size]
    out[window - 1 :] = total / window
    return out


def rolling_std(values: Floats, window: int) -> Floats:
    """Return the standard deviation (divisor ``window - 1``) of the last `window` values.

    Two passes: deviations are taken from the window's own mean before squaring, so equal
    values give zero up to the rounding of that mean.
    """
    out = np.full(len(values), np.nan)
    size = len(values) - window + 1
    if size <= 0:
        return out
    mean = rolling_mean(values, window)[window - 1 :]
    total = np.zeros(size)
    for offset in range(window):
        deviation = values[offset : offset + size] - mean
        total += deviation * deviation
    out[window - 1 :] = np.sqrt(total / (window - 1))
    return out


def decayed_sum(values: Floats, decay: float, window: int) -> Floats:
    """Return ``sum(decay**k * value k rows earlier)`` for k below `window`.

    Values before the start count as zero, so nothing is NaN. The sum is taken over blocks
    of about ``sqrt(window)`` values, then over blocks: 48 instead of 600 vector operations.

    Parameters
    ----------
    decay : float
        Between 0 and 1.
    window : int
        A square number.
    """
    block = math.isqrt(window)
    if block * block != window:
        raise ValueError(f"window must be a square number, not {window}")
    inner = _decayed(values, decay, block, stride=1)
    return _decayed(inner, decay**block, block, stride=block)


def _decayed(values: Floats, decay: float, terms: int, stride: int) -> Floats:
    total = values.copy()
    for term in range(1, terms):
        shift = term * stride
        if shift >= len(values):
            break
        total[shift:] += decay**term * values[:-shift]
    return total


def exponential_mean(values: Floats, span: int, window: int) -> Floats:
    """Return the exponential moving mean of the last `window` values, weights summing to 1.

    The weight of a value falls by ``1 - 2 / (span + 1)`` per row (pandas' ``ewm(span=...)``,
    cut off after `window` rows, a square number).
    """
    decay = 1.0 - 2.0 / (span + 1.0)
    out = decayed_sum(values, decay, window) * ((1.0 - decay) / (1.0 - decay**window))
    out[: window - 1] = np.nan
    return out
