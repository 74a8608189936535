"""The experts whose forecasts are mixed: "the price stays", bagged trees, a linear one."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from core.domain import Horizon
from core.features import CALENDAR_NAMES, DISTANT_NAMES, FEATURE_NAMES
from core.losses import Floats
from core.models.boosting import BoostedTrees
from core.models.linear import RobustLinear, weighted_sum

COLUMNS: Final = (*FEATURE_NAMES, *DISTANT_NAMES, *CALENDAR_NAMES)
"""Columns of `core.models.samples.Samples.features`."""

EXPERTS: Final = ("no change", "trees", "linear")

# Where forecasts overlap and are few, the expert that is held tightest is believed first.
PRIOR: Final[dict[Horizon, tuple[float, float, float]]] = {
    "minute": (1 / 3, 1 / 3, 1 / 3),
    "long": (0.2, 0.2, 0.6),
}

# The clock says something of the next minute and little of the next 45; what days have
# brought says something of 45 minutes.
_TREES: Final[dict[Horizon, tuple[str, ...]]] = {
    "minute": (*FEATURE_NAMES, *CALENDAR_NAMES),
    "long": FEATURE_NAMES,
}
_LINEAR: Final[dict[Horizon, tuple[str, ...]]] = {
    "minute": FEATURE_NAMES,
    "long": (*FEATURE_NAMES, *DISTANT_NAMES),
}


@dataclass(frozen=True, slots=True)
class Experts:
    """Experts fitted on the same rows."""

    horizon: Horizon
    trees: tuple[BoostedTrees, ...]
    linear: RobustLinear

    @classmethod
    def fit(cls, horizon: Horizon, features: Floats, target: Floats, bags: int) -> Experts:
        """Fit on features, shape (n, len(COLUMNS)), and scaled returns, shape (n,), no NaN.

        Parameters
        ----------
        bags : int
            Ensembles of trees that are averaged, alike but for the columns they draw.
        """
        of_trees = features[:, _positions(_TREES[horizon])]
        return cls(
            horizon,
            tuple(BoostedTrees(horizon, seed).fit(of_trees, target) for seed in range(bags)),
            RobustLinear(horizon).fit(features[:, _positions(_LINEAR[horizon])], target),
        )

    def predict(self, features: Floats) -> Floats:
        """Return what each of `EXPERTS` expects, shape (n, 3), in units of volatility."""
        of_trees = features[:, _positions(_TREES[self.horizon])]
        bagged = sum((trees.predict(of_trees) for trees in self.trees), np.zeros(len(features)))
        return np.column_stack(
            (
                np.zeros(len(features)),
                bagged / len(self.trees),
                self.linear.predict(features[:, _positions(_LINEAR[self.horizon])]),
            )
        )


@dataclass(frozen=True, slots=True)
class Mixture:
    """Experts and how much each weighs."""

    experts: Experts
    weights: tuple[float, ...]

    @property
    def share(self) -> float:
        """How much is not "the price stays", 0 to 1."""
        return 1.0 - self.weights[0]

    def predict(self, features: Floats) -> Floats:
        """Return the expected return of each row in units of volatility, shape (n,)."""
        return weighted_sum(self.experts.predict(features), np.asarray(self.weights))


def _positions(names: tuple[str, ...]) -> npt.NDArray[np.int64]:
    return np.array([COLUMNS.index(name) for name in names])
