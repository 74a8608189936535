"""A writer of the ledger killed fifty times at random moments: is anything lost?

``python -m benchmarks.ledger_kills --times 50`` kills with SIGKILL and then verifies the
chain: every forecast whose writing was confirmed is there, and each is scored once.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from rich.console import Console
from rich.progress import track

from tests.core.ledger.kills import kills


def main(arguments: Sequence[str] = ()) -> int:
    """Print how many forecasts were written between kills; fail where any is lost."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.ledger_kills", description=(__doc__ or "").partition("\n")[0]
    )
    parser.add_argument("--times", type=int, default=50)
    times = parser.parse_args(arguments).times
    with tempfile.TemporaryDirectory(prefix="market-pulse-kills-") as name:
        killed = kills(Path(name), times)
        *_, last = track(killed, "Killing", times, console=Console(stderr=True))
    Console().print(
        f"Killed {times} times: {last.rows:,} forecasts, {last.gone:,} of them let go for their "
        "age, none lost or scored twice."
    )
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
