"""How each trace of "Live vs predicted" is drawn; its points come from `charts` or the browser.

Hover is written by one trace, ``price`` (assets/live-hover.js puts the words together), by the
markers ahead and by the reader's trades, so that nothing is said twice.
"""

from __future__ import annotations

from typing import Any, Final

from components.fan import FAN_LEVELS, fan_uids

Style = dict[str, Any]

_EDGE: Final[Style] = {"mode": "lines", "line": {"width": 0}, "hoverinfo": "skip"}
_BAND: Final[Style] = {"fill": "tonexty", "fillcolor": "--ch-band-80"}
_DASHED: Final[Style] = {"width": 1.4, "color": "--ch-forecast", "dash": "5px,3px"}
_SILENT: Final[Style] = {"mode": "lines", "hoverinfo": "skip"}
_WORDS: Final[Style] = {"hovertemplate": "%{customdata}<extra></extra>", "customdata": []}


def live_styles(price_format: str) -> dict[str, Style]:
    """Return the traces without their points, in the order they are painted.

    Parameters
    ----------
    price_format : str
        How plotly writes a price, such as ``%{y:,.2f}``.
    """
    return {
        "volume": _volume(),
        "tail-low": _EDGE,
        "tail-high": {**_EDGE, **_BAND},
        **_fan(),
        "no-change": {**_SILENT, "line": {"width": 1.4, "color": "--ch-rw", "dash": "dot"}},
        "tail": {**_SILENT, "line": _DASHED},
        "path": {**_SILENT, "line": _DASHED},
        "candles": _candles(),
        "price": {
            "mode": "lines",
            "line": {"width": 1.6, "color": "--ch-actual"},
            "connectgaps": False,
            **_WORDS,
        },
        "live": _live(price_format),
        "long": _ring(10),
        "minute": _ring(8),
        "buys": _trades("triangle-up", "--ch-up"),
        "sells": _trades("triangle-down", "--ch-down"),
    }


def _fan() -> dict[str, Style]:
    """Return the edges of the bands ahead, the widest first, each filled to its other edge."""
    styles = {}
    for level in FAN_LEVELS:
        low, high = fan_uids(level)
        fill = {"fill": "tonexty", "fillcolor": f"--ch-band-{round(100 * level)}"}
        styles |= {low: _EDGE, high: {**_EDGE, **fill}}
    return styles


def _volume() -> Style:
    return {
        "type": "bar",
        "yaxis": "y2",
        "marker": {"color": "--ch-zero", "line": {"width": 0}},
        "hoverinfo": "skip",
    }


def _candles() -> Style:
    """Return the candles: a rise is hollow and a fall is filled, besides the colours."""
    return {
        "type": "candlestick",
        "visible": False,
        "hoverinfo": "skip",
        "increasing": {"fillcolor": "--surface", "line": {"width": 1, "color": "--ch-up"}},
        "decreasing": {"fillcolor": "--ch-down", "line": {"width": 1, "color": "--ch-down"}},
    }


def _live(price_format: str) -> Style:
    return {
        "mode": "lines+markers",
        "line": {"width": 1.2, "color": "--ch-actual"},
        "marker": {"size": 2.5, "color": "--ch-actual"},
        "connectgaps": False,
        "hovertemplate": f"live <b>{price_format}</b><extra></extra>",
    }


def _ring(size: int) -> Style:
    edge = {"width": 2.4, "color": "--ch-forecast"}
    return {
        "mode": "markers",
        "marker": {"size": size, "color": "--surface", "line": edge},
        **_WORDS,
    }


def _trades(symbol: str, colour: str) -> Style:
    edge = {"width": 1.5, "color": "--surface"}
    return {
        "mode": "markers",
        "cliponaxis": False,
        "marker": {"symbol": symbol, "size": 12, "color": colour, "line": edge},
        **_WORDS,
    }
