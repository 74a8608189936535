"""Volatility foretold follows what moves it, and is better than that of yesterday."""

import numpy as np
import pytest

from core.models.volatility import MIN_ROWS, VolatilityModel


def _data(rows: int = 8_000, seed: int = 0) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return columns, the true volatility, and absolute moves of it."""
    rng = np.random.default_rng(seed)
    columns = rng.normal(size=(rows, 3))
    volatility = 1e-3 * np.exp(0.6 * columns[:, 0] - 0.2 * columns[:, 1])
    return columns, volatility, np.abs(volatility * rng.standard_t(5, rows))


def test_it_foretells_the_mean_absolute_move() -> None:
    columns, volatility, moved = _data()
    model = VolatilityModel.fit(columns[:6_000], moved[:6_000])
    assert model is not None
    foretold = model.predict(columns[6_000:])
    log_error = np.log(foretold / volatility[6_000:])
    assert np.std(log_error) < 0.1
    assert foretold.mean() == pytest.approx(moved[6_000:].mean(), rel=0.08)


def test_minutes_without_a_move_are_borne() -> None:
    columns, _, moved = _data()
    moved[::3] = 0.0
    model = VolatilityModel.fit(columns, moved)
    assert model is not None
    assert (model.predict(columns) > 0).all()


@pytest.mark.parametrize("rows", [0, MIN_ROWS - 1])
def test_too_few_rows_make_no_model(rows: int) -> None:
    columns, _, moved = _data()
    assert VolatilityModel.fit(columns[:rows], moved[:rows]) is None


def test_a_market_that_never_moved_makes_no_model() -> None:
    assert VolatilityModel.fit(np.ones((MIN_ROWS, 2)), np.zeros(MIN_ROWS)) is None


def test_a_row_alone_gives_the_same_bits_as_among_others() -> None:
    columns, _, moved = _data()
    model = VolatilityModel.fit(columns, moved)
    assert model is not None
    together = model.predict(columns)
    alone = [model.predict(columns[row : row + 1])[0] for row in range(0, 8_000, 97)]
    np.testing.assert_array_equal(alone, together[::97])
