"""Run the benchmarks one after the other: ``python -m benchmarks [NAME ...]``."""

from __future__ import annotations

import argparse
import subprocess
import sys
from typing import Final

# Each runs in a process of its own, so that none measures what another left behind.
STANDARD: Final = ("training", "load", "memory", "weight", "first_paint", "forecast_quality")
ON_REQUEST: Final = ("follow", "browser_memory", "agreement", "ledger_kills", "ledger_scale")


def main() -> int:
    """Run those named, or the standard ones; return 1 if any failed."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument(
        "names",
        nargs="*",
        metavar="NAME",
        default=STANDARD,
        help=f"any of {', '.join(STANDARD + ON_REQUEST)} (default: {', '.join(STANDARD)})",
    )
    names = parser.parse_args().names
    if unknown := set(names) - set(STANDARD + ON_REQUEST):
        parser.error(f"there is no benchmark {', '.join(sorted(unknown))}.")
    failed = [name for name in names if run(name) != 0]
    return 1 if failed else 0


def run(name: str) -> int:
    """Run one benchmark with its defaults and return its exit code."""
    return subprocess.run([sys.executable, "-m", f"benchmarks.{name}"], check=False).returncode


if __name__ == "__main__":
    sys.exit(main())
