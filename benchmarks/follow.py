"""The app follows an exchange: forecasts after each close, and calls for 1 and for 30 tabs.

``python -m benchmarks.follow --candles FILE --minutes 10`` serves a recorded file (or made
candles) as if its last minutes happened now, starts gunicorn with two workers against it,
and prints how long after each candle's close its forecast was published, how many processes
called the exchange, and the request weight per minute with one and with thirty open pages.
"""

from __future__ import annotations

import argparse
import asyncio
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

import psutil
from rich.console import Console
from rich.table import Table

from benchmarks.live_page import Recording, record
from benchmarks.server import Server, own_server, snapshot
from benchmarks.tally import Tally
from benchmarks.users import simulate
from tests.exchange.exchange import LocalExchange
from tests.exchange.market_clock import from_ms
from tests.exchange.series import Series
from tests.made import made_candles

TABS: Final = (1, 30)
REFRESH_S: Final = 3.0
_LOOK_EVERY_S: Final = 0.02
_SPARE_MINUTES: Final = 10
_MADE_ROWS: Final = 60_000


@dataclass(slots=True)
class Watch:
    """What was seen while watching: seconds from close to forecast, and the callers' pids."""

    delays_s: list[float] = field(default_factory=list)
    callers: set[int] = field(default_factory=set)
    stop: threading.Event = field(default_factory=threading.Event)


def main() -> int:
    """Follow for the minutes asked; return 1 if a forecast was later than 3 s."""
    options = _options()
    console = Console()
    market = {"MARKET_SOURCE": "binance"}
    minutes = options.minutes
    with _exchange(options.candles, minutes) as exchange:
        market["BINANCE_BASE_URL"] = exchange.base_url
        with own_server(workers=2, market=market) as server:
            recording = record(server.url)
            runs = {tabs: _follow(exchange, server, recording, tabs, minutes) for tabs in TABS}
    console.print(_table(runs))
    late = [d for watch, _ in runs.values() for d in watch.delays_s if d > 3.0]
    console.print(f"Forecasts later than 3 s after the close: {len(late)}")
    return 1 if late else 0


@contextmanager
def _exchange(file: Path | None, minutes: int) -> Iterator[LocalExchange]:
    """Serve candles of which the last, enough for both runs, are still to happen."""
    symbol = file.name.split("-")[0] if file else "BTCUSDT"
    candles = file or made_candles(_MADE_ROWS)
    end = from_ms(int(Series.of(symbol, candles).opens[-1]))
    ahead = timedelta(minutes=len(TABS) * (minutes + 2) + _SPARE_MINUTES)
    with LocalExchange({symbol: candles}, at=end - ahead, as_now=True) as exchange:
        yield exchange


def _follow(
    exchange: LocalExchange, server: Server, recording: Recording, tabs: int, minutes: int
) -> tuple[Watch, dict[int, int]]:
    """Watch for whole minutes with `tabs` pages open; return what was seen and the weights."""
    watch = Watch()
    looking = threading.Thread(target=_look, args=(exchange, server, watch), daemon=True)
    begin = _next_minute()
    time.sleep((begin - datetime.now(UTC)).total_seconds())
    looking.start()
    asyncio.run(
        simulate(server.url, recording, tabs, REFRESH_S, minutes * 60.0, Tally(), nullcontext())
    )
    watch.stop.set()
    looking.join()
    first = int(begin.timestamp() * 1000)
    whole = range(first, first + minutes * 60_000, 60_000)
    by_minute = exchange.budget.by_minute()
    return watch, {minute: by_minute.get(minute, 0) for minute in whole}


def _next_minute() -> datetime:
    return datetime.now(UTC).replace(second=0, microsecond=0) + timedelta(minutes=1)


def _look(exchange: LocalExchange, server: Server, watch: Watch) -> None:
    """Note when each new snapshot appears, and which processes are connected."""
    port = urlsplit(exchange.base_url).port
    known = snapshot(server)
    while not watch.stop.wait(_LOOK_EVERY_S):
        published = snapshot(server)
        if published is not None and (known is None or published.as_of > known.as_of):
            watch.delays_s.append((datetime.now(UTC) - published.as_of).total_seconds())
            watch.callers |= _callers(port)
            known = published


def _callers(port: int | None) -> set[int]:
    """Return the pids with an open connection to the exchange."""
    return {
        connection.pid
        for connection in psutil.net_connections("tcp")
        if connection.raddr and connection.raddr.port == port and connection.pid is not None
    }


def _table(runs: dict[int, tuple[Watch, dict[int, int]]]) -> Table:
    table = Table(title="Following the local exchange", title_justify="left")
    for heading in (
        "Open pages",
        "Forecasts",
        "Close to forecast, median s",
        "worst s",
        "Callers",
        "Weight per minute, median",
        "most",
    ):
        table.add_column(heading, justify="right")
    for tabs, (watch, weights) in runs.items():
        delays, used = sorted(watch.delays_s), sorted(weights.values())
        table.add_row(
            str(tabs),
            str(len(delays)),
            f"{delays[len(delays) // 2]:.2f}" if delays else "none",
            f"{delays[-1]:.2f}" if delays else "none",
            str(len(watch.callers)),
            str(used[len(used) // 2]),
            str(used[-1]),
        )
    return table


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.follow", description=__doc__)
    parser.add_argument("--candles", type=Path, help="SYMBOL-1m-….csv.gz (made candles)")
    parser.add_argument("--minutes", type=int, default=10, help="whole minutes for each run (10)")
    return parser.parse_args()


if __name__ == "__main__":
    raise SystemExit(main())
