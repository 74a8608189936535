"""After each refit that model forecasts which the engine would have made champion."""

from dataclasses import replace
from datetime import timedelta

import pandas as pd

from core.evaluation.splits import Split
from core.evaluation.succession import champions
from core.models.promotion import succeed
from tests.core.features.series import candles
from tests.core.models.stubs import KnownError

FRAME = candles(2_000, seed=3)
SPLITS = [Split(rows, rows - 1, rows + 400) for rows in (800, 1_200, 1_600)]
_TAIL = pd.Timedelta(minutes=100)


def _models(*errors: float) -> list[KnownError]:
    models = []
    for split, error in zip(SPLITS, errors, strict=True):
        now = FRAME.index[split.train_end - 1] + pd.Timedelta(minutes=1)
        models.append(KnownError(f"off-by-{error}", error, now, now - _TAIL, noise=0.3))
    return models


def test_a_worse_model_is_kept_out_and_a_better_one_takes_over() -> None:
    first, worse, better = _models(5.0, 50.0, 4.0)
    assert champions([first, worse, better], SPLITS, FRAME, succeed) == [first, first, better]


def test_each_new_model_that_is_not_worse_takes_over() -> None:
    models = _models(5.0, 5.0, 5.0)
    assert champions(models, SPLITS, FRAME, succeed) == models


def test_an_expired_champion_is_replaced_by_a_worse_one() -> None:
    first, worse, _ = _models(5.0, 50.0, 4.0)
    old = replace(first, trained_at=first.trained_at - timedelta(days=30))
    assert champions([old, worse], SPLITS[:2], FRAME, succeed) == [old, worse]


def test_only_candles_known_at_a_refit_decide() -> None:
    seen = []

    def contest(champion: object, challenger: KnownError, known: pd.DataFrame) -> object:
        seen.append((champion, challenger, len(known)))
        return succeed(champion, challenger, known)

    first, worse, better = _models(5.0, 50.0, 4.0)
    champions([first, worse, better], SPLITS, FRAME, contest)
    assert seen == [(None, first, 800), (first, worse, 1_200), (first, better, 1_600)]
