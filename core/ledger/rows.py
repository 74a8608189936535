"""Between entries, outcomes and rows of their tables."""

from __future__ import annotations

from dataclasses import asdict, fields
from typing import Any

from core.domain import LedgerHead
from core.ledger.entry import Entry, Outcome
from core.ledger.schema import EDGES


def values_of(entry: Entry, seq: int, previous: str, digest: str) -> dict[str, Any]:
    """Return the row of an entry."""
    values = asdict(entry)
    edges = dict(zip(EDGES, values.pop("edges"), strict=True))
    return {**values, **edges, "seq": seq, "previous": previous, "hash": digest}


def entry_of(row: Any) -> Entry:
    """Return the entry of a row, or of a mapping of its columns."""
    values = dict(row)
    for name in ("seq", "previous", "hash"):
        values.pop(name)
    edges = tuple(values.pop(name) for name in EDGES)
    return Entry(**values, edges=edges)


def outcome_of(row: Any) -> Outcome:
    """Return the outcome of a mapping of columns, whatever else is among them."""
    return Outcome(**{field.name: row[field.name] for field in fields(Outcome)})


def outcome_values(outcome: Outcome, head: LedgerHead) -> dict[str, Any]:
    """Return the row of an outcome that `head` is the head after."""
    return {**asdict(outcome), "place": head.settled, "hash": head.settled_hash}


def chain_values(head: LedgerHead) -> dict[str, Any]:
    """Return what stands of a head beside its chain."""
    return {
        "seq": head.seq,
        "head": head.hash,
        "settled": head.settled,
        "settled_head": head.settled_hash,
    }
