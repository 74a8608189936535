"""The random numbers behind the simulated market."""

from __future__ import annotations

import numpy as np

from core.exchanges.simulated_noise import bridge, normals, smooth_noise


def test_blocks_of_a_stream_are_repeatable_and_unrelated() -> None:
    first = normals("a", 0, 5_000)
    assert np.array_equal(first, normals("a", 0, 5_000))
    for other in (normals("a", 1, 5_000), normals("b", 0, 5_000)):
        assert abs(np.corrcoef(first, other)[0, 1]) < 0.05
    assert abs(first.mean()) < 0.05
    assert abs(first.std() - 1) < 0.05


def test_smooth_noise_is_the_same_whichever_part_is_asked() -> None:
    whole = smooth_noise("s", 45, np.arange(60_000))
    for start, end in ((0, 1), (11_519, 11_522), (30_000, 45_000), (59_999, 60_000)):
        assert np.array_equal(smooth_noise("s", 45, np.arange(start, end)), whole[start:end])


def test_smooth_noise_has_unit_variance_and_no_steps() -> None:
    path = smooth_noise("s", 20, np.arange(400_000))
    at_knots, between = path[::20], path[10::20]
    assert abs(at_knots.var() - 1) < 0.05
    assert abs(between.var() - 1) < 0.05
    assert np.abs(np.diff(path)).max() < np.abs(path).max() * np.pi / 2 / 20 * np.sqrt(2)


def test_bridged_increments_sum_to_the_total_and_are_independent() -> None:
    scale = np.array([0.5, 1.0, 2.0, 0.1])
    draws = 200_000
    rng = np.random.default_rng(1)
    total = np.sqrt(np.sum(scale**2)) * rng.standard_normal(draws)
    moves = bridge(np.broadcast_to(scale, (draws, 4)), rng.standard_normal((draws, 4)), total)
    assert np.allclose(moves.sum(axis=1), total)
    assert np.allclose(np.cov(moves.T / scale[:, None]), np.eye(4), atol=0.015)
