"""What is due again, and when."""

from __future__ import annotations

from datetime import timedelta

from core.forecasting.due import Due
from tests.clocks import ManualClock

MINUTE = timedelta(minutes=1)


def test_what_is_taken_is_due_again_after_its_time():
    clock = ManualClock()
    due = Due(clock)
    assert due.take("a", MINUTE)
    assert not due.take("a", MINUTE)
    assert due.take("b", MINUTE)
    clock.advance(59.9)
    assert not due.is_due("a")
    clock.advance(0.1)
    assert due.take("a", MINUTE)


def test_what_is_forgotten_is_due_at_once():
    due = Due(ManualClock())
    due.put_off("a", MINUTE)
    due.forget("a")
    assert due.is_due("a")
