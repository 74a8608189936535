"""What the browser keeps: damaged copies, two tabs, the other market, and unwatched time."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page, Request, expect

from tests.browser.conftest import Observed
from tests.browser.site import DRAWN, PATIENCE_MS, Site, invest, open_live
from tests.waiting import wait_until

MESSAGE = "#live-order-message"
INVESTED = ".position [data-slot=invested]"
DAMAGE = ".damage"


def kept(page: Page, key: str) -> Any:
    return json.loads(page.evaluate("key => localStorage.getItem(key)", key) or "null")


def put(page: Page, key: str, text: str) -> None:
    page.evaluate("([key, text]) => localStorage.setItem(key, text)", [key, text])


def points(page: Page) -> list[tuple[int, float | None]]:
    stored = kept(page, "profit-points")
    return [] if stored is None else [(time, profit) for time, profit in stored["points"]]


def seconds_since(ms: int) -> float:
    return datetime.now(UTC).timestamp() - ms / 1000


def cut(text: str) -> str:
    return text[: len(text) // 2]


def changed(**fields: Any) -> Callable[[str], str]:
    def change(text: str) -> str:
        stored = json.loads(text)
        stored["live"].update(fields)
        return json.dumps(stored)

    return change


@pytest.mark.parametrize(
    ("damage", "said"),
    [
        (cut, "it is broken off or was edited"),
        (
            lambda text: text.replace('"v":1', '"v":7').replace('"v": 1', '"v":7'),
            "not of version 1",
        ),
        (changed(units=1e9), "invested is not plausible"),
        (changed(price="<img src=x onerror=alert(1)>"), "price is not plausible"),
        (changed(provider="=cmd()"), "provider is not plausible"),
        (lambda _: "[1, 2]", "it is of another kind"),
    ],
)
def test_a_damaged_position_is_set_aside_until_the_reader_chooses(
    page: Page, observed: Observed, site: Site, damage: Callable[[str], str], said: str
) -> None:
    open_live(page, site)
    invest(page, "5000")
    expect(page.locator(INVESTED)).to_have_text("5,000.00 USD")
    text = damage(page.evaluate("localStorage.getItem('holdings')"))
    put(page, "holdings", text)
    page.reload()
    expect(page.locator(DAMAGE)).to_contain_text(said)
    expect(page.locator(DAMAGE)).to_contain_text("your position cannot be read")
    invest(page, "10")
    expect(page.locator(MESSAGE)).to_contain_text("start afresh before you trade")
    assert kept(page, "holdings") is None
    with page.expect_download() as saved:
        page.get_by_role("button", name="Download it").click()
    assert Path(saved.value.path()).read_text() == text
    page.reload()
    expect(page.locator(DAMAGE)).to_be_visible()
    page.get_by_role("button", name="Start afresh").click()
    expect(page.locator(DAMAGE)).to_be_hidden()
    assert len(kept(page, "trades")["list"]) == 1, "what is not damaged stays"
    invest(page, "20")
    expect(page.locator(INVESTED)).to_have_text("20.00 USD")
    assert observed.complaints == []


# Leaves no room for another letter in what this browser keeps for the site.
FILL = """() => {
  let size = 2 ** 22, n = 0;
  while (size >= 1) {
    try { localStorage.setItem(`filler${n}`, "x".repeat(size)); n += 1; }
    catch (error) { size = Math.floor(size / 2); }
  }
}"""
EMPTY = """() => Object.keys(localStorage).filter(key => key.startsWith("filler"))
  .forEach(key => localStorage.removeItem(key))"""


def test_a_damaged_position_with_no_room_to_set_it_aside_is_not_lost(
    page: Page, observed: Observed, site: Site
) -> None:
    open_live(page, site)
    invest(page, "5000")
    expect(page.locator(INVESTED)).to_have_text("5,000.00 USD")
    page.goto(f"{site.url}/favicon.ico")  # no script that writes
    text = cut(page.evaluate("localStorage.getItem('holdings')"))
    put(page, "holdings", text)
    page.evaluate(FILL)
    open_live(page, site)
    expect(page.locator(DAMAGE)).to_contain_text("your position cannot be read")
    assert page.evaluate("localStorage.getItem('holdings')") == text
    invest(page, "10")
    expect(page.locator(MESSAGE)).to_contain_text("start afresh before you trade")
    assert page.evaluate("localStorage.getItem('holdings')") == text
    with page.expect_download() as saved:
        page.get_by_role("button", name="Download it").click()
    assert Path(saved.value.path()).read_text() == text
    page.evaluate(EMPTY)
    page.get_by_role("button", name="Start afresh").click()
    expect(page.locator(DAMAGE)).to_be_hidden()
    invest(page, "20")
    expect(page.locator(INVESTED)).to_have_text("20.00 USD")
    assert [found for found in observed.complaints if "page error" in found] == []


def test_without_room_wishes_and_the_curve_hold_for_this_tab_and_it_is_said_once(
    page: Page, observed: Observed, site: Site
) -> None:
    open_live(page, site)
    invest(page, "5000")
    expect(page.locator(INVESTED)).to_have_text("5,000.00 USD")
    wait_until(lambda: len(points(page)) >= 2, 20, "two points")
    page.evaluate(FILL)
    toast = page.locator(".toast-error")
    for draw in ("candles", "line", "candles"):
        button = page.locator(f"[data-wish=draw][data-value={draw}]")
        button.click()
        expect(button).to_have_attribute("aria-pressed", "true")
    expect(toast).to_have_count(1)
    expect(toast).to_contain_text("no room left")
    before = len(points(page))
    wait_until(lambda: len(points(page)) >= before + 2, 20, "a curve that grows")
    drawn = "document.querySelector('#live-profit-chart .js-plotly-plot').data[0].x.length"
    page.wait_for_function(f"{drawn} >= {before + 2}")
    expect(page.locator("[data-wish=draw][data-value=candles]")).to_have_attribute(
        "aria-pressed", "true"
    )
    page.locator("#live-sell").click()
    expect(page.locator(MESSAGE)).to_contain_text("no room left to keep it: nothing was traded")
    expect(page.locator(INVESTED)).to_have_text("5,000.00 USD")
    expect(toast).to_have_count(1)
    page.evaluate(EMPTY)
    page.locator("[data-wish=draw][data-value=line]").click()
    page.reload()
    expect(page.locator("[data-wish=draw][data-value=line]")).to_have_attribute(
        "aria-pressed", "true"
    )
    expect(page.locator(INVESTED)).to_have_text("5,000.00 USD")
    assert [found for found in observed.complaints if "page error" in found] == []


def test_damaged_trades_are_no_empty_log(page: Page, site: Site) -> None:
    open_live(page, site)
    put(page, "trades", '{"v": 1, "list": [{"side": "short"}]}')
    page.reload()
    expect(page.locator(DAMAGE)).to_contain_text("your trades cannot be read: in line 1, market")
    expect(page.locator("#live-trades")).to_contain_text("The kept trades cannot be read")
    expect(page.get_by_text("No trades yet")).to_be_hidden()


def second_tab(page: Page, site: Site) -> Page:
    other = page.context.new_page()
    other.set_default_timeout(PATIENCE_MS)
    open_live(other, site)
    return other


def test_a_trade_in_one_tab_is_seen_in_the_other(page: Page, site: Site) -> None:
    open_live(page, site)
    other = second_tab(page, site)
    invest(page, "5000")
    expect(other.locator(INVESTED)).to_have_text("5,000.00 USD")
    expect(other.locator("#live-trades .ag-center-cols-container .ag-row")).to_have_count(1)
    other.locator("#live-sell").click()
    expect(page.locator(".position .when-flat")).to_be_visible()
    assert [trade["side"] for trade in kept(page, "trades")["list"]] == ["buy", "sell"]


def test_damage_done_in_one_tab_is_told_in_the_other(page: Page, site: Site) -> None:
    open_live(page, site)
    other = second_tab(page, site)
    put(page, "holdings", '{"v": 1, "live"')
    expect(other.locator(DAMAGE)).to_contain_text("your position cannot be read")
    assert kept(other, "holdings.damaged") == ['{"v": 1, "live"']


def test_two_tabs_that_sell_at_once_sell_once(page: Page, site: Site) -> None:
    open_live(page, site)
    other = second_tab(page, site)
    both = (page, other)
    for turn in range(1, 5):
        invest(page, "5000")
        for tab in both:
            expect(tab.locator("#live-sell")).to_be_visible()
            expect(tab.locator(INVESTED)).to_have_text("5,000.00 USD")
        for tab in both:
            tab.evaluate("document.getElementById('live-sell').click()")
        for tab in both:
            expect(tab.locator(".position .when-flat")).to_be_visible()
            expect(tab.locator(".position")).to_have_attribute("aria-busy", "false")
        sides = [trade["side"] for trade in kept(page, "trades")["list"]]
        assert sides == ["buy", "sell"] * turn
    said = [tab.locator(MESSAGE).inner_text() for tab in both]
    assert sum("Sold" in text for text in said) == 1
    # The slower one lost the order on its way, or saw before it was clicked that all was sold.
    late = ("Another tab traded meanwhile", "There is nothing to sell")
    assert sum(text.startswith(late) for text in said) == 1


def test_without_locks_the_slower_tab_trades_nothing(page: Page, site: Site) -> None:
    page.context.add_init_script("Object.defineProperty(navigator, 'locks', {value: undefined})")
    open_live(page, site)
    other = second_tab(page, site)
    held = hold_back_order(page)
    with page.expect_request(is_order):
        invest(page, "5000")
    invest(other, "700")
    expect(other.locator(INVESTED)).to_have_text("700.00 USD")
    held[0].continue_()
    expect(page.locator(MESSAGE)).to_contain_text("Another tab traded meanwhile")
    expect(page.locator(INVESTED)).to_have_text("700.00 USD")
    assert [trade["amount"] for trade in kept(page, "trades")["list"]] == [700.0]


def is_order(request: Request) -> bool:
    return "live-filled" in (request.post_data or "")


def hold_back_order(page: Page) -> list[Any]:
    """Hold back the first order of `page`; return where its route is put."""
    held: list[Any] = []

    def hold(route: Any) -> None:
        if is_order(route.request) and not held:
            held.append(route)
        else:
            route.continue_()

    page.route("**/_dash-update-component*", hold)
    return held


def test_an_order_that_is_not_answered_never_happened(page: Page, site: Site) -> None:
    open_live(page, site)
    page.route(
        "**/_dash-update-component*",
        lambda route: route.abort() if is_order(route.request) else route.continue_(),
    )
    invest(page, "5000")
    expect(page.locator(MESSAGE)).to_contain_text("did not answer in time: nothing was traded")
    assert kept(page, "trades") is None


def test_a_position_of_the_other_market_is_frozen_and_comes_back(page: Page, site: Site) -> None:
    open_live(page, site)
    invest(page, "5000")
    expect(page.locator(INVESTED)).to_have_text("5,000.00 USD")
    before = kept(page, "holdings")["live"]
    site.publisher.market = "simulated"
    site.publisher.provider = "simulated"
    site.publish(minutes=1)
    elsewhere = page.locator("[data-slot=elsewhere]")
    expect(elsewhere).to_contain_text("Held in the live market, not valued here")
    expect(elsewhere).to_contain_text("5,000.00 USD")
    expect(page.locator("#live-sell")).to_be_hidden()
    invest(page, "70")
    expect(page.locator(INVESTED)).to_have_text("70.00 USD")
    assert kept(page, "holdings")["live"] == before
    site.publisher.market, site.publisher.provider = "live", "binance"
    site.publish(minutes=2)
    expect(page.locator(INVESTED)).to_have_text("5,000.00 USD")
    expect(elsewhere).to_contain_text("Held in the simulated market, not valued here")


def test_unwatched_time_is_a_gap_in_the_curve(page: Page, site: Site) -> None:
    open_live(page, site)
    invest(page, "5000")
    page.wait_for_function(DRAWN, arg="live-profit-chart")
    wait_until(lambda: len(points(page)) >= 2, 20, "two points")
    page.locator("#live-pause").click()
    before = points(page)
    assert all(profit is not None for _, profit in before)
    wait_until(lambda: seconds_since(before[-1][0]) > 8, 20, "eight unwatched seconds")
    page.locator("#live-pause").click()
    wait_until(lambda: len(points(page)) >= len(before) + 2, 20, "a gap and a point")
    after = points(page)[: len(before) + 2]
    assert after[-2] == (before[-1][0] + 1, None)
    assert after[-1][0] - before[-1][0] > 8_000
    drawn = page.evaluate(
        "document.querySelector('#live-profit-chart .js-plotly-plot').data[0].y.slice()"
    )
    assert drawn.count(None) == 1
    again = page.context.new_page()
    again.set_default_timeout(PATIENCE_MS)
    again.goto(f"{site.url}/model-health")
    page.close()
    wait_until(lambda: seconds_since(after[-1][0]) > 12, 20, "a page closed for long")
    open_live(again, site)
    wait_until(lambda: sum(profit is None for _, profit in points(again)) == 2, 20, "another gap")
