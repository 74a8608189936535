"""What the engine computes when it has nothing better to do: what drives the forecasts."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import timedelta
from typing import Final

import pandas as pd

from core.clock import Clock
from core.forecasting.desk import SpecDesk
from core.models.importance import ImportanceStudy
from core.models.registry import version_of
from core.models.trained import TrainedModel

CandlesOf = Callable[[SpecDesk], pd.DataFrame | None]

# Forecasts made since then make a better sample.
_AGAIN_AFTER: Final = timedelta(hours=6)


class IdleStudies:
    """Studies one champion after the other, a slice of well under a second at a time."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._study: ImportanceStudy | None = None
        self._of: tuple[SpecDesk, TrainedModel] | None = None

    @property
    def under_way(self) -> bool:
        """Tell whether a study has begun and is not finished."""
        return self._study is not None

    def advance(self, desks: Iterable[SpecDesk], candles_of: CandlesOf) -> None:
        """Work on the study under way, or begin the next that is due.

        What is found is published with the next candle.

        Parameters
        ----------
        candles_of : callable
            Returns the closed candles that a desk forecasts from; None while there are none.
        """
        if self._study is None or self._of is None:
            self._begin(desks, candles_of)
            return
        desk, model = self._of
        if desk.models.get(model.horizon) is not model:
            self._study = None
        elif not self._study.done:
            self._study.advance()
        else:
            desk.importance = {**desk.importance, model.horizon: self._study.result()}
            self._study = None

    def _begin(self, desks: Iterable[SpecDesk], candles_of: CandlesOf) -> None:
        for desk in desks:
            model = next((m for m in desk.models.values() if self._is_due(desk, m)), None)
            candles = None if model is None else candles_of(desk)
            if model is not None and candles is not None:
                self._study = ImportanceStudy(model, candles, self._clock.now())
                self._of = desk, model
                return

    def _is_due(self, desk: SpecDesk, model: TrainedModel) -> bool:
        if not model.card(None).trained:
            return False
        last = desk.importance.get(model.horizon)
        if last is None or last.version != version_of(model):
            return True
        return self._clock.now() - last.at >= _AGAIN_AFTER
