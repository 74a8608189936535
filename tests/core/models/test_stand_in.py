"""The random walk in a model's place keeps the width of its bands."""

from __future__ import annotations

import math
from datetime import UTC, datetime, timedelta

import numpy as np
import pandas as pd
import pytest

from core.domain import BAND_LEVELS, Forecast, Interval
from core.models.bands import band_columns
from core.models.stand_in import random_walk_instead, random_walk_where

AT = datetime(2026, 3, 1, tzinfo=UTC)
EDGES = {0.5: (-1e-4, 1e-4), 0.8: (-2e-4, 3e-4), 0.9: (-4e-4, 4e-4), 0.95: (-5e-4, 6e-4)}
POINT = 80_000 * math.exp(2e-5)


def test_a_forecast_becomes_no_change_with_its_bands_around() -> None:
    bands = tuple(
        Interval(level, POINT * math.exp(low), POINT * math.exp(high))
        for level, (low, high) in EDGES.items()
    )
    model = Forecast("minute", AT, AT + timedelta(minutes=1), 80_000, POINT, bands, 3e-4, True)
    stays = random_walk_instead(model)
    assert (stays.point, stays.volatility, stays.standing_aside) == (80_000, 3e-4, False)
    for band, (low, high) in zip(stays.bands, EDGES.values(), strict=True):
        assert (math.log(band.low / 80_000), math.log(band.high / 80_000)) == pytest.approx(
            (low, high)
        )


def test_in_a_table_only_the_rows_told_change() -> None:
    edges = {
        name: [POINT * math.exp(edge)] * 2
        for level in BAND_LEVELS
        for name, edge in zip(band_columns(level), EDGES[level], strict=True)
    }
    table = pd.DataFrame({"price_at_issue": 80_000.0, "point": [POINT] * 2, **edges, "actual": 1.0})
    changed = random_walk_where(table, np.array([True, False]))
    pd.testing.assert_series_equal(changed.iloc[1], table.iloc[1], check_exact=True)
    assert changed["point"][0] == 80_000
    assert changed["actual"][0] == 1.0
    assert math.log(changed["lo80"][0] / 80_000) == pytest.approx(-2e-4)
    assert math.log(changed["hi95"][0] / 80_000) == pytest.approx(6e-4)
