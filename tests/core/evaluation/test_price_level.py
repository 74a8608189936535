"""The original's way loses where the price leaves what its trees have seen."""

from __future__ import annotations

from datetime import timedelta

import pandas as pd
import pytest

from core.domain import HORIZONS, ForecastSpec
from core.evaluation.price_level import train_price_level
from core.evaluation.report import summarise
from core.evaluation.walk_forward import DAY, replay
from tests.core.features.series import altered_after, candles, recorded

SPEC = ForecastSpec(long_horizon_steps=1)


@pytest.fixture(scope="module", name="frame")
def _frame() -> pd.DataFrame:
    return candles(6_500, seed=2, gaps=[(6_300, 20)])


def test_it_loses_more_than_half_on_a_random_walk(frame: pd.DataFrame) -> None:
    run = replay(frame, SPEC, ("minute",), fit=train_price_level, processes=1)["minute"]
    report = summarise(run.forecasts, run.steps)
    assert report is not None
    assert report.n > 1_000
    assert report.skill_high < -0.5
    assert report.bands == ()
    assert report.pinball is None
    assert report.shrinkage == 1.0


def test_a_forecast_knows_no_later_candle(frame: pd.DataFrame) -> None:
    row = 6_200
    now = frame.index[row].to_pydatetime() + timedelta(minutes=1)
    first, again = (
        train_price_level(series, SPEC, "minute", now).forecasts(series.iloc[: row + 1], 50)
        for series in (frame, altered_after(frame, row, 3))
    )
    pd.testing.assert_frame_equal(first, again, check_exact=True)


def test_nothing_after_the_training_was_learned(frame: pd.DataFrame) -> None:
    now = frame.index[6_200].to_pydatetime() + timedelta(minutes=1)
    assert train_price_level(frame, SPEC, "minute", now).train_end == now


def test_right_after_an_outage_the_price_stays(frame: pd.DataFrame) -> None:
    model = train_price_level(frame, SPEC, "minute", frame.index[6_200].to_pydatetime())
    back = 6_300  # the row after the gap
    issued = model.forecasts(frame.iloc[: back + 1], 1)
    assert issued["point"].tolist() == [frame["close"].iloc[back]]


def test_too_few_rows_give_the_random_walk() -> None:
    frame = candles(800)
    now = frame.index[-1].to_pydatetime() + timedelta(minutes=1)
    model = train_price_level(frame, SPEC, "minute", now)
    issued = model.forecasts(frame, 30)
    assert model.train_end is None
    assert model.shrinkage == 0.0
    assert (issued["point"] == issued["price_at_issue"]).all()


def test_on_recorded_candles_it_loses_more_than_half_at_both_horizons() -> None:
    frame = recorded("BTCUSDT-1m-20260301-20260430", 87_840)
    runs = replay(frame, ForecastSpec(), HORIZONS, 10 * DAY, fit=train_price_level, processes=1)
    for run in runs.values():
        report = summarise(run.forecasts, run.steps)
        assert report is not None
        assert report.skill < -0.5
