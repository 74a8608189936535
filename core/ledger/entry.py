"""A forecast and its outcome as they stand in the ledger, and the chains that hold them."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from dataclasses import astuple, dataclass
from datetime import UTC, datetime, timedelta
from typing import Final

from core.domain import BAND_LEVELS, Forecast, ForecastSpec, Horizon, LedgerHead, Market

GENESIS: Final = 64 * "0"
"""What stands before the first row of a chain."""

BEGINNING: Final = LedgerHead(0, GENESIS, 0, GENESIS)
"""The head of a chain that holds nothing."""

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_MILLISECOND: Final = timedelta(milliseconds=1)


@dataclass(frozen=True, slots=True)
class Entry:
    """A published forecast. Times are epoch milliseconds, prices USD.

    Attributes
    ----------
    chain : Market
        ``live`` or ``simulated``: each has a chain of its own, and they never mix.
    spec : str
        The text of the spec it was made for.
    price, random_walk : float
        Close of the last candle used; what "the price stays" forecasts, the same price.
    edges : tuple of float or None
        Low and high of each of `BAND_LEVELS`, in that order; None where no band was known.
    model_id : str
        ``random-walk`` where no model was trained.
    standing_aside : bool
        Whether "the price stays" was published because the model had lost to it.
    revision : int
        0 at first; more where the forecast of the same candle was published again, changed by a
        correction of the candle or by another model.
    """

    chain: Market
    provider: str
    ticker: str
    spec: str
    horizon: Horizon
    issued_at: int
    target_time: int
    price: float
    point: float
    random_walk: float
    edges: tuple[float | None, ...]
    model_id: str
    standing_aside: bool
    revision: int = 0

    @classmethod
    def of(
        cls, forecast: Forecast, market: Market, provider: str, spec: ForecastSpec, model_id: str
    ) -> Entry:
        """Return the entry of a forecast that is about to be published."""
        known = {band.level: (band.low, band.high) for band in forecast.bands}
        return cls(
            chain=market,
            provider=provider,
            ticker=spec.ticker,
            spec=spec.to_text(),
            horizon=forecast.horizon,
            issued_at=epoch_ms(forecast.issued_at),
            target_time=epoch_ms(forecast.target_time),
            price=forecast.price_at_issue,
            point=forecast.point,
            random_walk=forecast.price_at_issue,
            edges=tuple(edge for level in BAND_LEVELS for edge in known.get(level, (None, None))),
            model_id=model_id,
            standing_aside=forecast.standing_aside,
        )

    @property
    def said(self) -> tuple[object, ...]:
        """What it says, whichever revision it is."""
        return astuple(self)[:-1]


def row_hash(previous: str, seq: int, entry: Entry) -> str:
    """Return the SHA-256 of the hash before, the place in the chain and all of the content.

    The content is JSON without spaces, numbers as Python writes them, which is the shortest text
    that reads back as the same number: another program can recompute it.
    """
    return _digest([previous, seq, *astuple(entry)])


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of a forecast: the price at its target and the absolute errors, USD.

    All three are None where that price will never be known.
    """

    chain: str
    seq: int
    actual: float | None
    error: float | None
    random_walk_error: float | None

    @classmethod
    def of(
        cls, chain: str, seq: int, point: float, random_walk: float, actual: float | None
    ) -> Outcome:
        """Return the outcome of the forecast at `seq`."""
        if actual is None:
            return cls(chain, seq, None, None, None)
        return cls(chain, seq, actual, abs(actual - point), abs(actual - random_walk))


def outcome_hash(previous: str, place: int, outcome: Outcome) -> str:
    """Return the SHA-256 of the hash before, the place among outcomes and all of the content.

    The text is made as that of `row_hash`.
    """
    return _digest([previous, place, *astuple(outcome)])


def hash_or_none(recomputed: Callable[[], str]) -> str | None:
    """Return a hash of what was read; None of bytes or an infinity, which were never written."""
    try:
        return recomputed()
    except (TypeError, ValueError):
        return None


def _digest(content: list[object]) -> str:
    text = json.dumps(content, separators=(",", ":"), allow_nan=False)
    return hashlib.sha256(text.encode()).hexdigest()


def epoch_ms(time: datetime) -> int:
    """Return whole milliseconds since 1970."""
    return (time - _EPOCH) // _MILLISECOND
