"""The doctor's table for programs, its exit code and its last word."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from core.domain import Diagnosis
from core.forecasting.doctor import answering, serves_live


def exit_code(diagnosis: Diagnosis) -> int:
    """Return 0 where the app can serve live data from here, else 1."""
    return 0 if serves_live(diagnosis) else 1


def to_json(diagnosis: Diagnosis) -> dict[str, Any]:
    """Return plain values: `at` (ISO 8601), `ok`, `advice` and the rows as `findings`."""
    return {
        "at": diagnosis.at.isoformat(),
        "ok": serves_live(diagnosis),
        "advice": closing_sentence(diagnosis),
        "findings": [asdict(finding) for finding in diagnosis.findings],
    }


def closing_sentence(diagnosis: Diagnosis) -> str:
    """Return what to do now, in one sentence."""
    verdicts = {finding.subject: finding.verdict for finding in diagnosis.findings}
    for part in ("disk", "cache"):
        if verdicts.get(part) == "failure":
            return f"Mend the {part} first: without it nothing can be kept or shown."
    hosts = answering(diagnosis)
    if not hosts:
        return (
            "No exchange answers from here: follow the advice above, or run the app in another "
            "place; until then it shows what is on disk, or a simulated market."
        )
    if verdicts.get("engine") == "ok":
        return f"Live data can be served from {hosts[0]}, and the engine is at work."
    return f"Live data can be served from {hosts[0]}: start the app."
