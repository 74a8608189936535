"""How many open pages the server stands: latency, bytes and CPU of the Live page.

Each page ticks, every second one with a position of its own, and asks for what is new
after each candle's close (a *paint*); a minute's measurement holds one close.
``python -m benchmarks.load --users 200 2000 --seconds 60`` starts a server of its own on
the simulated market; ``--url http://127.0.0.1:8050`` measures one that runs.
"""

from __future__ import annotations

import argparse
import os
import resource
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from types import TracebackType
from typing import Final, Self
from urllib.parse import urlsplit

import numpy as np
import psutil
import uvloop
from rich.console import Console
from rich.table import Table

from benchmarks.live_page import Recording, record
from benchmarks.server import Server, own_server, running_server
from benchmarks.tally import Counts, Tally
from benchmarks.users import simulate

LOOPBACK: Final = ("127.0.0.1", "localhost", "::1")
MAX_USERS: Final = 5_000
MAX_SECONDS: Final = 300
_SPARE_FILES: Final = 200


@dataclass(slots=True)
class CpuWindow:
    """CPU used between entering and leaving, in cores: 1.0 is one processor kept busy.

    `engine` is None where no engine was found; it is not part of `web`.
    """

    server: Server
    seconds: float = 0.0
    web: float = 0.0
    engine: float | None = None
    client: float = 0.0
    _before: tuple[float, float, float | None, float] = field(init=False, repr=False)

    def __enter__(self) -> Self:
        self._before = self._now()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        clock, web, engine, client = self._now()
        self.seconds = clock - self._before[0]
        self.web = (web - self._before[1]) / self.seconds
        if engine is not None and self._before[2] is not None:
            self.engine = (engine - self._before[2]) / self.seconds
        self.client = (client - self._before[3]) / self.seconds

    def _now(self) -> tuple[float, float, float | None, float]:
        engine = self.server.engine()
        return (
            time.monotonic(),
            sum(_cpu_seconds(process) for process in self.server.web()),
            _cpu_seconds(engine) if engine is not None else None,
            time.process_time(),
        )


def _cpu_seconds(process: psutil.Process) -> float:
    times = process.cpu_times()
    return float(times.user + times.system)


@dataclass(frozen=True, slots=True)
class Result:
    """One run with so many users."""

    users: int
    tally: Tally
    cpu: CpuWindow


def measure(
    server: Server, recording: Recording, users: int, refresh_s: float, seconds: float
) -> Result:
    """Let `users` pages tick for `seconds` and return what they and the processors saw."""
    tally, cpu = Tally(), CpuWindow(server)
    uvloop.run(simulate(server.url, recording, users, refresh_s, seconds, tally, cpu))
    return Result(users, tally, cpu)


def report(results: Sequence[Result]) -> Table:
    """Return one column per run; latencies to the answer's last byte."""
    table = Table(title="Open Live pages", title_justify="left")
    table.add_column("", no_wrap=True)
    for result in results:
        table.add_column(f"{result.users:,} users", justify="right")
    columns = [_figures(result) for result in results]
    for name in columns[0]:
        table.add_row(name, *(column[name] for column in columns))
    return table


def _figures(result: Result) -> dict[str, str]:
    cpu = result.cpu
    return {
        "errors": _errors(result.tally),
        **_request_figures("ticks", result.tally.ticks, cpu.seconds),
        "ticks sent late, p95": _milliseconds(result.tally.lags, 95),
        **_request_figures("paints", result.tally.paints, cpu.seconds),
        "CPU of gunicorn": f"{cpu.web:.2f} cores",
        "CPU of gunicorn per request": _milliseconds([_per_request(result)], 50),
        "CPU of the engine": "not found" if cpu.engine is None else f"{cpu.engine:.2f} cores",
        "CPU of the client": f"{cpu.client:.2f} cores",
    }


def _per_request(result: Result) -> float:
    answered = len(result.tally.ticks.latencies) + len(result.tally.paints.latencies)
    return result.cpu.web * result.cpu.seconds / max(answered, 1)


def _request_figures(name: str, counts: Counts, seconds: float) -> dict[str, str]:
    answered = len(counts.latencies)
    return {
        f"{name} answered of sent": f"{answered:,} of {len(counts.request_bytes):,}",
        f"{name} a second": f"{answered / seconds:,.1f}",
        f"{name}, latency p50": _milliseconds(counts.latencies, 50),
        f"{name}, latency p95": _milliseconds(counts.latencies, 95),
        f"{name}, latency p99": _milliseconds(counts.latencies, 99),
        f"{name}, response body, median": _bytes(counts.body_bytes, 50),
        f"{name}, response body, largest": _bytes(counts.body_bytes, 100),
        f"{name}, response on the wire, median": _bytes(counts.wire_bytes, 50),
        f"{name}, request body, median": _bytes(counts.request_body_bytes, 50),
        f"{name}, request with headers, median": _bytes(counts.request_bytes, 50),
    }


def _errors(tally: Tally) -> str:
    counted = [f"{number:,} × {kind}" for kind, number in sorted(tally.errors.items())]
    return ", ".join(counted) or "none"


def _milliseconds(seconds: Sequence[float], percentile: float) -> str:
    return f"{np.percentile(seconds, percentile) * 1000:.1f} ms" if seconds else "none"


def _bytes(sizes: Sequence[int], percentile: float) -> str:
    return f"{np.percentile(sizes, percentile):,.0f} B" if sizes else "none"


def allow_open_files(wanted: int) -> None:
    """Raise this process's limit on open files, or stop with a sentence."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if hard != resource.RLIM_INFINITY and hard < wanted:
        raise SystemExit(f"{wanted:,} open files are needed and the limit is {hard:,}.")
    resource.setrlimit(resource.RLIMIT_NOFILE, (max(soft, wanted), hard))


def parse(arguments: Sequence[str] | None) -> argparse.Namespace:
    """Read the command line; only loopback addresses and bounded loads are accepted."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.load", description=__doc__)
    parser.add_argument("--url", help="a server on this machine; default: start one")
    parser.add_argument("--users", type=int, nargs="+", default=[200, 2_000])
    parser.add_argument("--seconds", type=float, default=60.0)
    parser.add_argument("--refresh", type=float, default=3.0)
    options = parser.parse_args(arguments)
    if options.url and (urlsplit(options.url).hostname not in LOOPBACK):
        parser.error("only a server on this machine is put under load: use 127.0.0.1.")
    if not all(1 <= users <= MAX_USERS for users in options.users):
        parser.error(f"--users must be from 1 to {MAX_USERS:,}.")
    if not 1 <= options.seconds <= MAX_SECONDS or not 1 <= options.refresh <= 60:
        parser.error(f"--seconds must be from 1 to {MAX_SECONDS}, --refresh from 1 to 60.")
    return options


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the loads one after the other and print one table."""
    options = parse(arguments)
    console = Console()
    # The server starts before our own limit is raised: it must do with what it finds.
    with running_server(options.url) if options.url else own_server() as server:
        allow_open_files(max(options.users) + _SPARE_FILES)
        recording = record(server.url)
        results = []
        for users in options.users:
            console.print(f"{users:,} users for {options.seconds:.0f} s ...")
            results.append(measure(server, recording, users, options.refresh, options.seconds))
    console.print(report(results))
    console.print(
        f"A tick every {options.refresh:g} s, {os.cpu_count()} processors, client included."
    )


if __name__ == "__main__":
    main()
