"""What one open Live page sends, as a real browser sends it: ticks, and paints after candles."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final
from urllib.parse import urlsplit

from playwright.sync_api import Page, Request, Response, sync_playwright

from components.ids import HOLDINGS, of
from core.domain import Position
from core.portfolio.stored import MARKETS, holdings_to_stored

CALLBACK_PATH: Final = "/_dash-update-component"
TICK: Final = of("live", "tick")
PAINT: Final = of("live", "paint")
_BROWSER_NAMES: Final = (
    "chromium-headless-shell",
    "chromium",
    "chromium-browser",
    "google-chrome",
    "google-chrome-stable",
)
_WITHIN_MS: Final = 30_000
# Set by the connection itself.
_OWN_HEADERS: Final = {"content-length", "host", "connection"}


@dataclass(frozen=True, slots=True)
class Call:
    """One callback's request: path with query, body, and headers but those of the connection."""

    path: str
    body: Mapping[str, Any]
    headers: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Recording:
    """A tick and a paint of one page, and what it had drawn: see `drawn_by`."""

    tick: Call
    paint: Call
    drawn: Mapping[str, Any]

    def page(self, holdings: Mapping[str, Any] | None = None) -> PageState:
        """Return the state of one more page that has drawn the same, and holds `holdings`."""
        tick, paint = (json.loads(json.dumps(call.body)) for call in (self.tick, self.paint))
        for item in tick["inputs"]:
            if item["id"] == HOLDINGS:
                item["value"] = holdings
        return PageState(tick, paint, dict(self.drawn))


@dataclass(slots=True)
class PageState:
    """One page's side of the conversation: what it would send next.

    A tick's answer names the version of the snapshot. Where it is not the version drawn, the
    page asks what is new since the last candle that it has drawn.
    """

    tick: dict[str, Any]
    paint: dict[str, Any]
    drawn: dict[str, Any]
    announced: int | None = None

    def next_tick(self) -> bytes:
        """Return the next tick's body, the interval counted up by one."""
        for item in self.tick["inputs"]:
            if item["property"] == "n_intervals":
                item["value"] = (item.get("value") or 0) + 1
        return _compact(self.tick)

    def note_tick(self, answer: bytes) -> float | None:
        """Return over how many seconds to wait one's turn to draw what a tick announced.

        None where it announced nothing new.
        """
        tick = json.loads(answer)["response"][TICK]["data"]
        self.announced = tick.get("v") or self.announced
        return None if self.announced == self.drawn["v"] else float(tick.get("turns", 0))

    def next_paint(self) -> bytes:
        """Return the body that asks for what the last tick announced."""
        held = {name: self.drawn[name] for name in ("cutoff", "provider")}
        need = {"v": self.announced, "since": self.drawn["last"], **held}
        self.paint["inputs"][0]["value"] = need
        return _compact(self.paint)

    def take_paint(self, answer: bytes) -> None:
        """Note what is drawn now."""
        self.drawn |= drawn_by(json.loads(answer))


def drawn_by(answer: Mapping[str, Any]) -> dict[str, Any]:
    """Return what the answer to a paint tells of what is drawn; only a whole one has a cutoff."""
    paint = answer["response"][PAINT]["data"]
    names = ("v", "last", "cutoff", "provider")
    return {name: paint[name] for name in names if name in paint}


def own_holdings(number: int) -> dict[str, Any]:
    """Return positions that no other page has, one in each market."""
    units, bought_at = 0.1 + number / 1e6, datetime(2026, 1, 1, tzinfo=UTC)
    paid = 80_000.0
    held = {m: Position(m, "BTC-USD", units, units * paid, paid, bought_at) for m in MARKETS}
    return holdings_to_stored(held)


def record(url: str) -> Recording:
    """Open the Live page in Chromium, wait for its figure and record its next tick.

    Raises
    ------
    playwright.sync_api.TimeoutError
        The page did not paint, or did not tick, within half a minute.
    """
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=browser_path(), args=["--no-sandbox", "--disable-dev-shm-usage"]
        )
        try:
            return _record(browser.new_page(), url)
        finally:
            browser.close()


def _record(page: Page, url: str) -> Recording:
    with page.expect_response(_answers_paint, timeout=_WITHIN_MS) as painted:
        page.goto(url)
    drawn = drawn_by(painted.value.json())
    with page.expect_request(_is_tick, timeout=_WITHIN_MS) as ticked:
        pass
    return Recording(_call_of(ticked.value), _call_of(painted.value.request), drawn)


def _is_tick(request: Request) -> bool:
    changed = _callback_body(request).get("changedPropIds", [])
    return any(name.endswith(".n_intervals") for name in changed)


def _answers_paint(response: Response) -> bool:
    output = _callback_body(response.request).get("output", "")
    return f"{PAINT}.data" in output and response.status == 200


def _callback_body(request: Request) -> dict[str, Any]:
    if urlsplit(request.url).path != CALLBACK_PATH or request.post_data is None:
        return {}
    return dict(json.loads(request.post_data))


def _call_of(request: Request) -> Call:
    headers = {
        name: value
        for name, value in request.all_headers().items()
        if name.lower() not in _OWN_HEADERS and not name.startswith(":")
    }
    address = urlsplit(request.url)
    path = f"{address.path}?{address.query}" if address.query else address.path
    return Call(path, _callback_body(request), headers)


def _compact(body: Mapping[str, Any]) -> bytes:
    return json.dumps(body, separators=(",", ":"), ensure_ascii=False).encode()


def browser_path() -> str | None:
    """Return the browser named by CHROMIUM, or one installed; None leaves it to Playwright."""
    named = os.environ.get("CHROMIUM")
    found = (shutil.which(name) for name in (named, *_BROWSER_NAMES) if name)
    return next((path for path in found if path), None)
