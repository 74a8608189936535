"""Answers to the page before come to the next one, which has the same ids, or are lost."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest
from playwright.sync_api import Page, Route, expect

from core.domain import ForecastSpec
from tests.browser.site import DRAWN, Site, open_live
from tests.web.published import Publisher

NEWEST_PRICE = """() => document.querySelector("#live-chart .js-plotly-plot").data
  .find(trace => trace.uid === "price").y.at(-1)"""
CALLBACKS = "**/_dash-update-component*"


def asks(route: Route, output: str) -> bool:
    """Tell whether this is the question for `output`."""
    return output in route.request.post_data_json["output"]


def states(route: Route) -> list[Any]:
    """Return the values that a question brings of what the page is about."""
    return [state.get("value") for state in route.request.post_data_json["state"]]


def mislead(
    page: Page, output: str, is_first: Callable[[list[Any]], bool], fault: str
) -> list[Route]:
    """Let the second page's first answer be lost, or be the one to the first page.

    Parameters
    ----------
    is_first : callable
        Tells by the values of a question whether it comes from the first page.

    Returns
    -------
    list of Route
        The question that was misled, once it was.
    """
    other: list[str] = []
    misled: list[Route] = []

    def handle(route: Route) -> None:
        if misled or not asks(route, output):
            route.fallback()
        elif is_first(states(route)):
            answer = route.fetch()
            other.append(answer.text())
            route.fulfill(response=answer)
        else:
            misled.append(route)
            if fault == "lost":
                route.fulfill(json={"multi": True, "response": {}})
            else:
                route.fulfill(body=other[-1], content_type="application/json")

    page.route(CALLBACKS, handle)
    return misled


def go_at_once(page: Page) -> None:
    """Leave the page as it is."""


def pause(page: Page) -> None:
    page.locator("[data-pause]").click()
    expect(page.locator("[data-slot=refresh]")).to_have_text("paused")


@pytest.mark.parametrize("before", [go_at_once, pause])
@pytest.mark.parametrize("fault", ["of another range", "lost"])
def test_scores_that_are_not_of_this_page_are_asked_for_again(
    page: Page, site: Site, fault: str, before: Callable[[Page], None]
) -> None:
    misled = mislead(page, "health-figures", lambda seen: seen[-1]["range"] == "7d", fault)
    page.goto(f"{site.url}/model-health?range=7d")
    words = page.locator("#health-ledger-note")
    expect(words).to_contain_text("of the last 7 d")
    before(page)
    page.get_by_role("link", name="1 h").click()
    expect(words).to_contain_text("of the last 1 h")
    assert misled
    page.wait_for_function(DRAWN, arg="health-chart-skill")


@pytest.mark.parametrize("before", [go_at_once, pause])
@pytest.mark.parametrize("fault", ["of another forecast", "lost"])
def test_a_chart_that_is_not_of_this_page_is_asked_for_again(
    page: Page, site: Site, fault: str, before: Callable[[Page], None]
) -> None:
    hour = Publisher(site.publisher.store, ForecastSpec(long_horizon_steps=12), price=61_000.0)
    now = datetime.now(UTC)
    site.publisher.store.publish(hour.snapshot(now), hour.series(now))
    misled = mislead(page, "live-paint.data", lambda seen: seen == ["BTC-USD"], fault)
    open_live(page, site)
    assert page.evaluate(NEWEST_PRICE) > 70_000
    before(page)
    open_live(page, site, "?ticker=BTC-USD&long_horizon_steps=12")
    assert misled
    assert page.evaluate(NEWEST_PRICE) < 70_000
    expect(page.locator("#live-forecast-long")).to_contain_text("In 60 minutes")
