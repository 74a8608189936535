"""The running app writes every forecast down first, and publishes none that it cannot."""

from __future__ import annotations

import csv
import json
import os
import re
import sqlite3
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from playwright.sync_api import Page, expect

from core.domain import SCORE_RANGES
from core.ledger.database import database_url, open_database
from core.ledger.schema import EVENTS, FORECASTS
from tests.browser.rig import Rig, publishes_again, publishes_nothing, says
from tests.waiting import wait_until

ROOT = Path(__file__).resolve().parents[2]


def execute(rig: Rig, statement: str) -> None:
    with open_database(database_url("", rig.artifacts)).begin() as connection:
        connection.execute(sa.text(statement))


def verified(rig: Rig) -> tuple[int, dict[str, Any]]:
    """Return what ``python main.py ledger verify`` says while the engine writes."""
    done = subprocess.run(
        [sys.executable, "main.py", "ledger", "verify", "--json"],
        cwd=ROOT,
        env={**os.environ, "ARTIFACT_DIR": str(rig.artifacts)},
        capture_output=True,
        check=False,
    )
    return done.returncode, json.loads(done.stdout)


def test_what_is_published_is_in_a_chain_whose_head_is_on_the_page(rig: Rig, page: Page) -> None:
    page.goto(f"{rig.url}/model-health?max_points=1000")
    head = page.locator("[data-slot=ledger-head]")
    expect(head).not_to_have_text("–")
    expect(page.locator("#events-table")).to_contain_text("The engine started.")
    expect(page.locator("#events-table")).to_contain_text("New champion")
    code, said = verified(rig)
    assert (code, said["whole"]) == (0, True)
    assert [chain["chain"] for chain in said["chains"]] == ["live"]
    status = rig.status().ledger
    assert status is not None
    with open_database(database_url("", rig.artifacts)).connect() as connection:
        hashes = set(connection.execute(sa.select(FORECASTS.c.hash)).scalars())
    assert status.hash in hashes
    wait_until(
        lambda: any(digest.startswith((head.inner_text() or "-").rstrip("…")) for digest in hashes),
        10,
        "a head of the chain on the page",
    )


def test_an_engine_says_until_when_the_one_before_it_ran(rig: Rig) -> None:
    rig.restart_engine()
    told = sa.select(EVENTS.c.text).where(EVENTS.c.text.like("The engine started.%was last heard%"))
    database = open_database(database_url("", rig.artifacts))

    def said() -> str | None:
        with database.connect() as connection:
            return connection.execute(told).scalar()

    wait_until(said, 60, "the start of another engine in the ledger")
    assert re.search(r"The one before was last heard of at [-\d]+ [:\d]+ UTC\.$", said() or "")


def test_scores_and_rows_of_the_running_app_on_the_command_line(rig: Rig, tmp_path: Path) -> None:
    def run(*arguments: str) -> str:
        done = subprocess.run(
            [sys.executable, "main.py", "ledger", *arguments],
            cwd=ROOT,
            env={**os.environ, "ARTIFACT_DIR": str(rig.artifacts)},
            capture_output=True,
            text=True,
            check=True,
        )
        return done.stdout

    spec = ("--max-points", "1000")
    assert set(json.loads(run("scores", "--json", *spec))["scores"]["minute"]) == set(SCORE_RANGES)
    assert "as they were published, live market" in run("scores", *spec)
    run("export", str(tmp_path / "out.csv"))
    with (tmp_path / "out.csv").open(newline="") as text:
        exported = list(csv.DictReader(text))
    with open_database(database_url("", rig.artifacts)).connect() as connection:
        kept = connection.execute(sa.select(FORECASTS.c.hash).order_by(FORECASTS.c.seq)).scalars()
        assert [row["hash"] for row in exported] == list(kept)[: len(exported)]
    assert exported


@contextmanager
def broken(rig: Rig) -> Iterator[None]:
    execute(rig, "ALTER TABLE forecasts RENAME TO elsewhere")
    try:
        yield
    finally:
        execute(rig, "ALTER TABLE elsewhere RENAME TO forecasts")


@contextmanager
def locked(rig: Rig) -> Iterator[None]:
    """Hold the database, as a backup or another program may."""
    other = sqlite3.connect(rig.artifacts / "ledger.db", isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    try:
        yield
    finally:
        other.execute("ROLLBACK")
        other.close()


@pytest.mark.timeout(300)
@pytest.mark.parametrize(
    ("injury", "words"),
    [(broken, "no such table"), (locked, "database is locked")],
)
def test_a_page_says_that_nothing_is_published_and_recovers(
    rig: Rig, live: Page, injury: Callable[[Rig], AbstractContextManager[None]], words: str
) -> None:
    sentence = f"The ledger cannot be written .*({words}).*, so no forecast is published"
    with injury(rig):
        shown = publishes_nothing(rig, live, sentence)
    publishes_again(rig, live, shown)
    assert verified(rig)[1]["whole"]


@pytest.mark.timeout(300)
def test_the_engine_finds_by_itself_that_the_ledger_was_changed(rig: Rig, live: Page) -> None:
    with open_database(database_url("", rig.artifacts)).connect() as connection:
        right = connection.execute(
            sa.select(FORECASTS.c.price).where(FORECASTS.c.seq == 1)
        ).scalar()
    execute(rig, "UPDATE forecasts SET price = 1.0 WHERE seq = 1")
    rig.restart_engine()  # which looks soon after its start
    says(live, r"The ledger was changed: do not trust its scores\. Row 1 was changed", 90)
    live.goto(f"{rig.url}/model-health?max_points=1000")
    expect(live.locator("[data-slot=checked]")).to_contain_text(", changed")
    expect(live.locator("#events-table")).to_contain_text("Ledger damaged", timeout=90_000)
    execute(rig, f"UPDATE forecasts SET price = {right!r} WHERE seq = 1")
    rig.restart_engine()
    expect(live.locator("[data-slot=checked]")).to_have_text(
        re.compile(r", first \d+ whole$"), timeout=90_000
    )
