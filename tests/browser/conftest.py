"""Real Chromium on the real server: `browser`, `page`, `serve(environment)`.

`CHROMIUM` names another browser than the one on the path.
"""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Protocol, cast
from urllib.error import HTTPError, URLError
from urllib.request import urlopen

import pytest
from playwright.sync_api import Browser, Page, Request, expect, sync_playwright

from core.domain import ForecastSpec
from core.forecasting.store import SnapshotStore
from core.ledger.database import database_url
from tests.browser.rig import PATH, SPEC, SYMBOLS, Rig, is_well
from tests.browser.site import PATIENCE_MS, Site
from tests.exchange.exchange import LocalExchange
from tests.ledgers import fill_ledger, last_minute
from tests.made import START, made_candles
from tests.waiting import wait_until
from tests.web.published import Publisher

ROOT = Path(__file__).resolve().parents[2]
# A first page on a machine that runs several browsers at once may take longer than the usual 5 s.
expect.set_options(timeout=PATIENCE_MS)
ARGUMENTS = ("--no-sandbox", "--disable-dev-shm-usage", "--disable-background-networking")


class Servers(Protocol):
    """Starts a server and returns its address; `logs` holds what each of them said."""

    logs: dict[str, Path]

    def __call__(self, environment: Mapping[str, str], within: Sequence[str] = ()) -> str: ...


# No exchange is reached by chance: a test names those it means.
NOWHERE = "http://127.0.0.1:9"
UNREACHABLE = {
    "BINANCE_BASE_URL": NOWHERE,
    "COINBASE_BASE_URL": NOWHERE,
    "KRAKEN_BASE_URL": NOWHERE,
}


def chromium_path() -> str | None:
    """Return the browser to start; None leaves it to Playwright's own."""
    named = os.environ.get("CHROMIUM")
    known = ("chromium-headless-shell", "chromium", "google-chrome")
    return named or next(filter(None, map(shutil.which, known)), None)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """One Chromium for the whole run; skips with a sentence where there is none."""
    with sync_playwright() as playwright:
        path = chromium_path() or playwright.chromium.executable_path
        if not Path(path).exists():
            pytest.skip("no Chromium: set CHROMIUM, or run `playwright install chromium`")
        with playwright.chromium.launch(executable_path=path, args=list(ARGUMENTS)) as chromium:
            yield chromium


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    """A fresh reader: desktop, dark, nothing stored."""
    with browser.new_context(
        viewport={"width": 1440, "height": 900}, color_scheme="dark"
    ) as context:
        opened = context.new_page()
        opened.set_default_timeout(PATIENCE_MS)
        yield opened


@dataclass
class Observed:
    """What a page asked for and complained about."""

    requests: list[str] = field(default_factory=list)
    complaints: list[str] = field(default_factory=list)


@pytest.fixture
def observed(page: Page) -> Observed:
    """Record every request, console error, page error and refused answer of `page`."""
    seen = Observed()
    page.on("request", lambda request: seen.requests.append(request.url))
    page.on("pageerror", lambda error: seen.complaints.append(f"page error: {error}"))

    def note_failure(request: Request) -> None:
        if request.failure != "net::ERR_ABORTED":  # a reload gives up what was on the way
            seen.complaints.append(f"failed: {request.url} {request.failure}")

    page.on("requestfailed", note_failure)

    def note_message(message: object) -> None:
        if getattr(message, "type", "") == "error":
            seen.complaints.append(f"console: {getattr(message, 'text', '')}")

    page.on("console", note_message)
    return seen


def answers(url: str) -> bool:
    try:
        with urlopen(f"{url}/health", timeout=2):
            return True
    except HTTPError:
        return True  # 503 is an answer: the engine may come later
    except (URLError, OSError):
        return False


@pytest.fixture(scope="module")
def serve(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Servers]:
    """Start gunicorn as in production with the given environment; return its address.

    Each call starts a server of its own, by the command `within` where there is one, which must
    become it; all are stopped at the end of the module.
    """
    started: list[subprocess.Popen[bytes]] = []
    logs: dict[str, Path] = {}

    def start(environment: Mapping[str, str], within: Sequence[str] = ()) -> str:
        port = free_port()
        log = tmp_path_factory.mktemp("server") / f"gunicorn-{port}.log"
        with log.open("wb") as output:
            process = subprocess.Popen(
                [*within, sys.executable, "-m", "gunicorn", "app:create_server()"],
                cwd=ROOT,
                env={
                    **os.environ,
                    **UNREACHABLE,
                    "PORT": str(port),
                    "WEB_CONCURRENCY": "1",
                    **environment,
                },
                stdout=output,
                stderr=subprocess.STDOUT,
            )
        started.append(process)
        url = f"http://127.0.0.1:{port}"
        logs[url] = log

        def up_or_dead() -> bool:
            if process.poll() is not None:
                raise AssertionError(f"the server stopped:\n{log.read_text()}")
            return answers(url)

        wait_until(up_or_dead, 60, f"an answer of {url}")
        return url

    start.logs = logs  # type: ignore[attr-defined]
    yield cast(Servers, start)
    for process in started:
        process.terminate()
    for process in started:
        try:
            process.wait(15)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


@pytest.fixture(scope="module")
def deployment(serve: Servers, tmp_path_factory: pytest.TempPathFactory) -> tuple[str, Path]:
    artifacts = tmp_path_factory.mktemp("artifacts")
    environment = {"ARTIFACT_DIR": str(artifacts), "ENGINE": "external", "PROXY_HOPS": "1"}
    url = database_url("", artifacts)
    fill_ledger(url, [ForecastSpec()], 200, last_minute(datetime.now(UTC)), "live", "binance")
    return serve(environment), artifacts / "run"


@pytest.fixture
def site(deployment: tuple[str, Path]) -> Iterator[Site]:
    url, run_dir = deployment
    made = Site(url, Publisher(SnapshotStore.at(run_dir)), threading.Event(), datetime.now(UTC))
    made.publish()
    made.publisher.publish_live(datetime.now(UTC))
    made.beating.set()
    stop = threading.Event()
    beat = threading.Thread(target=made.keep_alive, args=(stop,), daemon=True)
    beat.start()
    yield made
    stop.set()
    beat.join()


@pytest.fixture(scope="module")
def rig(serve: Servers, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Rig]:
    artifacts = tmp_path_factory.mktemp("injured")
    at = START + timedelta(minutes=1_500)
    with LocalExchange({SYMBOLS["binance"]: made_candles(3_000)}, at=at, as_now=True) as exchange:
        url = serve(
            {
                "ARTIFACT_DIR": str(artifacts),
                "BINANCE_BASE_URL": exchange.base_url,
                "MARKET_SOURCE": "binance",
                "WATCH": SPEC.to_text(),
                "ENGINE": "internal",
                "QUOTE_SECONDS": "1",
            }
        )
        running = Rig(url, artifacts, {"binance": exchange}, serve.logs[url])
        wait_until(running.snapshot, 90, "the first forecast")
        yield running
        exchange.heal()


@pytest.fixture
def live(rig: Rig, page: Page, observed: Observed) -> Iterator[Page]:
    """The Live page of a healthy app, which is healthy again and made no mistake afterwards."""
    page.goto(rig.url + PATH)
    is_well(page)
    yield page
    rig.heal()
    is_well(page)
    rig.check_stored("binance")
    assert "Traceback" not in rig.log.read_text()
    assert [c for c in observed.complaints if "page error" in c] == []
