"""Charts as plain dicts of Python lists, with colours named by token (see `theme`).

Times are epoch milliseconds UTC; plotly writes such numbers in the reader's zone. Every
trace has a `uid`, by which assets/charts.js extends or replaces it. Never `go.Figure` (25 ms
a build), never numpy arrays (base64, which cannot be extended).
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterator
from itertools import groupby, pairwise
from typing import Any, Final
from zlib import crc32

from components.fan import fan_parts
from components.formatting import decimals, epoch_ms, number
from components.live_traces import live_styles
from components.theme import chart_layout
from core.domain import Forecast, Series, Snapshot, TailTrace

Figure = dict[str, Any]
SESSION_MS: Final = 8 * 3_600_000
# Half of what a `Series` holds: its oldest candles leave it with every new one.
_DIGEST_MS: Final = 12 * 3_600_000
_COLUMNS: Final = ("open", "high", "low", "close", "volume")
_MINUTE_MS: Final = 60_000
# A forecast or two may be missing: what is drawn over less than this is no outage.
_MOST_STEPS: Final = 3
_TailRow = tuple[int, float | None, float | None, float | None]
_NO_POINTS: Final[dict[str, list[Any]]] = {"x": [], "y": []}
# Price above, volume in a band below it; what is left keeps them apart.
_PRICE_SHARE: Final = 0.83
_VOLUME_SHARE: Final = 0.14
# Digits by the distance of the labels, so that no two read the same.
_PRICE_TICKS: Final = [
    {"dtickrange": [1, None], "value": ",.0f"},
    {"dtickrange": [0.1, 1], "value": ",.1f"},
    {"dtickrange": [0.01, 0.1], "value": ",.2f"},
    {"dtickrange": [0.0001, 0.01], "value": ",.4f"},
    {"dtickrange": [None, 0.0001], "value": ",.7f"},
]


def session_cutoff(series: Series) -> int:
    """Return the first instant a chart opened now shows: 8 hours before the newest candle."""
    return series.close_time[-1] - SESSION_MS


def live_figure(snapshot: Snapshot, series: Series, cutoff: int) -> Figure:
    """Return the whole chart "Live vs predicted" but for its candles (see `candles`)."""
    first_row = _rows_after(series, cutoff - 1)
    moving = _moving_parts(snapshot, series, cutoff)
    styles = live_styles(f"%{{y:,.{decimals(snapshot.price)}f}}")
    return {
        "data": [
            {**style, "uid": uid, **moving.get(uid, _NO_POINTS)} for uid, style in styles.items()
        ],
        "layout": chart_layout(
            shapes=_shapes(snapshot, series, first_row),
            annotations=_annotations(snapshot),
            margin={"t": 30, "r": 66},
            hoversubplots="axis",
            xaxis={"anchor": "y2", "rangeslider": {"visible": False}},
            yaxis={"domain": [1 - _PRICE_SHARE, 1], "tickformatstops": _PRICE_TICKS},
            yaxis2={"domain": [0, _VOLUME_SHARE], "visible": False, "fixedrange": True},
        ),
    }


def live_step(snapshot: Snapshot, series: Series, cutoff: int, since: int) -> dict[str, Any]:
    """Return what changed on that chart since the candle that closed at `since`."""
    return {
        "candles": candles(series, since),
        "replace": _moving_parts(snapshot, series, cutoff),
        "shapes": _shapes(snapshot, series, _rows_after(series, cutoff - 1)),
        "annotations": _annotations(snapshot),
    }


def candles(series: Series, since: int) -> dict[str, Any]:
    """Return the candles that closed after `since`, as columns.

    Returns
    -------
    dict
        ``first``, the close time of the first one (one follows each minute, a missing one as
        None), the columns of prices and ``volume``, and ``filled``, the close times of those
        without trades.
    """
    row = _rows_after(series, since)
    columns = {name: getattr(series, name)[row:] for name in ("open", "high", "low", "close")}
    return {
        "first": series.close_time[row] if row < len(series.close_time) else None,
        **columns,
        "volume": [None if v is None else float(f"{v:.4g}") for v in series.volume[row:]],
        "filled": [time for time in series.filled if time > since],
    }


def continues(series: Series, since: int) -> bool:
    """Tell whether a chart whose last candle closed at `since` can be extended."""
    return bool(series.close_time) and series.close_time[0] <= since <= series.close_time[-1]


def digest(series: Series, since: int) -> int:
    """Return a number that tells one past from another, up to the candle that closed at `since`.

    Minutes that were missing and came later, and candles that were corrected, change it. It
    covers twelve hours, or as many as are held.
    """
    rows = slice(_rows_after(series, since - _DIGEST_MS), _rows_after(series, since))
    first = series.close_time[rows][:1]
    filled = [time for time in series.filled if since - _DIGEST_MS < time <= since]
    columns = [getattr(series, name)[rows] for name in _COLUMNS]
    return crc32(repr((first, filled, columns)).encode())


def _moving_parts(snapshot: Snapshot, series: Series, cutoff: int) -> dict[str, dict[str, Any]]:
    """Return the points of every trace that is redrawn with each candle."""
    long = snapshot.forecasts.get("long")
    minute = snapshot.forecasts.get("minute")
    ahead = sorted((f for f in (minute, long) if f is not None), key=lambda f: f.target_time)
    return {
        **_tail_parts(snapshot, series.tails.get("long"), cutoff),
        **fan_parts(ahead),
        **_path_parts(ahead[-1] if ahead else None),
        "long": _point(long),
        "minute": _point(minute),
    }


def _path_parts(far: Forecast | None) -> dict[str, dict[str, Any]]:
    """Return the far forecast and its own "no change", both from the price at its issue."""
    if far is None:
        return dict.fromkeys(("no-change", "path"), _NO_POINTS)
    x = [epoch_ms(far.issued_at), epoch_ms(far.target_time)]
    return {
        "no-change": {"x": x, "y": [far.price_at_issue, far.random_walk]},
        "path": {"x": x, "y": [far.price_at_issue, far.point]},
    }


def _point(forecast: Forecast | None) -> dict[str, Any]:
    if forecast is None:
        return {**_NO_POINTS, "customdata": []}
    return {
        "x": [epoch_ms(forecast.target_time)],
        "y": [forecast.point],
        "customdata": [_forecast_words(forecast)],
    }


def _forecast_words(forecast: Forecast) -> str:
    """Return what a marker ahead says, in the order of the words about the past."""
    digits = decimals(forecast.point)
    lines = [
        f"({forecast.target_time:%H:%M} UTC)",
        f"Forecast <b>{number(forecast.point, digits)}</b>",
    ]
    if forecast.band is not None:
        low, high = (number(edge, digits) for edge in (forecast.band.low, forecast.band.high))
        lines.append(f"{forecast.band.level:.0%} band {low} – {high}".replace("%", "\u202f%"))
    return "<br>".join([*lines, f"No change {number(forecast.random_walk, digits)}"])


def _tail_parts(
    snapshot: Snapshot, tail: TailTrace | None, cutoff: int
) -> dict[str, dict[str, Any]]:
    """Return the ribbon of forecasts whose target lies between `cutoff` and now."""
    if tail is None:
        return dict.fromkeys(("tail-low", "tail-high", "tail"), _NO_POINTS)
    now = epoch_ms(snapshot.as_of)
    met = slice(bisect_left(tail.target, cutoff), bisect_right(tail.target, now))
    digits = decimals(snapshot.price)
    columns = (
        [round(value, digits) for value in column[met]]
        for column in (tail.low, tail.high, tail.point)
    )
    rows = _parted(list(zip(tail.target[met], *columns, strict=True)))
    times = [row[0] for row in rows]
    uids = ("tail-low", "tail-high", "tail")
    return {uid: {"x": times, "y": [row[n] for row in rows]} for n, uid in enumerate(uids, start=1)}


def _parted(rows: list[_TailRow]) -> list[_TailRow]:
    """Return rows of (time, low, high, point) so that nothing is drawn where none was issued.

    A line ends where a point is None; a ribbon does not, but between two edges that meet it has
    no width.
    """
    pairs = list(pairwise(rows))
    step = min((after[0] - before[0] for before, after in pairs), default=0)
    parted = rows[:1]
    for before, after in pairs:
        if after[0] - before[0] > _MOST_STEPS * step:
            parted += [(time, point, point, None) for time, _, _, point in (before, after)]
        parted.append(after)
    return parted


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
