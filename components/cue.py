"""The fourth cell of the first row, how far the forecasts are from a cue; and the rule's form."""

from __future__ import annotations

from typing import Any, Final

import dash_bootstrap_components as dbc
from dash import html

from components.elements import how_to_read, icon, slot
from components.ids import of
from core.domain import COST_BPS_RANGE, CUE_RANGES, USUAL_COST_BPS, Side

PRESETS: Final = (
    ("reference", "Reference", "Half as much again to buy, a fifth more to sell"),
    ("cost-aware", "Cost-aware", "The forecast must earn its error and the round trip"),
    ("directional", "Directional", "The direction of the forecast alone"),
    ("custom", "Custom", "Your own numbers: change any field"),
)
_LABELS: Final = {"mae_weight": "w, errors", "buy_factor": "b, to buy", "sell_factor": "s, to sell"}
_USUAL_COST: Final = f"{USUAL_COST_BPS / 100:g}"  # percent
_SIDES: Final[tuple[tuple[Side, str], ...]] = (("buy", "BUY"), ("sell", "SELL"))
_HOW: Final = (
    "Each bar is one side of your rule, and full where it fires. Under it: what is missing, in "
    "dollars or percent, and in how many usual moves of the price over the time of the forecast. "
    "The rule is chosen under Controls, Cue rule."
)
_HOW_RULE: Final = (
    "A side fires when its forecast, less w mean errors, is above its factor times the price it "
    "is compared with. A preset sets all of it; your own numbers are Custom."
)


def cue_cell(page: str) -> html.Div:
    """Return the cue badge of `page`; its words and meters come with the tick."""
    preset = html.Span(slot("cue-preset"), className="pill lab-end", title="The rule in force")
    words = [
        icon("none", "t3"),
        slot("cue-none"),
        slot("cue-buy-word", "up"),
        slot("cue-sell-word", "down"),
    ]
    return html.Div(
        [
            html.Div(["Cue", preset, how_to_read(_HOW, "cue-typical")], className="lab"),
            html.Div(words, className="cue-word", role="status", **{"aria-atomic": "true"}),
            html.Div([_meter(side, name) for side, name in _SIDES], className="cue-meters"),
            slot("cue-note", "cue-note t3"),
            slot("cue-why", "cue-why t2"),
        ],
        id=of(page, "cue"),
        className="cell-cue",
        **{"data-cue": "none", "data-judged": "no"},
    )


def _meter(side: Side, name: str) -> html.Div:
    track = html.Span(
        html.I(**{"data-slot": f"cue-{side}-meter"}), className="track", **{"aria-hidden": "true"}
    )
    said = [slot(f"cue-{side}-gap", "m"), slot(f"cue-{side}-moves", "moves t3")]
    return html.Div(
        [html.Span(name, className="k"), track, html.Span(said, className="d")],
        className="meter",
    )


def cue_rule_form(page: str) -> html.Div:
    """Return presets, parameters and formula of the rule; ``slot("cue-preset")`` names it.

    The browser checks, keeps and shows the rule: assets/cues-form.js.
    """
    buttons = [
        html.Button(label, title=hint, **{"data-cue-preset": name, "aria-pressed": "false"})
        for name, label, hint in PRESETS
    ]
    presets = html.Div(buttons, className="seg", role="group", **{"aria-label": "Preset"})
    fields = [_number_field(page, name) for name in CUE_RANGES]
    return html.Div(
        [
            html.P(_HOW_RULE, className="s12 t2"),
            presets,
            html.Div([_cost_field(page), *fields, _against_field(page)], className="fields"),
            html.P(slot("cue-formula-buy"), className="s12 t2 cue-formula"),
            html.P(slot("cue-formula-sell"), className="s12 t2 cue-formula"),
        ],
        id=of(page, "cue-form"),
        className="cue-form",
        **{"data-usual-cost": _USUAL_COST},
    )


def _number_field(page: str, name: str) -> html.Div:
    low, high, _ = CUE_RANGES[name]
    return _field(page, name, (_LABELS[name], f"{low:g}–{high:g}"), _input(page, name, low, high))


def _cost_field(page: str) -> html.Div:
    low, high = (bps / 100 for bps in COST_BPS_RANGE)
    label = ("Cost of buying and selling", f"{low:g}–{high:g} %")
    field = _input(page, "cost", low, high, _USUAL_COST)
    return _field(page, "cost", label, field)


def _against_field(page: str) -> html.Div:
    options = [
        {"label": "the live price, at every tick", "value": "live"},
        {"label": "the price at issue, once a forecast", "value": "issue"},
    ]
    select = dbc.Select(id=of(page, "cue-against"), options=options, value="live", class_name="inp")
    return _field(page, "against", ("Compare with", ""), select)


def _field(page: str, name: str, label: tuple[str, str], control: Any) -> html.Div:
    field_id = of(page, f"cue-{name}")
    text, unit = label
    return html.Div(
        [
            html.Label([text, html.Span(unit, className="t3")], htmlFor=field_id),
            control,
            html.Div(id=f"{field_id}-error", className="field-error", role="alert"),
        ],
        className=f"field cue-field-{name}",
    )


def _input(page: str, name: str, low: float, high: float, value: str = "") -> dbc.Input:
    return dbc.Input(
        id=of(page, f"cue-{name}"),
        type="number",
        value=value,
        min=low,
        max=high,
        step="any",
        inputmode="decimal",
        class_name="inp",
    )
