"""Champion and challenger: whether a newly trained model may forecast in place of the present."""

from __future__ import annotations

import math
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Final

import numpy as np
import pandas as pd

from core.domain import Decision
from core.losses import Floats, hac_standard_error
from core.models.expiry import EXPIRE_AFTER, is_expired, too_old
from core.models.registry import version_of
from core.models.trained import TrainedModel

MIN_COMMON: Final = 30
"""Fewer common forecasts tell nothing: the newer model takes over."""

MOST_COMMON: Final = 2_000
"""Of more, the newest count."""

NOT_WORSE: Final = 1.645
"""The challenger is worse where its mean extra error is more standard errors above 0: the
one-sided 5 % point of the normal distribution. With the 100 forecasts that a training leaves
out, an equal challenger is kept out in 6 % of contests at one minute, 11 % at 45 minutes."""


def succeed(
    champion: TrainedModel | None,
    challenger: TrainedModel,
    candles: pd.DataFrame,
    expire_after: timedelta = EXPIRE_AFTER,
    without_contest: str = "",
) -> Decision:
    """Decide whether `challenger` forecasts from now on.

    Both forecast the newest bars of `candles` that neither has seen: issued at or after both
    ends of training, with a known target. The challenger is kept out where the mean of
    |its error| - |the champion's error| lies more than `NOT_WORSE` HAC standard errors (lag:
    the steps ahead) above 0; otherwise it takes over. There is no contest where there is no
    champion, where it is expired or forecasts something else, and where fewer than
    `MIN_COMMON` forecasts are common.

    Parameters
    ----------
    champion : TrainedModel or None
        The model that forecasts now.
    challenger : TrainedModel
        The newly trained one.
    candles : pandas.DataFrame
        Closed 1-minute candles, `core.domain.CANDLE_COLUMNS`, those it was trained on or more.
    expire_after : timedelta
        Age, when the challenger was trained, at which a champion is replaced in any case.
    without_contest : str
        Why the stored champion cannot compete, in a sentence, where it cannot be loaded.

    Returns
    -------
    Decision
        ``at`` is when the challenger was trained.

    References
    ----------
    Diebold and Mariano, Comparing Predictive Accuracy, J. Business & Economic Statistics 13
    (1995).
    """
    if champion is None:
        return _alone(challenger, candles, without_contest or "The first model of this forecast.")
    if (champion.spec, champion.horizon) != (challenger.spec, challenger.horizon):
        return _alone(challenger, candles, "The champion forecast something else.")
    if is_expired(champion, challenger.trained_at, expire_after):
        return _alone(challenger, candles, f"The champion was {too_old(expire_after)}.")
    both = _unseen(challenger, candles, champion.train_end).merge(
        _unseen(champion, candles, challenger.train_end), on="issued_at", suffixes=("", "_before")
    )
    if len(both) < MIN_COMMON:
        reason = f"Only {len(both)} forecasts are new to both: too few to compare."
        return _alone(challenger, candles, reason)
    return _contest(champion, challenger, both)


def _contest(champion: TrainedModel, challenger: TrainedModel, both: pd.DataFrame) -> Decision:
    own, others = _errors(both, "point"), _errors(both, "point_before")
    z = _standard_errors(own - others, challenger.task.steps)
    decision = replace(
        _decision(challenger, both),
        promoted=z <= NOT_WORSE,
        champion_id=champion.model_id,
        champion_mae=float(others.mean()),
        z=z if math.isfinite(z) else None,
    )
    return replace(decision, sentence=_sentence(decision))


def _standard_errors(extra: Floats, steps: int) -> float:
    """Return the mean of `extra` in HAC standard errors; +-inf where it never varies."""
    mean, error = float(extra.mean()), hac_standard_error(extra, steps)
    if error == 0.0:
        return math.copysign(math.inf, mean) if mean else 0.0
    return mean / error


def _sentence(decision: Decision) -> str:
    extra = decision.extra_error or 0.0
    amount = f"{abs(extra):.1%} {'more' if extra > 0 else 'less'} error than the champion"
    if round(extra, 3) == 0:
        amount = "as much error as the champion"
    unseen = f"on {decision.n:,} forecasts that neither had seen"
    if not decision.promoted:
        return f"Kept out: {amount} {unseen}."
    return f"Promoted, not worse: {amount} {unseen}."


def _alone(challenger: TrainedModel, candles: pd.DataFrame, reason: str) -> Decision:
    """Promote without a contest; what the challenger has not seen tells its own error."""
    unseen = _unseen(challenger, candles, None)
    return replace(_decision(challenger, unseen), sentence=f"Promoted without contest. {reason}")


def _decision(challenger: TrainedModel, scored: pd.DataFrame) -> Decision:
    known = len(scored) > 0
    return Decision(
        at=challenger.trained_at,
        horizon=challenger.horizon,
        version=version_of(challenger),
        model_id=challenger.model_id,
        trained_at=challenger.trained_at,
        rows=challenger.rows,
        promoted=True,
        champion_id="",
        n=len(scored),
        mae=float(_errors(scored, "point").mean()) if known else None,
        champion_mae=None,
        random_walk_mae=float(_errors(scored, "price_at_issue").mean()) if known else None,
        z=None,
        sentence="",
    )


def _unseen(model: TrainedModel, candles: pd.DataFrame, other_end: datetime | None) -> pd.DataFrame:
    """Return matured forecasts that neither `model` nor one fitted up to `other_end` has seen."""
    ends = [end for end in (model.train_end, other_end) if end is not None]
    count = _bars_since(max(ends), candles, model) if ends else MOST_COMMON
    issued = model.forecasts(candles, min(count, MOST_COMMON + model.task.steps))
    after = issued["issued_at"] >= max(ends) if ends else issued["issued_at"].notna()
    return issued[after & issued["actual"].notna()].tail(MOST_COMMON)


def _bars_since(end: datetime, candles: pd.DataFrame, model: TrainedModel) -> int:
    if len(candles) == 0:
        return 1
    minutes = (candles.index[-1] - pd.Timestamp(end)).total_seconds() / 60
    return max(int(minutes // model.task.bar_minutes) + 2, 1)


def _errors(forecasts: pd.DataFrame, column: str) -> Floats:
    errors = forecasts[column].to_numpy(dtype=np.float64) - forecasts["actual"].to_numpy()
    return np.asarray(np.abs(errors))
