"""Run the local exchange on its own: ``python -m tests.exchange --candles FILE --port P``.

With ``--venue kraken --candles XBTUSD=FILE`` it is Kraken, with ``--venue coinbase`` Coinbase.
"""

from __future__ import annotations

import argparse
import signal
import threading
from datetime import UTC, datetime, timedelta
from pathlib import Path

from tests.exchange.exchange import VENUES, LocalExchange
from tests.exchange.market_clock import from_ms
from tests.exchange.series import Series


def symbol_and_file(text: str) -> tuple[str, Path]:
    """Read ``XBTUSD=some/file.csv.gz``, or take the symbol from the file's name."""
    symbol, equals, name = text.partition("=")
    if equals:
        return symbol, Path(name)
    path = Path(text)
    return path.name.split("-")[0], path


def parse_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.exchange", description=__doc__)
    parser.add_argument(
        "--candles",
        type=symbol_and_file,
        action="append",
        required=True,
        metavar="[SYMBOL=]FILE",
        help="recorded minutes named SYMBOL-..., or SYMBOL=FILE where the name does not say "
        "what the venue calls it; repeat it for more symbols",
    )
    parser.add_argument("--venue", choices=VENUES, default=VENUES[0], help="whose protocol")
    parser.add_argument("--port", type=int, default=0, help="0 takes a free one")
    parser.add_argument("--speed", type=float, default=1.0, help="exchange seconds per second")
    parser.add_argument(
        "--weight-limit", type=int, default=6_000, help="Binance's, per address and minute"
    )
    parser.add_argument("--burst", type=int, help="calls Coinbase and Kraken bear at once")
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
    opens = Series.of(*arguments.candles[0]).opens
    return from_ms(int(opens[-1])) + timedelta(minutes=1 - arguments.ahead)


def main() -> None:
    arguments = parse_arguments()
    stop = threading.Event()
    for name in (signal.SIGINT, signal.SIGTERM):
        signal.signal(name, lambda *_: stop.set())
    with LocalExchange(
        dict(arguments.candles),
        venue=arguments.venue,
        at=begin_of(arguments),
        as_now=arguments.end_at == "now",
        speed=arguments.speed,
        weight_limit=arguments.weight_limit,
        burst=arguments.burst,
        port=arguments.port,
    ) as exchange:
        symbols = ", ".join(exchange.series)
        print(f"{exchange.base_url} trades {symbols}", f"at {exchange.clock.now()}", flush=True)
        stop.wait()


if __name__ == "__main__":
    main()
