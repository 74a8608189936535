"""The trade log: a grid that the browser loads when there is a first trade, and fills itself.

What the columns' functions do is in assets/tradelog.js.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any, Final

import dash_ag_grid
from dash import dcc, html
from dash.fingerprint import build_fingerprint

from components import states
from components.elements import icon
from components.ids import of

HOW: Final = (
    "Every simulated trade of the market on screen, newest first, filled in full at the price "
    "that was published then, without fees. Profit is what a sale brought less what was paid. "
    "“By cue” marks what was traded for you. The newest 500 are kept, in this browser only."
)
_SCRIPT: Final = "dash_ag_grid.min.js"
_COMPACT_ROWS: Final = 5

# Of 360 kB compressed: served, but not named in the page. Whoever trades loads it, nobody else.
for _part in dash_ag_grid._js_dist:
    if _part["relative_package_path"] == _SCRIPT:
        _part["dynamic"] = True


def trade_log(page: str, compact: bool) -> html.Div:
    """Return the place of the log of `page` and what the browser may put there.

    Parameters
    ----------
    compact : bool
        Four columns for a narrow place; the rest is told on hover.
    """
    kind = "compact" if compact else "whole"
    return html.Div(
        [
            html.Div(
                _empty(),
                id=of(page, "trades"),
                className=f"trade-log trade-log-{kind}",
                role="region",
                **{"aria-label": "Trades, newest first"},
            ),
            dcc.Store(id=of(page, "trades-parts"), data=_parts(page, compact)),
        ]
    )


def csv_button() -> html.Button:
    """Return a button that saves every kept trade of the market on screen."""
    return html.Button(
        [icon("download"), html.Span("CSV")],
        className="btn-m sm",
        title="Save as CSV: times in UTC, plain numbers",
        **{"data-trades-csv": "yes"},
    )


def _parts(page: str, compact: bool) -> dict[str, Any]:
    return {
        "script": _address(),
        "most": _COMPACT_ROWS if compact else None,
        "grid": _grid(page, compact),
        "empty": _empty(),
        "unavailable": states.notice("The table could not be loaded; the trades are kept."),
    }


def _empty() -> html.Div:
    none = states.empty(
        "No trades yet", "Set an investment: the first line appears here.", "trades-none"
    )
    damaged = states.empty(
        "The kept trades cannot be read",
        "Under “My position”, download them or start afresh.",
        "trades-damaged",
    )
    return html.Div([none, damaged])


def _address() -> str:
    """Return where Dash serves the grid's script, in the form that browsers keep for a year."""
    modified = int(Path(dash_ag_grid.__file__).with_name(_SCRIPT).stat().st_mtime)
    name = build_fingerprint(_SCRIPT, dash_ag_grid.__version__, modified)
    return f"/_dash-component-suites/dash_ag_grid/{name}"


def _grid(page: str, compact: bool) -> dash_ag_grid.AgGrid:
    return dash_ag_grid.AgGrid(
        id=of(page, "trades-grid"),
        columnDefs=_compact_columns() if compact else _columns(),
        defaultColDef={
            "sortable": not compact,
            "resizable": not compact,
            "suppressMovable": True,
            "suppressHeaderMenuButton": True,
        },
        dashGridOptions={
            "domLayout": "autoHeight",
            "tooltipShowDelay": 300,
            "suppressDragLeaveHidesColumns": True,
            "animateRows": False,
            "columnHoverHighlight": False,
        },
        getRowId="params.data.id",
        className="trade-grid",
        style={"height": None, "width": "100%"},
        dangerously_allow_code=False,
    )


def _does(function: str) -> dict[str, str]:
    return {"function": f"{function}(params)"}


def _time(width: int) -> dict[str, Any]:
    return {
        "field": "time",
        "headerName": "Time",
        "width": width,
        "valueFormatter": _does("tradeTime"),
        "tooltipValueGetter": _does("tradeUtc"),
    }


def _figure(field: str, name: str, function: str, width: int) -> dict[str, Any]:
    return {
        "field": field,
        "headerName": name,
        "width": width,
        "type": "rightAligned",
        "valueFormatter": _does(function),
    }


def _profit(name: str, width: int) -> dict[str, Any]:
    colour = {"up": "params.value > 0", "down": "params.value < 0"}
    return {**_figure("profit", name, "tradeProfit", width), "cellClassRules": colour}


def _compact_columns() -> list[dict[str, Any]]:
    told = {"tooltipValueGetter": _does("tradeInWords")}
    return [
        {**_time(56), "valueFormatter": _does("tradeWhen")},
        {
            "headerName": "▲ bought ▼ sold",
            "field": "side",
            "flex": 1,
            "minWidth": 96,
            "valueFormatter": _does("tradeShort"),
            **told,
        },
        {**_figure("amount", "USD", "tradeAmount", 74), **told},
        {**_profit("Profit", 62), **told},
    ]


def _columns() -> list[dict[str, Any]]:
    return [
        _time(126),
        {
            "field": "side",
            "headerName": "Side",
            "width": 96,
            "valueFormatter": _does("tradeSide"),
            "tooltipValueGetter": _does("tradeInWords"),
        },
        {"field": "ticker", "headerName": "Ticker", "width": 96},
        _figure("units", "Units", "tradeUnits", 112),
        _figure("price", "Price, USD", "tradePrice", 112),
        _figure("amount", "Amount, USD", "tradeAmount", 122),
        _profit("Profit, USD", 112),
        {"field": "by", "headerName": "By", "width": 88, "valueFormatter": _does("tradeBy")},
        {
            "field": "provider",
            "headerName": "Provider",
            "minWidth": 110,
            "flex": 1,
            "valueFormatter": _does("tradeProvider"),
        },
    ]
