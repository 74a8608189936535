"""The readers' only door: what a web worker may ask, answered from published values.

Nothing here fetches, trains or builds features, and nothing imports scikit-learn.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from itertools import chain, islice
from typing import Final, TypeVar

from core.clock import Clock
from core.domain import (
    DEFAULT_TICKERS,
    SCORE_RANGES,
    Diagnosis,
    EngineStatus,
    Forecast,
    ForecastSpec,
    Horizon,
    LedgerHead,
    Market,
    NotedHash,
    Progress,
    PublicScore,
    Quote,
    ScoreRange,
    Series,
    Snapshot,
)
from core.errors import DemandRefused, LedgerUnavailable
from core.forecasting.store import RetrainRequest, SnapshotStore, Want
from core.ledger.csv_lines import csv_lines
from core.ledger.reader import LedgerReader

_Published = TypeVar("_Published", Snapshot, Quote)

ENGINE_SILENT_AFTER: Final = timedelta(seconds=5)
QUOTE_TRADABLE_FOR: Final = timedelta(seconds=10)
QUOTE_STALE_AFTER: Final = timedelta(seconds=15)
CANDLE_LATE_AFTER: Final = timedelta(seconds=90)
DEMAND_IDLE_AFTER: Final = timedelta(minutes=10)
_DEMAND_RENEW_EVERY: Final = timedelta(seconds=30)
_NEW_DEMAND_EVERY: Final = timedelta(minutes=1)
# Each costs the exchange a question whether it trades the pair.
_FAILED_A_MINUTE: Final = 4
JUST_STARTED: Final = "The engine has just started and is catching up."
RETRAIN_EVERY: Final = timedelta(minutes=10)


@dataclass(frozen=True, slots=True)
class View:
    """What is known of a spec at `now`; each part is None until the engine published it.

    Snapshot and quote are of one provider: while the first one of another is on its way, the
    old snapshot stands without a quote. `refusal` is empty, or the sentence why the spec is
    not served.
    """

    now: datetime
    spec: ForecastSpec
    status: EngineStatus | None
    snapshot: Snapshot | None
    quote: Quote | None
    refusal: str = ""

    @property
    def engine_alive(self) -> bool:
        """Tell whether the engine beat within the last seconds."""
        # A beat from the future is as wrong as an old one: the clock was set back since.
        return self.status is not None and abs(self.now - self.status.beat_at) < ENGINE_SILENT_AFTER

    @property
    def exchange_now(self) -> datetime:
        """Return `now` on the exchange's clock: ours by the last known offset, or a frozen one."""
        if self.status is not None and self.status.frozen_at is not None:
            return self.status.frozen_at
        offset = (self.status.clock_offset_ms or 0.0) if self.status else 0.0
        return self.now + timedelta(milliseconds=offset)

    @property
    def switching(self) -> bool:
        """Tell whether what is held is still of another provider than the one followed now."""
        if self.status is None or self.snapshot is None:
            return False
        return self.snapshot.provider != self.status.provider

    @property
    def progress(self) -> Progress:
        """Return what the engine is doing for the spec."""
        known = self.status.progress.get(self.spec.key) if self.status else None
        return known or Progress(stage="ready" if self.snapshot else "waiting")

    @property
    def trouble(self) -> str:
        """Return what is wrong for everybody and with this ticker, each sentence once."""
        if self.status is None:
            return ""
        said = (self.status.trouble, self.status.ticker_trouble.get(self.spec.ticker, ""))
        return " ".join(dict.fromkeys(sentence for sentence in said if sentence))

    @property
    def refilling(self) -> str:
        """Return which missing minutes of this ticker are being fetched, or nothing."""
        return self.status.refilling.get(self.spec.ticker, "") if self.status else ""

    @property
    def current_forecasts(self) -> tuple[Forecast, ...]:
        """Return the forecasts whose target time is still to come."""
        issued = self.snapshot.forecasts.values() if self.snapshot else ()
        return tuple(f for f in issued if f.target_time > self.exchange_now)

    @property
    def quote_age(self) -> timedelta | None:
        return self.exchange_now - self.quote.time if self.quote else None

    @property
    def candle_age(self) -> timedelta | None:
        """Return the time since the last candle closed."""
        return self.exchange_now - self.snapshot.as_of if self.snapshot else None


