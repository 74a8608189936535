"""What the engine publishes is what an evaluation scores, to the last bit."""

from __future__ import annotations

import pandas as pd
import pytest

from benchmarks.agreement import Agreement, compare, row_of
from core.domain import Forecast, Interval
from tests.made import START
from tests.turning import SPEC, TURNS, turning_market

HALF_A_DAY = 720
pytestmark = pytest.mark.timeout(420)  # two trainings, twice


@pytest.fixture(scope="module", name="agreements")
def _agreements() -> list[Agreement]:
    """Half a day with two trainings: the model wins, the market turns, it stands aside.

    Twenty minutes are missing.
    """
    market = turning_market().iloc[: TURNS + 500]
    gap = slice(TURNS - 100, TURNS - 80)
    return compare(market.drop(market.index[gap]), SPEC, HALF_A_DAY, 500, every=15)


def test_every_row_is_the_same(agreements: list[Agreement]) -> None:
    minute, long = agreements
    assert minute.rows > 40
    assert long.rows > 40
    pd.testing.assert_frame_equal(minute.different, minute.different.iloc[:0])
    pd.testing.assert_frame_equal(long.different, long.different.iloc[:0])


def test_the_ledger_scores_what_an_evaluation_does(agreements: list[Agreement]) -> None:
    for agreement in agreements:
        assert agreement.ledger["n"] > 40
        assert agreement.ledger == agreement.scored
        assert agreement.same


def test_some_were_published_standing_aside_and_some_not(agreements: list[Agreement]) -> None:
    minute = agreements[0]
    assert 0 < minute.aside < minute.rows


def test_a_published_forecast_as_a_row() -> None:
    bands = (Interval(0.5, 9.0, 11.0), Interval(0.8, 8.0, 12.0))
    row = row_of(Forecast("minute", START, START, 10.0, 10.5, bands, None))
    assert (row["lo50"], row["hi50"], row["lo80"], row["hi80"]) == (9.0, 11.0, 8.0, 12.0)
    assert pd.isna(row["lo95"])
    assert pd.isna(row["volatility"])
