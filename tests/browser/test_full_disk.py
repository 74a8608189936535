"""The running app on a ledger whose disk is full: nothing is published, it says so, and recovers.

The disk is a small one in memory, mounted in a namespace of the server alone.
"""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from io import RawIOBase
from pathlib import Path
from typing import Final, NoReturn

import pytest
import sqlalchemy as sa
from playwright.sync_api import Page

from core.ledger.database import database_url, open_database
from core.ledger.verify import Place, verify, where_is
from tests.browser.conftest import Servers
from tests.browser.rig import PATH, SPEC, SYMBOLS, Rig, is_well, publishes_again, publishes_nothing
from tests.exchange.exchange import LocalExchange
from tests.made import START, made_candles
from tests.waiting import wait_until

_SIZE: Final = "16m"
_MOUNT: Final = f'mount -t tmpfs -o size={_SIZE} small "$0" && exec "$@"'


@pytest.fixture(name="within", scope="module")
def _within(tmp_path_factory: pytest.TempPathFactory) -> tuple[str, ...]:
    """Return the command that runs another one on a disk of its own, mounted where it names."""
    probe = str(tmp_path_factory.mktemp("probe"))
    for unshare in (("unshare", "--mount"), ("unshare", "--mount", "--map-root-user")):
        try:
            tried = (*unshare, "sh", "-c", _MOUNT, probe, "true")
            subprocess.run(tried, check=True, capture_output=True)
        except (OSError, subprocess.CalledProcessError):
            continue
        return (*unshare, "sh", "-c", _MOUNT)
    pytest.skip("no small disk can be mounted here: a full one is not tried")


@pytest.fixture(name="disk", scope="module")
def _disk(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("disk")


@pytest.fixture(scope="module")
def rig(
    serve: Servers,
    tmp_path_factory: pytest.TempPathFactory,
    within: tuple[str, ...],
    disk: Path,
) -> Iterator[Rig]:
    artifacts = tmp_path_factory.mktemp("artifacts")
    at = START + timedelta(minutes=1_500)
    with LocalExchange({SYMBOLS["binance"]: made_candles(3_000)}, at=at, as_now=True) as exchange:
        environment = {
            "ARTIFACT_DIR": str(artifacts),
            "BINANCE_BASE_URL": exchange.base_url,
            "MARKET_SOURCE": "binance",
            "DATABASE_URL": f"sqlite:///{disk / 'ledger.db'}",
            "WATCH": SPEC.to_text(),
            "ENGINE": "internal",
        }
        url = serve(environment, (*within, str(disk)))
        running = Rig(url, artifacts, {"binance": exchange}, serve.logs[url])
        wait_until(running.snapshot, 90, "the first forecast")
        yield running


@contextmanager
def full(disk: Path) -> Iterator[None]:
    """Write to a disk until it takes no more; make room again at the end."""
    filler = disk / "filler"
    try:
        with filler.open("wb", buffering=0) as out, pytest.raises(OSError, match="No space left"):
            _fill(out)
        yield
    finally:
        filler.unlink()


def _fill(out: RawIOBase) -> NoReturn:
    while True:
        out.write(bytes(65_536))


def copied(disk: Path, directory: Path) -> sa.Engine:
    """Return a copy of the ledger: SQLite itself would look for it on the disk of this process.

    The file comes first: what is written meanwhile is in the log beside it.
    """
    for name in ("ledger.db", "ledger.db-wal"):
        shutil.copyfile(disk / name, directory / name)
    return open_database(database_url("", directory))


@pytest.mark.timeout(300)
def test_a_page_says_that_the_disk_is_full_and_recovers(
    rig: Rig, disk: Path, page: Page, tmp_path: Path
) -> None:
    seen = Path(f"/proc/{rig.status().pid}/root{disk}")  # as the engine sees it
    assert list(disk.iterdir()) == []
    assert (seen / "ledger.db").exists()
    page.goto(rig.url + PATH)
    is_well(page)
    sentence = "The ledger cannot be written .*disk is full.*, so no forecast is published"
    written = rig.status().ledger
    assert written is not None
    with full(seen):
        shown = publishes_nothing(rig, page, sentence)
    publishes_again(rig, page, shown)
    copy = copied(seen, tmp_path)
    (found,) = verify(copy)
    assert (found.rows > written.seq, found.fault) == (True, "")
    assert where_is(copy, written.hash) == Place("live", "forecast", written.seq)
    assert "Traceback" not in rig.log.read_text()
