"""Controls: Apply and Watch check what is typed and change the address; Retrain asks the engine."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Final
from urllib.parse import parse_qsl, urlencode

from dash import Dash, Input, Output, State, no_update

from callbacks.clientside import script
from callbacks.visitors import read_spec_text
from components import ids
from components.controls import ticker_options
from components.ids import CONTROL_NAMES, control, control_error, of
from core.domain import ForecastSpec, parse_ticker, parse_whole_number
from core.errors import ParameterError
from core.forecasting.service import ForecastService
from core.settings import Settings

PAGE = "live"
# The coin comes first; shorter ones before USD may be coins themselves, such as FDUSD.
_EXCHANGE_SYMBOL: Final = re.compile(
    r"(?P<coin>[A-Z0-9]{2,12}?)-?(?:USDT|USDC|BUSD|(?<=[A-Z0-9]{3})(?<!-)USD)"
)


def register(app: Dash, service: ForecastService, _settings: Settings) -> None:
    """Register Apply, the quick choice of a ticker, and Retrain."""
    _register_ticker(app, service)
    _register_watch(app)

    @app.callback(
        Output(ids.URL, "search", allow_duplicate=True),
        Output(ids.PREFERENCES, "data", allow_duplicate=True),
        *(Output(control_error(name), "children") for name in CONTROL_NAMES),
        *(Output(control(name), "invalid") for name in CONTROL_NAMES),
        Input(ids.TYPED, "data"),
        State(ids.PREFERENCES, "data"),
        prevent_initial_call=True,
    )
    def apply(typed: object, preferences: object) -> Any:
        if not isinstance(typed, dict):
            return (no_update,) * (2 + 2 * len(CONTROL_NAMES))
        return render_apply(typed, preferences)

    app.clientside_callback(
        script("collect"),
        Output(ids.TYPED, "data"),
        Input(of(PAGE, "apply"), "n_clicks"),
        State(of(PAGE, "control-names"), "data"),
        prevent_initial_call=True,
    )

    @app.callback(
        Output(of(PAGE, "retrain-answer"), "children"),
        Input(of(PAGE, "retrain"), "n_clicks"),
        State(of(PAGE, "spec"), "data"),
        prevent_initial_call=True,
    )
    def retrain(_clicks: object, spec_text: object) -> Any:
        spec = read_spec_text(spec_text)
        return no_update if spec is None else service.request_retrain(spec)


def _register_ticker(app: Dash, service: ForecastService) -> None:
    @app.callback(Output(of(PAGE, "ticker"), "options"), Input(of(PAGE, "spec"), "data"))
    def offer(spec_text: object) -> Any:
        spec = read_spec_text(spec_text)
        return no_update if spec is None else ticker_options(service.tickers(), spec.ticker)

    app.clientside_callback(
        script("markTicker"),
        Output(of(PAGE, "ticker"), "options", allow_duplicate=True),
        Input(of(PAGE, "tick"), "data"),
        State(of(PAGE, "ticker"), "options"),
        State(of(PAGE, "ticker"), "value"),
        prevent_initial_call=True,
    )
    app.clientside_callback(
        script("pickTicker"),
        Output(ids.URL, "search", allow_duplicate=True),
        Input(of(PAGE, "ticker"), "value"),
        State(of(PAGE, "spec"), "data"),
        State(ids.URL, "search"),
        prevent_initial_call=True,
    )


def _register_watch(app: Dash) -> None:
    @app.callback(
        Output(ids.URL, "search", allow_duplicate=True),
        Output(of(PAGE, "watch-error"), "children"),
        Output(of(PAGE, "watch"), "invalid"),
        Input(ids.TYPED_PAIR, "data"),
        State(ids.URL, "search"),
        prevent_initial_call=True,
    )
    def watch(typed: object, search: object) -> Any:
        if not isinstance(typed, dict):
            return no_update, no_update, no_update
        return render_watch(typed.get("pair"), search)

    app.clientside_callback(
        script("collectPair"),
        Output(ids.TYPED_PAIR, "data"),
        Input(of(PAGE, "watch-go"), "n_clicks"),
        Input(of(PAGE, "watch"), "n_submit"),
        State(of(PAGE, "watch"), "value"),
        prevent_initial_call=True,
    )


def render_watch(typed: object, search: object) -> tuple[Any, str, bool]:
    """Return the address of the pair that was typed, or the sentence why it is none."""
    try:
        ticker = read_pair(typed)
    except ParameterError as error:
        return no_update, str(error), True
    query = dict(parse_qsl(search.removeprefix("?"))) if isinstance(search, str) else {}
    kept = {"refresh": query["refresh"]} if "refresh" in query else {}
    return "?" + urlencode({"ticker": ticker, **kept}), "", False


def read_pair(typed: object) -> str:
    """Return the ticker of ``ETH``, ``eth-usd`` or ``ETH/USD``.

    Raises
    ------
    ParameterError
        Nothing was typed, an exchange's own symbol was, or it is no pair at all.
    """
    text = str(typed or "").strip().upper().replace("/", "-")
    if not text:
        raise ParameterError("ticker", "Type a coin such as ETH, or a pair such as ETH-USD.")
    symbol = _EXCHANGE_SYMBOL.fullmatch(text)
    if symbol is not None:
        coin = symbol["coin"]
        sentence = f"{text[:24]} is an exchange's own symbol: type {coin} or {coin}-USD."
        raise ParameterError("ticker", sentence)
    return parse_ticker(text if "-" in text else f"{text}-USD")


def render_apply(values: Mapping[str, object], preferences: object) -> tuple[Any, ...]:
    """Return the new address and preferences, or a sentence beside each refused field."""
    errors = field_errors(values)
    sentences = [errors.get(name, "") for name in CONTROL_NAMES]
    invalid = [name in errors for name in CONTROL_NAMES]
    if errors:
        return no_update, no_update, *sentences, *invalid
    known = preferences if isinstance(preferences, dict) else {}
    refresh = parse_whole_number("refresh", values["refresh"])
    wish = {**known, "v": 1, "refresh": refresh}
    return address(ForecastSpec.parse(values)), wish, *sentences, *invalid


def address(spec: ForecastSpec) -> str:
    """Return the query string that names `spec`; inverse of the pages' reading."""
    return "?" + urlencode({"ticker": spec.ticker, **spec.non_defaults})


def field_errors(values: Mapping[str, object]) -> dict[str, str]:
    """Return the sentence for every field that cannot be used; empty when all can."""
    errors: dict[str, str] = {}
    for name in CONTROL_NAMES:
        try:
            _check(name, values)
        except ParameterError as error:
            errors.setdefault(error.field, str(error))
    return errors


def _check(name: str, values: Mapping[str, object]) -> None:
    if name == "refresh":
        parse_whole_number("refresh", values.get("refresh"))
        return
    together = ("max_points", name) if name == "train_window" else (name,)
    ForecastSpec.parse({key: values.get(key) for key in together})
