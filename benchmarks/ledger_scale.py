"""A ledger of a month: what Model Health costs then, and what a write or a check does to a tick.

``python -m benchmarks.ledger_scale`` makes forecasts of 10 tickers and both horizons for every
minute of 30 days (864,000 rows), lets the engine seal the days, and measures the queries of each
time range, the whole of Model Health in Chromium from navigation to the last chart, ticks
with and without writes beside them, and how long the engine's check of all hashes takes, with
ticks beside it.
"""

from __future__ import annotations

import argparse
import os
import statistics
import sys
import tempfile
import threading
import time
import urllib.request
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

# As in a web worker; it must be set before NumPy is loaded.
os.environ.setdefault("OMP_NUM_THREADS", "1")

import sqlalchemy as sa
from playwright.sync_api import sync_playwright
from rich.console import Console
from rich.table import Table

from benchmarks.bare_chromium import bare_chromium
from benchmarks.live_page import browser_path
from benchmarks.server import Server, own_server
from core.clock import SystemClock
from core.domain import HORIZONS, SCORE_RANGES, ForecastSpec
from core.forecasting.ledger_check import LedgerChecker
from core.ledger.database import open_database
from core.ledger.reader import LedgerReader
from core.ledger.sealing import seal_days
from core.settings import Settings
from tests.ledgers import fill_ledger, last_minute

QUERY_GOAL_MS: Final = 50
RENDER_GOAL_MS: Final = 1_500
_TICKERS: Final = (
    "BTC-USD", "ETH-USD", "SOL-USD", "BNB-USD", "XRP-USD",
    "LTC-USD", "LINK-USD", "AVAX-USD", "DOT-USD", "TRX-USD",
)  # fmt: skip
_MINUTES_A_DAY: Final = 1_440
_SIZE: Final = (1440, 900)
_ANSWERS: Final = 200
_ROUNDS: Final = 7
# Every chart of the ledger is drawn, and the table is there.
_DRAWN: Final = """() =>
  ["skill", "mae", "gained", "moves"].every((name) =>
    document.querySelector(`#health-chart-${name} .js-plotly-plot .plot-container path`)) &&
  document.querySelector("#scores-table") && document.querySelector("#health-coverage .cov-row") &&
  document.querySelector("#models-table") && performance.now()"""


def main(arguments: Sequence[str] = ()) -> int:
    """Print the tables; return 1 where a goal is missed."""
    options = _parser().parse_args(arguments)
    console = Console()
    with tempfile.TemporaryDirectory(prefix="market-pulse-ledger-") as name:
        url = f"sqlite:///{Path(name) / 'ledger.db'}"
        specs = [ForecastSpec(ticker) for ticker in _TICKERS[: options.tickers]]
        now = last_minute(datetime.now(UTC))
        filling = _seconds(
            lambda: fill_ledger(url, specs, options.days * _MINUTES_A_DAY, now, every_minute=True)
        )
        engine = open_database(url)
        sealing = _seconds(lambda: seal_days(engine, "simulated", now))
        console.print(
            f"Filled in {filling:.0f} s; sealed in {sealing:.1f} s; "
            f"{(Path(name) / 'ledger.db').stat().st_size / 1e6:,.0f} MB."
        )
        queries = {name: _query_ms(url, specs[0], specs[-1], name, now) for name in SCORE_RANGES}
        market = {"MARKET_SOURCE": "simulated", "DATABASE_URL": url}
        with own_server(market=market) as server:
            renders = {name: _render_ms(server, name) for name in SCORE_RANGES}
            answers = {"A tick": _answer_ms(server)}
            with _writing(engine):
                answers["A tick beside a writer"] = _answer_ms(server)
                answers["Queries beside a writer"] = _query_ms(url, specs[0], specs[-1], "30d", now)
            with _checking(url) as check:
                answers["A tick beside a check"] = _answer_ms(server)
        console.print(_report(queries, renders), _answers_report(answers))
        console.print(f"A check of {check.forecasts:,} forecasts took {check.seconds:.0f} s.")
    slowest = max(max(ms) for ms in queries.values())
    rendered = max(statistics.median(again) for _, *again in renders.values())
    return 0 if slowest <= QUERY_GOAL_MS and rendered <= RENDER_GOAL_MS else 1


