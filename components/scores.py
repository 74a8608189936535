"""What published forecasts were worth, in tables, strips and words."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Final
from urllib.parse import urlencode

from dash import dcc, html

from components import states
from components.elements import icon, pill
from components.formatting import MINUS, loss, moment, percent, utc_text
from components.score_charts import EVENT_WORDS
from components.tables import Cell, table
from core.domain import (
    EVENTS_SHOWN,
    HORIZONS,
    SCORE_RANGES,
    Coverage,
    Event,
    ForecastSpec,
    Horizon,
    PublicScore,
    Score,
    ScoreRange,
    SkillRecord,
)

DEFAULT_RANGE: Final[ScoreRange] = "24h"
SCORES_TABLE: Final = "scores-table"
EVENTS_TABLE: Final = "events-table"
# Points of coverage that half the strip is wide; the widest is for any other.
_SPANS: Final = (4, 10, 25, 100)


def range_words(name: ScoreRange) -> str:
    """Return "24 h"."""
    return f"{name[:-1]} {name[-1]}"


def read_choice(query: Mapping[str, str]) -> tuple[Horizon, ScoreRange, str]:
    """Return the horizon and the range of an address, and a sentence where it asks for others."""
    horizon, name = query.get("horizon", "minute"), query.get("range", DEFAULT_RANGE)
    found: tuple[Horizon, ScoreRange] = (
        next((h for h in HORIZONS if h == horizon), "minute"),
        next((r for r in SCORE_RANGES if r == name), DEFAULT_RANGE),
    )
    said = []
    if horizon not in HORIZONS:
        said.append(f"horizon must be one of {', '.join(HORIZONS)}, not {horizon[:24]}.")
    if name not in SCORE_RANGES:
        said.append(f"range must be one of {', '.join(SCORE_RANGES)}, not {name[:24]}.")
    return *found, " ".join([*said, "The default is shown instead."] if said else [])


def choices(
    spec: ForecastSpec, horizon: Horizon, name: ScoreRange, query: Mapping[str, str]
) -> html.Div:
    """Return links to the same page for other horizons and ranges; each is an address."""
    horizons = [(h, f"{spec.horizon_minutes(h)} min") for h in HORIZONS]
    ranges = [(r, range_words(r)) for r in SCORE_RANGES]
    return html.Div(
        [
            _links("horizon", "Horizon", horizons, horizon, query),
            _links("range", "Time range", ranges, name, query),
        ],
        className="page-choices",
    )


def _links(
    key: str,
    label: str,
    options: list[tuple[Horizon, str]] | list[tuple[ScoreRange, str]],
    chosen: str,
    query: Mapping[str, str],
) -> html.Div:
    links = [
        dcc.Link(
            text,
            href="?" + urlencode({**query, key: value}),
            className="on" if value == chosen else "",
            title=f"{label}: {text}" + (", shown" if value == chosen else ""),
        )
        for value, text in options
    ]
    return html.Div(links, className="seg", role="group", **{"aria-label": label})


def scores_table(found: PublicScore, spec: ForecastSpec) -> html.Table:
    """Return the scores of both horizons over every range."""
    head = (
        *("Horizon", "Last", "Skill", "±95 %", "MAE", "no change"),
        *("n", "independent", "Direction right", "Verdict"),
    )
    rows = [
        [f"{spec.horizon_minutes(horizon)} min", range_words(name), *_score_cells(score)]
        for horizon, ranges in found.scores.items()
        for name, score in ranges.items()
    ]
    return table(SCORES_TABLE, head, rows, words=("Horizon", "Last", "Verdict"))


def _score_cells(score: Score | None) -> list[Cell]:
    if score is None:
        return [*["–"] * 7, "nothing matured yet"]
    record, right = score.record, score.direction
    return [
        (percent(record.skill), record.skill),
        (_reach(record), _plain(record.reach)),
        (loss(score.mae), score.mae),
        (html.Span(loss(score.mae_random_walk), className="t3"), score.mae_random_walk),
        (f"{score.n:,}", score.n),
        (f"{score.n_eff:,.0f}", score.n_eff),
        (_share_between(right.rate, right.low, right.high), _plain(right.rate)),
        verdict_pill(record),
    ]


def _plain(value: float) -> float | str:
    return value if math.isfinite(value) else ""


def _reach(record: SkillRecord) -> str:
    return f"±{100 * record.reach:.2f}" if math.isfinite(record.reach) else "–"


def _share_between(rate: float, low: float, high: float) -> str:
    if not math.isfinite(rate):
        return "–"
    return f"{100 * rate:.1f}\u202f% ({100 * low:.1f} to {100 * high:.1f})"


def shown_words(found: PublicScore) -> html.Span:
    """Return in words what the charts are of: how many forecasts, against whom, and how it went."""
    score = found.shown
    about = f"last {range_words(found.range)}"
    if score is None:
        return html.Span(f"No forecast of the {about} has met its outcome yet.")
    return html.Span(
        f"{_count(score.n)} of the {about}, as published: {_result_words(score.record)}."
        f"{_unknown_words(found.unknown)}"
    )


def _count(n: int) -> str:
    return "1 forecast" if n == 1 else f"{n:,} forecasts"


def _unknown_words(count: int) -> str:
    if count == 0:
        return ""
    many = "1 more has" if count == 1 else f"{count:,} more have"
    return f" {many} an outcome that will never be known."


def _result_words(record: SkillRecord) -> str:
    size = percent(abs(record.skill)).removeprefix("+")
    same = size == percent(0.0)
    word = f"{size} {'better' if record.skill > 0 else 'worse'} than no change"
    said = "the same as no change" if same else word
    if not math.isfinite(record.reach):
        return f"{said}, too few to tell more"
    if same:
        return said
    return f"{said}, {'significant' if record.significant else 'which chance may explain'}"


def verdict_pill(record: SkillRecord) -> Cell:
    """Return whether the forecasts were better than "no change", as far as can be told."""
    if not math.isfinite(record.reach):
        return pill("too few yet"), "too few yet"
    if not record.significant:
        return pill("not yet significant"), "not yet significant"
    if record.skill > 0:
        return pill([icon("tick"), " better"], "acc"), "better"
    return pill([icon("alert"), " worse"], "warn"), "worse"


def coverage_strips(score: Score | None) -> html.Div:
    """Return promised against observed coverage, one strip per band."""
    if score is None or not score.coverage:
        return states.empty("No band has been tested yet", "The first targets are on their way.")
    span = _span(score.coverage)
    rows = [_strip(band, span) for band in score.coverage]
    foot = html.Div(
        [
            html.Span(f"{MINUS}{span} points"),
            html.Span("promised"),
            html.Span(f"+{span} points"),
        ],
        className="cov-foot t3",
    )
    return html.Div([*rows, foot], className="cov")


def _span(coverage: tuple[Coverage, ...]) -> int:
    furthest = max(
        100 * abs(edge - band.level)
        for band in coverage
        for edge in (band.rate, band.chance_low, band.chance_high)
    )
    return next((span for span in _SPANS if furthest <= span), _SPANS[-1])


def _strip(band: Coverage, span: int) -> html.Div:
    def place(share: float) -> str:
        return f"{50 + 50 * (100 * (share - band.level)) / span:.2f}%"

    low, high = place(band.chance_low), place(band.chance_high)
    words = _coverage_words(band)
    told = f"{band.level:.0%} promised, {band.rate:.1%} of {band.n:,} came: {words}"
    strip = html.Div(
        [
            html.I(className="cov-box", style={"left": low, "right": f"calc(100% - {high})"}),
            html.I(className="cov-mid"),
            html.I(className="cov-dot", style={"left": place(band.rate)}),
        ],
        className="cov-strip",
        role="img",
        title=told,
        **{"aria-label": told},
    )
    value = html.Span(f"{100 * band.rate:.1f}\u202f%", className="num m")
    return html.Div(
        [
            html.Span(f"{band.level:.0%}".replace("%", "\u202f%"), className="t2"),
            strip,
            value,
            html.Span(words, className="t3"),
        ],
        className="cov-row",
        **{"data-kept": "yes" if band.kept or not band.is_tested else "no"},
    )


def _coverage_words(band: Coverage) -> str:
    if not band.is_tested:
        return "too few yet"
    if band.kept:
        return "as promised"
    return "too wide" if band.rate > band.level else "too narrow"


def events_table(events: tuple[Event, ...], spec: ForecastSpec) -> html.Div:
    """Return what explains the scores, newest first."""
    if not events:
        return states.empty("Nothing happened", "No training, outage or change in this range.")
    rows: list[list[Cell]] = [
        [
            (moment(event.at, "date"), utc_text(event.at)),
            EVENT_WORDS[event.kind],
            f"{spec.horizon_minutes(event.horizon)} min" if event.horizon else "both",
            (html.Span(event.text, className="wrap"), event.text),
        ]
        for event in events
    ]
    head = ("When", "What", "Horizon", "Why")
    shown = table(EVENTS_TABLE, head, rows, words=head)
    if len(events) < EVENTS_SHOWN:
        return html.Div(shown)
    return html.Div([shown, html.P(f"The newest {EVENTS_SHOWN}; a shorter range has fewer.")])
