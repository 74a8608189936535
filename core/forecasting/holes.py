"""Missing minutes of the last day that may still come, and how often each was asked for."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Final

from core.history.cleaning import Gap

PAUSES: Final = tuple(timedelta(minutes=m) for m in (1, 2, 5, 15, 60))
"""How long after it was found, and then after each answer, a hole is asked for again."""


def has_come(time: datetime, now: datetime, longest: timedelta) -> bool:
    """Tell whether `time` has come, or lies further ahead than anything is put off.

    Then the exchange's clock was wrong when it was set, and has been corrected since.
    """
    return not timedelta(0) < time - now <= longest


@dataclass(frozen=True, slots=True)
class _Hole:
    gap: Gap
    asked_at: datetime
    tries: int = 0


class Holes:
    """What is missing, each run by its first minute. Replaced as a whole: reading needs no lock.

    Parameters
    ----------
    quiet : int
        Runs of up to so many minutes are asked for once more and then believed: nobody
        traded. Longer ones are asked for as often as there are `PAUSES`.
    """

    def __init__(self, quiet: int) -> None:
        self._quiet = quiet
        self._holes: dict[datetime, _Hole] = {}
        self._next_due: datetime | None = None

    def note(self, gaps: Iterable[Gap], now: datetime) -> None:
        """Take `gaps` for all that is missing; what was known of one of them stays known."""
        missing = {gap.start: gap for gap in gaps}
        known = {start: self._holes.get(start, _Hole(gap, now)) for start, gap in missing.items()}
        self._replace({start: replace(known[start], gap=gap) for start, gap in missing.items()})

    def asked(self, gaps: Iterable[Gap], now: datetime, *, answered: bool) -> None:
        """Note that `gaps` are asked for; only an answer counts as a try."""
        known = [self._holes[gap.start] for gap in gaps if gap.start in self._holes]
        told = [replace(hole, asked_at=now, tries=hole.tries + answered) for hole in known]
        self._replace({**self._holes, **{hole.gap.start: hole for hole in told}})

    @property
    def pending(self) -> bool:
        """Tell whether anything is still to be asked for again, now or later."""
        return self._next_due is not None

    def is_due(self, now: datetime) -> bool:
        """Tell whether anything should be asked for again now."""
        return self._next_due is not None and has_come(self._next_due, now, PAUSES[-1])

    def due(self, now: datetime) -> list[Gap]:
        """Return what should be asked for again now, oldest first."""
        open_ = (hole for hole in self._holes.values() if self._is_open(hole))
        return [hole.gap for hole in open_ if has_come(_due_at(hole), now, PAUSES[-1])]

    def unproven_quiet(self, since: datetime) -> list[Gap]:
        """Return the short runs from `since` on that were not asked for again, oldest first."""
        short = [h for h in self._holes.values() if h.gap.minutes <= self._quiet]
        return [h.gap for h in short if h.gap.start >= since and self._is_open(h)]

    def sentence(self, ticker: str) -> str:
        """Return what is missing of `ticker`, no quiet minutes, and may come; else nothing."""
        long = (h for h in self._holes.values() if h.gap.minutes > self._quiet)
        gaps = [hole.gap for hole in long if self._is_open(hole)]
        if not gaps:
            return ""
        minutes = sum(gap.minutes for gap in gaps)
        return (
            f"{minutes} {'minute' if minutes == 1 else 'minutes'} of {ticker} are missing "
            f"since {gaps[0].start:%H:%M} UTC and are asked for again."
        )

    def _is_open(self, hole: _Hole) -> bool:
        return hole.tries < (1 if hole.gap.minutes <= self._quiet else len(PAUSES))

    def _replace(self, holes: dict[datetime, _Hole]) -> None:
        self._holes = holes
        self._next_due = min(map(_due_at, filter(self._is_open, holes.values())), default=None)


def _due_at(hole: _Hole) -> datetime:
    return hole.asked_at + PAUSES[hole.tries]
