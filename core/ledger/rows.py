"""Between entries and rows of the table."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from core.ledger.entry import Entry
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
