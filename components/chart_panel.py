"""The panel "Live vs predicted": tools, legend, the chart's place."""

from __future__ import annotations

from typing import Any, Final

from dash import html

from components import states
from components.elements import graph, panel, slot
from components.ids import of
from core.domain import ForecastSpec

HOW: Final = (
    "Left of the upright line is what happened: the price, and for each time what had been "
    "forecast for it {minutes} minutes before, with the band that should hold four prices in "
    "five. Right of it is what is forecast now, against no change. Hover tells a minute. Drag to "
    "move; zoom time with + and -, Ctrl and the wheel, or two fingers; double click to follow "
    "again. An amber span is time without candles."
)
# (minutes, label); 1440 is everything drawn since the session began.
_RANGES: Final = ((15, "15 m"), (60, "1 h"), (180, "3 h"), (480, "8 h"), (1440, "All"))


def chart_panel(page: str, spec: ForecastSpec) -> html.Section:
    """Return the chart with its tools; figures come with each new snapshot."""
    minutes = spec.horizon_minutes("long")
    return panel(
        "Live vs predicted",
        _legend(minutes),
        html.Div(
            [
                graph(of(page, "chart"), "main"),
                html.Div(slot("tag"), className="price-tag"),
                states.progress_panel(),
                states.charts_missing(),
            ],
            className="chart-box",
            **{"data-spec": spec.to_text()},
        ),
        subtitle=html.Span(id=of(page, "subtitle")),
        tools=[_tools()],
        how=HOW.format(minutes=minutes),
        class_name="chart-panel",
        **{"data-draw": "line"},
    )


def _tools() -> html.Div:
    """Return three groups of buttons; assets/toolbar.js presses those that are wished."""
    ranges = [(str(minutes), label) for minutes, label in _RANGES]
    return html.Div(
        [
            _choice("minutes", "Range", ranges),
            _choice("draw", "Drawn as", [("line", "Line"), ("candles", "Candles")]),
            _choice("scale", "Price axis", [("fit", "Fit"), ("two", "±2\u202f%")]),
        ],
        className="chart-tools",
    )


def _choice(wish: str, label: str, choices: list[tuple[str, str]]) -> html.Div:
    buttons = [
        html.Button(
            text,
            type="button",
            **{"data-wish": wish, "data-value": value, "aria-pressed": "false"},
        )
        for value, text in choices
    ]
    return html.Div(buttons, className=f"seg seg-{wish}", role="group", **{"aria-label": label})


def _legend(minutes: int) -> html.Div:
    """Return every line of the legend; styles show those of what is drawn."""
    entries = [
        ("Price", "", "--ch-actual", "for-line"),
        ("Rise", "hollow", "--ch-up", "for-candles"),
        ("Fall", "blk", "--ch-down", "for-candles"),
        ("Volume", "bars", "--ch-zero", ""),
        ("Forecast", "dash", "--ch-forecast", ""),
        ("No change", "dots", "--ch-rw", ""),
        ("50, 80, 95 % ahead", "fan", "--ch-band-80", ""),
        (f"80 % band, {minutes} min before", "blk", "--ch-band-80", ""),
        ("Bought", "rise", "--ch-up", "for-buys"),
        ("Sold", "fall", "--ch-down", "for-sells"),
        ("No candles", "blk", "--warn-soft", "for-gaps"),
    ]
    return html.Div([_entry(*entry) for entry in entries], className="leg leg-live")


def _entry(label: str, kind: str, token: str, when: str) -> html.Span:
    sign: dict[str, Any] = {"className": kind, "style": {"--c": f"var({token})"}}
    return html.Span([html.I(**sign), label], className=when or None)
