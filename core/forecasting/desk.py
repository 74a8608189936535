"""One spec's models, kept trained, and the snapshot they yield after each candle."""

from __future__ import annotations

import json
import logging
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Final

import pandas as pd

from core.clock import Clock
from core.domain import (
    HORIZONS,
    ForecastSpec,
    Horizon,
    Losses,
    Market,
    Progress,
    Retrain,
    TailScore,
)
from core.errors import ModelDamaged, ModelForeign
from core.forecasting.publication import build_publication
from core.forecasting.store import SnapshotStore
from core.history.cleaning import MINUTE, last_open
from core.models import registry
from core.models.trained import TrainedModel
from core.models.training import train

_RETRAINS_KEPT: Final = 50
_REVISED_SHOWN_FOR: Final = timedelta(days=1)

log = logging.getLogger(__name__)


class SpecDesk:
    """Trains, stores and applies the two models of one spec.

    Training may run in one thread while publishing goes on in another: the mapping of
    models is replaced, never changed.

    Parameters
    ----------
    spec : ForecastSpec
    market : Market
    provider : str
    directory : Path or None
        Where models and the list of retrains are kept; None keeps nothing.
    clock : Clock
    retrain_every : timedelta
    """

    def __init__(
        self,
        spec: ForecastSpec,
        market: Market,
        provider: str,
        directory: Path | None,
        clock: Clock,
        retrain_every: timedelta,
    ) -> None:
        self.spec = spec
        self.progress = Progress(stage="waiting")
        self.models: Mapping[Horizon, TrainedModel] = {}
        self.retrains: tuple[Retrain, ...] = ()
        self.published = False
        self.market: Market = market
        self.provider = provider
        self._directory = directory
        self._clock = clock
        self._retrain_every = retrain_every
        self._publishing = threading.Lock()
        self._retired = False
        self._revised: dict[datetime, None] = {}
        self._version = 0
        self._newest: datetime | None = None

    def load(self) -> None:
        """Take stored models that fit; damaged ones are set aside, foreign ones replaced."""
        if self._directory is None:
            return
        self.retrains = _read_retrains(self._retrains_path(self._directory))
        loaded: dict[Horizon, TrainedModel] = {}
        for horizon in HORIZONS:
            try:
                model = registry.load(self._directory, self.spec, horizon, self.market)
            except ModelDamaged as error:
                log.warning("%s It is set aside and trained again.", error)
                registry.set_aside(self._directory, self.spec, horizon)
            except ModelForeign as error:
                log.warning("%s It is trained again.", error)
            else:
                if model is not None:
                    loaded[horizon] = model
        self.models = loaded

    def discard(self) -> None:
        """Delete what this desk stored."""
        if self._directory is not None:
            registry.discard(self._directory, self.spec)
            self._retrains_path(self._directory).unlink(missing_ok=True)

    @property
    def next_training(self) -> datetime | None:
        """Return when the oldest model is due; None while a model is missing."""
        if len(self.models) < len(HORIZONS):
            return None
        return min(m.trained_at for m in self.models.values()) + self._retrain_every

    def training_cause(self, asked_at: datetime | None) -> str | None:
        """Return why training is due now, or None.

        Parameters
        ----------
        asked_at : datetime or None
            When somebody last asked for it.
        """
        due = self.next_training
        if due is None:
            return "first"
        if asked_at is not None and asked_at > due - self._retrain_every:
            return "asked"
        return "schedule" if self._clock.now() >= due else None

    def train(
        self,
        candles: pd.DataFrame,
        cause: str,
        on_progress: Callable[[Progress], None] | None = None,
    ) -> None:
        """Fit both models on closed `candles`, store them and note the retrain.

        A model that cannot be stored is used all the same, and said in the log.
        """
        for number, horizon in enumerate(HORIZONS):

            def show(done: int, total: int, before: int = number) -> None:
                fits = len(HORIZONS) * total
                self.progress = Progress("training", before * total + done, fits, "fits")
                if on_progress is not None:
                    on_progress(self.progress)

            started = time.perf_counter()
            model = train(candles, self.spec, horizon, self._after(candles), show)
            self.models = {**self.models, horizon: model}
            entry = self._note(model, candles, time.perf_counter() - started, cause)
            if self._directory is not None:
                self._store(self._directory, model, entry)
        self.progress = Progress("ready")

    def retire(self) -> None:
        """Publish no more: another desk does. Returns when nothing is being published."""
        with self._publishing:
            self._retired = True

    def note_revised(self, opens: Sequence[datetime]) -> None:
        """Mark the forecasts that were made from candles of these open times, now corrected.

        Any forecast since the candle closed may have used it.
        """
        with self._publishing:
            if self._newest is None:
                return
            for opened in opens:
                first, last = opened + MINUTE, self._newest + MINUTE
                minutes = max(0, round((last - first) / MINUTE) + 1)
                self._revised |= dict.fromkeys(first + i * MINUTE for i in range(minutes))
            oldest = self._newest - _REVISED_SHOWN_FOR
            self._revised = {t: None for t in sorted(self._revised) if t > oldest}

    def publish(
        self, store: SnapshotStore, candles: pd.DataFrame, context: pd.DataFrame, filled: int = 0
    ) -> None:
        """Forecast from `candles` and publish; needs both models.

        Versions grow, also across restarts of the engine on the same clock. Candles older
        than those published last are passed over: another thread was faster.

        Parameters
        ----------
        filled : int
            How many of `candles` are minutes without trades that were filled.
        """
        with self._publishing:
            older = self._newest is not None and last_open(candles) < self._newest
            if older or self._retired:
                return
            self._newest = last_open(candles)
            self._version = max(self._version + 1, int(self._clock.now().timestamp()))
            snapshot, series = build_publication(
                self._version,
                self.spec,
                self.market,
                self.provider,
                candles,
                context,
                self.models,
                self.retrains,
                self.next_training,
            )
            marked = replace(snapshot, filled=filled, revised=tuple(self._revised))
            store.publish(marked, series)
            self.published = True

    def _after(self, candles: pd.DataFrame) -> datetime:
        """Return now, and never before the newest candle closed: our clock may be slow."""
        return max(self._clock.now(), last_open(candles) + MINUTE)

    def _note(
        self, model: TrainedModel, candles: pd.DataFrame, seconds: float, cause: str
    ) -> Retrain:
        card = model.card(model.tail(candles)[0])
        entry = Retrain(
            card.trained_at, card.horizon, card.model_id, card.rows, seconds, cause, card.tail
        )
        self.retrains = (*self.retrains, entry)[-_RETRAINS_KEPT:]
        return entry

    def _store(self, directory: Path, model: TrainedModel, entry: Retrain) -> None:
        try:
            registry.save(directory, model, self.spec, self.market)
            _append_retrain(self._retrains_path(directory), entry)
        except OSError as error:
            log.warning("A model of %s cannot be stored: %s.", self.spec.key, error.strerror)

    def _retrains_path(self, directory: Path) -> Path:
        return directory / f"{self.spec.key}_retrains.jsonl"


def _append_retrain(path: Path, entry: Retrain) -> None:
    with path.open("a", encoding="utf-8") as file:
        file.write(json.dumps({**asdict(entry), "at": entry.at.isoformat()}) + "\n")


def _read_retrains(path: Path) -> tuple[Retrain, ...]:
    """Return the newest retrains; a torn or damaged line is passed over, and said."""
    if not path.exists():
        return ()
    entries = []
    for line in path.read_text(encoding="utf-8", errors="replace").splitlines()[-_RETRAINS_KEPT:]:
        try:
            entries.append(_parse_retrain(json.loads(line)))
        except (ValueError, KeyError, TypeError, AttributeError):
            log.warning("%s has a line that is no retrain; it is passed over.", path.name)
    return tuple(entries)


def _parse_retrain(values: dict[str, object]) -> Retrain:
    tail = values.pop("tail")
    score = None
    if isinstance(tail, dict):
        score = TailScore(tail["n"], Losses(**tail["model"]), Losses(**tail["random_walk"]))
    at = datetime.fromisoformat(str(values.pop("at")))
    return Retrain(at=at, tail=score, **values)  # type: ignore[arg-type]
