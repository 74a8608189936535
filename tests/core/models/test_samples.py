"""The newest rows alone equal the newest rows of all, to the last bit."""

from dataclasses import fields

import numpy as np
import pandas as pd
import pytest

from core.domain import ForecastSpec, Horizon
from core.models.samples import Samples, Task, build_samples, newest_samples
from tests.core.features.series import candles


def _assert_same(part: Samples, whole: Samples) -> None:
    assert len(part) > 0
    for column in fields(Samples):
        expected = getattr(whole, column.name)[-len(part) :]
        np.testing.assert_array_equal(getattr(part, column.name), expected, column.name)


@pytest.mark.parametrize("horizon", ["minute", "long"])
@pytest.mark.parametrize("count", [1, 150])
@pytest.mark.parametrize("length", [4_000, 8_001, 8_998, 9_003])
def test_newest_samples_are_the_end_of_all_samples(
    horizon: Horizon, count: int, length: int
) -> None:
    # A minute missing every half hour costs the long model a sixth of its bars.
    holes = [(k, 1) for k in range(4_007, 9_000, 30)]
    frame = candles(9_200, seed=4, gaps=[*holes, (5_000, 400)]).iloc[:length]
    task = Task.of(ForecastSpec(minute_horizon=3), horizon)
    part = newest_samples(frame, task, count)
    assert len(part) == count
    _assert_same(part, build_samples(frame, task))


def test_fewer_rows_than_asked_are_all_there_are() -> None:
    task = Task.of(ForecastSpec(), "minute")
    part = newest_samples(candles(50), task, 100)
    assert len(part) == 50
    _assert_same(part, build_samples(candles(50), task))


def test_no_candles_give_no_rows() -> None:
    empty = candles(10).iloc[:0]
    for horizon in ("minute", "long"):
        assert len(build_samples(empty, Task.of(ForecastSpec(), horizon))) == 0


def test_rows_are_issued_at_the_close_of_their_bar() -> None:
    frame = candles(23)
    minute = build_samples(frame, Task.of(ForecastSpec(), "minute"))
    long = build_samples(frame, Task.of(ForecastSpec(), "long"))
    assert minute.issued_at[-1] == frame.index[-1] + pd.Timedelta(minutes=1)
    assert long.issued_at[-1] == frame.index[0] + pd.Timedelta(minutes=20)
    assert long.close[-1] == frame["close"].iloc[19]


def test_the_price_ahead_is_the_close_at_the_target() -> None:
    frame = candles(200)
    samples = build_samples(frame, Task.of(ForecastSpec(minute_horizon=4), "minute"))
    np.testing.assert_array_equal(samples.close_ahead[40:-4], frame["close"].iloc[44:])
    assert np.isnan(samples.close_ahead[-4:]).all()
