"""One spec's models, kept trained, and the snapshot they yield after each candle."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Final

import pandas as pd

from core.clock import Clock
from core.domain import (
    HORIZONS,
    Decision,
    ForecastSpec,
    Horizon,
    Importance,
    Market,
    Progress,
    Retrain,
    Series,
    Snapshot,
)
from core.errors import LedgerError
from core.forecasting.champions import Champions
from core.forecasting.chronicle import Chronicle
from core.forecasting.publication import build_publication
from core.forecasting.retrains import RETRAINS_KEPT, append_retrain, read_retrains, retrains_path
from core.forecasting.store import SnapshotStore
from core.history.cleaning import MINUTE, last_open
from core.ledger.issued import as_issued
from core.ledger.recording import Ledger
from core.models import registry
from core.models.expiry import EXPIRE_AFTER
from core.models.trained import TrainedModel
from core.models.training import train

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
    expire_after : timedelta, optional
        Age at which a model refuses to forecast.
    ledger : Ledger, optional
        What is published is written there first; None writes nothing down.
    exchange_now : callable, optional
        The exchange's clock, by which a forecast's time has come; `clock` where none is given.
    """

    def __init__(
        self,
        spec: ForecastSpec,
        market: Market,
        provider: str,
        directory: Path | None,
        clock: Clock,
        retrain_every: timedelta,
        expire_after: timedelta = EXPIRE_AFTER,
        ledger: Ledger | None = None,
        exchange_now: Callable[[], datetime] | None = None,
    ) -> None:
        self.spec = spec
        self.progress = Progress(stage="waiting")
        self.champions = Champions(spec, market, directory, expire_after)
        self.importance: Mapping[Horizon, Importance] = {}
        self.retrains: tuple[Retrain, ...] = ()
        self.published = False
        self.market: Market = market
        self.provider = provider
        self._directory = directory
        self._clock = clock
        self._retrain_every = retrain_every
        self._ledger = ledger
        self._exchange_now = exchange_now or clock.now
        self._chronicle = Chronicle(ledger, market, provider, spec)
        self._publishing = threading.Lock()
        self._retired = False
        self._revised: dict[datetime, None] = {}
        self._version = 0
        self._newest: datetime | None = None

    def load(self) -> None:
        """Take stored champions that fit; damaged ones are set aside, foreign ones replaced."""
        if self._directory is None:
            return
        self.retrains = read_retrains(retrains_path(self._directory, self.spec))
        self.champions.load()

    @staticmethod
    def discard(directory: Path, spec: ForecastSpec) -> None:
        """Delete what a desk of `spec` stored in `directory`."""
        registry.discard(directory, spec)
        retrains_path(directory, spec).unlink(missing_ok=True)

    @property
    def models(self) -> Mapping[Horizon, TrainedModel]:
        """The champions by horizon."""
        return self.champions.models

    @property
    def next_training(self) -> datetime | None:
        """Return when the horizon trained longest ago is due; None while a model is missing.

        A model that expires before is due then.
        """
        if len(self.models) < len(HORIZONS):
            return None
        expiry = min(m.trained_at for m in self.models.values()) + self.champions.expire_after
        return min(self._last_training + self._retrain_every, expiry)

    @property
    def _last_training(self) -> datetime:
        """When the horizon trained longest ago was trained last, its champion then or not."""
        last = {horizon: model.trained_at for horizon, model in self.models.items()}
        for retrain in self.retrains:
            if retrain.horizon in last:
                last[retrain.horizon] = max(last[retrain.horizon], retrain.at)
        return min(last.values())

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
        if self.champions.expired(self._clock.now()):
            return "expired"
        if asked_at is not None and asked_at > self._last_training:
            return "asked"
        return "schedule" if self._clock.now() >= due else None

    def train(
        self,
        candles: pd.DataFrame,
        cause: str,
        on_progress: Callable[[Progress], None] | None = None,
    ) -> None:
        """Fit both models on closed `candles`, let each challenge its champion, and store it.

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
            seconds = time.perf_counter() - started
            self.follow_champions()
            decision = self.champions.challenge(model, candles)
            log.info("%s, %s: %s", self.spec.key, horizon, decision.sentence)
            self._chronicle.decided(decision, model.trained_at)
            entry = self._note(model, candles, seconds, cause)
            if self._directory is not None:
                self._store(self._directory, model, entry, decision)
        self.progress = Progress("ready")

    def follow_champions(self) -> bool:
        """Take up champions set on the command line; tell whether there were any."""
        taken = self.champions.follow()
        for decision in taken:
            log.info("%s, %s: %s", self.spec.key, decision.horizon, decision.sentence)
            self._chronicle.decided(decision, self._clock.now())
        return bool(taken)

    def retire(self) -> None:
        """Publish and store no more; returns when nothing is being published or stored."""
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
        self,
        store: SnapshotStore,
        candles: pd.DataFrame,
        context: pd.DataFrame,
        filled: pd.DatetimeIndex | None = None,
    ) -> None:
        """Forecast from `candles` and publish; needs both models.

        Versions grow, also across restarts of the engine on the same clock. Candles older
        than those published last are passed over: another thread was faster.

        Parameters
        ----------
        filled : pandas.DatetimeIndex, optional
            Open times of those of `candles` that are minutes without trades, filled flat.

        Raises
        ------
        LedgerError
            The forecasts could not be written down, so nothing was published; `published` is
            False until they can be.
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
                filled,
                refusals=self.champions.refusals(self._clock.now()),
                decisions=self.champions.decisions,
            )
            self._chronicle.about_to_publish(snapshot)
            snapshot, series = self._written_down(snapshot, series, candles, filled)
            revised, importance = tuple(self._revised), self._known_importance()
            store.publish(replace(snapshot, revised=revised, importance=importance), series)
            self.published = True

    def _written_down(
        self,
        snapshot: Snapshot,
        series: Series,
        candles: pd.DataFrame,
        filled: pd.DatetimeIndex | None,
    ) -> tuple[Snapshot, Series]:
        """Write the forecasts to the ledger; return both with what it tells of earlier ones.

        A forecast whose time has come by now is none any more, and is published nowhere.
        """
        if self._ledger is None:
            return snapshot, series
        now = self._exchange_now()
        current = {h: f for h, f in snapshot.forecasts.items() if f.target_time > now}
        snapshot = replace(snapshot, forecasts=current)
        try:
            self._ledger.record(snapshot, candles, filled, now)
            earlier = self._ledger.issued(snapshot)
        except LedgerError:
            self.published = False  # so that it is tried again soon, not with the next candle
            raise
        records = {h: one.record for h, one in earlier.items() if one.record is not None}
        tails = {
            horizon: as_issued(replayed, earlier[horizon].trace) if horizon in earlier else replayed
            for horizon, replayed in series.tails.items()
        }
        return replace(snapshot, records=records), replace(series, tails=tails)

    def _known_importance(self) -> tuple[Importance, ...]:
        """Return what drives the present champions, as far as it is known."""
        versions = {h: registry.version_of(model) for h, model in self.models.items()}
        return tuple(i for h, i in self.importance.items() if i.version == versions.get(h))

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
        self.retrains = (*self.retrains, entry)[-RETRAINS_KEPT:]
        return entry

    def _store(
        self, directory: Path, model: TrainedModel, entry: Retrain, decision: Decision
    ) -> None:
        with self._publishing:
            if self._retired:
                return
            try:
                self.champions.store(model, decision)
                append_retrain(retrains_path(directory, self.spec), entry)
            except OSError as error:
                log.warning("A model of %s cannot be stored: %s.", self.spec.key, error.strerror)
