"""The default run never talks to the real exchanges; ``pytest -m network`` does."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
NETWORK_TESTS = "tests/network/test_real_exchanges.py"


def collected(*arguments: str) -> str:
    """Return what pytest would run of the network tests, without running it."""
    command = [sys.executable, "-m", "pytest", "--collect-only", NETWORK_TESTS, *arguments]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=60)
    assert "error" not in done.stdout.lower(), done.stdout
    return done.stdout


@pytest.mark.parametrize("arguments", [(), ("-m", "not network"), ("-k", "time")])
def test_without_the_marker_no_network_test_runs(arguments: tuple[str, ...]):
    told = collected(*arguments)
    assert f"{NETWORK_TESTS}::" not in told
    assert "deselected" in told


def test_with_the_marker_they_run():
    told = collected("-m", "network")
    assert f"{NETWORK_TESTS}::test_some_exchange_can_be_reached" in told
    assert "deselected" not in told