def _query_ms(
    url: str, spec: ForecastSpec, other: ForecastSpec, name: Any, now: datetime
) -> list[float]:
    """Return how long a worker takes to read a page's scores that it does not have yet.

    It has read another ticker before, as a worker that runs has.
    """
    found = []
    for _ in range(_ROUNDS):
        reader = LedgerReader(url)
        reader.public_score("simulated", other, HORIZONS[0], name, now)
        begin = time.perf_counter()
        reader.public_score("simulated", spec, HORIZONS[0], name, now)
        found.append(1_000 * (time.perf_counter() - begin))
    return found


def _render_ms(server: Server, name: str) -> list[float]:
    """Return milliseconds from navigation to the last chart, of a new reader and then of one who
    comes back, whose browser has the pages' scripts."""
    url = f"{server.url}/model-health?range={name}"
    with bare_chromium(_browser()) as browser:
        return [browser.visit(url, _DRAWN, _SIZE) for _ in range(_ROUNDS)]


def _browser() -> str:
    found = browser_path()
    if found is None:
        with sync_playwright() as playwright:
            found = playwright.chromium.executable_path
    return found


@contextmanager
def _writing(engine: sa.Engine) -> Iterator[None]:
    """Hold the ledger as a writer does whose writes are long, again and again."""
    stop = threading.Event()

    def write() -> None:
        while not stop.is_set():
            with engine.begin() as connection:
                connection.execute(sa.text("UPDATE chains SET fence = fence"))
                stop.wait(0.05)

    thread = threading.Thread(target=write)
    thread.start()
    try:
        yield
    finally:
        stop.set()
        thread.join()


@dataclass
class _Check:
    """What a check found, once it has ended."""

    forecasts: int = 0
    seconds: float = 0.0


@contextmanager
def _checking(url: str) -> Iterator[_Check]:
    """Let all hashes be recomputed meanwhile, as the engine does, and wait until they are."""
    checker = LedgerChecker(Settings.from_env({"DATABASE_URL": url}), SystemClock())
    check = _Check()

    def work() -> None:
        begin = time.perf_counter()
        check.forecasts = sum(checker.check().rows.values())
        check.seconds = time.perf_counter() - begin

    thread = threading.Thread(target=work)
    thread.start()
    try:
        yield check
    finally:
        thread.join()


def _answer_ms(server: Server) -> list[float]:
    """Return how long the server takes to answer what reads the engine's state, as a tick does."""
    found = []
    for _ in range(_ANSWERS):
        begin = time.perf_counter()
        with urllib.request.urlopen(f"{server.url}/health", timeout=10) as answer:
            answer.read()
        found.append(1_000 * (time.perf_counter() - begin))
    return found


def _seconds(work: Callable[[], object]) -> float:
    begin = time.perf_counter()
    work()
    return time.perf_counter() - begin


def _report(queries: dict[Any, list[float]], renders: dict[Any, list[float]]) -> Table:
    table = Table(title="Model Health on a month's ledger, ms", title_justify="left")
    for column in ("Range", "Queries", "slowest", "First visit", "Rendered again", "slowest"):
        table.add_column(column, justify="left" if column == "Range" else "right")
    for name in SCORE_RANGES:
        first, *again = renders[name]
        figures = [*_usual(queries[name]), first, *_usual(again)]
        table.add_row(name, *(f"{figure:,.0f}" for figure in figures))
    return table


def _usual(ms: list[float]) -> tuple[float, float]:
    """Return the median and the slowest."""
    return statistics.median(ms), max(ms)


def _answers_report(answers: dict[str, list[float]]) -> Table:
    table = Table(title="Beside writes and checks, ms", title_justify="left")
    for column in ("Answer", "p50", "slowest but one"):
        table.add_column(column, justify="left" if column == "Answer" else "right")
    for name, ms in answers.items():
        table.add_row(name, f"{statistics.median(ms):.1f}", f"{sorted(ms)[-2]:.1f}")
    return table


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.ledger_scale", description=(__doc__ or "").partition("\n")[0]
    )
    parser.add_argument("--tickers", type=int, default=len(_TICKERS))
    parser.add_argument("--days", type=int, default=30)
    return parser


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
