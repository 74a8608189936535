"""A writer that is killed in the middle of its work loses nothing that it was told is written."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.core.ledger.kills import kills

KILLS = 6  # `python -m benchmarks.ledger_kills` does fifty


@pytest.mark.timeout(180)
def test_nothing_is_lost_and_nothing_scored_twice(tmp_path: Path) -> None:
    found = list(kills(tmp_path, KILLS))
    rows = [verdict.rows for verdict in found]
    assert len(rows) == KILLS
    assert rows == sorted(set(rows))
    assert 0 < found[-1].gone < rows[-1]
