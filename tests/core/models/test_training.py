"""What a training uses, leaves out, and says when it declines."""

from datetime import timedelta

import numpy as np
import pandas as pd
import pytest

from core.domain import ForecastSpec, Horizon
from core.models.samples import Task, build_samples
from core.models.trained import RANDOM_WALK_ID, TAIL_ROWS, TrainedModel
from core.models.training import HOLD_OUTS, MIN_CLEAN_ROWS, _Judged, _no_edge, train
from tests.core.features.series import candles, flat_candles
from tests.core.models.conftest import NOW, SPEC


def test_a_signal_is_found(model: TrainedModel, bouncing: pd.DataFrame) -> None:
    score, _ = model.tail(bouncing)
    assert model.mixture is not None
    assert model.shrinkage > 0.9
    assert model.reason == ""
    assert len(model.model_id) == 7
    assert score is not None
    assert score.skill > 0.005


def test_the_same_candles_give_the_same_model(
    model: TrainedModel, bouncing: pd.DataFrame, horizon: Horizon
) -> None:
    again = train(bouncing, SPEC, horizon, NOW)
    assert again.model_id == model.model_id
    assert again.forecast(bouncing) == model.forecast(bouncing)
    assert (again.bands, again.rows, again.train_end) == (model.bands, model.rows, model.train_end)


def test_no_target_of_the_fit_lies_after_the_first_forecast_of_the_tail(
    model: TrainedModel, bouncing: pd.DataFrame
) -> None:
    samples = build_samples(bouncing, model.task)
    known = np.flatnonzero(np.isfinite(samples.target))
    assert model.train_end is not None
    assert model.train_end <= samples.issued_at[known[-TAIL_ROWS]]
    score, _ = model.tail(bouncing)
    assert score is not None
    assert score.n == TAIL_ROWS


def test_candles_after_the_fit_do_not_change_the_model(
    model: TrainedModel, bouncing: pd.DataFrame, horizon: Horizon
) -> None:
    changed = bouncing.copy()
    changed.loc[model.train_end :, ["open", "high", "low", "close"]] *= 1.5
    assert train(changed, SPEC, horizon, NOW).model_id == model.model_id


@pytest.mark.parametrize(
    "spec",
    [
        ForecastSpec(max_points=6_000),
        ForecastSpec(intraday_days=4),
        ForecastSpec(train_window=5_500),
    ],
)
def test_older_candles_than_the_spec_wants_are_not_learned_from(spec: ForecastSpec) -> None:
    frame = candles(9_000, seed=7, bounce=2.0)
    wanted = spec.train_window or spec.rows_wanted
    model = train(frame, spec, "minute", NOW)
    assert model.train_start is not None
    assert model.train_start >= frame.index[-wanted]
    assert MIN_CLEAN_ROWS <= model.rows <= wanted
    older = frame.copy()
    # Further back than features reach from the first row of a training window.
    older.iloc[: -wanted - 1_500, :4] *= 7.0
    assert train(older, spec, "minute", NOW).model_id == model.model_id


def test_an_unfinished_candle_is_not_learned_from() -> None:
    frame = candles(6_000, seed=7, bounce=2.0)
    now = frame.index[-1].to_pydatetime() + timedelta(seconds=59)
    assert (
        train(frame, SPEC, "minute", now).train_end
        == train(frame.iloc[:-1], SPEC, "minute", NOW).train_end
    )


def test_too_few_rows_leave_the_random_walk_and_say_why() -> None:
    frame = candles(5_000, bounce=2.0)
    model = train(frame, SPEC, "minute", NOW)
    forecast = model.forecast(frame)
    assert model.mixture is None
    assert model.model_id == RANDOM_WALK_ID
    assert f"Only {model.rows:,} clean minutes" in model.reason
    assert "fewer than 5,000" in model.reason
    assert forecast is not None
    assert forecast.point == forecast.price_at_issue == frame["close"].iloc[-1]
    assert forecast.band is not None
    assert forecast.band.low < forecast.point < forecast.band.high


def test_five_minute_bars_count_as_rows_of_the_long_model() -> None:
    model = train(candles(20_000), SPEC, "long", NOW)
    assert model.mixture is None
    assert "5-minute bars" in model.reason
    assert 3_700 < model.rows < 4_000


def test_gaps_cost_the_rows_around_them() -> None:
    whole = train(candles(4_000), SPEC, "minute", NOW)
    torn = train(candles(4_000, gaps=[(2_000, 1)]), SPEC, "minute", NOW)
    # The minute itself, the target before it, and the windows after it.
    assert whole.rows - torn.rows == 1 + 1 + 63


def test_a_useless_model_leaves_the_random_walk_and_says_why() -> None:
    frame = flat_candles(6_000)
    model = train(frame, SPEC, "minute", NOW)
    assert model.mixture is None
    assert "own error was that of" in model.reason
    assert model.rows >= MIN_CLEAN_ROWS


@pytest.mark.parametrize(
    ("wrong_by", "words"),
    [
        (1.5, 'own error was 50.0% above that of "the price stays".'),
        (0.9, 'own error was 10.0% below that of "the price stays", too little to tell'),
    ],
)
def test_a_rejected_models_own_error_is_told(wrong_by: float, words: str) -> None:
    target = np.array([1.0, -2.0, 3.0])
    expert = target - wrong_by * np.abs(target)
    forecasts = np.column_stack((np.zeros(3), expert, expert))
    reason = _no_edge(_Judged(target, forecasts, np.ones(3), np.ones(3)))
    assert reason.startswith("Rejected: on 3 unseen rows the model's")
    assert words in reason


@pytest.mark.parametrize("rows", [0, 1, 40, 300])
def test_hardly_any_candles_are_no_error(rows: int, horizon: Horizon) -> None:
    frame = candles(400).iloc[:rows]
    model = train(frame, SPEC, horizon, NOW)
    assert model.rows == len(_clean(frame, horizon))
    assert model.card(None).trained is False
    forecast = model.forecast(frame)
    assert (forecast is None) == (rows < model.task.bar_minutes)
    if forecast is not None:
        assert forecast.point == forecast.price_at_issue


def _clean(frame: pd.DataFrame, horizon: Horizon) -> list[int]:
    samples = build_samples(frame, Task.of(SPEC, horizon))
    known = np.flatnonzero(np.isfinite(samples.target))
    if len(known) <= TAIL_ROWS:
        return []
    return [i for i in known if samples.ready[i] and i + 1 <= known[-TAIL_ROWS]]


def test_progress_counts_the_fits() -> None:
    seen: list[tuple[int, int]] = []
    train(candles(6_000, bounce=2.0), SPEC, "minute", NOW, lambda *step: seen.append(step))
    assert seen == [(done, HOLD_OUTS + 1) for done in range(HOLD_OUTS + 2)]
