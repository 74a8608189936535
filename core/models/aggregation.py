"""How much each expert weighs in what is published: learned on forecasts that have matured."""

from __future__ import annotations

from typing import Final

import numpy as np

from core.losses import Floats

_LEAST_RATE: Final = 0.1


def aggregate(
    target: Floats, forecasts: Floats, importance: Floats, prior: Floats, rows_per_round: int
) -> Floats:
    """Return the weights of experts after all rounds, by Bernstein online aggregation.

    In each round the experts have forecast `rows_per_round` rows one after the other, the
    mixture published `forecasts @ weights`, and all are charged with absolute error. The
    gradient trick (charging each expert with the slope of the mixture's loss in its direction)
    makes the mixture compete with the best convex combination: the sum of its losses exceeds
    that of any fixed combination, the random walk alone among them, by
    ``O(sqrt(V log(1 / prior)))``, where V sums the squared differences of loss in each round.
    So it cannot lose much to the random walk, and need not know beforehand whether there is
    anything to be found.

    Parameters
    ----------
    target : array, shape (n,)
        What came, in time order: scaled returns.
    forecasts : array, shape (n, experts)
        What each expert, fitted on rows before, forecast for it.
    importance : array, shape (n,)
        What one unit of error costs in each row (volatility: errors are judged in USD).
    prior : array, shape (experts,)
        Weights before the first round, positive, summing to 1.
    rows_per_round : int
        At least the horizon in rows, so that outcomes of different rounds hardly overlap.

    Returns
    -------
    array, shape (experts,)
        Not negative, summing to 1; `prior` where there are no rows.

    References
    ----------
    Wintenberger, Optimal Learning with Bernstein Online Aggregation, Machine Learning 106
    (2017), with the learning rates per expert of its section 3.2; Cesa-Bianchi and Lugosi,
    Prediction, Learning, and Games (2006), section 2.5, for the gradient trick.
    """
    weights = prior.copy()
    gained, squared, largest = (np.zeros(len(prior)) for _ in range(3))
    doubt = np.maximum(np.log(1.0 / prior), _LEAST_RATE)
    for start in range(0, len(target), rows_per_round):
        rows = slice(start, start + rows_per_round)
        gain = _gains(target[rows], forecasts[rows], importance[rows], weights)
        gained += gain
        squared += gain**2
        largest = np.maximum(largest, np.abs(gain))
        if not largest.all():  # an expert that has always agreed with the mixture has no rate
            continue
        rate = np.minimum(1.0 / (2.0 * largest), np.sqrt(doubt / squared))
        log_weights = np.log(prior * rate) + rate * gained - rate**2 * squared
        weights = np.exp(log_weights - log_weights.max())
        weights /= weights.sum()
    return weights


def _gains(target: Floats, forecasts: Floats, importance: Floats, weights: Floats) -> Floats:
    """Return how much better than the mixture each expert was, linearised, mean of the rows."""
    mixture = forecasts @ weights
    slope = np.sign(mixture - target) * importance
    gains: Floats = (slope[:, None] * (mixture[:, None] - forecasts)).mean(axis=0)
    return gains
