"""What one version of the code has pickled, another with other fields never reads."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import dataclass, make_dataclass
from datetime import UTC, datetime
from pathlib import Path

import core.domain
from core.domain import ForecastSpec
from core.forecasting.store import RetrainRequest, SnapshotStore, Want, shape_of

ROOT = Path(__file__).resolve().parents[3]


@dataclass
class Beat:
    pid: int
    trouble: str = ""


def test_another_field_name_or_type_is_another_shape() -> None:
    others = [
        make_dataclass("Beat", [("pid", "int"), ("trouble", "str"), ("ledger", "str")]),
        make_dataclass("Beat", [("pid", "int")]),
        make_dataclass("Beat", [("pid", "int"), ("note", "str")]),
        make_dataclass("Beat", [("pid", "int"), ("trouble", "bytes")]),
        make_dataclass("Pulse", [("pid", "int"), ("trouble", "str")]),
    ]
    assert len({shape_of([Beat]), *(shape_of([other]) for other in others)}) == 6
    assert shape_of([Beat, "no class", print]) == shape_of([Beat])
    assert shape_of([Beat, Want]) == shape_of([Want, Beat])


def test_what_is_kept_is_read_by_another_process(tmp_path: Path) -> None:
    store = SnapshotStore.at(tmp_path)
    asked = RetrainRequest(ForecastSpec(), datetime(2026, 3, 1, tzinfo=UTC))
    store.update_retrain_requests(lambda _: {"BTC-USD": asked})
    read = (
        "from pathlib import Path; from core.forecasting.store import SnapshotStore; "
        f"print(SnapshotStore.at(Path({str(tmp_path)!r})).retrain_requests()['BTC-USD'])"
    )
    done = subprocess.run(
        [sys.executable, "-c", read], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == str(asked)


def test_every_class_that_is_published_is_of_the_domain() -> None:
    """The shape in the keys is that of these."""
    published = {"Snapshot", "Series", "Quote", "EngineStatus", "Diagnosis", "LedgerCheck"}
    assert published <= set(vars(core.domain))
