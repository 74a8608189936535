"""Run the local exchange on its own: ``python -m tests.exchange --candles FILE --port P``."""

from __future__ import annotations

import argparse
import signal
import threading
from datetime import UTC, datetime, timedelta
from pathlib import Path

from tests.exchange.exchange import LocalExchange
from tests.exchange.market_clock import from_ms
from tests.exchange.series import Series


def parse_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.exchange", description=__doc__)
    parser.add_argument(
        "--candles",
        type=Path,
        action="append",
        required=True,
        metavar="FILE",
        help="recorded minutes named SYMBOL-1m-...; repeat it for more symbols",
    )
    parser.add_argument("--port", type=int, default=0, help="0 takes a free one")
    parser.add_argument("--speed", type=float, default=1.0, help="exchange seconds per second")
    parser.add_argument("--weight-limit", type=int, default=6_000, help="per address and minute")
    parser.add_argument(
        "--end-at",
        choices=("now",),
        help="move all times so that the history served ends now; without it they stay",
    )
    where = parser.add_mutually_exclusive_group()
    where.add_argument(
        "--ahead",
        type=int,
        default=1_440,
        metavar="MINUTES",
        help="minutes of the first file kept back to happen later (default 1440)",
    )
    where.add_argument(
        "--at", type=datetime.fromisoformat, metavar="TIME", help="begin at this recorded time, UTC"
    )
    return parser.parse_args()


def begin_of(arguments: argparse.Namespace) -> datetime:
    """Return the recorded time the exchange begins at."""
    if arguments.at is not None:
        at: datetime = arguments.at
        return at if at.tzinfo else at.replace(tzinfo=UTC)
    opens = Series.of("", arguments.candles[0]).opens
    return from_ms(int(opens[-1])) + timedelta(minutes=1 - arguments.ahead)


def main() -> None:
    arguments = parse_arguments()
    stop = threading.Event()
    for name in (signal.SIGINT, signal.SIGTERM):
        signal.signal(name, lambda *_: stop.set())
    with LocalExchange(
        {path.name.split("-")[0]: path for path in arguments.candles},
        at=begin_of(arguments),
        as_now=arguments.end_at == "now",
        speed=arguments.speed,
        weight_limit=arguments.weight_limit,
        port=arguments.port,
    ) as exchange:
        symbols = ", ".join(exchange.series)
        print(f"{exchange.base_url} trades {symbols}", f"at {exchange.clock.now()}", flush=True)
        stop.wait()


if __name__ == "__main__":
    main()
