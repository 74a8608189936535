"""The ledger as text: one line per forecast, exact to the last digit."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Final

from core.ledger.schema import FORECASTS

CSV_COLUMNS: Final = (
    *FORECASTS.c.keys(),
    *("settled", "actual", "error", "random_walk_error", "place", "outcome_hash"),
)
"""``settled`` is 1 where there is an outcome; without an actual price it is unknown for good.
``place`` and ``outcome_hash`` are the chain of outcomes."""


def csv_lines(rows: Iterable[Mapping[str, Any]]) -> Iterator[str]:
    """Yield the line of names, then one per row of `core.ledger.scores.all_rows`.

    Numbers are written so that reading them gives the same number.
    """
    line = io.StringIO()
    table = csv.DictWriter(line, CSV_COLUMNS, lineterminator="\n")
    table.writeheader()
    yield line.getvalue()
    for row in rows:
        line.seek(0)
        line.truncate()
        flags = {name: int(row[name]) for name in ("standing_aside", "settled")}
        table.writerow({**row, **flags})
        yield line.getvalue()
