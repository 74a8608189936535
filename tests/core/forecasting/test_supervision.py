"""One engine at a time, started again when it dies, and gone when its server is gone."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
from pathlib import Path

import psutil
import pytest

from core.domain import ForecastSpec
from core.errors import EngineRunning
from core.forecasting.lock import engine_lock, engine_runs
from core.forecasting.store import SnapshotStore
from core.forecasting.supervision import Supervisor
from core.history.csv_store import CsvStore
from tests.waiting import wait_until

SPEC = ForecastSpec(max_points=1_000)
ROOT = Path(__file__).resolve().parents[3]


@pytest.fixture
def settings_env(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("ARTIFACT_DIR", str(tmp_path))
    monkeypatch.setenv("MARKET_SOURCE", "simulated")
    monkeypatch.setenv("WATCH", "BTC-USD?max_points=1000")
    return tmp_path


@pytest.fixture
def supervised(settings_env: Path):
    """A supervisor over the real engine: its store, its lifeline (closed by hand), itself."""
    reading, writing = os.pipe()
    supervisor = Supervisor(settings_env / "run", ROOT / "main.py", reading, "boot-1")
    supervisor.start()
    store = SnapshotStore.at(settings_env / "run")
    yield store, writing, supervisor
    supervisor.stop()
    supervisor.join(timeout=10)
    os.close(reading)
    with contextlib.suppress(OSError):  # a test may have closed it
        os.close(writing)
    wait_until(lambda: not engine_runs(settings_env / "run"), 20, "the engine ends")


def pid_of(store: SnapshotStore) -> int | None:
    status = store.status()
    return status.pid if status else None


def test_the_lock_lets_one_in_and_is_free_after(tmp_path: Path):
    lock = engine_lock(tmp_path)
    other = [
        sys.executable,
        "-c",
        "import sys; from pathlib import Path; from core.forecasting.lock import engine_lock;"
        "engine_lock(Path(sys.argv[1]))",
        str(tmp_path),
    ]
    refused = subprocess.run(other, cwd=ROOT, capture_output=True, text=True, check=False)
    assert EngineRunning.__name__ in refused.stderr
    lock.release()
    assert subprocess.run(other, cwd=ROOT, check=False).returncode == 0


def test_a_killed_engine_is_replaced_and_publishes_again(supervised):
    store, *_ = supervised
    wait_until(lambda: store.snapshot(SPEC), 60, "the first snapshot")
    first, version = pid_of(store), store.snapshot(SPEC).version
    os.kill(first, signal.SIGKILL)
    wait_until(lambda: pid_of(store) not in (None, first), 30, "a new heartbeat")
    wait_until(lambda: store.snapshot(SPEC).version > version, 60, "a newer snapshot")
    assert store.status().market == "simulated"


def test_a_second_engine_exits_at_once_with_a_sentence(supervised):
    store, *_ = supervised
    wait_until(lambda: pid_of(store), 60, "the first heartbeat")
    second = subprocess.run(
        [sys.executable, str(ROOT / "main.py"), "engine"],
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert second.returncode == 1
    assert "already runs" in second.stderr
    assert psutil.pid_exists(pid_of(store))


def test_the_engine_ends_with_the_lifeline(supervised):
    store, writing, supervisor = supervised
    wait_until(lambda: pid_of(store), 60, "the first heartbeat")
    engine = psutil.Process(pid_of(store))
    supervisor.stop()
    os.close(writing)
    wait_until(lambda: not engine.is_running() or engine.status() == "zombie", 20, "it ends")


def test_an_engine_told_to_end_does_not_write_on_after_its_lock_is_free(
    settings_env: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setenv("WATCH", "BTC-USD?max_points=100000")
    engine = subprocess.Popen([sys.executable, str(ROOT / "main.py"), "engine"])
    history = settings_env / "simulated" / "BTC-USD_history.csv"
    try:
        wait_until(lambda: history.exists() and history.read_text().count("\n") > 1, 60, "candles")
        engine.terminate()
        assert engine.wait(timeout=20) == 0
    finally:
        engine.kill()
    assert not engine_runs(settings_env / "run")
    assert 0 < len(CsvStore(history.parent, "BTC-USD", "simulated").load()) < 100_000
