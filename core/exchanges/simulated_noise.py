"""Random numbers by address: any block of any stream, in any order, in any process.

A counter-based generator (Philox-4x64; Salmon, Moraes, Dror, Shaw: "Parallel random
numbers: as easy as 1, 2, 3", 2011) is keyed by a stream's name and counted by a block's
number, so nothing has to be stored or replayed to reach a block.
"""

from __future__ import annotations

import hashlib
from typing import Final

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]

_KNOTS_PER_BLOCK: Final = 256


def normals(stream: str, block: int, size: int | tuple[int, ...]) -> Floats:
    """Return independent standard normals of one block of `stream`, always the same ones."""
    digest = hashlib.blake2b(stream.encode(), digest_size=16).digest()
    key = np.frombuffer(digest, dtype="<u8")
    generator = np.random.Generator(np.random.Philox(key=key, counter=[0, 0, 0, block]))
    return generator.standard_normal(size)


def smooth_noise(stream: str, spacing: int, minutes: Ints) -> Floats:
    """Return a continuous Gaussian path of mean 0 and variance 1, read at `minutes`.

    Independent normals sit `spacing` minutes apart; between two of them the path is
    ``cos(a) left + sin(a) right`` with `a` going from 0 to a right angle, which keeps the
    variance 1 everywhere. Values more than ``2 * spacing`` apart are independent.

    Parameters
    ----------
    stream : str
    spacing : int
        Minutes between knots.
    minutes : ndarray of int, shape (n,)
        Ascending, not negative.

    Returns
    -------
    ndarray, shape (n,)
    """
    left = minutes // spacing
    first = int(left[0])
    knots = _knots(stream, first, int(left[-1]) + 2)
    angle = (minutes - left * spacing) * (np.pi / 2 / spacing)
    at = left - first
    return np.asarray(np.cos(angle) * knots[at] + np.sin(angle) * knots[at + 1])


def _knots(stream: str, first: int, end: int) -> Floats:
    blocks = range(first // _KNOTS_PER_BLOCK, (end - 1) // _KNOTS_PER_BLOCK + 1)
    whole = np.concatenate([normals(stream, block, _KNOTS_PER_BLOCK) for block in blocks])
    offset = blocks.start * _KNOTS_PER_BLOCK
    return whole[first - offset : end - offset]


def bridge(scale: Floats, noise: Floats, total: Floats) -> Floats:
    """Return increments of standard deviation `scale` that sum to `total` on the last axis.

    If `noise` is standard normal and `total` is normal with variance ``sum(scale**2)``,
    independent of it, the increments are independent normals with standard deviations
    `scale`: the Gaussian conditioned on its sum, then mixed over the sum.

    Parameters
    ----------
    scale, noise : ndarray, shape (..., n)
    total : ndarray, shape (...)
    """
    free = scale * noise
    variance = scale**2
    missing = (total - free.sum(axis=-1)) / variance.sum(axis=-1)
    return np.asarray(free + variance * missing[..., None])
