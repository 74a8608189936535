"""The linear expert: robust, held near zero, and the same row by row."""

import numpy as np
import pytest

from core.models.linear import RobustLinear, Standardiser, weighted_sum


def _data(rows: int = 6_000, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    features = rng.normal(size=(rows, 4)) * [1.0, 100.0, 0.01, 1.0]
    target = 0.4 * features[:, 0] - 0.003 * features[:, 1] + rng.standard_t(3, rows)
    return features, target


def test_it_finds_what_is_there_and_holds_it_back() -> None:
    features, target = _data()
    foretold = RobustLinear("minute").fit(features, target).predict(features)
    truth = 0.4 * features[:, 0] - 0.003 * features[:, 1]
    slope = (foretold @ truth) / (truth @ truth)
    assert 0.6 < slope < 1.0
    tighter = RobustLinear("long").fit(features, target).predict(features)
    assert np.abs(tighter).mean() < np.abs(foretold).mean()


def test_outliers_move_it_little() -> None:
    features, target = _data()
    wild = target.copy()
    wild[::50] += 1_000.0
    calm_fit = RobustLinear("minute").fit(features, target).predict(features)
    wild_fit = RobustLinear("minute").fit(features, wild).predict(features)
    assert np.abs(wild_fit - calm_fit).max() < 0.2


def test_what_is_not_known_counts_as_usual() -> None:
    features, target = _data()
    features[:, 3] = np.nan
    model = RobustLinear("long").fit(features, target)
    assert np.isfinite(model.predict(features)).all()
    usual = np.nanmedian(features[:, :3], axis=0)
    unknown = model.predict(np.array([[np.nan] * 4, [*usual, np.nan]]))
    assert unknown[0] == pytest.approx(unknown[1], abs=1e-12)


def test_a_row_alone_gives_the_same_bits_as_among_others() -> None:
    features, target = _data()
    model = RobustLinear("long").fit(features, target)
    together = model.predict(features)
    alone = [model.predict(features[row : row + 1])[0] for row in range(0, 6_000, 97)]
    np.testing.assert_array_equal(alone, together[::97])


def test_it_must_be_fitted_first() -> None:
    with pytest.raises(ValueError, match="fit first"):
        RobustLinear("long").predict(np.zeros((1, 4)))


def test_standardised_columns_have_median_zero_and_stay_within_the_clip() -> None:
    features, _ = _data()
    scaled = Standardiser.of(features, 2.0)(features)
    assert np.median(scaled, axis=0) == pytest.approx(np.zeros(4), abs=1e-12)
    assert np.abs(scaled).max() <= 2.0


def test_a_weighted_sum_is_the_product() -> None:
    rng = np.random.default_rng(0)
    columns, weights = rng.normal(size=(50, 7)), rng.normal(size=7)
    assert weighted_sum(columns, weights) == pytest.approx(columns @ weights)
