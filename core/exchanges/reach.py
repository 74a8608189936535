"""How far back an exchange's candles reach, and whether that suffices."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from functools import partial
from typing import Final

from core.domain import Finding
from core.errors import ExchangeError
from core.exchanges.doctor import at_once
from core.exchanges.examined import Examined

_HOUR: Final = timedelta(hours=1)
_MINUTE: Final = timedelta(minutes=1)


def examine_histories(
    venues: Sequence[Examined], ticker: str, rows: int, to_train: int, within_s: float
) -> list[Finding]:
    """Tell of each venue whether its candles reach `rows` minutes back, asking for one page.

    Parameters
    ----------
    venues : sequence of Examined
        Those that answer: each is asked once, unless it is known to keep too few.
    rows, to_train : int
        1-minute candles a forecast uses, and the fewest a model is trained on.
    """
    looks = [partial(_measured_history, venue, ticker, rows, to_train) for venue in venues]
    found = at_once(looks, within_s)
    return [
        finding or _unknown_history(venue, "it was not told in time.")
        for venue, finding in zip(venues, found, strict=True)
    ]


def known_history(venue: Examined, rows: int, to_train: int) -> Finding:
    """Tell whether the history suffices from what the exchange's documentation says."""
    subject = f"{venue.title} history"
    kept = venue.provider.rows_kept
    if kept is not None and kept < to_train:
        return Finding(
            subject,
            "warning",
            f"Only the newest {kept:,} minutes are given: too few to train on ({to_train:,}), "
            "so no change is forecast.",
            f"Keep {venue.title} for the last resort.",
        )
    page_rows = venue.provider.page_rows
    calls = -(-rows // page_rows)
    return Finding(
        subject,
        "ok",
        f"{rows:,} minutes suffice and are given in {calls:,} calls of {page_rows:,}.",
    )


def _measured_history(venue: Examined, ticker: str, rows: int, to_train: int) -> Finding:
    known = known_history(venue, rows, to_train)
    if known.verdict != "ok":
        return known
    start = venue.provider.now().replace(second=0, microsecond=0) - rows * _MINUTE
    try:
        page = next(venue.provider.candles(ticker, start, start + _HOUR), None)
    except ExchangeError as error:
        return _unknown_history(venue, str(error))
    if page is None or page.empty:
        return Finding(
            known.subject,
            "warning",
            f"It gave no candle of {ticker} for the hour from {start:%Y-%m-%d %H:%M} UTC, "
            f"{rows:,} minutes ago.",
            "Lower max_points, or follow a coin that has been listed for longer.",
        )
    return Finding(
        known.subject,
        "ok",
        f"{ticker} reaches back {rows:,} minutes, to {page.index[0]:%Y-%m-%d %H:%M} UTC. "
        f"{known.meaning}",
    )


def _unknown_history(venue: Examined, why: str) -> Finding:
    return Finding(
        f"{venue.title} history", "warning", f"How far it reaches is not known: {why}", "Ask again."
    )
