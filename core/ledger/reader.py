"""The web workers' door to the ledger: what Model Health shows, read at most once a candle."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any, Final

import sqlalchemy as sa

from core.domain import (
    HORIZONS,
    SCORE_RANGES,
    ForecastSpec,
    Horizon,
    LedgerHead,
    Market,
    NotedHash,
    PublicScore,
    ScoreRange,
)
from core.ledger.curves import curve_of, moves_of, reach_of
from core.ledger.database import open_database, require
from core.ledger.events import read_events
from core.ledger.matured import matured, unknown_count
from core.ledger.noted_hash import look_up
from core.ledger.scores import all_rows, scores_of, steps_of

_KEPT: Final = 32

_Key = tuple[Market, str, Horizon, ScoreRange]


class LedgerReader:
    """Reads scores, charts and rows; opened in the process that reads, at the first question.

    What was read for one candle is given again until the next, whatever the number of
    visitors. Threads may share it.

    Parameters
    ----------
    url : str
        See `core.ledger.database.database_url`.
    """

    def __init__(self, url: str) -> None:
        self._url = url
        self._engine: sa.Engine | None = None
        self._kept: OrderedDict[_Key, tuple[datetime, PublicScore]] = OrderedDict()
        self._turn = threading.Lock()

    def public_score(
        self, market: Market, spec: ForecastSpec, horizon: Horizon, name: ScoreRange, now: datetime
    ) -> PublicScore:
        """Return what the forecasts of `spec` were worth, of targets up to `now`.

        Raises
        ------
        LedgerUnavailable
            There is no ledger yet, or the database does not answer.
        """
        key = (market, spec.to_text(), horizon, name)
        with self._turn:
            known = self._kept.get(key)
            if known is None or known[0] != now:
                known = now, self._read(market, spec, horizon, name, now)
            self._kept[key] = known
            self._kept.move_to_end(key)
            while len(self._kept) > _KEPT:
                self._kept.popitem(last=False)
        return known[1]

    def rows(
        self, market: Market, spec: ForecastSpec, since: datetime
    ) -> Iterator[Mapping[str, Any]]:
        """Yield every forecast of `spec` whose target is later than `since`, with its outcome.

        Raises
        ------
        LedgerUnavailable
        """
        return all_rows(self._opened(), market, spec, since)

    def look_up(self, market: Market, noted: LedgerHead) -> tuple[NotedHash, ...]:
        """Look up the hashes of a head that was noted earlier.

        Raises
        ------
        LedgerUnavailable
        """
        return tuple(look_up(self._opened(), market, noted))

    def _read(
        self, market: Market, spec: ForecastSpec, horizon: Horizon, name: ScoreRange, now: datetime
    ) -> PublicScore:
        engine = self._opened()
        furthest = max(*SCORE_RANGES.values(), reach_of(name))
        rows = {h: matured(engine, market, spec, h, now - furthest, now) for h in HORIZONS}
        shown, since = rows[horizon], now - SCORE_RANGES[name]
        return PublicScore(
            horizon=horizon,
            range=name,
            scores={h: scores_of(found, steps_of(spec, h), now) for h, found in rows.items()},
            curve=curve_of(shown, steps_of(spec, horizon), name, now),
            moves=moves_of(shown.after(since)),
            events=read_events(engine, market, spec, horizon, since),
            unknown=unknown_count(engine, market, spec, horizon, since, now),
        )

    def _opened(self) -> sa.Engine:
        require(self._url)
        if self._engine is None:
            self._engine = open_database(self._url)
        return self._engine
