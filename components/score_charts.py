"""Charts of what published forecasts were worth. See `charts` for how figures are written."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

from components.charts import Figure
from components.formatting import duration, epoch_ms
from components.theme import chart_layout
from core.domain import FEWEST_FOR_A_POINT, Curve, Event, EventKind, Moves

EVENT_WORDS: Final[dict[EventKind, str]] = {
    "engine": "Engine started",
    "training": "Trained",
    "promotion": "New champion",
    "breaker": "Breaker",
    "provider": "Other exchange",
    "outage": "Outage",
    "ledger": "Ledger damaged",
}
_SIGNS: Final[dict[EventKind, str]] = {
    "engine": "circle-open",
    "training": "circle",
    "promotion": "triangle-up",
    "breaker": "square",
    "provider": "diamond",
    "outage": "x",
    "ledger": "star",
}
_TOO_FEW: Final = f"The first point needs {FEWEST_FOR_A_POINT} forecasts with their outcome"
_LEAST_SPAN_MS: Final = 600_000
_NONE_YET: Final = "No forecast has met its outcome yet"
_WIDE: Final = {"width": 5, "color": "--ch-rw"}
_LINE: Final = {"width": 1.6, "color": "--ch-forecast"}
_SKILL_AXIS: Final = {
    "rangemode": "tozero",
    "ticksuffix": "\u202f%",
    "tickformat": "+,.4~f",
}
_DATES: Final = {
    "nticks": 6,
    "hoverformat": "%e %b %H:%M",
    "tickformatstops": [
        {"dtickrange": [None, 59_999], "value": "%H:%M:%S"},
        {"dtickrange": [60_000, 43_199_999], "value": "%H:%M"},
        {"dtickrange": [43_200_000, None], "value": "%a %e"},
    ],
}


def skill_figure(curve: Curve, events: Sequence[Event]) -> Figure:
    """Return the skill in percent with its 95 % interval, zero being no change; marks on zero."""
    times, low, high = _interval(curve)
    edge = {"x": times, "mode": "lines", "line": {"width": 0}, "hoverinfo": "skip"}
    about = f"over {duration(curve.width.total_seconds())}"
    skill = {
        **_series("skill", _LINE, "Skill", curve.time, _percent(curve.skill)),
        "connectgaps": False,
        "hovertemplate": f"Skill %{{y:+.2f}}\u202f% {about}<extra></extra>",
    }
    return {
        "data": [
            {"uid": "low", "y": _percent(low), **edge},
            {
                "uid": "high",
                "y": _percent(high),
                **edge,
                "fill": "tonexty",
                "fillcolor": "--ch-band-80",
            },
            skill,
            *_marks(events, curve.time),
        ],
        "layout": _layout(
            xaxis=_room(curve.time),
            yaxis={**_zero(), **_SKILL_AXIS},
            **_note(curve.skill),
        ),
    }


def _interval(curve: Curve) -> tuple[list[int], list[float], list[float]]:
    """Return times and edges; where they are not known the two meet, and nothing is seen."""
    rows: list[tuple[int, float, float]] = []
    unknown = False
    for time, low, high in zip(curve.time, curve.low, curve.high, strict=True):
        if low is None or high is None:
            unknown = True
            continue
        if unknown and rows:
            rows += [(at, (a + b) / 2, (a + b) / 2) for at, a, b in (rows[-1], (time, low, high))]
        rows.append((time, low, high))
        unknown = False
    return [row[0] for row in rows], [row[1] for row in rows], [row[2] for row in rows]


def _note(values: Sequence[float | None], text: str = _TOO_FEW) -> Figure:
    """Return what a chart says in the place of points while it has none."""
    if any(value is not None for value in values):
        return {}
    middle = {"xref": "paper", "yref": "paper", "x": 0.5, "y": 0.5, "showarrow": False}
    return {"annotations": [{**middle, "text": text}]}


def mae_figure(curve: Curve) -> Figure:
    """Return mean absolute errors beside those of "no change", USD."""
    lines = [
        {**_series("no-change", _WIDE, "No change", curve.time, curve.mae_random_walk)},
        {**_series("model", _LINE, "Forecast", curve.time, curve.mae)},
    ]
    lines[0]["opacity"] = 0.45
    for line in lines:
        line["hovertemplate"] = f"{line['name']} %{{y:,.4~g}} USD<extra></extra>"
    return {
        "data": lines,
        "layout": _layout(
            xaxis=_room(curve.time), yaxis={"rangemode": "tozero"}, **_note(curve.mae)
        ),
    }


def gained_figure(curve: Curve, events: Sequence[Event]) -> Figure:
    """Return the sum of loss differences, USD: falling means winning."""
    line = {
        **_series("gained", _LINE, "Forecast less no change", curve.time, curve.gained),
        "fill": "tozeroy",
        "fillcolor": "--ch-band-80",
        "hovertemplate": "%{y:+,.4~g} USD<extra></extra>",
    }
    return {
        "data": [line, *_marks(events, curve.time)],
        "layout": _layout(
            xaxis=_room(curve.time),
            yaxis={**_zero(), "tickformat": "+,"},
            **_note(curve.gained, _NONE_YET),
        ),
    }


def moves_figure(moves: Moves) -> Figure:
    """Return moves as they came over moves as forecast, basis points."""
    points = {
        "uid": "moves",
        "x": moves.said,
        "y": moves.came,
        "mode": "markers",
        "marker": {"size": 4, "color": "--ch-forecast", "opacity": 0.5},
        "hovertemplate": "said %{x:+.2f} bp, came %{y:+.1f} bp<extra></extra>",
    }
    across = {
        "type": "linear",
        "showspikes": False,
        "hoverformat": "+.2f",
        "tickformat": "+,",
        "tickformatstops": [],
    }
    return {
        "data": [points],
        "layout": _layout(
            hovermode="closest",
            xaxis={**across, **_zero(), "nticks": 5},
            yaxis=_zero(),
            **_note(moves.said, _NONE_YET),
        ),
    }


def _series(
    uid: str, line: Figure, name: str, x: Sequence[int], y: Sequence[float | None]
) -> Figure:
    return {"uid": uid, "name": name, "mode": "lines", "line": line, "x": list(x), "y": list(y)}


def _marks(events: Sequence[Event], times: Sequence[int]) -> list[Figure]:
    """Return a mark for each event since the first of `times`, at the foot of the chart."""
    seen = [event for event in events if times and epoch_ms(event.at) >= times[0]]
    if not seen:
        return []
    words = [f"{EVENT_WORDS[event.kind]}: {event.text}" for event in seen]
    return [
        {
            "uid": "events",
            "x": [epoch_ms(event.at) for event in seen],
            "y": [0.03] * len(seen),
            "yaxis": "y2",
            "mode": "markers",
            "marker": {
                "size": 8,
                "symbol": [_SIGNS[event.kind] for event in seen],
                "color": "--text-2",
            },
            "customdata": [_folded(text) for text in words],
            "hovertemplate": "%{customdata}<extra></extra>",
        }
    ]


def _folded(text: str, width: int = 60) -> str:
    """Return a sentence in lines, for a hover label."""
    lines = [""]
    for word in text.split():
        if len(lines[-1]) + len(word) >= width:
            lines.append("")
        lines[-1] = f"{lines[-1]} {word}".strip()
    return "<br>".join(lines)


def _layout(**changes: Any) -> Figure:
    changes["xaxis"] = {**_DATES, **changes.get("xaxis", {})}
    changes["yaxis"] = {"nticks": 5, **changes.get("yaxis", {})}
    if "annotations" in changes:  # plotly would make up what the axes of nothing say
        for axis in ("xaxis", "yaxis"):
            changes[axis] |= {"showticklabels": False, "showgrid": False, "zeroline": False}
    hidden = {"overlaying": "y", "range": [0, 1], "visible": False, "fixedrange": True}
    return chart_layout(margin={"t": 8, "r": 66}, yaxis2=hidden, **changes)


def _room(times: Sequence[int]) -> Figure:
    """Return an axis of ten minutes at least: one point has no width, and all ticks its name."""
    if not times or times[-1] - times[0] >= _LEAST_SPAN_MS:
        return {}
    middle = (times[0] + times[-1]) // 2
    edges = [middle - _LEAST_SPAN_MS // 2, middle + _LEAST_SPAN_MS // 2]
    return {"autorangeoptions": {"include": edges}}


def _zero() -> Figure:
    return {"zeroline": True, "zerolinecolor": "--ch-zero"}


def _percent(shares: Sequence[float | None]) -> list[float | None]:
    return [None if share is None else round(100 * share, 4) for share in shares]
