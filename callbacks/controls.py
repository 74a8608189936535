"""Controls: Apply checks every field and changes the address; Retrain asks the engine."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from urllib.parse import urlencode

from dash import Dash, Input, Output, State, no_update

from callbacks.clientside import script
from callbacks.visitors import read_spec_text
from components import ids
from components.controls import ticker_options
from components.ids import CONTROL_NAMES, control, control_error, of
from core.domain import ForecastSpec, parse_whole_number
from core.errors import ParameterError
from core.forecasting.service import ForecastService
from core.settings import Settings

PAGE = "live"


def register(app: Dash, service: ForecastService, _settings: Settings) -> None:
    """Register Apply, the quick choice of a ticker, and Retrain."""
    _register_ticker(app, service)

    @app.callback(
        Output(ids.URL, "search", allow_duplicate=True),
        Output(ids.PREFERENCES, "data", allow_duplicate=True),
        *(Output(control_error(name), "children") for name in CONTROL_NAMES),
        *(Output(control(name), "invalid") for name in CONTROL_NAMES),
        Input(of(PAGE, "typed"), "data"),
        State(ids.PREFERENCES, "data"),
        prevent_initial_call=True,
    )
    def apply(typed: object, preferences: object) -> Any:
        if not isinstance(typed, dict):  # a page that opens, not a click
            return (no_update,) * (2 + 2 * len(CONTROL_NAMES))
        return render_apply(typed, preferences)

    app.clientside_callback(
        script("collect"),
        Output(of(PAGE, "typed"), "data"),
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


def render_apply(values: Mapping[str, object], preferences: object) -> tuple[Any, ...]:
    """Return the new address and preferences, or a sentence beside each refused field."""
    errors = field_errors(values)
    sentences = [errors.get(name, "") for name in CONTROL_NAMES]
    invalid = [name in errors for name in CONTROL_NAMES]
    if errors:
        return no_update, no_update, *sentences, *invalid
    known = preferences if isinstance(preferences, dict) else {}
    refresh = parse_whole_number("refresh", values["refresh"])
    wish = {"v": 1, "paused": known.get("paused") is True, "refresh": refresh}
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
