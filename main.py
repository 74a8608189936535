"""Command line: the pipeline once (default), engine, doctor, models, ledger, an evaluation.

python main.py --ticker BTC-USD
python main.py engine
python main.py doctor
python main.py evaluate --candles FILE
python main.py models list
python main.py ledger verify
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
from core.domain import HORIZONS, PARAMETER_RANGES, ForecastSpec
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
        if options.command == "evaluate":
            return _evaluate(options)
        if options.command == "models":
            return _models(options)
        if options.command == "ledger":
            return _ledger(options)
        return _once(options)
    except ParameterError as error:
        return _fail(error, 2)
    except MarketPulseError as error:
        return _fail(error, 1)
    except BrokenPipeError:  # who read has enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1
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
    evaluate = commands.add_parser("evaluate", help="walk forward over the candles of a file")
    add_evaluate_options(evaluate)
    _add_models(commands)
    _add_ledger(commands)
    _add_spec_options(parser, "BTC-USD", None)
    parser.add_argument("--candles", type=Path, help="a CSV of candles instead of a market")
    parser.add_argument("--force-retrain", action="store_true", help="ignore stored models")
    parser.add_argument("--invest", help="simulated amount in USD to value at both forecasts")
    parser.add_argument("--json", action="store_true", help="print JSON, and no progress")
    return parser


def add_evaluate_options(evaluate: argparse.ArgumentParser) -> None:
    """Add what `evaluate` understands; docs/operations.md lists the same."""
    # Suppressed where the main command has the same, so that those before are not forgotten.
    unset = argparse.SUPPRESS
    evaluate.add_argument("--candles", type=Path, default=unset, help="CSV of 1-minute candles")
    _add_spec_options(evaluate, unset, unset)
    evaluate.add_argument("--refit-minutes", help="minutes between trainings (1,440)")
    evaluate.add_argument(
        "--original", action="store_true", help="judge the original's way: trees on the price level"
    )
    evaluate.add_argument("--json", action="store_true", default=unset, help="print JSON, no table")
    evaluate.add_argument(
        "--predictions", type=Path, metavar="OUT.csv", help="write every forecast that was scored"
    )


def _add_models(commands: Any) -> None:
    models = commands.add_parser("models", help="list stored models, promote one, or roll back")
    models.add_argument("action", choices=("list", "promote", "rollback"))
    models.add_argument("version", nargs="?", help="the version to promote")
    models.add_argument("--horizon", choices=HORIZONS, help="minute or long (both)")
    models.add_argument(
        "--source",
        choices=("binance", "coinbase", "kraken", "simulated"),
        help="whose candles they learned from (those the engine follows)",
    )
    # Suppressed, so that options before the command are not forgotten.
    models.add_argument(
        "--json", action="store_true", default=argparse.SUPPRESS, help="print JSON, no table"
    )
    _add_spec_options(models, argparse.SUPPRESS, argparse.SUPPRESS)


def _add_ledger(commands: Any) -> None:
    ledger = commands.add_parser("ledger", help="verify the ledger, score it, or export it as CSV")
    actions = ledger.add_subparsers(dest="action", metavar="action", required=True)
    verify = actions.add_parser("verify", help="recompute the chains; name the first bad row")
    verify.add_argument("--noted", metavar="HASH", help="a hash noted earlier, to look for")
    scores = actions.add_parser("scores", help="tell what published forecasts were worth")
    scores.add_argument(
        "--market", choices=("live", "simulated"), help="whose (the one published last)"
    )
    _add_spec_options(scores, argparse.SUPPRESS, argparse.SUPPRESS)
    for action in (verify, scores):
        action.add_argument(
            "--json", action="store_true", default=argparse.SUPPRESS, help="print JSON, no table"
        )
    export = actions.add_parser("export", help="write all rows as CSV")
    export.add_argument(
        "out", nargs="?", type=Path, metavar="OUT.csv", help="file to write (standard output)"
    )


def _add_spec_options(parser: argparse.ArgumentParser, ticker: str, default: str | None) -> None:
    parser.add_argument("--ticker", default=ticker, help="pair to forecast (BTC-USD)")
    for name in _SPEC_OPTIONS:
        option = f"--{name.replace('_', '-')}"
        parser.add_argument(option, default=default, help=_range_text(name))


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
    logging.getLogger("alembic").setLevel(logging.WARNING)  # says much of itself
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


def _evaluate(options: argparse.Namespace) -> int:
    spec = _spec(options)
    if options.candles is None:
        raise ParameterError("candles", "evaluate needs --candles FILE, a CSV of 1-minute candles.")
    from core.commands.evaluate import evaluate_file, parse_refit_minutes
    from core.commands.evaluation_tables import print_evaluation
    from core.commands.printing import refit_bar

    refit_minutes = parse_refit_minutes(options.refit_minutes)
    with refit_bar(hidden=options.json) as show:
        evaluation = evaluate_file(
            options.candles, spec, refit_minutes, options.original, show, options.predictions
        )
    if options.json:
        print(json.dumps(evaluation.to_json(), indent=2, allow_nan=False))
    else:
        print_evaluation(evaluation)
    return 0


def _models(options: argparse.Namespace) -> int:
    if (options.action == "promote") != (options.version is not None):
        wants = "a version" if options.action == "promote" else "no version"
        raise ParameterError("version", f"models {options.action} takes {wants}.")
    logging.basicConfig(level=logging.ERROR)
    from core.commands.models import ModelShelf
    from core.commands.printing import print_models

    shelf = ModelShelf(_spec(options), Settings.from_env(), SystemClock(), options.source)
    done: list[str] = []
    if options.action == "promote":
        done = [shelf.promote(options.version, options.horizon)]
    elif options.action == "rollback":
        done = shelf.roll_back(options.horizon)
    rows = [row for row in shelf.rows() if options.horizon in (None, row.horizon)]
    if options.json:
        listed = [row.to_json() for row in rows]
        print(json.dumps({"source": shelf.source, "done": done, "models": listed}, indent=2))
    else:
        print_models(rows, shelf.spec, shelf.source)
        print(*done, sep="\n", end="\n" if done else "")
    return 0


def _ledger(options: argparse.Namespace) -> int:
    if options.action == "scores":
        return _ledger_scores(options)
    if options.action == "verify":
        return _verify(options)
    from core.commands.ledger import export_to

    count = export_to(options.out, Settings.from_env())
    print(f"{count:,} forecasts written.", file=sys.stderr)
    return 0


def _verify(options: argparse.Namespace) -> int:
    from core.commands.ledger import (
        is_whole,
        noted_sentence,
        parse_noted,
        place_to_json,
        sentences,
        to_json,
        verify_ledger,
    )

    noted = parse_noted(options.noted) if options.noted is not None else ""
    verdicts, place = verify_ledger(Settings.from_env(), noted)
    if options.json:
        found = {"noted": place_to_json(place)} if noted else {}
        print(json.dumps({**to_json(verdicts), **found}, indent=2))
    else:
        print(*sentences(verdicts), sep="\n")
        if noted and is_whole(verdicts):
            print(noted_sentence(place))
    return 0 if is_whole(verdicts) and (place is not None or not noted) else 1


def _ledger_scores(options: argparse.Namespace) -> int:
    from core.commands.ledger import (
        held_specs,
        newest_market,
        open_ledger,
        score_ledger,
        scores_to_json,
    )
    from core.commands.ledger_tables import print_scores

    spec, ledger = _spec(options), open_ledger(Settings.from_env())
    market = options.market or newest_market(ledger, spec)
    found = score_ledger(ledger, market, spec, SystemClock().now())
    if options.json:
        print(json.dumps({"market": market, "scores": scores_to_json(found)}, indent=2))
    else:
        print_scores(found, spec, market)
        if not any(score for ranges in found.values() for score in ranges.values()):
            print(f"The ledger holds forecasts of: {', '.join(held_specs(ledger)) or 'nothing'}")
    return 0


def _spec(options: argparse.Namespace) -> ForecastSpec:
    values: dict[str, Any] = {name: getattr(options, name) for name in _SPEC_OPTIONS}
    return ForecastSpec.parse({**values, "ticker": options.ticker})


def _once(options: argparse.Namespace) -> int:
    spec = _spec(options)
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
