"""The cells of the first row: price, and one forecast per horizon."""

from __future__ import annotations

from typing import Any, Final

from dash import html

from components import states
from components.elements import icon, pill, slot
from components.formatting import decimals, epoch_ms, loss, moment, number, percent
from core.domain import Forecast, ForecastSpec, Horizon, ModelCard, TailScore

# Telling a 52 % hit rate from a coin at 5 % takes (1.96 * 0.5 / 0.02) ** 2 forecasts.
_ENOUGH_TO_TELL: Final = 2_401
_SAME: Final = 0.0005


def price_cell(spec: ForecastSpec, picker: Any) -> html.Div:
    """Return the live price; its figures come with the tick. `picker` chooses the ticker."""
    coin = html.Span(spec.ticker[0], className="coin", **{"aria-hidden": "true"})
    day = html.Span([slot("day"), html.Span(" 24 h", className="t3")], className="lab-end")
    figure = html.Div(
        slot("price"), className="price", **{"aria-live": "polite", "aria-atomic": "true"}
    )
    change = html.Div(
        [slot("change", "tick"), html.Span("since last tick, ", className="t3"), slot("quoted")],
        className="price-change s12",
    )
    span = html.Div(
        [slot("low"), html.I(**{"data-slot": "range"}), slot("high")],
        className="range",
        title="Lowest and highest price of the last 24 h",
    )
    head = html.Div([coin, picker, day], className="lab")
    return html.Div([head, figure, change, span], className="cell-price")


def forecast_label(spec: ForecastSpec, horizon: Horizon) -> str:
    """Return "Next minute", "In 5 minutes"."""
    minutes = spec.horizon_minutes(horizon)
    return "Next minute" if minutes == 1 else f"In {minutes} minutes"


def forecast_skeleton(spec: ForecastSpec, horizon: Horizon) -> list[Any]:
    """Return a cell's content while its forecast is on the way."""
    return [html.Div(forecast_label(spec, horizon), className="lab"), states.skeleton(4)]


def forecast_cell(
    spec: ForecastSpec, forecast: Forecast, model: ModelCard, revised: bool = False
) -> list[Any]:
    """Return a cell's content: target time, point, band, errors beside "no change", skill.

    The browser knows from `data-target` when the forecast expires, and then says so.

    Parameters
    ----------
    revised : bool
        Whether a candle behind the forecast was corrected after it was made.
    """
    digits = decimals(forecast.point)
    target = {"data-target": str(epoch_ms(forecast.target_time))}
    marks = [slot(f"delta-{forecast.horizon}", **target), *([_revised_pill()] if revised else [])]
    return [
        html.Div(_cell_head(spec, forecast), className="lab"),
        html.Div(number(forecast.point, digits), className="fig"),
        html.Div(
            [html.Span(_band_text(forecast)), *marks],
            className="s12 t2 cell-row",
            title="Half-width of the 80 % band; the difference to the live price",
        ),
        html.Div(_errors_text(model.tail), className="s12 t2 errors"),
        skill_badge(model),
    ]


def _cell_head(spec: ForecastSpec, forecast: Forecast) -> list[Any]:
    made = html.Span(["made ", moment(forecast.issued_at)], className="made t3")
    label = html.Span(forecast_label(spec, forecast.horizon), className="when-current")
    expired = html.Span("Was for", className="when-expired")
    return [label, expired, " ", moment(forecast.target_time), " ", made]


def _revised_pill() -> html.Span:
    sentence = "The exchange corrected a candle after this forecast was made from it."
    return html.Span(pill("revised", "warn"), title=sentence)


def missing_cell(spec: ForecastSpec, horizon: Horizon) -> list[Any]:
    """Return a cell's content where a snapshot carries no forecast of this horizon."""
    return [
        html.Div(forecast_label(spec, horizon), className="lab"),
        html.Div("no forecast", className="fig t3"),
        html.Div(
            [icon("alert", "down"), html.Span("The engine published none with this candle.")],
            className="skill",
        ),
    ]


def skill_badge(model: ModelCard) -> html.Div:
    """Return in words how the model did against "no change", and on how much evidence."""
    sign, bold, rest = skill_words(model)
    return html.Div(
        [icon(sign), html.Span([html.B(bold), html.Br(), rest])],
        className="skill",
        title=model.reason or "Skill = 1 − MAE / MAE of no change",
    )


def skill_words(model: ModelCard) -> tuple[str, str, str]:
    """Return (icon, statement, its ground) of a model's out-of-sample record."""
    if not model.trained:
        return "alert", "“No change” is published", model.reason
    if model.tail is None:
        return "equals", "Not scored yet", "no forecast has met its outcome"
    skill = model.tail.skill
    if abs(skill) < _SAME:
        statement = "As much error as no change"
    else:
        amount = percent(abs(skill), 1).lstrip("+")
        statement = f"{amount} {'less' if skill > 0 else 'more'} error than no change"
    return _verdict_icon(model.tail), statement, _ground(model.tail)


def _verdict_icon(tail: TailScore) -> str:
    if tail.n < _ENOUGH_TO_TELL or abs(tail.skill) < _SAME:
        return "equals"
    return "tick" if tail.skill > 0 else "alert"


def _ground(tail: TailScore) -> str:
    if tail.n < _ENOUGH_TO_TELL:
        return f"last {tail.n:,} out of sample: too few to tell"
    return f"last {tail.n:,} out of sample"


def _band_text(forecast: Forecast) -> str:
    if forecast.band is None:
        return "no band yet"
    half = (forecast.band.high - forecast.band.low) / 2
    return f"± {loss(half)} {forecast.band.level:.0%} ".replace("%", "\u202f%")


def _errors_text(tail: TailScore | None) -> str:
    if tail is None:
        return "MAE not known yet"
    return f"MAE {loss(tail.model.mae)} · no change {loss(tail.random_walk.mae)}"
