"""A server of our own to measure: gunicorn and the engine on the simulated market."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import psutil

from core.domain import ForecastSpec, Snapshot
from core.forecasting.store import SnapshotStore
from core.settings import SETTINGS

ROOT: Final = Path(__file__).resolve().parents[1]
SIMULATED: Final[Mapping[str, str]] = {"MARKET_SOURCE": "simulated"}
_READY_WITHIN_S: Final = 180.0
_STOP_WITHIN_S: Final = 15.0
_POLL_EVERY_S: Final = 0.1


@dataclass(frozen=True, slots=True)
class Server:
    """A running server. `store` is None where the server is not ours to look into."""

    url: str
    master: psutil.Process
    store: SnapshotStore | None

    def web(self) -> list[psutil.Process]:
        """Return gunicorn's master and its workers, without the engine."""
        engine = self.engine()
        family = [self.master, *self.master.children(recursive=True)]
        return [process for process in family if process != engine]

    def engine(self) -> psutil.Process | None:
        """Return the engine: a worker starts it, but it may outlive that worker."""
        status = self.store.status() if self.store is not None else None
        if status is not None:
            with suppress(psutil.NoSuchProcess):
                return psutil.Process(status.pid)
        family = self.master.children(recursive=True)
        return next((p for p in family if p.cmdline()[-1:] == ["engine"]), None)


@contextmanager
def own_server(workers: int = 2, market: Mapping[str, str] = SIMULATED) -> Iterator[Server]:
    """Start gunicorn and the engine in a temporary artifact directory; stop them at the end.

    Parameters
    ----------
    workers : int
    market : mapping
        Settings that say which market is followed.

    Raises
    ------
    TimeoutError
        No forecast was published within `_READY_WITHIN_S`; the message ends with the log.
    """
    with tempfile.TemporaryDirectory(prefix="market-pulse-") as directory:
        log = Path(directory) / "server.log"
        port = _free_port()
        process = _start(log, {**market, **_own(directory, port, workers)})
        store = SnapshotStore.at(Path(directory) / "run")
        server = Server(f"http://127.0.0.1:{port}", psutil.Process(process.pid), store)
        try:
            _wait_until_ready(server, process, log)
            yield server
        finally:
            _stop(server, process)


@contextmanager
def running_server(url: str) -> Iterator[Server]:
    """Find the process that listens at `url`, a server that somebody else started."""
    port = int(url.rpartition(":")[2])
    listeners = {
        connection.pid
        for connection in psutil.net_connections("tcp")
        if connection.status == psutil.CONN_LISTEN
        and connection.laddr.port == port
        and connection.pid is not None
    }
    if not listeners:
        raise SystemExit(f"Nothing that we may look into listens on port {port}.")
    yield Server(url, _master_of(psutil.Process(listeners.pop())), store=None)


def wait_for(
    what: str, condition: Callable[[], bool], within_s: float, every_s: float = _POLL_EVERY_S
) -> None:
    """Return as soon as `condition` holds.

    Raises
    ------
    TimeoutError
        It did not within `within_s`.
    """
    deadline = time.monotonic() + within_s
    while not condition():
        if time.monotonic() > deadline:
            raise TimeoutError(f"{what} did not happen within {within_s:.0f} s.")
        time.sleep(every_s)


def snapshot(server: Server) -> Snapshot | None:
    """Return what the server's engine published for the default forecast."""
    return server.store.snapshot(ForecastSpec()) if server.store is not None else None


def _master_of(listener: psutil.Process) -> psutil.Process:
    """Climb from a process that listens, maybe a worker, to the first of the same command."""
    parent = listener.parent()
    while parent is not None and parent.cmdline() == listener.cmdline():
        listener, parent = parent, parent.parent()
    return listener


def _own(directory: str, port: int, workers: int) -> dict[str, str]:
    return {"ARTIFACT_DIR": directory, "PORT": str(port), "WEB_CONCURRENCY": str(workers)}


def _start(log: Path, settings: Mapping[str, str]) -> subprocess.Popen[bytes]:
    ours = {setting.name for setting in SETTINGS}
    inherited = {name: value for name, value in os.environ.items() if name not in ours}
    command = ["-m", "gunicorn", "--config", "gunicorn.conf.py", "app:create_server()"]
    with log.open("wb") as output:
        return subprocess.Popen(
            [sys.executable, *command],
            cwd=ROOT,
            env={**inherited, **settings},
            stdout=output,
            stderr=subprocess.STDOUT,
        )


def _wait_until_ready(server: Server, process: subprocess.Popen[bytes], log: Path) -> None:
    def ready() -> bool:
        if process.poll() is not None:
            raise TimeoutError(f"The server ended with code {process.returncode}.")
        return _is_healthy(server.url) and snapshot(server) is not None

    try:
        wait_for("A first forecast", ready, _READY_WITHIN_S)
    except TimeoutError as error:
        tail = log.read_text(encoding="utf-8", errors="replace")[-3_000:]
        raise TimeoutError(f"{error}\n{tail}") from None


def _is_healthy(url: str) -> bool:
    try:
        with urllib.request.urlopen(f"{url}/health", timeout=5) as answer:
            return bool(answer.status == 200)
    except (urllib.error.URLError, ConnectionError, TimeoutError):
        return False


def _stop(server: Server, process: subprocess.Popen[bytes]) -> None:
    engine = server.engine() if process.poll() is None else None
    process.terminate()
    try:
        process.wait(_STOP_WITHIN_S)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
    if engine is not None:
        _, alive = psutil.wait_procs([engine], timeout=_STOP_WITHIN_S)
        for left in alive:
            left.kill()


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
