"""The doctor's table: every provider and part of the deployment, its verdict and advice."""

from __future__ import annotations

from typing import Any, Final

from dash import html

from components import states
from components.elements import icon, wide_table
from components.formatting import moment, signed
from components.tables import Cell, table
from core.domain import Diagnosis, Finding, Verdict

TABLE: Final = "doctor-table"
_HEAD: Final = (
    "Subject",
    "Verdict",
    "HTTP",
    "Latency",
    "Clock",
    "Weight",
    "Meaning",
    "Advice",
)
_SIGNS: Final[dict[Verdict, tuple[str, str]]] = {
    "ok": ("tick", ""),
    "warning": ("alert", "warn"),
    "failure": ("cross", "down"),
}


def doctor_table(diagnosis: Diagnosis | None) -> list[Any]:
    """Return when the engine looked, and a row per finding; a sentence before it has."""
    if diagnosis is None:
        at_once = "“python main.py doctor” looks at once, on the command line."
        return [states.empty("The engine has not looked yet.", at_once)]
    rows = [_row(finding) for finding in diagnosis.findings]
    words = ("Subject", "Verdict", "Meaning", "Advice")
    return [
        html.P(["Looked at ", moment(diagnosis.at, "date")], className="sub"),
        wide_table("Doctor's table", table(TABLE, _HEAD, rows, words)),
    ]


def _row(finding: Finding) -> list[Cell]:
    return [
        finding.subject,
        (_verdict(finding.verdict), finding.verdict),
        _number(finding.status, str),
        _number(finding.latency_ms, lambda value: f"{value:,.0f} ms"),
        _number(finding.clock_offset_ms, lambda value: f"{signed(value, 0)} ms"),
        _number(finding.weight_used, lambda value: f"{value:,}"),
        html.Span(finding.meaning, className="wrap"),
        html.Span(finding.advice, className="wrap") if finding.advice else _nothing(),
    ]


def _verdict(verdict: Verdict) -> html.Span:
    sign, colour = _SIGNS[verdict]
    return html.Span([icon(sign, colour), verdict], className="verdict")


def _number(value: float | None, write: Any) -> Cell:
    return _nothing() if value is None else (write(value), value)


def _nothing() -> html.Span:
    """Return a dash; where rows are narrow, styles leave its cell out."""
    return html.Span("–", className="nothing")
