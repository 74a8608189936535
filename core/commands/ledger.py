"""Whether the ledger is whole, for the command line: also while an engine writes it."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from core.errors import LedgerUnavailable
from core.ledger.database import database_url, migrate, open_database
from core.ledger.verify import Verdict, verify
from core.settings import Settings


def verify_ledger(settings: Settings) -> list[Verdict]:
    """Recompute every chain of the deployment's ledger.

    Raises
    ------
    LedgerUnavailable
        There is none yet, or the database does not answer.
    """
    file = settings.artifact_dir / "ledger.db"
    if not settings.database_url and not file.exists():
        raise LedgerUnavailable("There is no ledger yet: no engine has published a forecast here.")
    engine = open_database(database_url(settings.database_url, settings.artifact_dir))
    migrate(engine)
    return verify(engine)


def to_json(verdicts: list[Verdict]) -> dict[str, Any]:
    """Return plain values: whether all is `whole`, and what was found of each chain."""
    return {"whole": is_whole(verdicts), "chains": [asdict(verdict) for verdict in verdicts]}


def is_whole(verdicts: list[Verdict]) -> bool:
    return not any(verdict.fault for verdict in verdicts)


def sentences(verdicts: list[Verdict]) -> list[str]:
    """Return a sentence per chain."""
    if not verdicts:
        return ["The ledger is empty."]
    return [_sentence(verdict) for verdict in verdicts]


def _sentence(verdict: Verdict) -> str:
    if verdict.fault:
        return f"{verdict.chain}: {verdict.fault}"
    return f"{verdict.chain}: {verdict.rows:,} forecasts, none changed. Head {verdict.head}"
