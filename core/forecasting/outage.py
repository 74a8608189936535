"""Outages as the ledger remembers them: when one began, and how long it was."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Final

from core.domain import Event

# What is over sooner costs at most one forecast.
_COUNTS_AFTER: Final = timedelta(seconds=30)


class OutageWatch:
    """Turns what the engine says of trouble into events."""

    def __init__(self) -> None:
        self._since: datetime | None = None
        self._told = False

    def look(self, trouble: str, now: datetime) -> Event | None:
        """Return the beginning or the end of an outage, where this is one.

        Parameters
        ----------
        trouble : str
            What is wrong now; empty where nothing is.
        """
        if not trouble:
            return self._end(now)
        self._since = self._since or now
        if self._told or now - self._since < _COUNTS_AFTER:
            return None
        self._told = True
        return Event(self._since, "outage", trouble)

    def _end(self, now: datetime) -> Event | None:
        since, told = self._since, self._told
        self._since, self._told = None, False
        if since is None or not told:
            return None
        return Event(now, "outage", f"Over after {_length(now - since)}.")


def _length(time: timedelta) -> str:
    minutes = round(time / timedelta(minutes=1))
    return f"{minutes} min" if minutes < 120 else f"{round(minutes / 60)} h"
