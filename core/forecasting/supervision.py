"""Keep an engine running beside the web workers.

Every web worker runs `Supervisor`; whoever sees the engine's lock free starts one, and a
race costs nothing because a second engine exits at once. The engine is a fresh process
(exec, never a bare fork: OpenMP hangs in a forked child). It lives as long as somebody
holds the writing end of the *lifeline* pipe, which the server's master process opens
before it forks: when master and workers are gone, even by ``kill -9``, the engine reads
end-of-file and stops.
"""

from __future__ import annotations

import logging
import os
import subprocess
import sys
import threading
from pathlib import Path
from typing import Final

from core.forecasting.lock import engine_runs

LIFELINE_VARIABLE: Final = "MARKET_PULSE_LIFELINE"
BOOT_VARIABLE: Final = "MARKET_PULSE_BOOT"
_CHECK_EVERY_S: Final = 0.5
_RESTART_PAUSES_S: Final = (0.5, 0.5, 1.0, 2.0, 5.0, 10.0, 30.0)
_STEADY_AFTER_CHECKS: Final = 60

log = logging.getLogger(__name__)


class Supervisor(threading.Thread):
    """Start the engine whenever none runs, with growing pauses while it keeps dying.

    Parameters
    ----------
    run_dir : Path
        Where the engine's lock lives.
    main_file : Path
        The command line, ``main.py``.
    lifeline : int
        Reading end of the lifeline pipe, handed to the engine.
    boot : str
        Name of this life of the server; an engine started again within it stays in the
        market (live or simulated) that was chosen first.
    first_look_s : float
        Wait before the first look, so that workers born together do not all start one.
    """

    def __init__(
        self,
        run_dir: Path,
        main_file: Path,
        lifeline: int,
        boot: str,
        first_look_s: float = 0.0,
    ) -> None:
        super().__init__(name="engine-supervisor", daemon=True)
        self._run_dir = run_dir
        self._command = [sys.executable, str(main_file), "engine"]
        self._lifeline = lifeline
        self._environment = {LIFELINE_VARIABLE: str(lifeline), BOOT_VARIABLE: boot}
        self._first_look_s = first_look_s
        self._child: subprocess.Popen[bytes] | None = None
        self._starts = 0
        self._steady_checks = 0
        self._stop_asked = threading.Event()

    def run(self) -> None:
        pause = self._first_look_s
        while not self._stop_asked.wait(pause):
            pause = self._check()

    def stop(self) -> None:
        """End the supervision; the engine itself ends with the lifeline."""
        self._stop_asked.set()

    def _check(self) -> float:
        """Start an engine if none runs; return the seconds until the next look."""
        if self._child is not None and self._child.poll() is not None:
            log.warning("The engine ended with code %s.", self._child.returncode)
            self._child = None
        if self._child is not None or engine_runs(self._run_dir):
            self._steady_checks += 1
            if self._steady_checks >= _STEADY_AFTER_CHECKS:
                self._starts = 0
            return _CHECK_EVERY_S
        self._child = self._start()
        self._steady_checks = 0
        pause = _RESTART_PAUSES_S[min(self._starts, len(_RESTART_PAUSES_S) - 1)]
        self._starts += 1
        return pause

    def _start(self) -> subprocess.Popen[bytes]:
        return subprocess.Popen(
            self._command,
            env={**os.environ, "OMP_NUM_THREADS": "1", **self._environment},
            cwd=Path(self._command[1]).parent,
            stdin=subprocess.DEVNULL,
            pass_fds=[self._lifeline],
            start_new_session=True,
        )


def when_lifeline_ends(stop: threading.Event) -> None:
    """Set `stop` once nobody holds the lifeline any more; without a lifeline do nothing."""
    text = os.environ.get(LIFELINE_VARIABLE)
    if text is None:
        return

    def wait() -> None:
        while os.read(int(text), 1):
            continue
        stop.set()

    threading.Thread(target=wait, name="lifeline", daemon=True).start()
