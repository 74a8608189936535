"""The engine's ledger: what is about to be published is written down, what is due is scored."""

from __future__ import annotations

import logging
import threading
from collections import deque
from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager, suppress
from datetime import datetime, timedelta
from typing import Final

import pandas as pd
import sqlalchemy as sa

from core.domain import Horizon, LedgerHead, Market, Snapshot
from core.errors import LedgerUnavailable
from core.ledger.database import migrate, open_database, told
from core.ledger.entry import Entry, epoch_ms
from core.ledger.events import Noted, append_events
from core.ledger.issued import Issued, issued
from core.ledger.matured import SeriesKey
from core.ledger.retention import forget
from core.ledger.sealing import every_series, seal_days
from core.ledger.writer import LedgerWriter, Pending

UNKNOWN_AFTER: Final = timedelta(days=1)
"""How long a missing price at a target is waited for: an exchange fills its gaps within hours."""

FILLED_STANDS_AFTER: Final = timedelta(minutes=15)
"""Age at which a minute without trades is believed: by then it was asked for again."""

# Of a ticker that nobody looks at any more: its candles are not followed.
_ABANDONED_AFTER: Final = timedelta(days=2)
_EVENTS_WAITING: Final = 1_000
_MINUTE: Final = pd.Timedelta(minutes=1)

log = logging.getLogger(__name__)


class Ledger:
    """Writes every snapshot's forecasts down before it is published.

    The database is opened at the first record, tried again where that fails, in this process and
    never before a fork. Threads may share it; they take turns.

    Parameters
    ----------
    url : str
        See `core.ledger.database.database_url`.
    now : callable
        The time.
    kept_for : timedelta, optional
        Age at which rows go; their days and the chain stay.
    """

    def __init__(
        self, url: str, now: Callable[[], datetime], kept_for: timedelta | None = None
    ) -> None:
        self._url = url
        self._now = now
        self._kept_for = kept_for
        self._engine: sa.Engine | None = None
        self._writers: dict[Market, LedgerWriter] = {}
        self._heads: dict[Market, LedgerHead] = {}
        self._books: dict[tuple[Market, str, str], _Book] = {}
        # Until when the forecasts of series that nobody follows have their outcome.
        self._given_up: dict[SeriesKey, int] = {}
        self._noted: deque[Noted] = deque(maxlen=_EVENTS_WAITING)
        self._noting = threading.Lock()
        self._turn = threading.Lock()

    def head(self, market: Market) -> LedgerHead | None:
        """Return the last head that was written by this engine."""
        return self._heads.get(market)

    def record(
        self,
        snapshot: Snapshot,
        candles: pd.DataFrame,
        filled: pd.DatetimeIndex | None = None,
        now: datetime | None = None,
    ) -> None:
        """Score the forecasts that are due by `candles`, and write those of `snapshot` down.

        Parameters
        ----------
        candles : pandas.DataFrame
            The closed 1-minute candles that the snapshot was made from. By them all forecasts of
            the ticker are scored, also those that nobody asks for any more.
        filled : pandas.DatetimeIndex, optional
            Open times of those that are minutes without trades, filled flat.
        now : datetime, optional
            By the exchange's clock, which target times are of.

        Raises
        ------
        LedgerError
            Then the snapshot must not be published.
        """
        with self._turn, _unpublished():
            writer = self._writer(snapshot.market)
            book = self._book(snapshot)
            due = writer.pending(snapshot.provider, book.specs, snapshot.as_of, book.open_since)
            found = outcomes(due, candles, snapshot.as_of, book.opened_at, filled)
            writer.settle(found)
            left = [forecast.target_time for forecast in due if forecast not in found]
            book.open_since = min(left, default=epoch_ms(snapshot.as_of))
            self._heads[snapshot.market] = writer.commit(entries_of(snapshot), now)
            try:
                self._write_noted()  # readers look once a candle
            except LedgerUnavailable as error:
                log.warning("Events wait: %s", error)  # the forecasts are written all the same

    def issued(self, snapshot: Snapshot) -> dict[Horizon, Issued]:
        """Return what readers are told of earlier forecasts as they were issued.

        Raises
        ------
        LedgerUnavailable
        """
        market, spec = snapshot.market, snapshot.spec
        with self._turn:
            engine = self._opened()
        return {h: issued(engine, market, spec, h, snapshot.as_of) for h in snapshot.forecasts}

    def note(self, noted: Noted) -> None:
        """Take an event down; it is written with the next `write_noted`."""
        with self._noting:
            self._noted.append(noted)

    def write_noted(self) -> None:
        """Write the events that wait; what cannot be written goes on waiting.

        Raises
        ------
        LedgerUnavailable
        """
        with self._turn:
            self._write_noted()

    def _write_noted(self) -> None:
        with self._noting:
            waiting = list(self._noted)
        for market in {one.market for one in waiting}:
            mine = [one for one in waiting if one.market == market]
            with told(), self._writer(market).held() as connection:
                append_events(connection, mine)
            with self._noting:
                for one in mine:
                    with suppress(ValueError):  # there was no room for it any more
                        self._noted.remove(one)

    def tidy(
        self,
        market: Market,
        provider: str,
        followed: Collection[str],
        now: datetime | None = None,
    ) -> None:
        """Seal days that are over, give up what cannot be scored, and let old rows go.

        Parameters
        ----------
        provider : str
        followed : collection of str
            Tickers whose candles are followed there: their forecasts are scored by `record`.
        now : datetime, optional
            By the exchange's clock: a day is not over before its last target time is.

        Raises
        ------
        LedgerError
        """
        with self._turn:
            engine, writer = self._opened(), self._writer(market)
        now = now or self._now()
        self._give_up(engine, writer, market, provider, followed, now)
        sealed = seal_days(engine, market, now, writer.held)
        gone = forget(engine, writer, now - self._kept_for, now) if self._kept_for else 0
        if sealed or gone:
            log.info("Ledger: %d days sealed, %d rows let go.", sealed, gone)

    def _give_up(
        self,
        engine: sa.Engine,
        writer: LedgerWriter,
        market: Market,
        provider: str,
        followed: Collection[str],
        now: datetime,
    ) -> None:
        """Mark as unknown what matured long ago and nobody follows, or of an exchange left."""
        until = now - _ABANDONED_AFTER
        for series in every_series(engine, market):
            if series.provider == provider and ticker_of(series.spec) in followed:
                continue
            with self._turn:  # what `record` knows the price of by now is not given up
                since = self._given_up.get(series, 0)
                due = writer.pending(series.provider, [series.spec], until, since)
                if (head := writer.settle(dict.fromkeys(due))) is not None:
                    self._heads[market] = head
            self._given_up[series] = epoch_ms(until)

    def _book(self, snapshot: Snapshot) -> _Book:
        """Return what is known of the forecasts of a snapshot's ticker."""
        market, provider, ticker = snapshot.market, snapshot.provider, snapshot.spec.ticker
        key = (market, provider, ticker)
        if key not in self._books:
            kept = every_series(self._opened(), market)
            specs = {one.spec for one in kept if one.provider == provider}
            mine = {spec for spec in specs if ticker_of(spec) == ticker}
            self._books[key] = _Book(mine, snapshot.as_of)
        self._books[key].specs.add(snapshot.spec.to_text())
        return self._books[key]

    def _writer(self, market: Market) -> LedgerWriter:
        if market not in self._writers:
            self._writers[market] = LedgerWriter(self._opened(), market, self._now)
        return self._writers[market]

    def _opened(self) -> sa.Engine:
        if self._engine is None:
            engine = open_database(self._url)
            migrate(engine)
            self._engine = engine
        return self._engine


