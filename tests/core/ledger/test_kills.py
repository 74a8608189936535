"""A writer that is killed in the middle of its work loses nothing that it was told is written."""

from __future__ import annotations

import random
import subprocess
import sys
import time
from pathlib import Path

import pytest
import sqlalchemy as sa

from core.ledger.database import database_url, migrate, open_database
from core.ledger.schema import FORECASTS, OUTCOMES
from core.ledger.verify import verify

KILLS = 6
ROOT = Path(__file__).resolve().parents[3]
# Writes forecasts, settles those that are due, and says each head that was given back to it.
WRITER = """
import sys
from datetime import datetime, UTC, timedelta
from core.ledger.database import open_database
from core.ledger.writer import LedgerWriter
from tests.clocks import ManualClock
from tests.core.ledger.conftest import made_entry

clock = ManualClock(datetime(2026, 3, 1, tzinfo=UTC) + timedelta(minutes=10_000 * int(sys.argv[2])))
ledger = LedgerWriter(open_database(sys.argv[1]), "live", clock.now)
while True:
    head = ledger.commit([made_entry(clock), made_entry(clock, 1)])
    clock.advance(120)
    ledger.settle(dict.fromkeys(ledger.pending("binance", ["BTC-USD"], clock.now()), 78_000.0))
    print(head.seq, head.hash, flush=True)
"""


def run_and_kill(url: str, number: int, after_s: float) -> tuple[int, str]:
    """Let a writer work for a while after its first head, kill it, and return the last one said."""
    process = subprocess.Popen(
        [sys.executable, "-c", WRITER, url, str(number)], cwd=ROOT, stdout=subprocess.PIPE
    )
    assert process.stdout is not None
    first = process.stdout.readline()
    time.sleep(after_s)
    process.kill()
    said = (first + process.stdout.read()).decode().splitlines(keepends=True)
    process.wait()
    seq, digest = [line for line in said if line.endswith("\n")][-1].split()
    return int(seq), digest


@pytest.mark.timeout(180)
def test_nothing_is_lost_and_nothing_scored_twice(tmp_path: Path) -> None:
    url = database_url("", tmp_path)
    database = open_database(url)
    migrate(database)
    draw = random.Random(6)
    for number in range(KILLS):
        seq, digest = run_and_kill(url, number, draw.uniform(0.0, 0.3))
        (found,) = verify(database)
        assert found.fault == ""
        assert found.rows >= seq
        with database.connect() as connection:
            kept = sa.select(FORECASTS.c.hash).where(FORECASTS.c.seq == seq)
            assert connection.execute(kept).scalar_one() == digest
            counted = connection.execute(sa.select(sa.func.count()).select_from(OUTCOMES)).scalar()
            assert counted >= seq - 2
