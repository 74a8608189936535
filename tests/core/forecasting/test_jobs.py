"""Jobs run once at a time; failures are said, and tried again after growing pauses."""

from __future__ import annotations

import threading
from datetime import timedelta

import pytest

from core.clock import SystemClock
from core.errors import ExchangeUnavailable, RateLimited
from core.forecasting.engine import troubles
from core.forecasting.jobs import Jobs
from tests.clocks import ManualClock
from tests.waiting import wait_until


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock()


@pytest.fixture
def jobs(clock: ManualClock):
    jobs = Jobs(clock, workers=2, name="test")
    yield jobs
    jobs.stop()


def run(jobs: Jobs, name: str, work) -> None:
    done = threading.Event()

    def whole() -> None:
        done.set()
        work()

    wait_until(lambda: jobs.start(name, whole))
    assert done.wait(5)


def fail(error: Exception):
    def work() -> None:
        raise error

    return work


def test_a_new_job_starts_at_the_first_call_on_a_clock_that_runs():
    jobs = Jobs(SystemClock(), workers=1, name="test")
    assert jobs.start("a", lambda: None)
    jobs.stop()


def test_one_of_a_name_at_a_time(jobs: Jobs):
    hold = threading.Event()
    assert jobs.start("a", lambda: hold.wait(5) or None)
    assert not jobs.start("a", lambda: None)
    assert jobs.start("b", lambda: None)
    hold.set()
    wait_until(lambda: jobs.start("a", lambda: None))


def test_a_failure_is_said_and_waits_longer_each_time(jobs: Jobs, clock: ManualClock):
    run(jobs, "a", fail(ExchangeUnavailable("It answered 503.")))
    wait_until(lambda: jobs.trouble() == {"a": "It answered 503."})
    assert not jobs.start("a", lambda: None)
    clock.advance(1.1)
    run(jobs, "a", fail(ExchangeUnavailable("Again.")))
    wait_until(lambda: jobs.trouble() == {"a": "Again."})
    clock.advance(1.1)
    assert not jobs.start("a", lambda: None)
    clock.advance(1)
    run(jobs, "a", lambda: None)
    wait_until(lambda: jobs.trouble() == {})


def test_a_named_moment_is_waited_for(jobs: Jobs, clock: ManualClock):
    until = clock.now() + timedelta(seconds=90)
    run(jobs, "a", fail(RateLimited("Too many calls.", until)))
    wait_until(lambda: "a" in jobs.trouble())
    clock.advance(89)
    assert not jobs.start("a", lambda: None)
    clock.advance(2)
    wait_until(lambda: jobs.start("a", lambda: None))


def test_a_bug_is_said_by_name_and_does_not_end_the_pool(jobs: Jobs, clock: ManualClock):
    run(jobs, "a", fail(KeyError("x")))
    wait_until(lambda: jobs.trouble() == {"a": "a failed: KeyError."})
    clock.advance(2)
    run(jobs, "a", lambda: None)
    wait_until(lambda: jobs.trouble() == {})


def test_forgotten_jobs_leave_no_trouble(jobs: Jobs):
    run(jobs, "poll ETH-USD", fail(ExchangeUnavailable("Down.")))
    wait_until(lambda: jobs.trouble() != {})
    run(jobs, "poll ETH-USD-123", fail(ExchangeUnavailable("Down too.")))
    wait_until(lambda: len(jobs.trouble()) == 2)
    jobs.forget("poll ETH-USD")
    assert jobs.trouble() == {"poll ETH-USD-123": "Down too."}


def test_a_job_forgotten_while_it_runs_leaves_no_trouble(jobs: Jobs):
    started, hold = threading.Event(), threading.Event()

    def work() -> None:
        started.set()
        hold.wait(5)
        raise ExchangeUnavailable("Down.")

    jobs.start("poll ETH-USD", work)
    assert started.wait(5)
    jobs.forget("poll ETH-USD")
    hold.set()
    # It may be started again as soon as it has ended, and is then remembered as usual.
    run(jobs, "poll ETH-USD", lambda: None)
    assert jobs.trouble() == {}


def test_a_wall_clock_set_back_prolongs_no_pause(jobs: Jobs, clock: ManualClock):
    run(jobs, "a", fail(ExchangeUnavailable("Down.")))
    wait_until(lambda: jobs.trouble() != {})
    clock.set_back(3_600)
    clock.advance(1.1)
    wait_until(lambda: jobs.start("a", lambda: None))


def test_trouble_is_told_to_those_it_concerns(jobs: Jobs):
    jobs.start("poll ETH-USD", fail(ExchangeUnavailable("ETH fails.")), ["ETH-USD"])
    jobs.start("clock", fail(ExchangeUnavailable("No clock.")))
    wait_until(lambda: len(jobs.trouble()) == 2)
    assert jobs.trouble_about("ETH-USD") == ["ETH fails."]
    assert jobs.trouble_about("") == ["No clock."]
    assert jobs.trouble_about("BTC-USD") == []


def test_it_is_busy_while_anything_runs(jobs: Jobs):
    hold = threading.Event()
    assert not jobs.busy
    jobs.start("a", lambda: hold.wait(5) or None)
    assert jobs.busy
    hold.set()
    wait_until(lambda: not jobs.busy)


def test_what_another_sentence_says_too_is_not_said_twice(jobs: Jobs):
    silent = "binance gave no answer."
    for name, said in {
        "clock": f"{silent} After 7 failures in a row it is left alone.",
        "prices": silent,
        "hours": silent,
        "disk": "The disk is full.",
    }.items():
        jobs.start(name, fail(ExchangeUnavailable(said)))
    wait_until(lambda: len(jobs.trouble()) == 4)
    assert troubles((jobs,)).count(silent) == 1
    assert "left alone" in troubles((jobs,))
    assert "The disk is full." in troubles((jobs,))
