"""The frame of a page: its interval, its stores, the status strip, the main landmark."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from dash import dcc, html

from components import states
from components.elements import icon, slot
from components.ids import of
from core.domain import PARAMETER_RANGES, ForecastSpec
from core.errors import ParameterError

DEFAULT_SPEC: Final = ForecastSpec()


def read_spec(default: ForecastSpec, query: Mapping[str, str]) -> tuple[ForecastSpec, str]:
    """Return the spec an address asks for, and a sentence where it cannot be had."""
    asked = {name: value for name, value in query.items() if name in default.to_dict()}
    if not asked:
        return default, ""
    try:
        return ForecastSpec.parse({"ticker": default.ticker, **asked}), ""
    except ParameterError as error:
        return default, str(error)


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
        **{"data-page": page, "data-state": "waiting"},
    )


def _default_refresh_ms() -> int:
    return 1000 * (PARAMETER_RANGES["refresh"].default or 3)


def _strip(page: str) -> html.Div:
    """Return the status strip: facts while all is well, one amber sentence when not."""
    facts = [
        html.Span(["Last candle ", slot("candle", "strip-b")], className="fact"),
        html.Span(["Forecasts issued ", slot("issued", "strip-b")], className="fact fact-wide"),
        html.Span(["Models ", slot("models", "strip-b")], className="fact fact-wide"),
        html.Span(["Request weight ", slot("weight", "strip-b")], className="fact fact-wide"),
        html.Span(["Engine beat ", slot("beat", "strip-b")], className="fact fact-wide"),
    ]
    pause = html.Button(
        [html.Span("Every "), slot("refresh", "strip-b"), icon("pause")],
        id=of(page, "pause"),
        className="pause",
        title="Pause or go on",
        **{"aria-pressed": "false"},
    )
    return html.Div(
        [
            html.Span([html.I(className="dot"), slot("provider", "strip-b"), slot("since")]),
            *facts,
            html.Span(slot("note"), className="note", role="status"),
            html.Div(className="grow"),
            pause,
        ],
        className="strip",
    )
