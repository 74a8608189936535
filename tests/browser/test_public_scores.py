"""A reader looks at the public scores: other ranges by address, all rows as a file."""

from __future__ import annotations

import csv
import json
from itertools import pairwise
from pathlib import Path

from playwright.sync_api import Page, expect

from tests.browser.conftest import Observed
from tests.browser.site import DRAWN, Site

CHARTS = ("skill", "mae", "gained", "moves")
VIEW = """() => document
  .querySelector("#health-chart-gained .js-plotly-plot").layout.xaxis.range"""
FOLLOWS = """() => document
  .querySelector("#health-chart-gained .js-plotly-plot").layout.xaxis.autorange"""
NEWEST = """() => Math.max(...document
  .querySelector("#health-chart-gained .js-plotly-plot").data[0].x)"""


def opened(page: Page, site: Site, query: str = "") -> None:
    page.goto(f"{site.url}/model-health{query}")
    for name in CHARTS:
        page.wait_for_function(DRAWN, arg=f"health-chart-{name}")


def test_ranges_and_horizons_are_addresses(page: Page, observed: Observed, site: Site) -> None:
    opened(page, site)
    words = page.locator("#health-ledger-note")
    expect(words).to_contain_text("forecasts of the last 24 h, as published")
    page.get_by_role("link", name="7 d").click()
    expect(page).to_have_url(f"{site.url}/model-health?range=7d")
    expect(words).to_contain_text("forecasts of the last 7 d")
    page.get_by_role("link", name="45 min").click()
    expect(page).to_have_url(f"{site.url}/model-health?range=7d&horizon=long")
    expect(page.get_by_text("45-minute move, basis points")).to_be_visible()
    page.reload()
    expect(page.get_by_role("link", name="7 d")).to_have_class("on")
    page.go_back()
    expect(page.get_by_text("1-minute move, basis points")).to_be_visible()
    expect(words).to_contain_text("forecasts of the last 7 d")
    assert observed.complaints == []


def test_a_range_that_is_none_is_refused_in_words(page: Page, site: Site) -> None:
    opened(page, site, "?range=1y")
    said = page.get_by_role("alert")
    expect(said).to_contain_text("range must be one of 1h, 24h, 7d, 30d, not 1y.")


def test_every_row_can_be_downloaded(page: Page, site: Site, tmp_path: Path) -> None:
    opened(page, site, "?range=30d")
    with page.expect_download() as download:
        page.get_by_role("link", name="Ledger as CSV").click()
    assert download.value.suggested_filename == "ledger-BTC-USD-30d.csv"
    download.value.save_as(tmp_path / "ledger.csv")
    with (tmp_path / "ledger.csv").open(newline="") as text:
        rows = list(csv.DictReader(text))
    assert [int(row["seq"]) for row in rows] == list(range(1, 241))
    assert all(row["previous"] == before["hash"] for before, row in pairwise(rows))


def test_a_new_candle_brings_new_scores_and_keeps_the_view(
    page: Page, observed: Observed, site: Site
) -> None:
    opened(page, site)
    chart = page.locator("#health-chart-gained")
    before, whole = page.evaluate(NEWEST), page.evaluate(VIEW)
    box = chart.bounding_box()
    assert box is not None
    page.mouse.move(box["x"] + 150, box["y"] + 100)
    page.mouse.down()
    page.mouse.move(box["x"] + 190, box["y"] + 100, steps=4)
    page.mouse.up()
    page.wait_for_function(f"JSON.stringify(({VIEW})()) !== '{json.dumps(whole)}'")
    moved = page.evaluate(VIEW)
    site.publish(minutes=-5)
    page.wait_for_function(f"({NEWEST})() < {before}")
    assert page.evaluate(VIEW) == moved
    chart.dblclick(position={"x": 150, "y": 100})
    page.wait_for_function(f"({FOLLOWS})()")
    assert observed.complaints == []
