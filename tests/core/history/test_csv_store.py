"""The history file keeps every acknowledged candle, whatever happens to it."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pandas as pd
import pytest

from core.errors import HistoryError
from core.history.csv_store import CsvStore
from tests.made import made_candles


@pytest.fixture
def store(tmp_path: Path) -> CsvStore:
    return CsvStore(tmp_path, "BTC-USD", "live")


def test_what_was_appended_is_loaded_number_for_number(store: CsvStore):
    candles = made_candles(300)
    store.append(candles.iloc[:200], "binance")
    store.append(candles.iloc[200:], "binance")
    pd.testing.assert_frame_equal(store.load(), candles, check_freq=False)
    assert store.provider() == "binance"


def test_nothing_stored_is_an_empty_frame(store: CsvStore):
    assert store.load().empty
    assert store.provider() is None


def test_the_last_line_of_an_open_time_wins_and_order_does_not_matter(store: CsvStore):
    candles = made_candles(10)
    revised = candles.iloc[[4]].assign(volume=99.0)
    store.append(candles.iloc[5:], "binance")
    store.append(candles.iloc[:5], "binance")
    store.append(revised, "binance")
    loaded = store.load()
    assert loaded.index.is_monotonic_increasing
    assert loaded["volume"].iloc[4] == 99.0
    assert len(loaded) == 10


@pytest.mark.parametrize("cut", [1, 5, 40])
def test_a_torn_last_line_is_dropped_and_the_next_append_is_whole(store: CsvStore, cut: int):
    candles = made_candles(6)
    store.append(candles.iloc[:5], "binance")
    os.truncate(store.path, store.path.stat().st_size - cut)
    assert len(store.load()) == 4
    store.append(candles.iloc[4:], "binance")
    pd.testing.assert_frame_equal(store.load(), candles, check_freq=False)


def test_a_reader_that_must_not_write_leaves_the_torn_line(store: CsvStore):
    store.append(made_candles(5), "binance")
    os.truncate(store.path, store.path.stat().st_size - 3)
    size = store.path.stat().st_size
    assert len(store.load(repair=False)) == 4
    assert store.path.stat().st_size == size


@pytest.mark.parametrize(
    "garbage",
    [
        b"\x00\x00\x00\x00\n",
        b"not,a,candle\n",
        b"\xff\xfe broken \xff\n",
        b"2026-03-01T09:00:00Z,1,2,3,4,5,live,binance\n",
        b"2026-03-01T09:00:30Z,3,4,2,3,5,live,binance\n",
        b"2026-03-01T09:00:00Z,nan,4,2,3,5,live,binance\n",
        b"2026-03-01T09:00:00Z,3,4,2,3,5,simulated,simulated\n",
    ],
)
def test_garbage_is_refused_and_set_aside(store: CsvStore, garbage: bytes):
    store.append(made_candles(5), "binance")
    with store.path.open("ab") as file:
        file.write(garbage)
    with pytest.raises(HistoryError, match=r"BTC-USD_history\.csv"):
        store.load()
    aside = store.set_aside()
    assert garbage in aside.read_bytes()
    assert store.load().empty


def test_a_foreign_file_is_refused(store: CsvStore):
    store.path.write_text("time,price\n1,2\n")
    with pytest.raises(HistoryError, match="header"):
        store.load()


def test_garbage_without_a_line_end_is_no_torn_line(store: CsvStore):
    store.path.write_bytes(b"garbage")
    with pytest.raises(HistoryError, match="header"):
        store.load()
    assert store.set_aside().read_bytes() == b"garbage"


def test_a_torn_header_is_an_empty_file(store: CsvStore):
    store.path.write_bytes(b"open_time,op")
    assert store.load().empty
    store.append(made_candles(3), "binance")
    assert len(store.load()) == 3


def test_compaction_keeps_every_candle_and_shrinks_the_file(store: CsvStore):
    candles = made_candles(100)
    for _ in range(3):
        store.append(candles, "binance")
    before = store.path.stat().st_size
    loaded = store.load()
    assert store.compact(loaded, "binance")
    assert store.path.stat().st_size < before / 2
    pd.testing.assert_frame_equal(store.load(), candles, check_freq=False)
    assert not store.compact(candles, "binance")


_WRITER = """
import sys
from pathlib import Path
from core.history.csv_store import CsvStore
from tests.made import made_candles
store = CsvStore(Path(sys.argv[1]), "BTC-USD", "live")
candles = made_candles(5000)
for i in range(len(candles)):
    store.append(candles.iloc[[i]], "binance")
    print(i, flush=True)
"""


@pytest.mark.parametrize("kill_after", [3, 40, 150])
def test_no_acknowledged_candle_is_lost_by_a_kill_in_the_middle(tmp_path: Path, kill_after: int):
    writer = subprocess.Popen(
        [sys.executable, "-c", _WRITER, str(tmp_path)], stdout=subprocess.PIPE, text=True
    )
    assert writer.stdout is not None
    acknowledged = -1
    while acknowledged < kill_after:
        acknowledged = int(writer.stdout.readline())
    writer.send_signal(signal.SIGKILL)
    acknowledged = max([acknowledged, *map(int, writer.stdout.read().split())])
    writer.wait(timeout=30)
    loaded = CsvStore(tmp_path, "BTC-USD", "live").load()
    assert len(loaded) > acknowledged
    pd.testing.assert_frame_equal(loaded, made_candles(5000).iloc[: len(loaded)], check_freq=False)


def test_a_full_disk_is_said_in_a_sentence(tmp_path: Path):
    full = CsvStore(tmp_path, "BTC-USD", "live")
    full.path = Path("/dev/full")
    with pytest.raises(HistoryError, match="cannot be written"):
        full.append(made_candles(1), "binance")


_CUT_SHORT = """
import resource, signal, sys
from pathlib import Path
from core.errors import HistoryError
from core.history.csv_store import CsvStore
from tests.made import made_candles
store, candles = CsvStore(Path(sys.argv[1]), "BTC-USD", "live"), made_candles(30)
store.append(candles.iloc[:10], "binance")
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
usual = resource.getrlimit(resource.RLIMIT_FSIZE)
resource.setrlimit(resource.RLIMIT_FSIZE, (store.path.stat().st_size + 150, usual[1]))
try:
    store.append(candles.iloc[10:20], "binance")
except HistoryError:
    resource.setrlimit(resource.RLIMIT_FSIZE, usual)
    store.append(candles.iloc[20:], "binance")
    print("done")
"""


def test_a_write_that_failed_half_way_leaves_no_half_line(store: CsvStore):
    done = subprocess.run(
        [sys.executable, "-c", _CUT_SHORT, str(store.path.parent)],
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout == "done\n"
    candles = made_candles(30)
    pd.testing.assert_frame_equal(
        store.load(), candles.drop(candles.index[10:20]), check_freq=False
    )
