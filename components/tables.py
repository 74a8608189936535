"""Tables of tail metrics, models and retrainings; the browser exports them as CSV.

A cell may carry `data-value`: the plain value that goes into the CSV.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any

from dash import html

from components import states
from components.cards import forecast_label
from components.elements import icon, pill
from components.formatting import loss, moment, number, percent, signed, utc_text
from core.domain import (
    HORIZONS,
    ForecastSpec,
    ModelCard,
    Place,
    Retrain,
    Snapshot,
    Standing,
    TailScore,
    standing_aside_sentence,
    standings,
)

Cell = Any


def export_button(table_id: str, file_name: str) -> html.Button:
    """Return a button that saves the table of that id; assets/export.js does it."""
    return html.Button(
        [icon("download"), html.Span("CSV")],
        className="btn-m sm",
        title="Save as CSV",
        **{"data-export": table_id, "data-file": file_name},
    )


def table(
    table_id: str, head: Sequence[str], rows: Iterable[Sequence[Cell]], words: Sequence[str] = ()
) -> html.Table:
    """Return a table; a cell is a component, text, or (text, plain value).

    `words` names the columns that are read as words: those stand left, numbers right.
    """
    sides = ["l" if name in words else "" for name in head]
    header = [
        html.Th(name, scope="col", className=side) for name, side in zip(head, sides, strict=True)
    ]
    body = [
        html.Tr([_cell(cell, side) for cell, side in zip(row, sides, strict=True)]) for row in rows
    ]
    return html.Table([html.Thead(html.Tr(header)), html.Tbody(body)], id=table_id, className="tb")


def _cell(cell: Cell, side: str) -> html.Td:
    if isinstance(cell, tuple):
        shown, plain = cell
        return html.Td(shown, className=side, **{"data-value": str(plain)})
    return html.Td(cell, className=side)


def tail_table(spec: ForecastSpec, models: Iterable[ModelCard]) -> Any:
    """Return MAE, MSE, RMSE and R² of each model beside those of the random walk."""
    head = (
        "Horizon",
        "n",
        "MAE",
        "no change",
        "MSE",
        "no change",
        "RMSE",
        "no change",
        "R²",
        "no change",
        "Skill",
    )
    rows = [
        [forecast_label(spec, model.horizon), *_tail_cells(model.tail)]
        for model in models
        if model.tail is not None
    ]
    if not rows:
        return states.empty("Not scored yet", "Scores come with the first training.")
    return table("tail-table", head, rows)


def _tail_cells(tail: TailScore) -> list[Cell]:
    ours, theirs = tail.model, tail.random_walk
    cells: list[Cell] = [(f"{tail.n:,}", tail.n)]
    for name in ("mae", "mse", "rmse"):
        for losses, grey in ((ours, ""), (theirs, "t3")):
            value = getattr(losses, name)
            cells.append((html.Span(loss(value), className=grey), value))
    cells += [(number(ours.r2, 3), ours.r2)]
    cells += [(html.Span(number(theirs.r2, 3), className="t3"), theirs.r2)]
    return [*cells, (percent(tail.skill), tail.skill)]


def models_table(snapshot: Snapshot) -> html.Table:
    """Return what is known of each model: age, rows, range, weight, and why no change."""
    head = ("Horizon", "Model", "Trained", "Rows", "From", "To", "Weight of the model", "State")
    rows = [
        [
            forecast_label(snapshot.spec, model.horizon),
            html.Code(model.model_id),
            (moment(model.trained_at, "date"), utc_text(model.trained_at)),
            (f"{model.rows:,}", model.rows),
            _time_cell(model.train_start),
            _time_cell(model.train_end),
            (f"{model.shrinkage:.0%}".replace("%", "\u202f%"), model.shrinkage),
            _model_state(snapshot, model),
        ]
        for model in _in_order(snapshot)
    ]
    return table("models-table", head, rows, words=("Model", "State"))


def _model_state(snapshot: Snapshot, model: ModelCard) -> Cell:
    forecast = snapshot.forecasts.get(model.horizon)
    if forecast is not None and forecast.standing_aside:
        sentence = standing_aside_sentence(snapshot.spec, model.horizon)
        return (html.Span([pill("no change", "warn"), " ", sentence], className="wrap"), sentence)
    if not model.trained:
        return (html.Span([pill("no change"), " ", model.reason], className="wrap"), model.reason)
    if model.shrinkage == 0:
        sentence = model.reason or "no edge was found, so the price itself is forecast"
        return (html.Span([pill("weight 0"), " ", sentence], className="wrap"), sentence)
    return (pill("model", "acc"), "model")


def _time_cell(time: datetime | None) -> Cell:
    return (moment(time, "date"), utc_text(time)) if time else "–"


def _in_order(snapshot: Snapshot) -> list[ModelCard]:
    return [snapshot.models[h] for h in HORIZONS if h in snapshot.models]


def promotions_table(snapshot: Snapshot) -> Any:
    """Return every model trained lately, newest first, its error, and its place now."""
    found = standings(snapshot.decisions)
    if not found:
        return states.empty("No decision yet", "The first training makes one.")
    head = ("Trained", "Model", "Horizon", "Rows", "n", "MAE", "no change", "Decision", "Why")
    rows = [
        [
            (moment(one.trained.trained_at, "date"), utc_text(one.trained.trained_at)),
            html.Code(one.trained.model_id),
            forecast_label(snapshot.spec, one.trained.horizon),
            (f"{one.trained.rows:,}", one.trained.rows),
            (f"{one.trained.n:,}", one.trained.n),
            _loss_cell(one.trained.mae),
            _loss_cell(one.trained.random_walk_mae, "t3"),
            _place_cell(one),
            _why_cell(one),
        ]
        for one in found
    ]
    return table("promotions-table", head, rows, words=("Model", "Horizon", "Decision", "Why"))


def _loss_cell(value: float | None, grey: str = "") -> Cell:
    return "–" if value is None else (html.Span(loss(value), className=grey), value)


def _why_cell(one: Standing) -> Cell:
    sentences = " ".join(dict.fromkeys(filter(None, (one.by_hand, one.trained.sentence))))
    return html.Span(sentences, className="wrap"), sentences


def _place_cell(one: Standing) -> Cell:
    place: Place = one.place
    if place == "replaced" and one.replaced_at is not None:
        label = pill(["replaced at\u00a0", moment(one.replaced_at)])
        return label, f"replaced at {utc_text(one.replaced_at)}"
    if place == "kept out":
        extra = one.trained.extra_error
        text = "kept out" if extra is None else f"kept out: {percent(extra, 1)} error"
        return pill(text), text
    return pill("champion", "acc"), "champion"


def retrains_table(spec: ForecastSpec, retrains: Sequence[Retrain]) -> Any:
    """Return finished trainings, newest first."""
    if not retrains:
        return states.empty("No training yet", "The history starts with the first one.")
    head = ("Trained", "Horizon", "Model", "Rows", "Took", "MAE", "no change", "Cause")
    rows = [
        [
            (moment(retrain.at, "date"), utc_text(retrain.at)),
            forecast_label(spec, retrain.horizon),
            html.Code(retrain.model_id),
            (f"{retrain.rows:,}", retrain.rows),
            (f"{retrain.seconds:.1f} s", retrain.seconds),
            *_mae_cells(retrain.tail),
            retrain.cause,
        ]
        for retrain in sorted(retrains, key=lambda r: r.at, reverse=True)
    ]
    return table("retrains-table", head, rows, words=("Horizon", "Model", "Cause"))


def _mae_cells(tail: TailScore | None) -> list[Cell]:
    if tail is None:
        return ["–", "–"]
    ours, theirs = tail.model.mae, tail.random_walk.mae
    return [(loss(ours), ours), (html.Span(loss(theirs), className="t3"), theirs)]


def money(value: float) -> html.Span:
    """Return a gain or loss in USD with its sign and colour."""
    kind = "up" if value > 0 else "down" if value < 0 else ""
    return html.Span(signed(value), className=kind)
