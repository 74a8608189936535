"""One refit: what its model may be asked, and what its forecasts are compared with."""

from __future__ import annotations

import math
from datetime import datetime, timedelta

import numpy as np
import pandas as pd
import pytest

from core.domain import HORIZONS, ForecastSpec, Horizon
from core.errors import EvaluationLeak
from core.evaluation.blocks import (
    COLUMNS,
    Fit,
    fit_model,
    issue_block,
    refuse_leaks,
    unconditional_quantiles,
)
from core.evaluation.splits import Split
from core.evaluation.walk_forward import replay
from core.models.trained import TrainedModel
from core.models.training import train
from tests.core.features.series import candles

SPEC = ForecastSpec(long_horizon_steps=2)
FRAME = candles(2_400, seed=8, gaps=[(1_500, 9)])


def _peeking(
    _known: pd.DataFrame, spec: ForecastSpec, horizon: Horizon, _now: datetime
) -> TrainedModel:
    """Train on candles that were not known yet, those to be forecast among them."""
    return train(FRAME, spec, horizon, FRAME.index[-1].to_pydatetime() + timedelta(minutes=1))


def _forecasts(horizon: Horizon, split: Split, fit: Fit = train) -> pd.DataFrame:
    model = fit_model(FRAME, SPEC, horizon, split, fit).model
    return issue_block(FRAME, SPEC, horizon, split, model)


@pytest.mark.parametrize("horizon", HORIZONS)
def test_a_model_that_saw_its_targets_is_refused(horizon: Horizon) -> None:
    with pytest.raises(EvaluationLeak, match=r"inside the training window .* not out of sample"):
        _forecasts(horizon, Split(1_200, 1_199, 1_400), _peeking)


def test_every_block_is_checked() -> None:
    def peeks_later(
        known: pd.DataFrame, spec: ForecastSpec, horizon: Horizon, now: datetime
    ) -> TrainedModel:
        first = len(known) < 1_500
        return (train if first else _peeking)(known, spec, horizon, now)

    with pytest.raises(EvaluationLeak):
        replay(FRAME, SPEC, ("minute",), 400, fit=peeks_later, processes=1)


@pytest.mark.parametrize(
    ("issued", "target", "refused"),
    [(0, 1, False), (-1, 1, True), (-2, 0, True), (-3, -1, True), (5, 6, False)],
)
def test_issue_and_target_lie_after_the_training(issued: int, target: int, refused: bool) -> None:
    end = datetime.fromisoformat("2026-03-01T12:00:00+00:00")
    frame = pd.DataFrame(
        {
            "issued_at": [end + timedelta(minutes=60), end + timedelta(minutes=issued)],
            "target_time": [end + timedelta(minutes=61), end + timedelta(minutes=target)],
        }
    )
    if refused:
        with pytest.raises(EvaluationLeak, match="which ends at 2026-03-01 12:00"):
            refuse_leaks(frame, end)
    else:
        refuse_leaks(frame, end)
    refuse_leaks(frame, None)


def test_no_candle_to_learn_from_is_no_leak() -> None:
    forecasts = _forecasts("minute", Split(1, 0, 40))
    assert tuple(forecasts.columns) == COLUMNS
    # Without 30 returns no volatility is known, and nothing is scored.
    assert len(forecasts) == 10
    assert forecasts["q5"].isna().all()


def _slow_returns(frame: pd.DataFrame, minutes: int, step: int) -> list[float]:
    """Return every log return `minutes` long between closes on the grid, gaps left out."""
    closes = dict(zip(frame.index + pd.Timedelta(minutes=1), frame["close"], strict=True))
    found = []
    for start in closes:
        path = [start + pd.Timedelta(minutes=k) for k in range(1 - step, minutes + 1)]
        if start.minute % step == 0 and all(time in closes for time in path):
            found.append(math.log(closes[path[-1]] / closes[start]))
    return found


@pytest.mark.parametrize(("horizon", "minutes", "step"), [("minute", 1, 1), ("long", 10, 5)])
@pytest.mark.parametrize("window", [0, 2_000])
def test_the_unconditional_quantiles_are_those_of_the_training_window(
    horizon: Horizon, minutes: int, step: int, window: int
) -> None:
    spec = ForecastSpec(long_horizon_steps=2, train_window=window)
    returns = _slow_returns(FRAME.iloc[-window:], minutes, step)
    expected = np.quantile(returns, [0.05, 0.25, 0.75, 0.95])
    found = unconditional_quantiles(FRAME, spec, horizon)
    assert list(found) == ["q5", "q25", "q75", "q95"]
    np.testing.assert_allclose(list(found.values()), expected, rtol=1e-12)


def test_volatility_before_and_after_belongs_to_its_forecast() -> None:
    forecasts = _forecasts("long", Split(1_200, 1_199, 1_700))
    closes = FRAME["close"].set_axis(FRAME.index + pd.Timedelta(minutes=1))
    last = forecasts.iloc[-1]
    for column, end in (("realised_before", "issued_at"), ("realised", "target_time")):
        path = closes[last[end] - pd.Timedelta(minutes=10) : last[end]]
        expected = math.sqrt((np.log(path).diff().dropna() ** 2).sum())
        assert last[column] == pytest.approx(expected)
    assert forecasts["realised"].notna().all()
    # Just after the gap nobody knows how volatile the last ten minutes were.
    assert forecasts["realised_before"].isna().any()
