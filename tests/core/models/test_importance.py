"""What drives a model is found out of sample, and noise is called noise."""

from __future__ import annotations

import pandas as pd

from core.domain import Horizon
from core.models.experts import COLUMNS
from core.models.importance import REPEATS, ROWS, ImportanceStudy
from core.models.registry import version_of
from core.models.trained import TrainedModel
from core.models.training import train
from tests.core.features.series import candles
from tests.core.models.conftest import NOW, SPEC


def study(model: TrainedModel, candles: pd.DataFrame) -> ImportanceStudy:
    made = ImportanceStudy(model, candles, NOW)
    while not made.done:
        made.advance()
    return made


def test_what_carries_the_signal_is_on_top_and_clear(horizon: Horizon) -> None:
    """The made market takes its last move back: short windows see that, long ones do not."""
    frame = candles(42_000, seed=11, bounce=2.0)
    model = train(frame.iloc[:27_500], SPEC, horizon, NOW)
    found = study(model, frame).result()
    assert (found.horizon, found.version) == (model.horizon, version_of(model))
    assert (found.repeats, found.n) == (REPEATS, ROWS)
    assert {one.name for one in found.features} == set(COLUMNS)
    means = [one.mean for one in found.features]
    assert means == sorted(means, reverse=True)
    assert found.features[0].clear
    assert found.features[0].mean > 0.002
    quiet = next(one for one in found.features if one.name == "std_ratio_60")
    assert quiet.mean < found.features[0].mean / 5


def test_the_same_candles_give_the_same_answer(model: TrainedModel, bouncing: pd.DataFrame) -> None:
    assert study(model, bouncing).result() == study(model, bouncing).result()


def test_what_the_model_has_seen_is_not_asked(model: TrainedModel, bouncing: pd.DataFrame) -> None:
    changed = bouncing.copy()
    # Features and volatility reach back from the first unseen row, not further.
    older = changed.index < model.train_end - pd.Timedelta(minutes=1_500 * model.task.bar_minutes)
    changed.loc[older] *= 3.0
    assert study(model, changed).result() == study(model, bouncing).result()


def test_without_unseen_rows_nothing_is_shuffled(
    model: TrainedModel, bouncing: pd.DataFrame
) -> None:
    empty = ImportanceStudy(model, bouncing.loc[: model.train_end - pd.Timedelta("1h")], NOW)
    assert empty.done
    assert empty.result().features == ()
    assert empty.result().n == 0
