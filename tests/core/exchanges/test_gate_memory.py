"""Refusals outlive a process, and no clock that was set makes them last longer than asked."""

from __future__ import annotations

import json
import threading
from datetime import timedelta
from pathlib import Path

import pytest

from core.exchanges.gate_memory import GateMemory
from tests.clocks import ManualClock

HOST = "api.example.com"


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "gates" / "binance.json"


def restarted(clock: ManualClock) -> ManualClock:
    """Return the clock of a process begun now: the same wall clock, another monotonic one."""
    return ManualClock(clock.now())


def test_a_refusal_is_known_to_other_processes_and_after_a_restart(
    clock: ManualClock, path: Path
) -> None:
    running = GateMemory(clock, path)
    assert running.standing(HOST) is None
    kept = GateMemory(clock, path).keep(HOST, "banned", "418.", 300)
    assert running.standing(HOST) == kept
    clock.advance(299)
    late = restarted(clock)
    memory = GateMemory(late, path)
    assert memory.standing(HOST) == kept
    late.advance(2)
    assert memory.standing(HOST) is None
    assert running.standing("other.example.com") is None


def test_without_a_file_only_this_process_knows(clock: ManualClock) -> None:
    memory = GateMemory(clock)
    memory.keep(HOST, "limited", "429.", 60)
    assert memory.standing(HOST) is not None
    assert GateMemory(clock).standing(HOST) is None


def test_the_longer_of_two_processes_waits_stands(clock: ManualClock, path: Path) -> None:
    one, other = GateMemory(clock, path), GateMemory(clock, path)
    long = one.keep(HOST, "banned", "418.", 600)
    assert other.keep(HOST, "limited", "429.", 10) == long
    assert GateMemory(clock, path).standing(HOST) == long


def test_what_several_processes_write_at_once_is_all_kept(clock: ManualClock, path: Path) -> None:
    memories = [GateMemory(clock, path) for _ in range(8)]
    threads = [
        threading.Thread(target=memory.keep, args=(f"host{i}", "forbidden", "403.", 60))
        for i, memory in enumerate(memories)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    fresh = GateMemory(clock, path)
    assert all(fresh.standing(f"host{i}") for i in range(8))


def test_what_is_over_leaves_the_file(clock: ManualClock, path: Path) -> None:
    memory = GateMemory(clock, path)
    memory.keep("a", "forbidden", "403.", 60)
    clock.advance(61)
    memory.keep("b", "forbidden", "403.", 60)
    assert list(json.loads(path.read_bytes())["refusals"]) == ["b"]


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"{",
        b"[]",
        b'{"schema":1}',
        b'{"schema":7,"refusals":{}}',
        b'{"schema":1,"refusals":{"*":{"kind":"banned"}}}',
        b"\xff\xfe\x00",
    ],
)
def test_a_damaged_file_is_set_aside_and_read_as_empty(
    clock: ManualClock, path: Path, content: bytes
) -> None:
    path.parent.mkdir()
    path.write_bytes(content)
    memory = GateMemory(clock, path)
    assert memory.standing(HOST) is None
    aside = path.with_name("binance.damaged-1.json")
    assert aside.read_bytes() == content
    memory.keep(HOST, "banned", "418.", 300)
    assert GateMemory(clock, path).standing(HOST) is not None


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("wait_s", 1e12),
        ("wait_s", float("nan")),
        ("wait_s", -1),
        ("wait_s", "60"),
        ("since", "2026-03-01T12:00:00"),
        ("since", "yesterday"),
        ("kind", "angry"),
    ],
)
def test_a_record_that_cannot_be_is_damage(
    clock: ManualClock, path: Path, field: str, value: object
) -> None:
    GateMemory(clock, path).keep(HOST, "banned", "418.", 300)
    content = json.loads(path.read_bytes())
    content["refusals"][HOST][field] = value
    path.write_text(json.dumps(content))
    assert GateMemory(clock, path).standing(HOST) is None
    assert path.with_name("binance.damaged-1.json").exists()


def test_what_a_process_knows_outlives_damage_to_the_file(clock: ManualClock, path: Path) -> None:
    memory = GateMemory(clock, path)
    kept = memory.keep(HOST, "banned", "418.", 300)
    path.write_bytes(b"cut off")
    assert memory.standing(HOST) == kept
    assert GateMemory(clock, path).standing(HOST) == kept
    path.unlink()
    assert memory.standing(HOST) == kept


def test_a_clock_set_back_prolongs_nothing_in_this_process(clock: ManualClock, path: Path) -> None:
    memory = GateMemory(clock, path)
    memory.keep(HOST, "limited", "429.", 60)
    clock.advance(10)
    clock.set_back(86_400)
    standing = memory.standing(HOST)
    assert standing is not None
    assert standing.until == clock.now() + timedelta(seconds=50)
    GateMemory(clock, path).keep("other", "forbidden", "403.", 60)
    clock.advance(51)
    assert memory.standing(HOST) is None


def test_a_clock_set_back_prolongs_nothing_after_restarts(clock: ManualClock, path: Path) -> None:
    """Each start may see a date in the future; only the first of them counts from its start."""
    GateMemory(clock, path).keep(HOST, "limited", "429.", 60)
    clock.set_back(86_400)
    standing = GateMemory(restarted(clock), path).standing(HOST)
    assert standing is not None
    assert standing.until == clock.now() + timedelta(seconds=60)
    clock.advance(40)
    assert GateMemory(restarted(clock), path).standing(HOST) is not None
    clock.advance(21)
    assert GateMemory(restarted(clock), path).standing(HOST) is None


def test_a_date_that_another_process_corrects_prolongs_nothing_here(
    clock: ManualClock, path: Path
) -> None:
    memory = GateMemory(clock, path)
    memory.keep(HOST, "limited", "429.", 60)
    clock.advance(50)
    clock.set_back(86_400)
    assert GateMemory(restarted(clock), path).standing(HOST) is not None
    assert memory.standing(HOST) is not None
    clock.advance(11)
    assert memory.standing(HOST) is None


def test_a_clock_set_forward_opens_nothing_early(clock: ManualClock, path: Path) -> None:
    memory = GateMemory(clock, path)
    memory.keep(HOST, "banned", "418.", 300)
    clock.set_back(-3_600)
    GateMemory(clock, path).keep("other", "forbidden", "403.", 60)
    assert memory.standing(HOST) is not None
    clock.advance(301)
    assert memory.standing(HOST) is None


def test_a_file_that_cannot_be_kept_is_logged_and_the_process_still_knows(
    clock: ManualClock, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "gates").write_text("a file where a directory should be")
    memory = GateMemory(clock, tmp_path / "gates" / "binance.json")
    memory.keep(HOST, "banned", "418.", 300)
    assert memory.standing(HOST) is not None
    assert "cannot be kept" in caplog.text
