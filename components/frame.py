"""The frame of a page: its interval, its stores, the status strip, the main landmark."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from dash import dcc, html

from components import states
from components.elements import icon, slot
from components.ids import of
from core.domain import PARAMETER_RANGES, ForecastSpec, parse_whole_number
from core.errors import ParameterError

DEFAULT_SPEC: Final = ForecastSpec()


def read_spec(default: ForecastSpec, query: Mapping[str, str]) -> tuple[ForecastSpec, str]:
    """Return the spec an address asks for, and a sentence where it cannot be had."""
    asked = {name: value for name, value in query.items() if name in default.to_dict()}
    try:
        spec = ForecastSpec.parse({"ticker": default.ticker, **asked}) if asked else default
    except ParameterError as error:
        return default, f"{error} The default is shown instead."
    return spec, _refresh_sentence(query)


def _refresh_sentence(query: Mapping[str, str]) -> str:
    try:
        parse_whole_number("refresh", query.get("refresh", PARAMETER_RANGES["refresh"].default))
    except ParameterError as error:
        return f"{error} The page keeps its own pace."
    return ""


def page_frame(page: str, spec: ForecastSpec, sentence: str, *content: Any) -> html.Div:
    """Return a page that ticks.

    `data-state` is the state of the last tick (see `callbacks.ticks.condition`): styles
    decide by it what is shown. Every page has the same stores, prefixed with its name:
    ``tick`` (small, every few seconds), ``need`` (set when a new version is announced)
    and ``paint`` (what that version brings).
    """
    return html.Div(
        [
            dcc.Interval(id=of(page, "interval"), interval=_default_refresh_ms()),
            dcc.Store(id=of(page, "spec"), data=spec.to_text()),
            dcc.Store(id=of(page, "tick")),
            dcc.Store(id=of(page, "need")),
            dcc.Store(id=of(page, "paint")),
            _strip(page),
            html.Main(
                [states.parameter_notice(sentence) if sentence else None, *content],
                id="main",
                className="page",
                tabIndex=-1,
            ),
        ],
        id=of(page, "page"),
        className="page-root",
        **{"data-page": page, "data-spec": spec.to_text(), "data-state": "waiting"},
    )


def _default_refresh_ms() -> int:
    return 1000 * (PARAMETER_RANGES["refresh"].default or 3)


def _strip(page: str) -> html.Div:
    """Return the status strip: one amber sentence where all is not well, then facts.

    The facts stand in the order of their worth: those that find no room are seen when the
    strip is unfolded by its name (assets/dialogs.js), with the whole sentence.
    """
    facts = [
        html.Span(["Price ", slot("quote-age", "strip-b")], className="fact"),
        html.Span(["Last candle ", slot("candle", "strip-b")], className="fact"),
        html.Span(["Models ", slot("models", "strip-b")], className="fact"),
        html.Span(["Engine beat ", slot("beat", "strip-b")], className="fact"),
        html.Span(["Weight ", slot("weight", "strip-b")], className="fact"),
        html.Span(["Forecasts issued ", slot("issued", "strip-b")], className="fact"),
    ]
    return html.Div(
        [
            _strip_head(),
            html.Div(
                [
                    html.Span(slot("note"), className="note", role="status"),
                    html.Div(facts, className="facts"),
                ],
                className="strip-more",
            ),
            _refresh_button(page),
            _pause_button(page),
        ],
        className="strip",
    )


def _strip_head() -> html.Button:
    return html.Button(
        [html.I(className="dot"), slot("provider", "strip-b"), slot("since")],
        className="strip-head",
        title="All facts of the data's state",
        **{"aria-expanded": "false", "data-unfold-strip": ""},
    )


def _refresh_button(page: str) -> html.Button:
    return html.Button(
        icon("refresh"),
        id=of(page, "refresh"),
        className="pause refresh",
        title="Refresh prices now; nothing is retrained",
        **{"aria-label": "Refresh prices"},
    )


def _pause_button(page: str) -> html.Button:
    return html.Button(
        [html.Span("Every "), slot("refresh", "strip-b"), icon("pause")],
        id=of(page, "pause"),
        className="pause",
        title="Pause or go on",
        **{"aria-pressed": "false", "data-pause": ""},
    )
