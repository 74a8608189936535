"""The page's frame and the charts' common layout. Colours are names of tokens.

A chart's colour is written as ``--ch-actual``; assets/charts.js puts the token's value in
its place when it draws, and again when the reader changes the theme.
"""

from __future__ import annotations

from typing import Any, Final

TOKEN_FONT: Final = "--font-sans"

# Resolves "follow the system" before the first paint, so that no page flashes.
_THEME_SCRIPT: Final = """
(function () {
  var wish = "system";
  try { wish = localStorage.getItem("theme") || "system"; } catch (error) { /* private mode */ }
  var light = wish === "light" ||
    (wish !== "dark" && matchMedia("(prefers-color-scheme: light)").matches);
  var root = document.documentElement;
  root.dataset.theme = root.dataset.bsTheme = light ? "light" : "dark";
  root.dataset.themeWish = wish;
})();
"""

INDEX: Final = (
    """<!DOCTYPE html>
<html lang="en">
<head>
{%metas%}
<title>{%title%}</title>
{%favicon%}
<script>"""
    + _THEME_SCRIPT
    + """</script>
{%css%}
</head>
<body>
<noscript>Market Pulse draws live prices with JavaScript; please allow it.</noscript>
{%app_entry%}
{%sheet%}
{%config%}
{%scripts%}
{%renderer%}
</body>
</html>"""
)

GRAPH_CONFIG: Final[dict[str, Any]] = {
    "displayModeBar": False,
    "responsive": True,
    "scrollZoom": False,
    "doubleClick": "reset",
    "showTips": False,
}


def chart_layout(**changes: Any) -> dict[str, Any]:
    """Return a plotly layout: y at the right, horizontal grid only.

    The ground is the panel's: plotly edges the spike line with it.
    """
    axis = {"zeroline": False, "showline": False, "color": "--text-3", "fixedrange": False}
    layout: dict[str, Any] = {
        "paper_bgcolor": "--surface",
        "plot_bgcolor": "rgba(0,0,0,0)",
        "font": {"family": TOKEN_FONT, "size": 11, "color": "--text-3"},
        "margin": {"l": 2, "r": 62, "t": 18, "b": 24},
        "showlegend": False,
        "hovermode": "x unified",
        "hoverlabel": {
            "bgcolor": "--ch-hover",
            "bordercolor": "--line",
            "font": {"family": TOKEN_FONT, "size": 12, "color": "--text"},
        },
        "dragmode": "pan",
        "uirevision": "keep",
        "xaxis": {
            **axis,
            "type": "date",
            "showgrid": False,
            "nticks": 8,
            "tickformatstops": [
                {"dtickrange": [None, 59_999], "value": "%H:%M:%S"},
                {"dtickrange": [60_000, None], "value": "%H:%M"},
            ],
            "hoverformat": "%e %b %H:%M",
            "showspikes": True,
            "spikemode": "across",
            "spikecolor": "--ch-zero",
            "spikethickness": 1,
            "spikedash": "solid",
        },
        "yaxis": {
            **axis,
            "side": "right",
            "gridcolor": "--ch-grid",
            "nticks": 8,
            "tickformat": ",",
            "ticklabelstandoff": 6,
        },
    }
    for key, change in changes.items():
        base = layout.get(key)
        layout[key] = {**base, **change} if isinstance(base, dict) else change
    return layout
