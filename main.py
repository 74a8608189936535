"""Command line: the pipeline once (default), the engine, or the doctor.

python main.py --ticker BTC-USD
python main.py engine
python main.py doctor
"""

from __future__ import annotations

import argparse
import json
import logging
import os
import sys
from pathlib import Path
from typing import Any, NoReturn

# One thread per fit is the fastest beside other busy processes; it must be set before NumPy.
os.environ.setdefault("OMP_NUM_THREADS", "1")

from core.clock import SystemClock
from core.domain import PARAMETER_RANGES, ForecastSpec
from core.errors import MarketPulseError, ParameterError
from core.portfolio.trading import parse_amount
from core.settings import Settings

_SPEC_OPTIONS = (
    "max_points",
    "train_window",
    "minute_horizon",
    "long_horizon_steps",
    "intraday_days",
)


def main(arguments: list[str] | None = None) -> int:
    """Run one command; return the exit code: 0, 1 for a failure, 2 for a bad parameter."""
    options = _parser().parse_args(arguments)
    try:
        if options.command == "engine":
            _engine()
        if options.command == "doctor":
            return _doctor(options)
        return _once(options)
    except ParameterError as error:
        return _fail(error, 2)
    except MarketPulseError as error:
        return _fail(error, 1)
    except OSError as error:
        return _fail(f"{error.filename or 'A file'} cannot be used: {error.strerror}.", 1)
    except KeyboardInterrupt:
        return 130


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="main.py",
        description="Market Pulse: fetch candles, forecast once, and show how far to trust it. "
        "Simulated money only; no order is ever sent.",
    )
    parser.set_defaults(command="once")
    commands = parser.add_subparsers(dest="command", metavar="command", required=False)
    commands.add_parser("engine", help="follow the market and publish for the web pages")
    doctor = commands.add_parser("doctor", help="tell whether live data can be served from here")
    # Suppressed, so that --json before the command is not forgotten.
    doctor.add_argument(
        "--json", action="store_true", default=argparse.SUPPRESS, help="print JSON, no table"
    )
    parser.add_argument("--ticker", default="BTC-USD", help="pair to forecast (BTC-USD)")
    for name in _SPEC_OPTIONS:
        parser.add_argument(f"--{name.replace('_', '-')}", help=_range_text(name))
    parser.add_argument("--candles", type=Path, help="a CSV of candles instead of a market")
    parser.add_argument("--force-retrain", action="store_true", help="ignore stored models")
    parser.add_argument("--invest", help="simulated amount in USD to value at both forecasts")
    parser.add_argument("--json", action="store_true", help="print JSON, and no progress")
    return parser


def _range_text(name: str) -> str:
    bounds = PARAMETER_RANGES[name]
    zero = "0 (all) or " if name == "train_window" else ""
    default = "unset" if bounds.default is None else f"{bounds.default:,}"
    return f"{zero}{bounds.low:,} to {bounds.high:,} {bounds.unit} ({default})"


def _engine() -> NoReturn:
    settings = Settings.from_env()
    logging.basicConfig(
        level=settings.log_level.upper(),
        format="%(asctime)s [engine %(process)d] %(levelname)s %(message)s",
    )
    from core.commands.engine import run_engine

    run_engine(settings)


def _doctor(options: argparse.Namespace) -> int:
    settings = Settings.from_env()
    logging.basicConfig(level=logging.ERROR)
    from core.commands.doctor import closing_sentence, exit_code, to_json
    from core.commands.printing import print_diagnosis
    from core.forecasting.doctor import diagnose

    diagnosis = diagnose(settings, SystemClock())
    if options.json:
        print(json.dumps(to_json(diagnosis), indent=2))
    else:
        print_diagnosis(diagnosis, closing_sentence(diagnosis))
    return exit_code(diagnosis)


def _once(options: argparse.Namespace) -> int:
    values: dict[str, Any] = {name: getattr(options, name) for name in _SPEC_OPTIONS}
    spec = ForecastSpec.parse({**values, "ticker": options.ticker})
    amount = None if options.invest is None else parse_amount(options.invest)
    logging.basicConfig(level=logging.ERROR)
    from core.commands.printing import print_result, progress_bar
    from core.commands.run_once import run_from_file, run_live

    clock = SystemClock()
    with progress_bar(hidden=options.json) as show:
        if options.candles is not None:
            result = run_from_file(spec, options.candles, clock, show)
        else:
            settings = Settings.from_env()
            result = run_live(spec, settings, clock, show, options.force_retrain)
    if options.json:
        print(json.dumps(result.to_json(amount), indent=2))
    else:
        print_result(result, amount)
    return 0


def _fail(error: MarketPulseError | str, code: int) -> int:
    print(f"Market Pulse: {error}", file=sys.stderr)
    return code


if __name__ == "__main__":
    sys.exit(main())
