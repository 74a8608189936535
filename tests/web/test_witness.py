"""A browser is told whether what it noted of the ledger stands; what it keeps is distrusted."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest
import sqlalchemy as sa

from callbacks.witness import answer_for, notes_from_stored
from components.witness import ALL_GONE, FIRST_VISIT, Looked, witness_words
from core.domain import ForecastSpec, LedgerHead, NotedHash, NotedState
from core.ledger.database import database_url, open_database
from core.ledger.schema import CHAINS, CHECKPOINTS, FORECASTS, OUTCOMES
from tests.ledgers import fill_ledger, last_minute
from tests.web.conftest import NOW, Site

SPEC = ForecastSpec()
LATER = NOW + timedelta(days=3)
KEPT_FOR = timedelta(days=33)


@pytest.fixture(name="kept")
def _kept(site: Site) -> Site:
    """A site whose engine has written half an hour of forecasts."""
    url = database_url("", site.settings.artifact_dir)
    database = fill_ledger(url, [SPEC], 30, last_minute(NOW), "live", "binance")
    with database.connect() as connection:
        row = connection.execute(sa.select(CHAINS)).one()
    site.publisher.said = {"ledger": LedgerHead(row.seq, row.head, row.settled, row.settled_head)}
    site.publish()
    return site


def look(
    site: Site, stored: object, now: datetime = NOW, anew: bool = False
) -> tuple[str, bool, Any]:
    """Return (words, whether the button is hidden, what the browser keeps)."""
    status = site.store.status()
    assert status is not None
    words, hidden, kept = answer_for(site.service, status, now, KEPT_FOR, stored, anew)
    return str(words), hidden, kept


def rewrite(site: Site, seq: int) -> None:
    with open_database(database_url("", site.settings.artifact_dir)).begin() as connection:
        row = FORECASTS.c.seq == seq
        connection.execute(FORECASTS.update().where(row).values(price=1.0))


def head_of(site: Site) -> LedgerHead:
    status = site.store.status()
    assert status is not None
    assert status.ledger is not None
    return status.ledger


def test_a_first_visit_notes_and_the_next_finds_it_again(kept: Site) -> None:
    words, hidden, stored = look(kept, None)
    assert (words, hidden) == (str([FIRST_VISIT]), True)
    head = head_of(kept)
    note = [
        round(NOW.timestamp() * 1000),
        head.seq,
        head.hash[:16],
        head.settled,
        head.settled_hash[:16],
    ]
    assert stored == {"v": 1, "live": [note], "simulated": []}
    words, hidden, later = look(kept, stored, LATER)
    assert "unchanged since" in words
    assert f"forecast {head.seq} and outcome {head.settled}" in words
    assert hidden
    assert later["live"][0] == note
    assert later["live"][1][0] == round(LATER.timestamp() * 1000)
    # The same rows again are not told twice.
    assert look(kept, later, LATER)[0].count(f"forecast {head.seq}") == 1


def test_what_was_rewritten_is_said_until_it_is_noted_anew(kept: Site) -> None:
    stored = look(kept, None)[2]
    rewrite(kept, head_of(kept).seq)
    for _ in range(2):
        words, hidden, later = look(kept, stored, LATER)
        assert f"Forecast {head_of(kept).seq}" in words
        assert "has another hash by now: the ledger was rewritten, or begun anew" in words
        assert not hidden
        assert not isinstance(later, dict)  # nothing is noted over it
    words, hidden, later = look(kept, stored, LATER, anew=True)
    assert (words, hidden) == (str([FIRST_VISIT]), True)
    assert len(later["live"]) == 1


def test_another_ledger_lacks_what_was_noted(kept: Site) -> None:
    stored = look(kept, None)[2]
    stored["live"][0][1] += 1_000
    words, hidden, _ = look(kept, stored, LATER)
    assert "is not there any more: the ledger was rewritten, or begun anew" in words
    assert not hidden


def test_where_a_later_note_stands_one_row_was_changed(kept: Site) -> None:
    stored = look(kept, look(kept, None)[2], LATER)[2]
    with open_database(database_url("", kept.settings.artifact_dir)).connect() as connection:
        earlier = FORECASTS.c.seq == 3
        digest = connection.execute(sa.select(FORECASTS.c.hash).where(earlier)).scalar_one()
    stored["live"][0][1:3] = [3, digest[:16]]
    rewrite(kept, 3)
    words = look(kept, stored, LATER)[0]
    assert "has another hash by now: it was changed" in words
    assert digest[:16] in words


def test_what_is_too_young_to_be_let_go_was_taken_out(kept: Site) -> None:
    """Who can write a checkpoint cannot make a browser forget."""
    stored, head = look(kept, None)[2], head_of(kept)
    forged = {
        "chain": "live", "made_at": 0, "cutoff": 0, "days_hash": "f" * 64,
        "seq": head.seq + 9, "hash": "f" * 64, "settled": head.seq + 9, "settled_hash": "f" * 64,
    }  # fmt: skip
    with open_database(database_url("", kept.settings.artifact_dir)).begin() as connection:
        connection.execute(FORECASTS.delete())
        connection.execute(OUTCOMES.delete())
        connection.execute(CHECKPOINTS.insert().values(**forged))
    words, hidden, later = look(kept, stored, LATER)
    assert "is not there any more" in words
    assert not hidden
    assert not isinstance(later, dict)
    words, hidden, later = look(kept, stored, NOW + KEPT_FOR)
    assert (words, hidden) == (str([ALL_GONE]), True)
    assert len(later["live"]) == 1


def test_notes_of_the_other_market_are_kept(kept: Site) -> None:
    stored = look(kept, None)[2]
    stored["simulated"] = stored["live"]
    assert look(kept, stored, LATER)[2]["simulated"] == stored["live"]


def test_what_is_gone_is_noted_anew() -> None:
    gone = Looked(NOW, (noted("gone"), replace(noted("gone"), kind="outcome")))
    assert witness_words([gone]) == [ALL_GONE]
    words = str(witness_words([gone, Looked(LATER, (noted("unchanged"),))]))
    assert "unchanged since" in words
    half = Looked(NOW, (noted("gone"), replace(noted("unchanged"), kind="outcome")))
    assert "outcome 7 on" in str(witness_words([half]))
    assert "forecast 7" not in str(witness_words([half]))


def noted(state: NotedState) -> NotedHash:
    return NotedHash("forecast", 7, "0123456789abcdef", state)


def test_without_a_ledger_nothing_is_noted(published: Site) -> None:
    assert "noted" not in look(published, None)[0]
    assert not isinstance(look(published, None)[2], dict)


def test_a_ledger_that_cannot_be_read_is_no_rewritten_one(kept: Site) -> None:
    stored = look(kept, None)[2]
    with open_database(database_url("", kept.settings.artifact_dir)).begin() as connection:
        connection.execute(sa.text("ALTER TABLE forecasts RENAME TO elsewhere"))
    words, hidden, later = look(kept, stored)
    assert "cannot be read" in words
    assert hidden
    assert not isinstance(later, dict)


NOTE = [1_700_000_000_000, 7, "0123456789abcdef", 5, "0123456789abcdef"]


@pytest.mark.parametrize(
    "stored",
    [
        None,
        [],
        {"v": 2, "live": [NOTE]},
        {"v": 1, "live": NOTE},
        {"v": 1, "live": [NOTE[:4]]},
        {"v": 1, "live": [[*NOTE[:2], "0123456789ABCDEF", *NOTE[3:]]]},
        {"v": 1, "live": [[*NOTE[:2], "%", *NOTE[3:]]]},
        {"v": 1, "live": [[NOTE[0], "7", *NOTE[2:]]]},
        {"v": 1, "live": [[NOTE[0], True, *NOTE[2:]]]},
        {"v": 1, "live": [[NOTE[0], 10**18, *NOTE[2:]]]},
        {"v": 1, "live": [[NOTE[0], 0, *NOTE[2:]]]},
        {"v": 1, "live": [[10**15, *NOTE[1:]]]},
    ],
)
def test_what_is_not_plausible_was_not_noted(stored: object) -> None:
    assert notes_from_stored(stored, "live") == []


def test_two_notes_are_read_at_most() -> None:
    assert len(notes_from_stored({"v": 1, "live": [NOTE] * 9}, "live")) == 2


def test_the_page_asks_with_what_the_browser_keeps(kept: Site) -> None:
    given = {"health-witnessed.data": "live", "health-spec.data": SPEC.to_text()}
    answer = kept.call("health-witness.children", given)
    assert FIRST_VISIT in answer.text
    stored = answer.get_json()["response"]["noted"]["data"]
    request = kept.request("health-witness.children", {**given, "noted.data": stored})
    # As Dash sends it where the page was put in by navigation: its button is new as well.
    request["changedPropIds"] = ["health-witness-confirm.submit_n_clicks", "health-witnessed.data"]
    again = kept.client.post("/_dash-update-component", json=request)
    assert "unchanged since" in again.text
    rewrite(kept, head_of(kept).seq)
    assert "has another hash" in kept.client.post("/_dash-update-component", json=request).text
    pressed = {**given, "noted.data": stored, "health-witness-confirm.submit_n_clicks": 1}
    request = kept.request("health-witness.children", pressed)
    request["changedPropIds"] = ["health-witness-confirm.submit_n_clicks"]
    assert FIRST_VISIT in kept.client.post("/_dash-update-component", json=request).text
