"""A writer in a process of its own that is killed in the middle of its work."""

from __future__ import annotations

import random
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import sqlalchemy as sa

from core.ledger.database import database_url, migrate, open_database
from core.ledger.schema import FORECASTS
from core.ledger.verify import Verdict, verify

ROOT = Path(__file__).resolve().parents[3]
# Writes forecasts, settles those that are due, seals days and lets old ones go, a day in four
# rounds, and says each head given back to it.
WRITER = """
import sys
from datetime import datetime, UTC, timedelta
from core.ledger.database import open_database
from core.ledger.retention import forget
from core.ledger.sealing import seal_days
from core.ledger.writer import LedgerWriter
from tests.clocks import ManualClock
from tests.core.ledger.conftest import made_entry

clock = ManualClock(datetime(2026, 3, 1, tzinfo=UTC) + timedelta(days=1_000 * int(sys.argv[2])))
engine = open_database(sys.argv[1])
ledger = LedgerWriter(engine, "live", clock.now)
while True:
    head = ledger.commit([made_entry(clock), made_entry(clock, 1)])
    clock.advance(6 * 3_600)
    due = ledger.pending("binance", ["BTC-USD"], clock.now())
    ledger.settle(dict.fromkeys(due, 78_000.0))
    seal_days(engine, "live", clock.now())
    forget(engine, ledger, clock.now() - timedelta(days=2), clock.now())
    print(head.seq, head.hash, flush=True)
"""


def run_and_kill(url: str, number: int, after_s: float) -> tuple[int, str]:
    """Let a writer work for a while after its first head, kill it, and return the last one said."""
    process = subprocess.Popen(
        [sys.executable, "-c", WRITER, url, str(number)], cwd=ROOT, stdout=subprocess.PIPE
    )
    assert process.stdout is not None
    first = process.stdout.readline()
    time.sleep(after_s)  # nothing is waited for: the kill is to come at a random moment
    process.kill()
    said = (first + process.stdout.read()).decode().splitlines(keepends=True)
    process.wait()
    seq, digest = [line for line in said if line.endswith("\n")][-1].split()
    return int(seq), digest


def kills(directory: Path, count: int) -> Iterator[Verdict]:
    """Kill a writer `count` times at random moments; yield what is found of the chain each time.

    Raises
    ------
    AssertionError
        A forecast that was said to be written is lost, the chain is broken, or one was not scored
        exactly once.
    """
    url = database_url("", directory)
    database = open_database(url)
    migrate(database)
    draw = random.Random(6)
    for number in range(count):
        seq, digest = run_and_kill(url, number, draw.uniform(0.0, 0.3))
        (found,) = verify(database)
        assert found.fault == ""
        assert found.rows >= seq
        with database.connect() as connection:
            kept = sa.select(FORECASTS.c.hash).where(FORECASTS.c.seq == seq)
            assert connection.execute(kept).scalar_one() == digest
        assert seq - 2 <= found.settled <= found.rows
        yield found
