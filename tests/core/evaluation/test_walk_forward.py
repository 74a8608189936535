"""A walk-forward forecasts what the engine would have, and never from the future."""

import math
from datetime import timedelta
from functools import lru_cache

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.domain import HORIZONS, ForecastSpec, Horizon
from core.evaluation.blocks import COLUMNS
from core.evaluation.report import summarise
from core.evaluation.walk_forward import (
    first_refit_rows,
    first_training_rows,
    replay,
    walk_forward,
)
from core.models.samples import Task
from core.models.training import train
from tests.core.features.series import altered_after, candles

SPEC = ForecastSpec(long_horizon_steps=2)
REFIT = 400


@pytest.fixture(scope="module", name="frame")
def _frame() -> pd.DataFrame:
    return candles(6_300, seed=21, bounce=2.0, gaps=[(5_900, 30)])


@pytest.fixture(scope="module", name="issued")
def _issued(frame: pd.DataFrame) -> pd.DataFrame:
    return walk_forward(frame, SPEC, "minute", REFIT)


def test_every_candle_with_a_known_target_is_forecast_once(
    frame: pd.DataFrame, issued: pd.DataFrame
) -> None:
    first = first_training_rows(SPEC, "minute")
    closes = frame.index + pd.Timedelta(minutes=1)
    expected = [t for t in closes[first - 1 :] if t + pd.Timedelta(minutes=1) in closes]
    assert tuple(issued.columns) == COLUMNS
    assert issued["issued_at"].tolist() == expected
    actual = frame["close"].set_axis(closes)[issued["target_time"]]
    np.testing.assert_array_equal(issued["actual"], actual)


def test_the_forecasts_are_those_of_the_engine(frame: pd.DataFrame, issued: pd.DataFrame) -> None:
    first = first_training_rows(SPEC, "minute")
    known = frame.iloc[:first]
    model = train(known, SPEC, "minute", known.index[-1].to_pydatetime() + timedelta(minutes=1))
    assert model.shrinkage > 0
    for i in (0, 1, REFIT - 1):
        live = model.forecast(frame.iloc[: first + i])
        assert live is not None
        assert live.band is not None
        assert live.issued_at == issued["issued_at"].iloc[i]
        assert live.point == issued["point"].iloc[i]
        assert live.band.low == issued["lo80"].iloc[i]


def test_the_future_changes_no_forecast(frame: pd.DataFrame, issued: pd.DataFrame) -> None:
    row = 5_700
    changed = walk_forward(altered_after(frame, row, 1), SPEC, "minute", REFIT)
    closed = frame.index[row] + pd.Timedelta(minutes=1)
    columns = [name for name in COLUMNS if name not in ("actual", "realised")]
    before, after = (f.loc[f["issued_at"] <= closed, columns] for f in (issued, changed))
    assert len(before) > REFIT
    pd.testing.assert_frame_equal(after, before, check_exact=True)
    scores = [summarise(f[f["target_time"] <= closed], 1) for f in (issued, changed)]
    assert repr(scores[0]) == repr(scores[1])


@lru_cache
def unchanged(horizon: Horizon) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return candles with a gap, and what is forecast of them as they are."""
    frame = candles(2_400, seed=8, gaps=[(1_500, 9)])
    return frame, walk_forward(frame, SPEC, horizon, REFIT)


@settings(max_examples=12, deadline=None)
@given(row=st.integers(1_300, 2_300), seed=st.integers(0, 1_000), horizon=st.sampled_from(HORIZONS))
def test_the_future_changes_no_score(row: int, seed: int, horizon: Horizon) -> None:
    """Also where no model is trained: bands, volatility and quantiles are from the past."""
    frame, original = unchanged(horizon)
    closed = frame.index[row] + pd.Timedelta(minutes=1)
    found = []
    for issued in (original, walk_forward(altered_after(frame, row, seed), SPEC, horizon, REFIT)):
        matured = issued[issued["target_time"] <= closed]
        found.append((matured, summarise(matured, Task.of(SPEC, horizon).steps)))
    (before, report), (after, again) = found
    pd.testing.assert_frame_equal(after, before, check_exact=True)
    assert repr(again) == repr(report)


def test_any_number_of_processes_gives_the_same() -> None:
    frame = candles(2_400, seed=8, gaps=[(1_500, 9)])
    steps: list[tuple[int, int]] = []
    alone, shared = (
        replay(frame, SPEC, HORIZONS, 300, lambda *step: steps.append(step), processes=count)
        for count in (1, 2)
    )
    assert steps == 2 * [(done, 20) for done in range(1, 21)]  # a fit and a block a refit
    for horizon in HORIZONS:
        assert alone[horizon].refits == shared[horizon].refits == 5
        assert len(alone[horizon].forecasts) > 150
        pd.testing.assert_frame_equal(
            shared[horizon].forecasts, alone[horizon].forecasts, check_exact=True
        )
        assert shared[horizon].seconds_per_refit > 0.0
        assert shared[horizon].seconds_per_forecast > 0.0


def test_a_signal_is_worth_something(issued: pd.DataFrame) -> None:
    report = summarise(issued, 1)
    assert report is not None
    assert report.skill_low > 0.0
    band = report.band(0.8)
    assert band is not None
    assert band.coverage == pytest.approx(0.8, abs=0.06)


def test_the_long_model_issues_at_the_close_of_five_minute_bars(frame: pd.DataFrame) -> None:
    refits: list[tuple[int, int]] = []
    issued = walk_forward(
        frame, SPEC, "long", 2_000, lambda *step: refits.append(step), min_train_rows=4_000
    )
    assert refits == [(1, 4), (2, 4), (3, 4), (4, 4)]
    assert len(issued) > 400
    assert (issued["issued_at"].dt.minute % 5 == 0).all()
    assert issued["issued_at"].is_monotonic_increasing
    assert issued["issued_at"].is_unique
    assert (issued["target_time"] - issued["issued_at"] == pd.Timedelta(minutes=10)).all()
    assert (issued["point"] == issued["price_at_issue"]).all()
    assert (issued["shrinkage"] == 0.0).all()


@pytest.mark.parametrize("horizon", HORIZONS)
def test_the_first_refit_waits_for_a_model_where_a_tenth_is_left(horizon: Horizon) -> None:
    usual = first_training_rows(SPEC, horizon)
    enough = math.ceil(usual / 0.9)
    assert first_refit_rows(enough, SPEC, horizon) == usual
    assert first_refit_rows(enough - 1, SPEC, horizon) == (enough - 1) // 2


def test_without_a_model_the_random_walk_and_its_bands_are_judged() -> None:
    issued = walk_forward(candles(1_000), SPEC, "minute")
    assert len(issued) == 500
    assert (issued["point"] == issued["price_at_issue"]).all()
    assert issued["lo80"].notna().all()
    assert issued["realised"].isna().all()


def test_too_few_candles_give_no_forecasts() -> None:
    issued = walk_forward(candles(1), SPEC, "minute")
    assert issued.empty
    assert tuple(issued.columns) == COLUMNS
