"""``python main.py ledger`` as a person asks it."""

from __future__ import annotations

import csv
import hashlib
import json
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa

from core.domain import ForecastSpec
from core.ledger.database import database_url
from core.ledger.retention import forget
from core.ledger.schema import FORECASTS
from core.ledger.sealing import seal_days
from core.ledger.writer import LedgerWriter
from main import main
from tests.clocks import ManualClock
from tests.ledgers import fill_ledger

ROOT = Path(__file__).resolve().parents[1]
NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)


@pytest.fixture(name="ledger")
def _ledger(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> sa.Engine:
    """The ledger of a day and a half, where the command looks for it."""
    monkeypatch.setenv("ARTIFACT_DIR", str(tmp_path))
    monkeypatch.delenv("DATABASE_URL", raising=False)
    return fill_ledger(database_url("", tmp_path), [ForecastSpec()], 2_160, NOW, "live", "binance")


def hash_of(ledger: sa.Engine, seq: int) -> str:
    with ledger.connect() as connection:
        here = sa.select(FORECASTS.c.hash).where(FORECASTS.c.seq == seq)
        return str(connection.execute(here).scalar_one())


def test_a_noted_hash_is_looked_for(ledger: sa.Engine, capsys: pytest.CaptureFixture[str]) -> None:
    noted = hash_of(ledger, 100)
    assert main(["ledger", "verify", "--noted", f"{noted[:16].upper()}…"]) == 0
    assert "The noted hash is that of forecast 100 of live: all that is" in capsys.readouterr().out
    assert main(["ledger", "verify", "--noted", noted, "--json"]) == 0
    said = json.loads(capsys.readouterr().out)
    assert said["noted"] == {"chain": "live", "kind": "forecast", "number": 100, "gone": False}
    assert main(["ledger", "verify", "--noted", 64 * "a"]) == 1
    assert "The noted hash is nowhere" in capsys.readouterr().out


def digest(*content: object) -> str:
    return hashlib.sha256(json.dumps(content, separators=(",", ":")).encode()).hexdigest()


@pytest.mark.usefixtures("ledger")
def test_both_chains_can_be_followed_in_the_export_as_operations_md_says(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Nothing of the ledger's own code is used here, only what is documented."""
    assert main(["ledger", "export", str(tmp_path / "all.csv")]) == 0
    with (tmp_path / "all.csv").open(newline="") as text:
        rows = list(csv.DictReader(text))
    known = [row for row in rows if row["settled"] == "1"]
    assert len(rows) > len(known) > 2_000
    head, outcome_head = 64 * "0", 64 * "0"
    for row in rows:
        edges = [
            float(row[f"{side}{level}"]) for level in (50, 80, 90, 95) for side in ("lo", "hi")
        ]
        assert row["previous"] == head
        head = digest(
            *(head, int(row["seq"])),
            *(row[name] for name in ("chain", "provider", "ticker", "spec", "horizon")),
            *(int(row[name]) for name in ("issued_at", "target_time")),
            *(float(row[name]) for name in ("price", "point", "random_walk")),
            *(edges, row["model_id"], row["standing_aside"] == "1", int(row["revision"])),
        )
        assert row["hash"] == head
    for row in sorted(known, key=lambda row: int(row["place"])):
        found = [float(row[name]) for name in ("actual", "error", "random_walk_error")]
        outcome_head = digest(
            outcome_head, int(row["place"]), row["chain"], int(row["seq"]), *found
        )
        assert row["outcome_hash"] == outcome_head
    capsys.readouterr()
    assert main(["ledger", "verify"]) == 0
    said = capsys.readouterr().out
    assert head in said
    assert outcome_head in said


@pytest.mark.parametrize("noted", ["", "abc", "not a hash", 65 * "a"])
@pytest.mark.usefixtures("ledger")
def test_what_is_no_hash_is_refused(capsys: pytest.CaptureFixture[str], noted: str) -> None:
    assert main(["ledger", "verify", "--noted", noted]) == 2
    assert "noted must be a hash or its first 8 to 64 digits" in capsys.readouterr().err


def test_of_a_damaged_ledger_nothing_is_said_of_a_noted_hash(
    ledger: sa.Engine, capsys: pytest.CaptureFixture[str]
) -> None:
    noted = hash_of(ledger, 100)
    with ledger.begin() as connection:
        connection.execute(FORECASTS.update().where(FORECASTS.c.seq == 50).values(point=1.0))
    assert main(["ledger", "verify", "--noted", noted]) == 1
    assert capsys.readouterr().out == "live: Row 50 was changed after it was written.\n"


@pytest.mark.parametrize(
    "asked",
    [
        ["scores", "--noted", 64 * "a"],
        ["verify", "--ticker", "ETH-USD"],
        ["export", "--market=live"],
    ],
)
def test_what_an_action_does_not_heed_is_refused(
    capsys: pytest.CaptureFixture[str], asked: list[str]
) -> None:
    with pytest.raises(SystemExit) as refused:
        main(["ledger", *asked])
    assert refused.value.code == 2
    assert f"unrecognized arguments: {' '.join(asked[1:])}" in capsys.readouterr().err


def test_scores_are_of_the_market_that_was_published_last_and_fit_a_terminal(
    ledger: sa.Engine, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("main.SystemClock", lambda: ManualClock(NOW))
    monkeypatch.setenv("COLUMNS", "80")
    assert main(["ledger", "scores"]) == 0
    said = capsys.readouterr().out
    assert "as they were published, live market" in said
    assert "…" not in said
    assert "1,440" in said
    with ledger.begin() as connection:
        connection.execute(FORECASTS.update().values(chain="simulated"))
    assert main(["ledger", "scores", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["market"] == "simulated"


@pytest.mark.usefixtures("ledger")
def test_who_reads_the_first_lines_only_is_not_told_of_a_pipe() -> None:
    done = subprocess.run(
        f"{sys.executable} main.py ledger export | head -n 1",
        shell=True,
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.startswith("chain,seq,")
    assert done.stderr == ""


def test_what_was_let_go_is_said_with_the_oldest_that_is_left(
    ledger: sa.Engine, capsys: pytest.CaptureFixture[str]
) -> None:
    seal_days(ledger, "live", NOW)
    writer = LedgerWriter(ledger, "live", lambda: NOW)
    gone = forget(ledger, writer, NOW - timedelta(hours=6), NOW)
    assert main(["ledger", "verify"]) == 0
    said = capsys.readouterr().out
    assert (
        f"{gone:,} of them let go for their age (the oldest left was issued 2026-02-28 23" in said
    )


@pytest.mark.usefixtures("ledger")
def test_scores_of_what_was_never_forecast_tell_what_was(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert main(["ledger", "scores", "--ticker", "ETH-USD"]) == 0
    assert "The ledger holds forecasts of: BTC-USD (live)\n" in capsys.readouterr().out
