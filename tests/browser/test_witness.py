"""A reader's browser notes the ledger's hashes, and says on the next visit whether they stand."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from playwright.sync_api import Page, Request, expect

from core.domain import LedgerHead
from core.ledger.database import database_url, open_database
from core.ledger.schema import CHAINS, FORECASTS
from tests.browser.conftest import Observed
from tests.browser.site import Site


def head(database: sa.Engine) -> LedgerHead:
    with database.connect() as connection:
        row = connection.execute(sa.select(CHAINS).where(CHAINS.c.chain == "live")).one()
    return LedgerHead(row.seq, row.head, row.settled, row.settled_head)


@contextmanager
def rewritten(database: sa.Engine, at: LedgerHead) -> Iterator[None]:
    row = (FORECASTS.c.chain == "live", FORECASTS.c.seq == at.seq)
    with database.connect() as connection:
        right = connection.execute(sa.select(FORECASTS.c.price).where(*row)).scalar_one()
    change(database, row, 1.0)
    try:
        yield
    finally:
        change(database, row, right)


def change(database: sa.Engine, row: tuple[Any, ...], price: float) -> None:
    with database.begin() as connection:
        connection.execute(FORECASTS.update().where(*row).values(price=price))


def is_confirmed(sent: Request) -> bool:
    """Tell whether the page asks because its reader gives up what was noted."""
    return '"changedPropIds":["health-witness-confirm.submit_n_clicks"]' in (sent.post_data or "")


def test_a_browser_notices_on_its_next_visit(
    page: Page, observed: Observed, site: Site, deployment: tuple[str, Path]
) -> None:
    database = open_database(database_url("", deployment[1].parent))
    last = head(database)
    with site.one_writer:
        site.publisher.said = {"ledger": last}
    words, again = (
        page.locator("#health-witness"),
        page.get_by_role("button", name="Forget, note anew"),
    )
    page.goto(f"{site.url}/model-health")
    expect(words).to_contain_text("This browser has noted the newest hashes")
    page.wait_for_function("JSON.parse(localStorage.noted || '{}').live?.length === 1")
    page.reload()
    expect(words).to_have_text(
        re.compile(rf"unchanged since: forecast {last.seq} and outcome {last.settled} on \d")
    )
    expect(again).to_be_hidden()
    page.get_by_role("link", name="Live").click()
    page.get_by_role("link", name="Model Health").click()
    expect(words).to_contain_text("unchanged since")
    with rewritten(database, last):
        page.reload()
        expect(words).to_contain_text(f"Forecast {last.seq}, which this browser noted as")
        expect(words).to_contain_text("the ledger was rewritten, or begun anew.")
        page.get_by_role("link", name="Live").click()
        page.get_by_role("link", name="Model Health").click()
        expect(words).to_contain_text("the ledger was rewritten, or begun anew.")
        page.reload()
        answered: list[str] = []
        page.on("request", lambda sent: answered.append(sent.url) if is_confirmed(sent) else None)
        page.once("dialog", lambda question: question.dismiss())
        again.click()
        page.once("dialog", lambda question: question.accept())
        again.click()
        expect(words).to_contain_text("This browser has noted the newest hashes")
        expect(again).to_be_hidden()
        assert len(answered) == 1
    assert observed.complaints == []
