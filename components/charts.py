"""Charts as plain dicts of Python lists, with colours named by token (see `theme`).

Times are epoch milliseconds UTC; plotly writes such numbers in the reader's zone. Every
trace has a `uid`, by which assets/charts.js extends or replaces it. Never `go.Figure` (25 ms
a build), never numpy arrays (base64, which cannot be extended).
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterator
from itertools import groupby
from typing import Any, Final

from components.fan import fan
from components.formatting import decimals, epoch_ms
from components.theme import chart_layout
from core.domain import Forecast, Series, Snapshot, TailTrace

Figure = dict[str, Any]
SESSION_MS: Final = 8 * 3_600_000
_MINUTE_MS: Final = 60_000


def session_cutoff(series: Series) -> int:
    """Return the first instant a chart opened now shows: 8 hours before the newest candle."""
    return series.close_time[-1] - SESSION_MS


def live_figure(snapshot: Snapshot, series: Series, cutoff: int) -> Figure:
    """Return the whole chart "Live vs predicted" from `cutoff` on."""
    rows = _rows_after(series, cutoff - 1)
    price_format = f"%{{y:,.{decimals(snapshot.price)}f}}"
    price = {"x": series.close_time[rows:], "y": series.close[rows:]}
    moving = _moving_parts(snapshot, series, cutoff)
    parts: dict[str, dict[str, Any]] = {**moving, "price": price, "live": {"x": [], "y": []}}
    styles = _live_styles(price_format)
    return {
        "data": [{**styles[uid], "uid": uid, **parts[uid]} for uid in styles],
        "layout": chart_layout(
            shapes=_shapes(snapshot, series, rows),
            annotations=_annotations(snapshot),
            margin={"t": 30, "r": 66},
            yaxis={"tickformat": f",.{0 if decimals(snapshot.price) == 2 else 4}f"},
        ),
    }


def live_step(snapshot: Snapshot, series: Series, cutoff: int, since: int) -> dict[str, Any]:
    """Return what changed on that chart since the candle that closed at `since`."""
    new = _rows_after(series, since)
    shown = _rows_after(series, cutoff - 1)
    return {
        "x": series.close_time[new:],
        "y": series.close[new:],
        "replace": _moving_parts(snapshot, series, cutoff),
        "shapes": _shapes(snapshot, series, shown),
        "annotations": _annotations(snapshot),
    }


def continues(series: Series, since: int) -> bool:
    """Tell whether a chart whose last candle closed at `since` can be extended."""
    return bool(series.close_time) and series.close_time[0] <= since <= series.close_time[-1]


def _live_styles(price_format: str) -> dict[str, dict[str, Any]]:
    """Return the traces without their points, in the order they are painted."""
    edge = {"mode": "lines", "line": {"width": 0}, "hoverinfo": "skip"}
    dashed = {"width": 1.4, "color": "--ch-forecast", "dash": "5px,3px"}
    ring = {"size": 10, "color": "--surface", "line": {"width": 2.4, "color": "--ch-forecast"}}
    band = {"fill": "tonexty", "fillcolor": "--ch-band-80"}
    low, high = "low " + price_format, "high " + price_format
    return {
        "tail-low": {**edge, **_hover(low)},
        "tail-high": {**edge, **band, **_hover(high)},
        "fan-low": edge,
        "fan-high": {**edge, **band},
        "no-change": {
            "mode": "lines",
            "line": {"width": 1.4, "color": "--ch-rw", "dash": "dot"},
            **_hover("no change " + price_format),
        },
        "tail": {"mode": "lines", "line": dashed, **_hover("forecast " + price_format)},
        "path": {"mode": "lines", "line": dashed, "hoverinfo": "skip"},
        "price": {
            "mode": "lines",
            "line": {"width": 1.6, "color": "--ch-actual"},
            "connectgaps": False,
            **_hover(f"<b>{price_format}</b> at %{{customdata}} UTC"),
        },
        "live": {
            "mode": "lines+markers",
            "line": {"width": 1.2, "color": "--ch-actual"},
            "marker": {"size": 2.5, "color": "--ch-actual"},
            **_hover("live " + price_format),
        },
        "long": {"mode": "markers", "marker": ring, **_hover("forecast " + price_format)},
        "minute": {
            "mode": "markers",
            "marker": {**ring, "size": 8},
            **_hover("next " + price_format),
        },
    }


def _hover(template: str) -> dict[str, Any]:
    return {"hovertemplate": template + "<extra></extra>", "hoverinfo": "all"}


def _moving_parts(snapshot: Snapshot, series: Series, cutoff: int) -> dict[str, dict[str, Any]]:
    """Return the points of every trace that is redrawn with each candle."""
    long = snapshot.forecasts.get("long")
    minute = snapshot.forecasts.get("minute")
    ahead = sorted((f for f in (minute, long) if f is not None), key=lambda f: f.target_time)
    cone = fan(ahead)
    return {
        **_tail_parts(series.tails.get("long"), cutoff, epoch_ms(snapshot.as_of)),
        "fan-low": {"x": cone["x"], "y": cone["low"]},
        "fan-high": {"x": cone["x"], "y": cone["high"]},
        **_path_parts(ahead[-1] if ahead else None),
        "long": _point(long),
        "minute": _point(minute),
    }


def _path_parts(far: Forecast | None) -> dict[str, dict[str, Any]]:
    """Return the far forecast and its own "no change", both from the price at its issue."""
    if far is None:
        return {uid: {"x": [], "y": []} for uid in ("no-change", "path")}
    x = [epoch_ms(far.issued_at), epoch_ms(far.target_time)]
    return {
        "no-change": {"x": x, "y": [far.price_at_issue, far.random_walk]},
        "path": {"x": x, "y": [far.price_at_issue, far.point]},
    }


def _point(forecast: Forecast | None) -> dict[str, Any]:
    if forecast is None:
        return {"x": [], "y": []}
    return {"x": [epoch_ms(forecast.target_time)], "y": [forecast.point]}


def _tail_parts(tail: TailTrace | None, cutoff: int, now: int) -> dict[str, dict[str, Any]]:
    """Return the ribbon of forecasts whose target lies between `cutoff` and `now`."""
    if tail is None:
        return {uid: {"x": [], "y": []} for uid in ("tail-low", "tail-high", "tail")}
    met = slice(bisect_left(tail.target, cutoff), bisect_right(tail.target, now))
    x = tail.target[met]
    return {
        "tail-low": {"x": x, "y": tail.low[met]},
        "tail-high": {"x": x, "y": tail.high[met]},
        "tail": {"x": x, "y": tail.point[met]},
    }


def _shapes(snapshot: Snapshot, series: Series, first_row: int) -> list[Figure]:
    """Return the now line, and an amber span for every run of missing minutes."""
    now = epoch_ms(snapshot.as_of)
    line = {"color": "--ch-zero", "width": 1}
    across = {"yref": "paper", "y0": 0, "y1": 1}
    shapes: list[Figure] = [{"type": "line", "x0": now, "x1": now, "line": line, **across}]
    for start, end in _gaps(series, first_row):
        shapes.append(
            {
                "type": "rect",
                "x0": start,
                "x1": end,
                "fillcolor": "--warn-soft",
                "line": {"width": 0},
                "layer": "below",
                **across,
            }
        )
    return shapes


def _gaps(series: Series, first_row: int) -> Iterator[tuple[int, int]]:
    rows = zip(series.close_time[first_row:], series.close[first_row:], strict=True)
    for missing, run in groupby(rows, key=lambda row: row[1] is None):
        if missing:
            times = [row[0] for row in run]
            yield times[0] - _MINUTE_MS, times[-1]


def _annotations(snapshot: Snapshot) -> list[Figure]:
    """Return the words above the plot; the script puts the local time in the place of @."""
    above = {"yref": "paper", "y": 1, "yanchor": "bottom", "yshift": 4, "showarrow": False}
    now = epoch_ms(snapshot.as_of)
    marks = [{**above, "x": now, "text": "now @", "xanchor": "right", "font": {"color": "--text"}}]
    long = snapshot.forecasts.get("long")
    if long is not None:
        target = epoch_ms(long.target_time)
        marks.append({**above, "x": target, "text": "@", "font": {"color": "--ch-forecast"}})
    unit = {**above, "xref": "paper", "x": 1, "xanchor": "left", "text": "USD", "xshift": 8}
    return [*marks, unit]


def _rows_after(series: Series, time: int) -> int:
    """Return the index of the first candle that closed after `time`."""
    return bisect_right(series.close_time, time)
