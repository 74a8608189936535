"""The words of a model that stands aside appear on both pages, and go away again."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from playwright.sync_api import Page, expect

from tests.browser.conftest import Observed
from tests.browser.site import Site, open_live

WORDS = "Standing aside: lost to “no change” over the last 6 hours"


def publish(site: Site, minutes: int, aside: bool) -> None:
    """Publish the candle of `minutes` after the first, its minute forecast aside or not."""
    now = site.began + timedelta(minutes=minutes)
    snapshot = site.publisher.snapshot(now)
    minute = snapshot.forecasts["minute"]
    shown = replace(minute, standing_aside=aside)
    if aside:
        shown = replace(shown, point=minute.price_at_issue)
    forecasts = {**snapshot.forecasts, "minute": shown}
    site.publisher.store.publish(replace(snapshot, forecasts=forecasts), site.publisher.series(now))


def test_the_live_page_says_it_and_then_no_more(site: Site, page: Page, observed: Observed):
    open_live(page, site)
    cell = page.locator("#live-forecast-minute")
    expect(cell).not_to_contain_text("Standing aside")
    publish(site, 1, aside=True)
    expect(cell).to_contain_text(WORDS)
    expect(cell.locator(".ic-alert")).to_be_visible()
    publish(site, 2, aside=False)
    expect(cell).not_to_contain_text("Standing aside")
    expect(cell).to_contain_text("than no change")
    assert observed.complaints == []


def test_model_health_says_it_and_then_no_more(site: Site, page: Page):
    page.goto(f"{site.url}/model-health")
    models = page.locator("#models-table")
    expect(models).to_contain_text("model")
    publish(site, 1, aside=True)
    expect(models).to_contain_text(WORDS)
    publish(site, 2, aside=False)
    expect(models).not_to_contain_text("Standing aside")
