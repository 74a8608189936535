"""What a browser noted of the ledger on earlier visits, and whether it still stands."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import pairwise
from typing import Any, Final

from dash import html

from components import states
from components.elements import icon
from components.formatting import moment
from core.domain import NotedHash

FIRST_VISIT: Final = (
    "This browser has noted the newest hashes: when you come back, it looks whether they still "
    "stand in the ledger."
)
ALL_GONE: Final = (
    "What this browser had noted was let go for its age; it has noted the newest hashes."
)
FORGET_QUESTION: Final = (
    "Forget what this browser noted of the ledger? It is what shows that the ledger was changed; "
    "once forgotten, it cannot be had again."
)


@dataclass(frozen=True, slots=True)
class Looked:
    """A note of an earlier visit, and what became of its hashes."""

    at: datetime
    hashes: tuple[NotedHash, ...]

    @property
    def is_broken(self) -> bool:
        return any(one.is_broken for one in self.hashes)

    @property
    def is_gone(self) -> bool:
        """Tell whether no row is left that it could be compared with."""
        return all(one.state == "gone" for one in self.hashes)


def witness_words(notes: Sequence[Looked]) -> list[Any]:
    """Return in words what the notes of earlier visits say, the oldest first."""
    broken = [(note, one) for note in notes for one in note.hashes if one.is_broken]
    if broken:
        return [states.notice(_broken_words(*broken[0], _cause(notes)), "down")]
    standing = [note for note in notes if not note.is_gone]
    if standing:
        return [icon("tick"), html.Span(list(_standing_words(standing)))]
    return [ALL_GONE if notes else FIRST_VISIT]


def _cause(notes: Sequence[Looked]) -> str:
    """Say what may be the cause: where a later row stands, the ledger is the same."""
    if not notes[-1].is_broken:
        return "it was changed"
    return "the ledger was rewritten, or begun anew"


def _broken_words(note: Looked, one: NotedHash, why: str) -> list[Any]:
    where = f"{one.kind.capitalize()} {one.place:,}"
    was = "is not there any more" if one.state == "missing" else "has another hash by now"
    noted = f", which this browser noted as {one.digits}… on "
    advice = "“python main.py ledger verify” tells more to who runs it."
    return [where, noted, moment(note.at, "date"), f", {was}: {why}. {advice}"]


def _standing_words(notes: Sequence[Looked]) -> Iterator[Any]:
    yield "Noted by this browser, and unchanged since: "
    for number, note in enumerate(_distinct(notes)):
        kept = [one for one in note.hashes if one.state == "unchanged"]
        yield f"{'; ' if number else ''}{' and '.join(f'{k.kind} {k.place:,}' for k in kept)} on "
        yield moment(note.at, "date")
    yield "."


def _distinct(notes: Sequence[Looked]) -> list[Looked]:
    """Leave out a note of the same rows as the one before it."""
    return [*notes[:1], *(new for old, new in pairwise(notes) if new.hashes != old.hashes)]
