"""Memory of the whole deployment: two web workers and the engine, steady and at its peak.

Counted in PSS (proportional set size): a page of memory shared by n processes counts
1/n in each, so the sum over processes is what they take together. Linux only.
"""

from __future__ import annotations

import statistics
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from typing import Final

import psutil
from rich.console import Console
from rich.table import Table

from benchmarks.live_page import record
from benchmarks.load import measure
from benchmarks.server import Server, own_server, snapshot, wait_for
from core.clock import SystemClock
from core.domain import HORIZONS, ForecastSpec
from core.forecasting.service import ForecastService

_MIB: Final = 1024 * 1024
_SAMPLE_EVERY_S: Final = 0.05
_USERS: Final = 50
_USE_S: Final = 10.0
_STEADY_S: Final = 10.0
_TRAINED_WITHIN_S: Final = 120.0


@dataclass(frozen=True, slots=True)
class Sample:
    """PSS in MiB at one moment."""

    web: float
    engine: float

    @property
    def total(self) -> float:
        return self.web + self.engine


@dataclass(slots=True)
class Sampler:
    """Takes samples in a thread until stopped."""

    server: Server
    samples: list[Sample] = field(default_factory=list)
    _stop: threading.Event = field(default_factory=threading.Event)

    def run(self) -> None:
        while not self._stop.wait(_SAMPLE_EVERY_S):
            with suppress(psutil.NoSuchProcess):
                self.samples.append(take_sample(self.server))

    def stop(self) -> None:
        self._stop.set()


def take_sample(server: Server) -> Sample:
    """Measure all processes of `server` now."""
    engine = server.engine()
    return Sample(
        web=sum(_pss(process) for process in server.web()),
        engine=_pss(engine) if engine is not None else 0.0,
    )


def _pss(process: psutil.Process) -> float:
    return float(process.memory_full_info().pss) / _MIB


@contextmanager
def sampling(server: Server) -> Iterator[list[Sample]]:
    """Sample `server` while the block runs; the list is complete after it."""
    sampler = Sampler(server)
    thread = threading.Thread(target=sampler.run, name="memory-sampler", daemon=True)
    thread.start()
    try:
        yield sampler.samples
    finally:
        sampler.stop()
        thread.join()


def use(server: Server) -> None:
    """Let some pages be open for a while: what a worker loads on first use is loaded then."""
    measure(server, record(server.url), _USERS, refresh_s=3.0, seconds=_USE_S)


def retrain(server: Server) -> None:
    """Ask for a training, as the page's button does, and wait until both models are new."""
    assert server.store is not None
    before = snapshot(server)
    assert before is not None
    service = ForecastService(server.store, SystemClock(), [ForecastSpec()], max_specs=0)
    service.request_retrain(ForecastSpec())

    def done() -> bool:
        now = snapshot(server)
        return now is not None and len(now.retrains) >= len(before.retrains) + len(HORIZONS)

    wait_for("A retraining", done, _TRAINED_WITHIN_S)


def report(phases: dict[str, Sequence[Sample]]) -> Table:
    """Return one row per phase: the median, and the sample with the highest total."""
    table = Table(title="Memory, MiB of PSS", title_justify="left")
    for name in ("", "median", "peak", "of it web", "of it engine", "samples"):
        table.add_column(name, justify="right" if name else "left")
    for phase, samples in phases.items():
        peak = max(samples, key=lambda sample: sample.total)
        median = statistics.median(sample.total for sample in samples)
        figures = (median, peak.total, peak.web, peak.engine)
        table.add_row(phase, *(f"{figure:.0f}" for figure in figures), str(len(samples)))
    return table


def main() -> None:
    """Start a server, use it, retrain it, and print one table."""
    with own_server() as server:
        use(server)
        with sampling(server) as steady:
            threading.Event().wait(_STEADY_S)
        with sampling(server) as training:
            retrain(server)
        rows = snapshot(server)
    Console().print(report({"after use, steady": steady, "during a retraining": training}))
    if rows is not None:
        Console().print(f"2 web workers, 1 engine, {rows.rows:,} candles.")


if __name__ == "__main__":
    main()
