"""The small charts: profit, and errors beside those of "no change". See `charts`."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from components.charts import Figure
from components.theme import chart_layout
from core.domain import TailTrace


def profit_figure() -> Figure:
    """Return the empty profit chart; the browser adds a point every tick."""
    trace = {
        "uid": "profit",
        "x": [],
        "y": [],
        "mode": "lines+markers",
        "line": {"width": 1.4, "color": "--ch-up"},
        "marker": {"size": 3, "color": "--ch-up"},
        "connectgaps": False,
        "hovertemplate": "%{y:+,.2f} USD<extra></extra>",
    }
    # Of its own, because a filled line is filled across its gaps.
    ground = {
        "uid": "profit-ground",
        "x": [],
        "y": [],
        "mode": "lines",
        "line": {"width": 0},
        "fill": "tozeroy",
        "fillcolor": "--up-soft",
        "hoverinfo": "skip",
    }
    layout = chart_layout(
        margin={"t": 8},
        yaxis={"nticks": 4, "tickformat": "+,", "zeroline": True, "zerolinecolor": "--ch-zero"},
        xaxis={"nticks": 6, "hoverformat": "%H:%M:%S"},
    )
    return {"data": [trace, ground], "layout": layout}


def error_figure(tail: TailTrace) -> Figure:
    """Return absolute errors in USD of a tail's forecasts beside those of "no change"."""
    known = [
        (target, abs(actual - point), abs(actual - then))
        for target, point, then, actual in zip(
            tail.target, tail.point, tail.price_at_issue, tail.actual, strict=True
        )
        if actual is not None
    ]
    times = [row[0] for row in known]
    wide = {"width": 5, "color": "--ch-rw"}
    return {
        "data": [
            _line("no-change", wide, "No change", times, [row[2] for row in known], opacity=0.45),
            _line(
                "model",
                {"width": 1.6, "color": "--ch-forecast"},
                "Model",
                times,
                [row[1] for row in known],
            ),
        ],
        "layout": chart_layout(margin={"t": 8}, yaxis={"rangemode": "tozero"}),
    }


def _line(
    uid: str, line: Figure, name: str, x: Sequence[int], y: Sequence[float], **more: Any
) -> Figure:
    return {
        "uid": uid,
        "name": name,
        "mode": "lines",
        "line": line,
        "x": list(x),
        "y": list(y),
        "hovertemplate": f"{name} %{{y:,.2f}} USD<extra></extra>",
        **more,
    }
