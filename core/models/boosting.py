"""Gradient-boosted trees."""

from __future__ import annotations

from typing import Any, Final, cast

import numpy as np
import sklearn
from sklearn.ensemble import HistGradientBoostingRegressor
from sklearn.impute import SimpleImputer
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import StandardScaler

from core.domain import Horizon
from core.losses import Floats

SKLEARN_VERSION: Final = sklearn.__version__

# Shallow and slow: the edge is about a thousandth of the noise, so a leaf must hold
# hundreds of rows before its median says anything. The long model sees a fifth of the
# rows, and those overlap, so it is held tighter still.
_SETTINGS: Final[dict[Horizon, dict[str, Any]]] = {
    "minute": {
        "learning_rate": 0.03,
        "max_iter": 150,
        "max_leaf_nodes": 8,
        "min_samples_leaf": 500,
        "l2_regularization": 10.0,
        "max_features": 0.4,
    },
    "long": {
        "learning_rate": 0.02,
        "max_iter": 60,
        "max_leaf_nodes": 6,
        "min_samples_leaf": 600,
        "l2_regularization": 50.0,
        "max_features": 0.3,
    },
}


class BoostedTrees:
    """Median imputer, standard scaler and histogram gradient boosting on absolute error.

    Absolute error makes the forecast a median, which is what MAE, the score published,
    rewards. The result is the same for the same rows and seed on every run; the seed draws
    the columns that each split may use.

    References
    ----------
    Ke et al., LightGBM: A Highly Efficient Gradient Boosting Decision Tree, NIPS 2017.
    """

    def __init__(self, horizon: Horizon, seed: int = 0) -> None:
        regressor = HistGradientBoostingRegressor(
            loss="absolute_error", early_stopping=False, random_state=seed, **_SETTINGS[horizon]
        )
        # keep_empty_features: a column that is NaN throughout (a market without volume)
        # must not change the number of columns.
        self._pipeline: Pipeline = make_pipeline(
            SimpleImputer(strategy="median", keep_empty_features=True), StandardScaler(), regressor
        )

    def fit(self, features: Floats, target: Floats) -> BoostedTrees:
        """Fit on rows of features, shape (n, k), and their targets, shape (n,), no NaN."""
        self._pipeline.fit(features, target)
        return self

    def predict(self, features: Floats) -> Floats:
        """Return the median expected target of each row, shape (n,)."""
        if len(features) == 0:
            return np.zeros(0)
        return cast(Floats, self._pipeline.predict(features))