class _Book:
    """The forecasts of one ticker from one provider.

    Attributes
    ----------
    specs : set of str
        All that were ever forecast.
    opened_at : datetime
        When this engine first published one of them.
    open_since : int
        Targets before it all have their outcome, epoch milliseconds.
    """

    def __init__(self, specs: set[str], opened_at: datetime) -> None:
        self.specs = specs
        self.opened_at = opened_at
        self.open_since = 0


def ticker_of(spec: str) -> str:
    """Return the ticker of a spec's text, also of one that is no longer allowed."""
    return spec.partition("?")[0]


@contextmanager
def _unpublished() -> Iterator[None]:
    """Say of a ledger that cannot be used what follows from it."""
    try:
        yield
    except LedgerUnavailable as error:
        raise LedgerUnavailable(
            f"{str(error).rstrip('.')}, so no forecast is published."
        ) from error


def entries_of(snapshot: Snapshot) -> list[Entry]:
    """Return the forecasts of a snapshot as they are written down."""
    return [
        Entry.of(
            forecast,
            snapshot.market,
            snapshot.provider,
            snapshot.spec,
            snapshot.models[horizon].model_id,
        )
        for horizon, forecast in snapshot.forecasts.items()
    ]


def outcomes(
    due: list[Pending],
    candles: pd.DataFrame,
    as_of: datetime,
    opened_at: datetime,
    filled: pd.DatetimeIndex | None = None,
) -> dict[Pending, float | None]:
    """Return the close at each target that is known, and None where it never will be.

    A minute that is missing among the candles may still come, and after a stop of the engine
    its candles come page by page: only `UNKNOWN_AFTER` the target, and as long after the engine
    began at `opened_at`, it is not waited for any more. A minute that was filled because nothing
    was traded counts once its exchange had the time to tell otherwise. Nothing is ever guessed.
    """
    found: dict[Pending, float | None] = {}
    closes: pd.Series[float] = candles["close"]
    waited = as_of - opened_at > UNKNOWN_AFTER
    for forecast in due:
        target = pd.Timestamp(forecast.target_time, unit="ms", tz="UTC")
        opened = target - _MINUTE
        if filled is not None and opened in filled and as_of - target < FILLED_STANDS_AFTER:
            continue
        if opened in closes.index:
            found[forecast] = float(closes.loc[opened])
        elif waited and as_of - target > UNKNOWN_AFTER:
            found[forecast] = None
    return found
