"""The champions of one spec: loaded, challenged by every training, changed by hand."""

from __future__ import annotations

import logging
import threading
from collections.abc import Mapping
from datetime import datetime, timedelta
from pathlib import Path

import pandas as pd

from core.domain import DECISIONS_KEPT, HORIZONS, Decision, ForecastSpec, Horizon, Market
from core.errors import ModelDamaged, ModelForeign
from core.models import champion as pointers
from core.models import registry
from core.models.decisions import append_decision, read_decisions
from core.models.expiry import is_expired, refusal
from core.models.promotion import succeed
from core.models.trained import TrainedModel

log = logging.getLogger(__name__)


class Champions:
    """Keeps which model forecasts at each horizon, in memory and on disk.

    The mapping of models is replaced, never changed, so that it can be read from any thread.

    Parameters
    ----------
    spec : ForecastSpec
    market : Market
    directory : Path or None
        Where versions, pointers and decisions are kept; None keeps nothing.
    expire_after : timedelta
        Age at which a model refuses to forecast.
    """

    def __init__(
        self, spec: ForecastSpec, market: Market, directory: Path | None, expire_after: timedelta
    ) -> None:
        self.models: Mapping[Horizon, TrainedModel] = {}
        self.expire_after = expire_after
        self._spec = spec
        self._market: Market = market
        self._directory = directory
        self._decisions: Mapping[Horizon, tuple[Decision, ...]] = {}
        self._pointers: Mapping[Horizon, pointers.Pointer | None] = {}
        self._unusable: dict[Horizon, str] = {}
        self._loaded = False
        self._changing = threading.Lock()

    @property
    def decisions(self) -> tuple[Decision, ...]:
        """All decisions known, the oldest first."""
        every = [one for some in self._decisions.values() for one in some]
        return tuple(sorted(every, key=lambda one: one.at))

    def load(self) -> None:
        """Take the stored champions that fit; damaged ones are set aside, foreign ones left."""
        if self._directory is None:
            return
        self._loaded = True
        for horizon in HORIZONS:
            self._take(self._directory, horizon)

    def refusals(self, now: datetime) -> dict[Horizon, str]:
        """Return, by horizon, why a champion refuses to forecast at `now`."""
        said = {h: refusal(model, now, self.expire_after) for h, model in self.models.items()}
        return {horizon: sentence for horizon, sentence in said.items() if sentence}

    def expired(self, now: datetime) -> bool:
        """Tell whether any champion refuses to forecast at `now`."""
        return any(is_expired(model, now, self.expire_after) for model in self.models.values())

    def challenge(self, model: TrainedModel, candles: pd.DataFrame) -> Decision:
        """Let a newly trained `model` become champion unless it is worse than the present one.

        Nothing is stored: see `store`.
        """
        horizon = model.horizon
        decision = succeed(
            self.models.get(horizon),
            model,
            candles,
            self.expire_after,
            self._unusable.get(horizon, ""),
        )
        if decision.promoted:
            self.models = {**self.models, horizon: model}
            self._unusable.pop(horizon, None)
        known = (*self._decisions.get(horizon, ()), decision)
        self._decisions = {**self._decisions, horizon: known[-DECISIONS_KEPT:]}
        return decision

    def store(self, model: TrainedModel, decision: Decision) -> None:
        """Put a challenger on disk as a version, and the pointer on it where it was promoted.

        Raises
        ------
        OSError
            The disk is full, or the like.
        """
        if self._directory is None:
            return
        with self._changing:
            registry.save(self._directory, model, self._spec, self._market)
            append_decision(self._directory, self._spec, decision)
            if decision.promoted:
                pointers.promote(self._directory, self._spec, model.horizon, decision.version)
            else:
                pointers.prune(self._directory, self._spec, model.horizon)
            self._note_pointer(self._directory, model.horizon)

    def follow(self) -> list[Decision]:
        """Take up champions that somebody else pointed to, and return those decisions.

        Reads two small files, and a model only where its pointer has changed. What is stored
        stays ignored where it was not loaded.
        """
        if self._directory is None or not self._loaded:
            return []
        with self._changing:
            return self._taken(self._directory)

    def _taken(self, directory: Path) -> list[Decision]:
        taken: list[Decision] = []
        for horizon in HORIZONS:
            pointer = pointers.read_pointer(directory, self._spec, horizon)
            if pointer is None or pointer == self._pointers.get(horizon):
                continue
            before = self.models.get(horizon)
            self._take(directory, horizon)
            now = self.models.get(horizon)
            if now is not None and now is not before:
                taken += self._decisions[horizon][-1:]
        return taken

    def _take(self, directory: Path, horizon: Horizon) -> None:
        """Load what the pointer says; where that cannot be used, keep what there is."""
        self._note_pointer(directory, horizon)
        self._decisions = {
            **self._decisions,
            horizon: read_decisions(directory, self._spec, horizon),
        }
        pointer = self._pointers.get(horizon)
        if pointer is None:
            if registry.has_flat_files(directory, self._spec, horizon):
                log.warning(
                    "The %s model of %s is of an earlier layout; it is trained again.",
                    horizon,
                    self._spec.key,
                )
            return
        try:
            model = registry.load(directory, self._spec, horizon, self._market, pointer.version)
        except ModelDamaged as error:
            log.warning("%s It is set aside and trained again.", error)
            registry.set_aside(directory, self._spec, horizon, pointer.version)
            self._unusable[horizon] = "The champion's file was damaged."
        except ModelForeign as error:
            log.warning("%s It is trained again.", error)
            self._unusable[horizon] = "The champion was made by other versions."
        else:
            self.models = {**self.models, horizon: model}

    def _note_pointer(self, directory: Path, horizon: Horizon) -> None:
        pointer = pointers.read_pointer(directory, self._spec, horizon)
        self._pointers = {**self._pointers, horizon: pointer}
