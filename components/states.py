"""Every state of a panel besides "all is well", designed once.

Empty, loading, refused, silent and stale are words and a sentence, never a blank.
"""

from __future__ import annotations

from typing import Any

from dash import html

from components.elements import icon, slot


def empty(title: str, text: Any, class_name: str = "") -> html.Div:
    """Return what a panel shows while there is nothing to show yet, and the next step."""
    return html.Div(
        [html.P(title, className="m"), html.P(text, className="t2")],
        className=f"state-empty {class_name}".strip(),
    )


def notice(sentence: str, kind: str = "warn") -> html.Div:
    """Return a sentence with a sign; `kind` is "warn", "down" or "acc"."""
    sign = {"warn": "alert", "down": "alert"}.get(kind, "info")
    return html.Div(
        [icon(sign, kind), html.Span(sentence)], className=f"msg msg-{kind}", role="status"
    )


def parameter_notice(sentence: str) -> html.Div:
    """Return the sentence for a bad parameter in the address, at the top of the page."""
    return html.Div(
        [
            icon("alert", "down"),
            html.B(sentence),
        ],
        className="panel msg page-notice",
        id="parameter-notice",
        role="alert",
    )


def skeleton(lines: int = 3) -> html.Div:
    """Return grey bars of the size of the text to come, and a word where none will come."""
    bars = [html.Span(className=f"sk sk-{n % 3}") for n in range(lines)]
    return html.Div(
        [
            html.Div(bars, className="skeleton", **{"aria-hidden": "true"}),
            html.P("No forecast", className="when-nothing t3"),
        ]
    )


def charts_missing() -> html.Div:
    """Return what stands in a chart's place while the script that draws it does not come.

    Seen while assets/01-plotly.js says so: that asks for it again and again.
    """
    sentence = (
        "The charts could not be loaded. They are asked for again until they come; "
        "price, forecasts and position go on meanwhile."
    )
    return html.Div(notice(sentence), className="charts-missing")


def progress_panel() -> html.Div:
    """Return what stands in a chart's place while the engine prepares the forecast.

    The browser fills it from the tick: stage, done of total, or the sentence why nothing
    comes (refused, failed, silent). The page's `data-state` decides whether it is seen.
    """
    return html.Div(
        html.Div(
            [
                html.Div([slot("stage", "m"), slot("steps", "t2 num")], className="progress-head"),
                html.Div(
                    html.I(**{"data-slot": "bar"}),
                    className="pbar",
                    **{"aria-hidden": "true"},
                ),
                slot("why", "t2"),
            ],
            className="progress-box",
            role="status",
        ),
        className="progress-panel",
    )
