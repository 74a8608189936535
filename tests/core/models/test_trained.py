"""Forecasts know only the past, the live one equals the replayed one, and the tail is fair."""

import math
from datetime import timedelta

import numpy as np
import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from core.domain import ForecastSpec
from core.models.samples import build_samples
from core.models.trained import TrainedModel
from core.models.training import train
from tests.core.features.series import altered_after, candles, flat_candles, recorded
from tests.core.models.conftest import NOW, SPEC


@pytest.fixture(scope="module", name="unchanged")
def _unchanged(model: TrainedModel, bouncing: pd.DataFrame) -> pd.DataFrame:
    """What the model forecasts of the candles as they are."""
    return model.forecasts(bouncing, 4_000)


@settings(
    max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(row=st.integers(24_000, 27_300), seed=st.integers(0, 1_000))
def test_candles_after_t_change_no_forecast_at_t(
    model: TrainedModel, bouncing: pd.DataFrame, unchanged: pd.DataFrame, row: int, seed: int
) -> None:
    closed = bouncing.index[row] + pd.Timedelta(minutes=1)
    columns = ["issued_at", "target_time", "price_at_issue", "point", "lo80", "hi80"]
    before, after = (
        issued.loc[issued["issued_at"] <= closed, columns]
        for issued in (unchanged, model.forecasts(altered_after(bouncing, row, seed), 4_000))
    )
    assert len(before) > 0
    pd.testing.assert_frame_equal(after, before, check_exact=True)


def test_the_live_forecast_equals_the_replayed_one(
    model: TrainedModel, bouncing: pd.DataFrame
) -> None:
    replayed = model.forecasts(bouncing, 700).set_index("issued_at")
    for end in range(len(bouncing) - 650, len(bouncing) + 1, 41):
        live = model.forecast(bouncing.iloc[:end])
        assert live is not None
        assert live.band is not None
        row = replayed.loc[live.issued_at]
        assert live.point == row["point"]
        assert (live.band.low, live.band.high) == (row["lo80"], row["hi80"])
        assert live.price_at_issue == row["price_at_issue"]
        assert live.target_time == row["target_time"]


def test_a_forecast_is_issued_at_the_close_of_its_bar_for_one_horizon_later(
    model: TrainedModel, bouncing: pd.DataFrame
) -> None:
    frame = bouncing.iloc[: len(bouncing) - 2]
    forecast = model.forecast(frame)
    assert forecast is not None
    closed = frame.index[-1].to_pydatetime() + timedelta(minutes=1)
    bar = model.task.bar_minutes
    assert forecast.issued_at == closed - timedelta(minutes=closed.minute % bar)
    assert forecast.target_time - forecast.issued_at == timedelta(minutes=model.task.minutes)
    assert forecast.issued_at.tzinfo is not None
    assert forecast.band is not None
    assert forecast.band.level == 0.8
    assert forecast.band.low < forecast.point < forecast.band.high


def test_after_a_gap_the_price_stays_until_the_windows_are_full(
    model: TrainedModel, bouncing: pd.DataFrame
) -> None:
    bar = pd.Timedelta(minutes=model.task.bar_minutes)
    resumes = pd.Timestamp("2027-01-01", tz="UTC")
    later = candles(70 * model.task.bar_minutes, seed=12, bounce=2.0, start=resumes)
    issued = model.forecasts(pd.concat([bouncing, later]), 70)
    stays = issued["point"] == issued["price_at_issue"]
    full = issued["issued_at"] >= resumes + 64 * bar
    assert full.sum() == 7
    assert (stays == ~full).all()
    assert issued["lo80"].notna().all()


def test_the_tail_equals_one_forecast_after_the_other(
    model: TrainedModel, bouncing: pd.DataFrame
) -> None:
    score, trace = model.tail(bouncing, n=20)
    bar, steps = model.task.bar_minutes, model.task.steps
    one_by_one = []
    for end in range(len(bouncing) - (20 + steps) * bar + 1, len(bouncing) + 1):
        forecast = model.forecast(bouncing.iloc[:end])
        if forecast is not None and forecast not in one_by_one:
            one_by_one.append(forecast)
    prices = bouncing["close"].set_axis(bouncing.index + pd.Timedelta(minutes=1))
    scored = [f for f in one_by_one if f.target_time in prices.index][-20:]
    errors = [f.point - prices[f.target_time] for f in scored]
    stays = [f.price_at_issue - prices[f.target_time] for f in scored]
    assert score is not None
    assert score.n == 20
    assert score.model.mae == pytest.approx(np.mean(np.abs(errors)))
    assert score.model.rmse == pytest.approx(math.sqrt(np.mean(np.square(errors))))
    assert score.random_walk.mae == pytest.approx(np.mean(np.abs(stays)))
    last = one_by_one[-1]
    assert trace.point[-1] == last.point
    assert trace.issued[-1] == int(last.issued_at.timestamp() * 1_000)
    assert trace.target[-1] == int(last.target_time.timestamp() * 1_000)
    assert trace.actual[-steps:] == [None] * steps
    assert trace.actual[-steps - 1] == prices[scored[-1].target_time]


def test_the_tail_holds_only_forecasts_made_after_the_fit(
    model: TrainedModel, bouncing: pd.DataFrame
) -> None:
    score, trace = model.tail(bouncing, n=5_000)
    assert model.train_end is not None
    assert min(trace.issued) >= model.train_end.timestamp() * 1_000
    samples = build_samples(bouncing, model.task)
    later = samples.issued_at >= model.train_end
    assert score is not None
    assert score.n == np.isfinite(samples.target[later]).sum() >= 100


def test_the_tail_grows_with_the_candles_after_training() -> None:
    frame = candles(6_600, seed=11, bounce=2.0)
    model = train(frame.iloc[:6_000], SPEC, "minute", NOW)
    scores = [model.tail(frame.iloc[:rows], n=1_000)[0] for rows in (6_000, 6_001, 6_600)]
    assert [score.n for score in scores if score] == [100, 101, 700]


def test_a_tail_without_a_known_target_has_no_score(model: TrainedModel) -> None:
    frame = candles(64 * model.task.bar_minutes, start=pd.Timestamp("2025-01-01", tz="UTC"))
    score, trace = model.tail(frame)
    assert score is None
    assert trace.issued == []


def test_forecasts_of_lists_are_plain_values(model: TrainedModel, bouncing: pd.DataFrame) -> None:
    _, trace = model.tail(bouncing)
    assert trace.issued_since is None
    lists = [name for name in trace.__slots__ if name != "issued_since"]
    assert {len(getattr(trace, name)) for name in lists} == {100 + model.task.steps}
    for name in lists:
        kinds = {type(value) for value in getattr(trace, name)}
        allowed = {int} if name in ("issued", "target") else {float, type(None)}
        assert kinds <= allowed, name


def test_the_card_tells_what_the_model_is(model: TrainedModel, bouncing: pd.DataFrame) -> None:
    card = model.card(model.tail(bouncing)[0])
    assert card.trained
    assert card.tail == model.tail(bouncing)[0]
    assert (card.model_id, card.rows, card.shrinkage) == (
        model.model_id,
        model.rows,
        model.shrinkage,
    )
    assert card.trained_at == NOW


def test_flat_prices_give_finite_forecasts(model: TrainedModel) -> None:
    frame = flat_candles(1_000 * model.task.bar_minutes)
    for forecaster in (model, train(frame, SPEC, model.horizon, NOW)):
        forecast = forecaster.forecast(frame)
        assert forecast is not None
        assert forecast.point == pytest.approx(3.3, rel=1e-4)
        assert forecast.band is not None
        assert forecast.band.low <= forecast.point <= forecast.band.high
        assert forecast.band.low == pytest.approx(3.3, rel=1e-4)


@settings(
    max_examples=8, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    price=st.floats(1e-7, 1e6),
    storm=st.floats(0.0, 80.0),
    rows=st.integers(1, 3_000),
    gap=st.integers(0, 400),
)
def test_bands_lie_within_each_other_in_any_market(
    model: TrainedModel, bouncing: pd.DataFrame, price: float, storm: float, rows: int, gap: int
) -> None:
    """From a coin worth a millionth to one of a million, from standstill to a crash, over gaps."""
    recent = bouncing.iloc[-4_000:]
    factor = np.exp(storm * np.log(recent["close"] / recent["close"].iloc[-rows])).clip(1e-3, 1e3)
    prices = ["open", "high", "low", "close"]
    wild = recent.assign(
        **{name: price * factor * recent[name] / recent["close"] for name in prices}
    )
    missing = wild.index[-rows : len(wild) - rows + gap] if rows > gap else wild.index[:0]
    forecast = model.forecast(wild.drop(missing))
    assert forecast is not None
    edges = [band.low for band in forecast.bands[::-1]] + [band.high for band in forecast.bands]
    assert edges == sorted(edges)
    assert all(math.isfinite(edge) and edge > 0.0 for edge in (*edges, forecast.point))
    if forecast.bands:
        assert forecast.bands[0].low <= forecast.point <= forecast.bands[0].high


def test_without_candles_there_is_no_forecast(model: TrainedModel) -> None:
    assert model.forecast(candles(10).iloc[:0]) is None


def test_recorded_candles_are_forecast_around_their_price() -> None:
    frame = recorded("BTCUSDT-1m-20260301-20260430", 6_000)
    model = train(frame, ForecastSpec(), "minute", NOW)
    forecast = model.forecast(frame)
    assert forecast is not None
    assert forecast.band is not None
    assert abs(forecast.point / forecast.price_at_issue - 1.0) < 1e-3
    assert forecast.band.low < forecast.price_at_issue < forecast.band.high
    issued = model.forecasts(frame, 3_000)
    held = issued["actual"].between(issued["lo80"], issued["hi80"])[issued["actual"].notna()]
    assert 0.7 < held.mean() < 0.9