class ForecastService:
    """Reads for web workers; also takes down what visitors want.

    Parameters
    ----------
    store : SnapshotStore
    clock : Clock
    watch : sequence of ForecastSpec
        Specs that are always served.
    max_specs : int
        Visitors' specs served at a time besides them.
    ledger : LedgerReader, optional
        Where public scores are read; None knows none.
    """

    def __init__(
        self,
        store: SnapshotStore,
        clock: Clock,
        watch: Sequence[ForecastSpec],
        max_specs: int,
        ledger: LedgerReader | None = None,
    ) -> None:
        self._store = store
        self._clock = clock
        self.watch = tuple(watch)
        self._watch_keys = frozenset(spec.key for spec in watch)
        self._max_specs = max_specs
        self._ledger = ledger
        self._renewed: dict[str, datetime] = {}

    def now(self) -> datetime:
        return self._clock.now()

    def view(self, spec: ForecastSpec, client: str) -> View:
        """Return what is published for `spec`, registering the demand of `client` for it.

        Parameters
        ----------
        client : str
            Tells visitors apart (an address); only used to limit new demands.
        """
        refusal = ""
        try:
            self._want(spec, client)
        except DemandRefused as error:
            refusal = str(error)
        status = self._store.status()
        snapshot = _of_market(self._store.snapshot(spec), status)
        quote = _of_market(self._store.quote(spec.ticker), status)
        if snapshot and quote and quote.provider != snapshot.provider:
            quote = None
        return View(self._clock.now(), spec, status, snapshot, quote, refusal)

    def quote(self, ticker: str) -> Quote | None:
        """Return the published price of a ticker, without asking for its forecasts."""
        return _of_market(self._store.quote(ticker), self._store.status())

    def tickers(self) -> list[str]:
        """Return the tickers that can be picked: the default ones, and what else is served."""
        status = self._store.status()
        if status is None:
            return list(DEFAULT_TICKERS)
        failed = self._failed_keys()
        specs = (ForecastSpec.from_text(text) for text in status.served)
        served = {spec.ticker for spec in specs if spec.key not in failed}
        return [*DEFAULT_TICKERS, *sorted(served.difference(DEFAULT_TICKERS))]

    def diagnosis(self) -> Diagnosis | None:
        """Return what the doctor found last, None before it looked."""
        return self._store.diagnosis()

    def series(self, spec: ForecastSpec) -> Series | None:
        """Return the chart data of `spec`; about 100 kB, so not for every tick."""
        return self._store.series(spec)

    def public_score(
        self, snapshot: Snapshot, horizon: Horizon, name: ScoreRange
    ) -> PublicScore | None:
        """Return what the forecasts of a snapshot's spec were worth, up to its candle.

        None where no ledger is kept.

        Raises
        ------
        LedgerUnavailable
        """
        if self._ledger is None:
            return None
        market, spec, now = snapshot.market, snapshot.spec, snapshot.as_of
        return self._ledger.public_score(market, spec, horizon, name, now)

    def ledger_lines(self, snapshot: Snapshot, name: ScoreRange) -> Iterator[str]:
        """Return the ledger's rows of a snapshot's spec as lines of CSV, both horizons.

        Raises
        ------
        LedgerUnavailable
            Now or, of a database that fails later, between two lines.
        """
        if self._ledger is None:
            raise LedgerUnavailable("No ledger is kept here.")
        since = snapshot.as_of - SCORE_RANGES[name]
        rows = self._ledger.rows(snapshot.market, snapshot.spec, since)
        first = list(islice(rows, 1))  # so that a database that does not answer is told by now
        return csv_lines(chain(first, rows))

    def look_up(self, market: Market, noted: LedgerHead) -> tuple[NotedHash, ...]:
        """Return whether the hashes of a head that was noted earlier still stand.

        Raises
        ------
        LedgerUnavailable
        """
        if self._ledger is None:
            raise LedgerUnavailable("No ledger is kept here.")
        return self._ledger.look_up(market, noted)

    def request_retrain(self, spec: ForecastSpec) -> str:
        """Ask the engine to retrain `spec`; return a sentence for the person who asked.

        Only what is served can be retrained, so that the requests kept are few.
        """
        now = self._clock.now()
        live = _live(self._store.wanted(), now)
        if spec.key not in self._watch_keys | live.keys():
            return f"{spec.to_text()} is not served now. Served: {self._served(live)}."
        answer = "Retraining was asked for; the engine starts within seconds."

        def change(requests: dict[str, RetrainRequest]) -> dict[str, RetrainRequest]:
            nonlocal answer
            kept = {k: r for k, r in requests.items() if now - r.at < RETRAIN_EVERY}
            if spec.key in kept:
                again = kept[spec.key].at + RETRAIN_EVERY
                answer = (
                    f"{spec.ticker} was retrained less than 10 minutes ago; "
                    f"ask again after {again:%H:%M} UTC."
                )
                return kept
            return {**kept, spec.key: RetrainRequest(spec, now)}

        self._store.update_retrain_requests(change)
        return answer

    def _want(self, spec: ForecastSpec, client: str) -> None:
        if spec.key in self._watch_keys:
            return
        now = self._clock.now()
        renewed = self._renewed.get(spec.key)
        if renewed is not None and now - renewed < _DEMAND_RENEW_EVERY:
            return
        # A refusal needs no lock: refused pages ask again at every tick.
        self._admit(self._store.wanted(), spec, client, now)
        self._store.update_wanted(lambda wanted: self._admit(wanted, spec, client, now))
        self._renewed = {
            **{k: t for k, t in self._renewed.items() if now - t < _DEMAND_RENEW_EVERY},
            spec.key: now,
        }

    def _admit(
        self, wanted: dict[str, Want], spec: ForecastSpec, client: str, now: datetime
    ) -> dict[str, Want]:
        """Return `wanted` with `spec` renewed or added; idle demands are dropped.

        A pair that cannot be followed keeps no place: it yields where one is needed, and its
        visitor may ask for another at once.
        """
        live = _live(wanted, now)
        if spec.key in live:
            return {**live, spec.key: replace(live[spec.key], last_seen=now)}
        failed = self._failed_keys() & live.keys()
        if len(live) - len(failed) >= self._max_specs:
            raise DemandRefused(
                f"All {self._max_specs} places for visitors' forecasts are taken. "
                f"Served now: {self._served(live)}. A place frees after 10 idle minutes."
            )
        lately = {k: w for k, w in live.items() if w.client == client and _is_new(w, now)}
        if lately.keys() - failed or len(lately) > _FAILED_A_MINUTE:
            newest = max(w.since for w in lately.values())
            raise DemandRefused(
                "One new forecast per visitor and minute: this one is asked for again after "
                f"{newest + _NEW_DEMAND_EVERY:%H:%M:%S} UTC. "
                f"Served now: {self._served(live)}."
            )
        too_many = len(live) + 1 - self._max_specs
        leaving = sorted(failed, key=lambda key: live[key].since)[: max(too_many, 0)]
        kept = {k: w for k, w in live.items() if k not in leaving}
        return {**kept, spec.key: Want(spec, client, since=now, last_seen=now)}

    def _failed_keys(self) -> set[str]:
        """Return the keys of specs that the engine cannot serve."""
        status = self._store.status()
        progress = status.progress if status else {}
        return {key for key, known in progress.items() if known.stage == "failed"}

    def _served(self, live: dict[str, Want]) -> str:
        return ", ".join(s.to_text() for s in (*self.watch, *(w.spec for w in live.values())))


def _of_market(value: _Published | None, status: EngineStatus | None) -> _Published | None:
    """Return `value`; None where another engine left it behind, of the other world."""
    return value if value and status and value.market == status.market else None


def _live(wanted: dict[str, Want], now: datetime) -> dict[str, Want]:
    """Return the demands that somebody looked at lately."""
    return {k: w for k, w in wanted.items() if now - w.last_seen < DEMAND_IDLE_AFTER}


def _is_new(want: Want, now: datetime) -> bool:
    return now - want.since < _NEW_DEMAND_EVERY
