"""The cells of the first row: price, and one forecast per horizon."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any, Final

from dash import html

from components import states
from components.elements import how_to_read, icon, pill, slot
from components.formatting import decimals, epoch_ms, loss, moment, number, percent
from core.domain import (
    Forecast,
    ForecastSpec,
    Horizon,
    ModelCard,
    SkillRecord,
    TailScore,
    standing_aside_sentence,
)

_HOUR: Final = 60
_DAY: Final = 24 * _HOUR
_MONTH_DAYS: Final = 30
_A_TENTH_OF_A_PERCENT: Final = 1e-3
# A proof that would take longer is none that anybody waits for.
_TOO_LONG_MINUTES: Final = 2 * 365 * _DAY
_HOW: Final = (
    "The price the model expects at that time. 80\u202f%: ± is half of the band that four in five "
    "prices should end in; the arrow is the way from the live price. MAE is the mean error of the "
    "last forecasts it could not have seen, beside that of always saying “no change”. Volatility "
    "is how far the price usually moves until then."
)
_HOW_PRICE: Final = (
    "The newest price of the exchange named above, how it moved since the tick before and over "
    "24 h; the mark stands between the lowest and the highest of 24 h. Grey figures are too old "
    "to act on."
)


def price_cell(spec: ForecastSpec, picker: Any) -> html.Div:
    """Return the live price; its figures come with the tick. `picker` chooses the ticker."""
    coin = html.Span(spec.ticker[0], className="coin", **{"aria-hidden": "true"})
    day = html.Span([slot("day"), html.Span(" 24 h", className="t3")], className="lab-end")
    figure = html.Div(
        slot("price"), className="price", **{"aria-live": "polite", "aria-atomic": "true"}
    )
    change = html.Div(
        [
            slot("change", "tick"),
            html.Span("since last tick, ", className="t3"),
            slot("quoted"),
            how_to_read(_HOW_PRICE),
        ],
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
    return [html.Div(forecast_label(spec, horizon), className="lab"), states.skeleton(5)]


def forecast_cell(
    spec: ForecastSpec,
    forecast: Forecast,
    model: ModelCard,
    revised: bool = False,
    records: Mapping[Horizon, SkillRecord] | None = None,
) -> list[Any]:
    """Return a cell's content: target time, point, band, errors beside "no change", skill.

    The browser knows from `data-target` when the forecast expires, and then says so; the
    other figures are for the formula of the cue rule.

    Parameters
    ----------
    revised : bool
        Whether a candle behind the forecast was corrected after it was made.
    records : mapping, optional
        What published forecasts were worth, by the ledger; where none is kept, the badge tells of
        the model's own record.
    """
    badge = skill_badge(model) if records is None else ledger_badge(records.get(forecast.horizon))
    digits = decimals(forecast.point)
    marks = [
        slot(f"delta-{forecast.horizon}", **_figures(spec, forecast, model)),
        *([_revised_pill()] if revised else []),
    ]
    return [
        html.Div(_cell_head(spec, forecast), className="lab"),
        html.Div(number(forecast.point, digits), className="fig"),
        html.Div(
            [html.Span(_band_text(forecast)), *marks],
            className="s12 t2 cell-row",
            title="Half-width of the 80 % band; the difference to the live price",
        ),
        html.Div(_errors_text(model.tail), className="s12 t2 errors"),
        _volatility(forecast),
        aside_badge(spec, forecast.horizon) if forecast.standing_aside else badge,
    ]


def _figures(spec: ForecastSpec, forecast: Forecast, model: ModelCard) -> dict[str, str]:
    known = {
        "target": epoch_ms(forecast.target_time),
        "minutes": spec.horizon_minutes(forecast.horizon),
        "point": forecast.point,
        "issue": forecast.price_at_issue,
    }
    if model.tail is not None:
        known["mae"] = model.tail.model.mae
    return {f"data-{name}": str(value) for name, value in known.items()}


def _cell_head(spec: ForecastSpec, forecast: Forecast) -> list[Any]:
    made = html.Span(["made ", moment(forecast.issued_at)], className="made t3")
    label = html.Span(forecast_label(spec, forecast.horizon), className="when-current")
    expired = html.Span("Was for", className="when-expired")
    return [label, expired, " ", moment(forecast.target_time), " ", made, how_to_read(_HOW)]


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


def aside_badge(spec: ForecastSpec, horizon: Horizon) -> html.Div:
    """Return in words that "no change" is published because the model lost to it lately."""
    sentence = standing_aside_sentence(spec, horizon)
    rest = "which is published meanwhile"
    return html.Div(
        [icon("alert"), html.Span([html.B(sentence), html.Br(), rest])],
        className="skill",
        title="The model's forecasts go on being compared, and return by themselves",
    )


def ledger_badge(record: SkillRecord | None) -> html.Div:
    """Return in words how forecasts as published did against "no change"."""
    words = _record_words(record, "no published forecast has met its outcome")
    return _badge(words, f"{_skill_title(record)}, as published and kept in the ledger")


def skill_badge(model: ModelCard) -> html.Div:
    """Return in words how the model did against "no change", and on how much evidence."""
    title = model.reason or f"{_skill_title(model.record)}, out of sample"
    return _badge(skill_words(model), title)


def _badge(words: tuple[str, str, str], title: str) -> html.Div:
    sign, bold, rest = words
    text = html.Span([html.B(bold), html.Br(), rest])
    return html.Div([icon(sign), text], className="skill", title=title)


def _skill_title(record: SkillRecord | None) -> str:
    formula = "Skill = 1 − MAE / MAE of no change, with its 95\u202f% interval"
    return f"{formula}; {record.n:,} forecasts" if record else formula


def skill_words(model: ModelCard) -> tuple[str, str, str]:
    """Return (icon, statement, its ground) of a model's out-of-sample record."""
    if not model.trained:
        return "alert", "“No change” is published", model.reason
    return _record_words(model.record, "no forecast has met its outcome")


