"""What one open Live page sends every few seconds, as a real browser sends it."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final
from urllib.parse import urlsplit

from playwright.sync_api import Page, Request, sync_playwright

TICK_PATH: Final = "/_dash-update-component"
_BROWSER_NAMES: Final = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
_TICKS_WITHIN_MS: Final = 30_000
# Set by the connection itself, or only understood by a browser.
_OWN_HEADERS: Final = {"content-length", "host", "connection", "cookie"}


@dataclass(frozen=True, slots=True)
class Tick:
    """A tick's request, taken from a browser: path with query, body and headers."""

    path: str
    body: Mapping[str, Any]
    headers: Mapping[str, str]

    def page(self) -> PageState:
        """Return the state of one more page that sends this tick."""
        return PageState(json.loads(json.dumps(self.body)))


@dataclass(slots=True)
class PageState:
    """One page's side of the conversation: what it would send next.

    A browser sends back in the next tick what the last answer put into the properties
    that the tick takes as input or state. So does this.
    """

    body: dict[str, Any]
    _sent: dict[tuple[str, str], dict[str, Any]] = field(init=False, repr=False)

    def __post_init__(self) -> None:
        both = (*self.body["inputs"], *self.body.get("state", ()))
        self._sent = {(item["id"], item["property"]): item for item in both}

    def next_body(self) -> bytes:
        """Return the next request's body, the interval counted up by one."""
        for item in self._sent.values():
            if item["property"] == "n_intervals":
                item["value"] = (item.get("value") or 0) + 1
        return json.dumps(self.body, separators=(",", ":"), ensure_ascii=False).encode()

    def take(self, answer: bytes) -> None:
        """Keep what the server answered, as far as later ticks send it back."""
        for component, properties in json.loads(answer)["response"].items():
            for name, value in properties.items():
                if (component, name) in self._sent:
                    self._sent[component, name]["value"] = value


def is_tick(request: Request) -> bool:
    """Tell whether a request answers an interval."""
    if urlsplit(request.url).path != TICK_PATH or request.post_data is None:
        return False
    changed = json.loads(request.post_data).get("changedPropIds", [])
    return any(name.endswith(".n_intervals") for name in changed)


def record_tick(url: str) -> Tick:
    """Open the Live page in Chromium and return its second tick: the first may carry more.

    Raises
    ------
    playwright.sync_api.TimeoutError
        The page sent no two ticks within half a minute.
    """
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=_browser_path(), args=["--no-sandbox", "--disable-dev-shm-usage"]
        )
        try:
            page = browser.new_page()
            _open_and_wait_for_tick(page, url)
            with page.expect_request(is_tick, timeout=_TICKS_WITHIN_MS) as second:
                pass
            return _tick_of(second.value)
        finally:
            browser.close()


def _open_and_wait_for_tick(page: Page, url: str) -> None:
    with page.expect_request_finished(is_tick, timeout=_TICKS_WITHIN_MS):
        page.goto(url)


def _tick_of(request: Request) -> Tick:
    headers = {
        name: value
        for name, value in request.all_headers().items()
        if name.lower() not in _OWN_HEADERS and not name.startswith(":")
    }
    address = urlsplit(request.url)
    path = f"{address.path}?{address.query}" if address.query else address.path
    return Tick(path, json.loads(request.post_data or "{}"), headers)


def _browser_path() -> str | None:
    """Return the browser named by CHROMIUM, or one installed; None leaves it to Playwright."""
    named = os.environ.get("CHROMIUM")
    found = (shutil.which(name) for name in (named, *_BROWSER_NAMES) if name)
    return next((path for path in found if path), None)
