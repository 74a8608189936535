"""Tables of tail metrics, models, retrainings and trades; the browser exports them as CSV.

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
from components.formatting import decimals, loss, moment, number, percent, signed, utc_text
from core.domain import HORIZONS, ForecastSpec, ModelCard, Retrain, Snapshot, TailScore, Trade

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
            _model_state(model),
        ]
        for model in _in_order(snapshot)
    ]
    return table("models-table", head, rows, words=("Model", "State"))


def _model_state(model: ModelCard) -> Cell:
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


def trades_table(trades: Sequence[Trade]) -> Any:
    """Return trades of one market, newest first."""
    if not trades:
        return states.empty("No trades yet", "Set an investment: the first line appears here.")
    head = ("Time", "Side", "Coin", "Units", "Price", "Amount, USD", "Profit, USD", "Market")
    rows = [_trade_row(trade) for trade in reversed(trades)]
    return table("trades-table", head, rows, words=("Side", "Coin", "Market"))


def _trade_row(trade: Trade) -> list[Cell]:
    return [
        (moment(trade.time, "date"), utc_text(trade.time)),
        "Bought" if trade.side == "buy" else "Sold",
        trade.ticker,
        (number(trade.units, 6), trade.units),
        (number(trade.price, decimals(trade.price)), trade.price),
        (number(trade.amount), trade.amount),
        (money(trade.profit), trade.profit) if trade.profit is not None else "–",
        f"{trade.market}, {trade.provider}",
    ]


def short_trades(trades: Sequence[Trade], most: int = 5) -> Any:
    """Return the newest trades in few words, for the narrow column."""
    if not trades:
        return html.P("No trades yet.", className="t3 s12")
    rows = [
        html.Li(
            [
                moment(trade.time, "date"),
                html.Span(
                    f"{'Bought' if trade.side == 'buy' else 'Sold'} "
                    f"{number(trade.units, 6)} {trade.ticker.removesuffix('-USD')}"
                ),
                html.Span(number(trade.amount), className="num"),
            ]
        )
        for trade in reversed(trades[-most:])
    ]
    return html.Ul(rows, className="short-trades s12")


def money(value: float) -> html.Span:
    """Return a gain or loss in USD with its sign and colour."""
    kind = "up" if value > 0 else "down" if value < 0 else ""
    return html.Span(signed(value), className=kind)
