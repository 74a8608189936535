"""Whether the ledger is whole, asked by the engine in a process of its own.

Recomputing a million hashes keeps a processor busy for a minute; in the engine's own process prices
and heartbeat would wait for it.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

from core.clock import Clock
from core.domain import LedgerCheck
from core.errors import LedgerUnavailable
from core.settings import Settings

_MAIN: Final = Path(__file__).resolve().parents[2] / "main.py"
_COMMAND: Final = (sys.executable, str(_MAIN), "ledger", "verify", "--json")
_NICENESS: Final = 10


class LedgerChecker:
    """Runs ``main.py ledger verify`` for the ledger of a deployment, one at a time."""

    def __init__(self, settings: Settings, clock: Clock) -> None:
        self._clock = clock
        # An address may hold a password, which arguments would show to every user.
        self._environment = {
            **os.environ,
            "ARTIFACT_DIR": str(settings.artifact_dir),
            "DATABASE_URL": settings.database_url,
        }
        self._child: subprocess.Popen[str] | None = None
        self._stopped = False
        self._lock = threading.Lock()

    def check(self) -> LedgerCheck:
        """Recompute every chain; takes a minute for a million rows.

        Raises
        ------
        LedgerUnavailable
            There is none yet, or it cannot be read: nothing was found out.
        """
        began = self._clock.now()
        with self._started() as child:
            said, trouble = child.communicate()
        try:
            return _found(began, json.loads(said)["chains"])
        except (ValueError, KeyError, TypeError):
            raise LedgerUnavailable(_last_line(trouble)) from None

    def stop(self) -> None:
        """End a check that is under way, which would outlive the engine, and start no other."""
        with self._lock:
            self._stopped = True
            if self._child is not None:
                self._child.kill()

    def _started(self) -> subprocess.Popen[str]:
        with self._lock:
            if self._stopped:
                raise LedgerUnavailable("The engine ends.")
            try:
                self._child = subprocess.Popen(
                    _COMMAND,
                    env=self._environment,
                    stdin=subprocess.DEVNULL,
                    stdout=subprocess.PIPE,
                    stderr=subprocess.PIPE,
                    text=True,
                )
            except OSError as error:
                raise LedgerUnavailable(f"No check can be started: {error.strerror}.") from error
            _give_way(self._child.pid)
            return self._child


def _found(began: datetime, chains: list[dict[str, Any]]) -> LedgerCheck:
    return LedgerCheck(
        at=began,
        rows={chain["chain"]: chain["rows"] for chain in chains},
        oldest={
            chain["chain"]: datetime.fromtimestamp(chain["oldest"] / 1_000, UTC)
            for chain in chains
            if chain["oldest"] is not None
        },
        faults={chain["chain"]: chain["fault"] for chain in chains if chain["fault"]},
    )


def _give_way(pid: int) -> None:
    """Let forecasts and pages go first; a process that is done by now needs no telling."""
    try:
        os.setpriority(os.PRIO_PROCESS, pid, _NICENESS)
    except ProcessLookupError:
        return


def _last_line(text: str) -> str:
    """Return what the command line said last, which is for a person."""
    lines = text.strip().splitlines() or ["The check of the ledger ended without a word."]
    return lines[-1].removeprefix("Market Pulse: ")
