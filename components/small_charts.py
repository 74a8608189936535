"""The small chart of Live: profit. See `charts`."""

from __future__ import annotations

from components.charts import Figure
from components.theme import chart_layout


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
