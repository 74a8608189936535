"""Limits, bans and firewalls: nothing is sent before they are over, also after a restart."""

from __future__ import annotations

import pytest
from playwright.sync_api import Page

from tests.browser.rig import Rig, is_well, says
from tests.waiting import wait_until


@pytest.mark.parametrize(
    ("kind", "words"),
    [("429", "limits the rate of requests until"), ("418", "has banned this address until")],
)
def test_nothing_is_sent_while_limited_or_banned_also_after_a_restart(
    rig: Rig, live: Page, kind: str, words: str
) -> None:
    exchange = rig.exchanges["binance"]
    exchange.fail(kind, retry_after="12")
    says(live, words)
    known = len(exchange.calls())
    block = rig.status().block
    assert block is not None
    rig.restart_engine()
    says(live, words)
    assert len(exchange.calls()) == known
    wait_until(lambda: len(exchange.calls()) > known, 60, "calls after the ban")
    first = exchange.calls()[known]
    assert exchange.calls_during_ban() == []
    assert first.time_ms >= block.until.timestamp() * 1000


def test_a_firewall_page_stops_the_host_for_a_minute(rig: Rig, live: Page) -> None:
    exchange = rig.exchanges["binance"]
    exchange.fail("403", count=None)
    says(live, "answered 403 .refused by its firewall")
    known = len(exchange.calls())
    exchange.heal()
    rig.restart_engine()
    says(live, "answered 403 .refused by its firewall")
    assert len(exchange.calls()) == known
    is_well(live)
