"""A served site whose engine is played by the test, and what is asked of its pages."""

from __future__ import annotations

import threading
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Final

from playwright.sync_api import Page

from tests.web.published import Publisher, floor_minute

PATIENCE_MS: Final = 45_000
"""How long the browser is waited for: a deadline, not a measure; shared machines stall."""

PATHS = ("/", "/model-health", "/portfolio")
POINTS = """(id) => Object.fromEntries(
  document.querySelector(`#${id} .js-plotly-plot`).data.map(t => [t.uid, t.x.length]))"""
DRAWN = """(id) => { const gd = document.querySelector(`#${id} .js-plotly-plot`);
  return Boolean(gd && gd.data && gd.data.length); }"""


@dataclass
class Site:
    """A server, and the engine's stand-in that keeps quotes and heartbeat fresh.

    Candles stay as they are until a test publishes more, or for good where it sets
    `following`: then each minute's candle comes when it has closed.
    """

    url: str
    publisher: Publisher
    beating: threading.Event
    began: datetime
    following: threading.Event = field(default_factory=threading.Event)
    one_writer: threading.RLock = field(default_factory=threading.RLock)

    def publish(self, minutes: int = 0) -> None:
        """Publish the snapshot of `minutes` after the first one."""
        self.publish_candles(self.began + timedelta(minutes=minutes))

    def publish_candles(self, now: datetime) -> None:
        self.publisher.store.publish(self.publisher.snapshot(now), self.publisher.series(now))

    def go_offline(self) -> None:
        """Show what is on disk: forecasts and heartbeat say so from here on, never one alone."""
        with self.one_writer:
            self.publisher.follow_provider("cache", 78_000.0, frozen_at=self.began)
            self.publish()
            self.publisher.publish_live(datetime.now(UTC))

    def keep_alive(self, stop: threading.Event) -> None:
        shown = floor_minute(self.began)
        while not stop.is_set():
            now = datetime.now(UTC)
            with self.one_writer:
                if self.beating.is_set():
                    if self.following.is_set() and floor_minute(now) != shown:
                        shown = floor_minute(now)
                        self.publish_candles(now)
                    self.publisher.publish_live(now)
            stop.wait(0.5)


def open_live(page: Page, site: Site, query: str = "") -> None:
    page.goto(f"{site.url}/{query}")
    page.wait_for_function(DRAWN, arg="live-chart")


def points(page: Page, chart: str) -> dict[str, int]:
    found: dict[str, int] = page.evaluate(POINTS, chart)
    return found


def invest(page: Page, amount: str = "5000") -> None:
    page.get_by_label("Amount in USD").fill(amount)
    page.get_by_role("button", name="Set investment").click()
