"""First paint and first use of Live in Chromium, its processor slowed down four times.

``python -m benchmarks.first_paint --loads 5`` starts a server on the simulated market, opens
Live as a new reader (nothing cached) and as one who comes back, and prints medians. *Usable*
is when price and both forecasts are seen and a button has answered: the script presses Pause
as soon as they are there.
"""

from __future__ import annotations

import argparse
import statistics
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Final

from playwright.sync_api import Browser, BrowserContext, sync_playwright
from rich.console import Console
from rich.table import Table

from benchmarks.live_page import browser_path
from benchmarks.server import own_server

PAINT_GOAL_MS: Final = 1_000
USABLE_GOAL_MS: Final = 2_000
_SLOWER: Final = 4
_WITHIN_MS: Final = 60_000
_SCREENS: Final[Mapping[str, dict[str, Any]]] = {
    "desktop": {"viewport": {"width": 1440, "height": 900}},
    "phone": {
        "viewport": {"width": 390, "height": 844},
        "device_scale_factor": 2,
        "is_mobile": True,
        "has_touch": True,
    },
}
# Looks at every frame: the first one that shows all of it counts.
_WATCH: Final = """
(function () {
  const filled = (selector) => {
    const element = document.querySelector(selector);
    return Boolean(element && element.textContent && element.checkVisibility());
  };
  const pause = () => document.getElementById("live-pause");
  const seen = () => filled(".price > [data-slot=price]") &&
    filled("#live-forecast-minute .fig") && filled("#live-forecast-long .fig");
  function look() {
    if (!window.shown && pause() && seen()) {
      window.shown = performance.now();
      pause().click();
    }
    if (window.shown && pause().getAttribute("aria-pressed") === "true") {
      window.usable = performance.now();
      return;
    }
    requestAnimationFrame(look);
  }
  requestAnimationFrame(look);
})();
"""
_TIMES: Final = """() => [
  performance.getEntriesByName("first-contentful-paint")[0].startTime, shown, usable]"""


@dataclass(frozen=True, slots=True)
class Visit:
    """Milliseconds from the start of a navigation."""

    paint: float
    shown: float
    usable: float


def main() -> int:
    """Print one table; return 1 where a goal is missed."""
    loads = _options().loads
    with own_server() as server, chromium() as browser:
        visits = {
            (screen, reader): measured
            for screen in _SCREENS
            for reader, measured in _measure(browser, server.url, screen, loads).items()
        }
    Console().print(report(visits))
    return 0 if all(map(meets_goals, visits.values())) else 1


def _measure(browser: Browser, url: str, screen: str, loads: int) -> dict[str, list[Visit]]:
    """Visit `loads` times as a new reader, and each time once more with what was cached."""
    _pair(browser, url, screen)  # the server's own first answers are not counted
    pairs = [_pair(browser, url, screen) for _ in range(loads)]
    return {"new": [new for new, _ in pairs], "again": [again for _, again in pairs]}


def _pair(browser: Browser, url: str, screen: str) -> tuple[Visit, Visit]:
    with browser.new_context(**_SCREENS[screen]) as context:
        context.add_init_script(_WATCH)
        new = _visit(context, url)
        return new, _visit(context, url)


def _visit(context: BrowserContext, url: str) -> Visit:
    page = context.new_page()
    context.new_cdp_session(page).send("Emulation.setCPUThrottlingRate", {"rate": _SLOWER})
    page.goto(url, wait_until="commit")
    page.wait_for_function("window.usable", timeout=_WITHIN_MS)
    visit = Visit(*page.evaluate(_TIMES))
    # the next visit finds the page going on, as this one did
    page.evaluate("localStorage.clear()")
    page.close()
    return visit


@contextmanager
def chromium() -> Iterator[Browser]:
    arguments = ["--no-sandbox", "--disable-dev-shm-usage"]
    with (
        sync_playwright() as playwright,
        playwright.chromium.launch(executable_path=browser_path(), args=arguments) as browser,
    ):
        yield browser


def median(visits: list[Visit]) -> Visit:
    """Return the median of each moment."""
    return Visit(
        statistics.median(visit.paint for visit in visits),
        statistics.median(visit.shown for visit in visits),
        statistics.median(visit.usable for visit in visits),
    )


def meets_goals(visits: list[Visit]) -> bool:
    """Tell whether the median visit is fast enough."""
    usual = median(visits)
    return usual.paint <= PAINT_GOAL_MS and usual.usable <= USABLE_GOAL_MS


def report(visits: Mapping[tuple[str, str], list[Visit]]) -> Table:
    """Return one row per screen and reader: medians, and the slowest use."""
    title = f"First paint and first use of Live, processor slowed {_SLOWER} times, ms"
    table = Table(title=title, title_justify="left")
    for name in ("Screen", "Reader", "First paint", "Price and forecasts", "Usable", "slowest"):
        table.add_column(name, justify="left" if name in ("Screen", "Reader") else "right")
    for (screen, reader), each in visits.items():
        usual = median(each)
        times = (usual.paint, usual.shown, usual.usable, max(visit.usable for visit in each))
        table.add_row(screen, reader, *(f"{time:,.0f}" for time in times))
    table.add_row("goal", "", f"≤ {PAINT_GOAL_MS:,}", "", f"≤ {USABLE_GOAL_MS:,}", "")
    return table


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.first_paint", description=__doc__)
    parser.add_argument("--loads", type=int, default=5, help="visits of each kind (5)")
    return parser.parse_args()


if __name__ == "__main__":
    raise SystemExit(main())
