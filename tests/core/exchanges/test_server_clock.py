"""Carrying the exchange's clock between readings."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from core.exchanges.server_clock import ServerClock
from tests.clocks import ManualClock

SERVER = datetime(2026, 3, 1, 12, 5, tzinfo=UTC)


class LeapingClock(ManualClock):
    """A clock whose wall time can be set without time passing."""

    leap = timedelta(0)

    def now(self) -> datetime:
        return super().now() + self.leap


def test_unknown_it_shows_our_time_and_no_offset() -> None:
    clock = ManualClock()
    server = ServerClock(clock)
    assert not server.known
    assert not server.fresh
    assert server.now() == clock.now()
    assert server.offset_ms is None


def test_the_middle_of_the_call_is_taken_and_half_of_it_is_doubt() -> None:
    clock = ManualClock()
    server = ServerClock(clock)
    clock.advance(0.4)
    server.set(SERVER, sent_at=0.0, received_at=0.4)
    assert server.at(0.2) == SERVER
    assert server.now() == SERVER + timedelta(seconds=0.2)
    assert server.surely_past(0.4) == SERVER


def test_a_time_told_in_whole_seconds_is_in_doubt_by_half_a_second_more() -> None:
    clock = ManualClock()
    server = ServerClock(clock)
    server.set(SERVER, sent_at=0.0, received_at=0.0, grain_s=1.0)
    assert server.now() == SERVER
    assert server.surely_past(0.0) == SERVER - timedelta(seconds=0.5)


def test_it_runs_on_with_our_monotonic_clock_until_it_is_old() -> None:
    clock = ManualClock()
    server = ServerClock(clock)
    server.set(SERVER, 0.0, 0.0)
    clock.advance(899)
    assert server.now() == SERVER + timedelta(seconds=899)
    assert server.fresh
    clock.advance(1)
    assert not server.fresh


def test_setting_our_wall_clock_moves_only_the_offset_and_asks_for_a_new_reading() -> None:
    clock = LeapingClock()
    server = ServerClock(clock)
    server.set(SERVER, 0.0, 0.0)
    before = server.offset_ms
    clock.leap = timedelta(seconds=60)
    assert server.now() == SERVER
    assert before is not None
    assert server.offset_ms == before - 60_000
    assert not server.fresh
