"""Work in a thread that nobody must wait for."""

from __future__ import annotations

import threading

import pytest

from core.exchanges.daemon import in_thread


def test_the_result_comes_from_a_daemon_of_that_name() -> None:
    thread = in_thread(threading.current_thread, "probe").result(timeout=10)
    assert thread.daemon
    assert thread.name == "probe"
    assert thread is not threading.current_thread()


def test_what_was_raised_is_raised_where_the_result_is_taken() -> None:
    def leave() -> None:
        raise SystemExit("out of here")

    outcome = in_thread(leave, "probe")
    with pytest.raises(SystemExit, match="out of here"):
        outcome.result(timeout=10)


def test_what_is_stuck_is_left_behind() -> None:
    free = threading.Event()
    outcome = in_thread(free.wait, "probe")
    with pytest.raises(TimeoutError):
        outcome.result(timeout=0)
    free.set()
    assert outcome.result(timeout=10)
