"""What drives the forecast: a bar per feature, its noise as a whisker, and a sentence."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

from dash import html

from components import states
from components.cards import forecast_label
from components.formatting import number
from components.tables import table
from core.domain import HORIZONS, FeatureImportance, ForecastSpec, Importance, Snapshot

TABLE: Final = "importance-table"
_SHOWN: Final = 7


def importance_panel(snapshot: Snapshot) -> list[Any]:
    """Return bars and sentences of all horizons, or why there are none."""
    found = {one.horizon: one for one in snapshot.importance}
    shown = [found[horizon] for horizon in HORIZONS if horizon in found]
    if not shown:
        return [
            states.empty(
                "Not computed yet",
                "It comes when the engine is idle, and only where a model is published.",
            )
        ]
    head = ("Horizon", "Feature", "Extra error", "%", "±")
    rows = [row for one in shown for row in _rows(snapshot.spec, one)]
    sentences = [html.P(_sentence(snapshot.spec, one), className="sub") for one in shown]
    return [table(TABLE, head, rows, words=("Feature",)), *sentences]


def _rows(spec: ForecastSpec, one: Importance) -> list[Sequence[Any]]:
    best = one.features[:_SHOWN]
    reach = max((f.mean + f.deviation for f in best), default=0.0)
    return [
        [
            forecast_label(spec, one.horizon),
            (feature_label(feature.name), feature.name),
            (_bar(feature, reach), ""),
            (number(100 * feature.mean, 3), 100 * feature.mean),
            (number(100 * feature.deviation, 3), 100 * feature.deviation),
        ]
        for feature in best
    ]


def _bar(feature: FeatureImportance, reach: float) -> html.Div:
    """Return a bar of the mean, up to `reach`, and a whisker of one deviation to both sides."""

    def part(value: float) -> float:
        return 100 * min(max(value, 0.0), reach) / reach if reach > 0 else 0.0

    low, high = part(feature.mean - feature.deviation), part(feature.mean + feature.deviation)
    return html.Div(
        [
            html.I(className="bar", style={"width": f"{part(feature.mean):.1f}%"}),
            html.I(
                className="whisker",
                style={"left": f"{low:.1f}%", "width": f"{max(high - low, 0.0):.1f}%"},
            ),
        ],
        className="importance",
        **{"aria-hidden": "true"},
    )


def feature_label(name: str) -> str:
    """Return a column's name as words."""
    return name.replace("_", " ").capitalize()


def _sentence(spec: ForecastSpec, one: Importance) -> str:
    clear = [feature_label(feature.name) for feature in one.features if feature.clear]
    where = f"on {one.n:,} forecasts that the model had not seen"
    label = forecast_label(spec, one.horizon)
    if not clear:
        return f"{label}: no feature stands clear of noise {where}."
    names = " and ".join(filter(None, (", ".join(clear[:-1]), clear[-1])))
    verb = "stands" if len(clear) == 1 else "stand"
    return f"{label}: only {names} {verb} clear of noise {where} (whisker: one deviation)."
