"""Memory of an open Live page in Chromium over an hour of ticks, driven without waiting.

``python -m benchmarks.browser_memory --ticks 1200`` starts a server on the simulated market,
invests, asks for one tick after the other and prints heap, DOM nodes and listeners, each
after a forced collection of garbage.

What may grow is bounded by itself: a live point and a profit point a tick, each up to 2,400,
which plotly keeps as numbers, as text and as marks on the screen (nodes), and plotly's sizes
of labels, which it forgets at 10,000. That is some 3 kB a tick in the first 300 ticks, and less
later. The limits leave room for half as much again: 3 kB more for every tick are found, and so is
a chart whose old elements are kept; less than that is not.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from playwright.sync_api import CDPSession, Page
from rich.console import Console
from rich.table import Table

from benchmarks.first_paint import chromium
from benchmarks.server import own_server

# The first ticks compile code, fill caches and draw what there is only one of.
WARM_UP: Final = 60
# The trade log's grid is loaded with the first trade, and has as many listeners as half the page.
GRID: Final = "#live-trades .ag-cell"
HEAP_AT_ONCE: Final = 900_000
HEAP_A_TICK: Final = 2_000
NODES_A_TICK: Final = 1
MOST_NEW_LISTENERS: Final = 20
# Blocks of ticks are driven inside the page: one message each way, not one a tick.
_BLOCK: Final = 20
_WITHIN_MS: Final = 120_000
_LOOKS: Final = 6
_TWO_FRAMES: Final = (
    "new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))"
)
_DRIVE: Final = """(count) => new Promise((done) => {
  const { show } = pulse;
  let left = count;
  const next = () => dash_clientside.set_props("live-interval", { n_intervals: Date.now() });
  pulse.show = (...told) => {
    show(...told);
    left -= 1;
    if (left > 0) return setTimeout(next, 0);
    pulse.show = show;
    setTimeout(done, 0);
  };
  next();
})"""


@dataclass(frozen=True, slots=True)
class Usage:
    """What a page holds after a collection of garbage."""

    heap: int
    nodes: int
    listeners: int

    def since(self, before: Usage) -> Usage:
        """Return the growth."""
        return Usage(
            self.heap - before.heap,
            self.nodes - before.nodes,
            self.listeners - before.listeners,
        )

    def is_flat(self, ticks: int) -> bool:
        """Tell whether a growth over so many ticks is no more than what they draw."""
        return (
            self.heap <= HEAP_AT_ONCE + HEAP_A_TICK * ticks
            and self.nodes <= NODES_A_TICK * ticks
            and self.listeners <= MOST_NEW_LISTENERS
        )


def usage(session: CDPSession) -> Usage:
    """Return what is left after garbage was collected: the least of a few looks.

    On a busy machine one look in twelve still finds what was drawn a moment before (52 listeners,
    some 70 nodes, a megabyte), and the next finds it gone. What a later collection frees was
    not kept; what is kept is in every look.
    """
    looks = [_look(session) for _ in range(_LOOKS)]
    return Usage(
        min(look.heap for look in looks),
        min(look.nodes for look in looks),
        min(look.listeners for look in looks),
    )


def _look(session: CDPSession) -> Usage:
    session.send("Performance.enable")
    session.send("Runtime.evaluate", {"expression": _TWO_FRAMES, "awaitPromise": True})
    session.send("HeapProfiler.collectGarbage")
    metrics = {m["name"]: m["value"] for m in session.send("Performance.getMetrics")["metrics"]}
    names = ("JSHeapUsedSize", "Nodes", "JSEventListeners")
    return Usage(*(int(metrics[name]) for name in names))


def drive(page: Page, ticks: int, before_block: Callable[[], object] | None = None) -> None:
    """Let the page ask for `ticks` ticks, each as soon as the one before is drawn."""
    for done in range(0, ticks, _BLOCK):
        if before_block is not None:
            before_block()
        page.evaluate(_DRIVE, min(_BLOCK, ticks - done))


def main() -> int:
    """Print one table; return 1 where memory grew more than what was drawn."""
    ticks = _options().ticks
    with own_server() as server, chromium() as browser:
        page = browser.new_page(viewport={"width": 1440, "height": 900})
        page.set_default_timeout(_WITHIN_MS)
        page.goto(server.url)
        page.locator("#live-invest").click()
        page.wait_for_selector("#live-profit-chart .scatterlayer .trace")
        page.wait_for_selector(GRID)
        session = page.context.new_cdp_session(page)
        drive(page, WARM_UP)
        seen = [(0, usage(session))]
        for quarter in range(1, 5):
            drive(page, ticks // 4)
            seen.append((quarter * (ticks // 4), usage(session)))
    Console().print(report(seen))
    return 0 if seen[-1][1].since(seen[0][1]).is_flat(ticks) else 1


def report(seen: list[tuple[int, Usage]]) -> Table:
    """Return one row for each time that was looked."""
    table = Table(title="Live in Chromium, tick after tick", title_justify="left")
    for name in ("Ticks", "Heap, MB", "Grown, bytes a tick", "DOM nodes", "Listeners"):
        table.add_column(name, justify="right")
    first = seen[0][1]
    for ticks, now in seen:
        grown = f"{now.since(first).heap / ticks:,.0f}" if ticks else ""
        heap = f"{now.heap / 1e6:.2f}"
        table.add_row(f"{ticks:,}", heap, grown, f"{now.nodes:,}", f"{now.listeners:,}")
    goal = f"≤ {HEAP_A_TICK:,} and {HEAP_AT_ONCE / 1e6:.1f} MB"
    nodes, listeners = f"≤ {NODES_A_TICK} a tick", f"≤ {MOST_NEW_LISTENERS} new"
    table.add_row("goal", "", goal, nodes, listeners)
    return table


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.browser_memory", description=__doc__
    )
    parser.add_argument("--ticks", type=int, default=1_200, help="an hour at 3 s (1,200)")
    return parser.parse_args()


if __name__ == "__main__":
    raise SystemExit(main())
