"""Weights go to whoever was better, and cost little where nobody is."""

import numpy as np
import pytest

from core.models.aggregation import aggregate

PRIOR = np.full(3, 1 / 3)
ROWS, ROUND = 30_000, 60


def _market(edge: float, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """Return targets and three experts: no change, one that knows `edge`, one that guesses."""
    rng = np.random.default_rng(seed)
    signal, guess = rng.normal(size=(2, ROWS))
    target = edge * signal + rng.standard_t(5, ROWS)
    return target, np.column_stack((np.zeros(ROWS), edge * signal, edge * guess))


def _published(target: np.ndarray, forecasts: np.ndarray) -> np.ndarray:
    """Return what is published when weights are learned anew before each fifth of the rows."""
    out = np.zeros(ROWS)
    for start in range(0, ROWS, ROWS // 5):
        rows = slice(start, start + ROWS // 5)
        weights = aggregate(target[:start], forecasts[:start], np.ones(start), PRIOR, ROUND)
        out[rows] = forecasts[rows] @ weights
    return out


def test_without_rows_the_prior_is_kept() -> None:
    empty = np.zeros(0)
    assert aggregate(empty, np.zeros((0, 3)), empty, PRIOR, ROUND) == pytest.approx(PRIOR)


def test_whoever_knows_is_believed() -> None:
    target, forecasts = _market(edge=0.1)
    weights = aggregate(target, forecasts, np.ones(ROWS), PRIOR, ROUND)
    assert weights.sum() == pytest.approx(1.0)
    assert weights.min() >= 0.0
    assert weights[1] > 0.8


def test_where_nobody_knows_no_change_is_believed() -> None:
    target, forecasts = _market(edge=0.0)
    rng = np.random.default_rng(1)
    forecasts[:, 1:] = 0.2 * rng.normal(size=(ROWS, 2))
    assert aggregate(target, forecasts, np.ones(ROWS), PRIOR, ROUND)[0] > 0.9


@pytest.mark.parametrize("seed", range(5))
def test_the_mixture_loses_next_to_nothing_to_no_change_and_wins_what_is_to_be_won(
    seed: int,
) -> None:
    for edge, least in ((0.0, -1e-9), (0.03, -2e-4), (0.2, 0.005)):
        target, forecasts = _market(edge, seed)
        loss = np.abs(target - _published(target, forecasts)).mean()
        assert 1.0 - loss / np.abs(target).mean() >= least


def test_errors_count_by_what_they_cost() -> None:
    target, forecasts = _market(edge=0.1)
    wild = np.arange(ROWS) % 2 == 0
    forecasts[wild, 1] *= -1.0  # right in calm rows only
    importance = np.where(wild, 5.0, 0.1)
    weights = aggregate(target, forecasts, importance, PRIOR, ROUND)
    assert weights[1] < 0.05
    weights = aggregate(target, forecasts, importance[::-1].copy(), PRIOR, ROUND)
    assert weights[1] > 0.5


def test_the_regret_keeps_to_its_bound() -> None:
    """Against each expert alone, at weights updated after every round."""
    target, forecasts = _market(edge=0.05, seed=3)
    out = np.zeros(ROWS)
    for start in range(0, ROWS, ROUND * 10):
        weights = aggregate(target[:start], forecasts[:start], np.ones(start), PRIOR, ROUND)
        rows = slice(start, start + ROUND * 10)
        out[rows] = forecasts[rows] @ weights
    rounds = ROWS // ROUND
    gains = np.abs(target - out)[:, None] - np.abs(target[:, None] - forecasts)
    by_round = gains.reshape(rounds, ROUND, 3).mean(axis=1)
    bound = 4.0 * np.sqrt((by_round**2).sum(axis=0) * np.log(3.0)) + 2.0 * np.abs(by_round).max()
    assert (by_round.sum(axis=0) <= bound).all()
