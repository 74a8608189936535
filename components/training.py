"""What the newest training came to, in words."""

from __future__ import annotations

from typing import Any, Final

from dash import html

from components.formatting import loss, moment
from core.domain import Retrain, Snapshot

_CAUSES: Final = {
    "first": "First training",
    "asked": "Retrained when asked",
    "schedule": "Retrained on schedule",
    "expired": "Retrained because it was too old",
}


def newest_training(snapshot: Snapshot) -> list[Any]:
    """Return when and why each horizon was trained last, and its error at that time."""
    newest: dict[str, Retrain] = {}
    for retrain in sorted(snapshot.retrains, key=lambda one: one.at):
        newest[retrain.horizon] = retrain
    if not newest:
        return []
    last = max(newest.values(), key=lambda one: one.at)
    head = html.Div([html.B(_CAUSES.get(last.cause, "Retrained")), " ", moment(last.at, "date")])
    return [head, *(html.Div(_result(one, snapshot)) for one in newest.values())]


def _result(retrain: Retrain, snapshot: Snapshot) -> str:
    minutes = snapshot.spec.horizon_minutes(retrain.horizon)
    name = f"{minutes} min, {retrain.seconds:.1f} s on {retrain.rows:,} rows"
    if retrain.tail is None:
        return f"{name}: not scored yet"
    own, no_change = retrain.tail.model.mae, retrain.tail.random_walk.mae
    return f"{name}: MAE {loss(own)} beside {loss(no_change)} of no change"
