"""Who forecasts after each refit of a walk-forward: decided as the engine decides it."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import pandas as pd

from core.domain import Decision
from core.evaluation.blocks import Forecaster
from core.evaluation.splits import Split
from core.models.trained import TrainedModel

Contest = Callable[[TrainedModel | None, TrainedModel, pd.DataFrame], Decision]
"""``contest(champion, challenger, candles)``, as `core.models.promotion.succeed`."""


def champions(
    models: Sequence[TrainedModel],
    splits: Sequence[Split],
    candles: pd.DataFrame,
    contest: Contest,
) -> list[Forecaster]:
    """Return the model that forecasts after each refit.

    Parameters
    ----------
    models : sequence
        Those trained at each of `splits`, in time order; each challenges the champion on the
        candles that were known then.
    """
    champion: TrainedModel | None = None
    reigning: list[Forecaster] = []
    for model, split in zip(models, splits, strict=True):
        if contest(champion, model, candles.iloc[: split.train_end]).promoted or champion is None:
            champion = model
        reigning.append(champion)
    return reigning
