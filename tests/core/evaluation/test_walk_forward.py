"""A walk-forward forecasts what the engine would have, and never from the future."""

from datetime import timedelta

import numpy as np
import pandas as pd
import pytest

from core.domain import ForecastSpec
from core.evaluation.report import summarise
from core.evaluation.walk_forward import COLUMNS, first_training_rows, walk_forward
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
        assert live.band.low == issued["low"].iloc[i]


def test_the_future_changes_no_forecast(frame: pd.DataFrame, issued: pd.DataFrame) -> None:
    row = 5_700
    changed = walk_forward(altered_after(frame, row, 1), SPEC, "minute", REFIT)
    closed = frame.index[row] + pd.Timedelta(minutes=1)
    columns = ["issued_at", "price_at_issue", "point", "low", "high", "shrinkage"]
    before, after = (f.loc[f["issued_at"] <= closed, columns] for f in (issued, changed))
    assert len(before) > REFIT
    pd.testing.assert_frame_equal(after, before, check_exact=True)


def test_a_signal_is_worth_something(issued: pd.DataFrame) -> None:
    report = summarise(issued, 1)
    assert report is not None
    assert report.skill_low > 0.0
    assert report.coverage == pytest.approx(0.8, abs=0.06)


def test_the_long_model_issues_at_the_close_of_five_minute_bars(frame: pd.DataFrame) -> None:
    refits: list[tuple[int, int]] = []
    issued = walk_forward(
        frame, SPEC, "long", 2_000, lambda *step: refits.append(step), min_train_rows=4_000
    )
    assert refits == [(1, 2), (2, 2)]
    assert len(issued) > 400
    assert (issued["issued_at"].dt.minute % 5 == 0).all()
    assert issued["issued_at"].is_monotonic_increasing
    assert issued["issued_at"].is_unique
    assert (issued["target_time"] - issued["issued_at"] == pd.Timedelta(minutes=10)).all()
    assert (issued["point"] == issued["price_at_issue"]).all()
    assert (issued["shrinkage"] == 0.0).all()


def test_too_few_candles_give_no_forecasts() -> None:
    issued = walk_forward(candles(500), SPEC, "minute")
    assert issued.empty
    assert tuple(issued.columns) == COLUMNS