def _record_words(record: SkillRecord | None, nothing: str) -> tuple[str, str, str]:
    """Return the same of any record; `nothing` is the ground where there is none yet."""
    if record is None:
        return "equals", "Not scored yet", nothing
    if not math.isfinite(record.reach):
        words = f"{_statement(record)} so far, over {_span(record.minutes)}, n {record.n:,}"
        return "equals", "Too few to tell", words
    return _verdict_icon(record), _statement(record), _ground(record)


def _verdict_icon(record: SkillRecord) -> str:
    if not record.significant:
        return "equals"
    return "tick" if record.skill > 0 else "alert"


def _statement(record: SkillRecord) -> str:
    """Return "0.18 % better than no change"."""
    size = percent(abs(record.skill)).removeprefix("+")
    if size == percent(0.0):
        return "No better than no change"
    return f"{size} {'better' if record.skill > 0 else 'worse'} than no change"


def _ground(record: SkillRecord) -> str:
    """Return "±0.14 over 24 h, significant"; how many forecasts that were is said on hover."""
    return f"±{100 * record.reach:.2f} over {_span(record.minutes)}, {_proof(record)}"


def _proof(record: SkillRecord) -> str:
    if record.significant:
        return "significant"
    more = record.minutes_more
    if more > _TOO_LONG_MINUTES:
        return "cannot be told apart"
    return f"not yet significant: about {_span(more)} more"


def _span(minutes: float) -> str:
    """Return "40 min", "24 h", "12 days", "5 months"."""
    if minutes < 2 * _HOUR:
        return f"{max(1, round(minutes))} min"
    if minutes <= 2 * _DAY:
        return f"{round(minutes / _HOUR)} h"
    days = minutes / _DAY
    return (
        f"{round(days)} days" if days < 2 * _MONTH_DAYS else f"{round(days / _MONTH_DAYS)} months"
    )


def _band_text(forecast: Forecast) -> str:
    if forecast.band is None:
        return "no band yet"
    half = (forecast.band.high - forecast.band.low) / 2
    return f"{forecast.band.level:.0%}: ±{loss(half)}".replace("%", "\u202f%")


def _volatility(forecast: Forecast) -> html.Div:
    """Return "Volatility 0.21 %, ±163.0": the standard deviation of the move to the target."""
    if forecast.volatility is None:
        return html.Div("Volatility not known yet", className="s12 t2 errors")
    size = percent(forecast.volatility, _volatility_digits(forecast.volatility)).removeprefix("+")
    return html.Div(
        f"Volatility {size}, ±{loss(forecast.volatility * forecast.price_at_issue)}",
        className="s12 t2 errors",
        title="Standard deviation expected of the move until then, in percent and USD: about two "
        "in three prices should end this near the price at issue. The bands are made from it.",
    )


def _volatility_digits(volatility: float) -> int:
    return 2 if volatility >= _A_TENTH_OF_A_PERCENT else 3


def _errors_text(tail: TailScore | None) -> str:
    if tail is None:
        return "MAE not known yet"
    return f"MAE {loss(tail.model.mae)} · no change {loss(tail.random_walk.mae)}"
