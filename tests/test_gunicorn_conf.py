"""What gunicorn's configuration does besides setting options."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

CONFIG = Path(__file__).resolve().parents[1] / "gunicorn.conf.py"


def read_config() -> dict[str, Any]:
    """Run the file as gunicorn does: anew at the start and after each SIGHUP."""
    names: dict[str, Any] = {"__file__": str(CONFIG)}
    exec(compile(CONFIG.read_text(), CONFIG, "exec"), names)
    return names


def supervisors(config: dict[str, Any], monkeypatch: pytest.MonkeyPatch) -> list[tuple[Any, ...]]:
    """Return what a new worker's supervisor would be made of."""
    made: list[tuple[Any, ...]] = []

    def make(*arguments: Any) -> SimpleNamespace:
        return SimpleNamespace(start=lambda: made.append(arguments[2:4]))

    monkeypatch.setitem(config, "Supervisor", make)
    config["post_worker_init"](SimpleNamespace(age=1))
    return made


def test_workers_watch_the_same_engine_after_a_reload(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("ENGINE", "internal")
    server = SimpleNamespace()
    first, again = read_config(), read_config()
    first["on_starting"](server)
    again["on_reload"](server)
    try:
        before = supervisors(first, monkeypatch)
        assert len(before) == 1
        assert supervisors(again, monkeypatch) == before
    finally:
        for end in server.engine_life[0]:
            os.close(end)


def test_an_external_engine_is_nobodys_to_watch(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("ENGINE", "external")
    config = read_config()
    config["on_starting"](SimpleNamespace())
    assert supervisors(config, monkeypatch) == []


def test_a_malformed_setting_stops_the_server_with_a_sentence():
    done = subprocess.run(
        [sys.executable, "-m", "gunicorn", "--config", str(CONFIG), "app:create_server()"],
        cwd=CONFIG.parent,
        env={**os.environ, "WATCH": "BTC/USD"},
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert done.returncode != 0
    assert "WATCH='BTC/USD' cannot be used" in done.stderr
    assert "Traceback" not in done.stderr


def test_a_worker_computes_with_one_thread() -> None:
    """Or its threads wait for each other while the engine trains or checks the ledger."""
    told = (
        f"exec(open({str(CONFIG)!r}).read(), {{'__file__': {str(CONFIG)!r}}})\n"
        "import numpy, threadpoolctl\n"
        "print({pool['num_threads'] for pool in threadpoolctl.threadpool_info()})"
    )
    environment = {k: v for k, v in os.environ.items() if k != "OMP_NUM_THREADS"}
    done = subprocess.run(
        [sys.executable, "-c", told],
        cwd=CONFIG.parent,
        env=environment,
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.strip() == "{1}"
