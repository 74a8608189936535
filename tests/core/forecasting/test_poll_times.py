"""When a feed asks for the newest candle."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from core.forecasting.poll_times import PollTimes

CLOSE = datetime(2026, 3, 1, 12, 1, tzinfo=UTC)
NEXT_CLOSE = CLOSE + timedelta(minutes=1)


def seconds(s: float) -> timedelta:
    return timedelta(seconds=s)


@pytest.mark.parametrize("omits", [False, True])
def test_two_polls_between_two_closes(omits: bool) -> None:
    times = PollTimes(omits)
    second = times.after_answer(CLOSE + seconds(0.5), NEXT_CLOSE, True)
    assert second == CLOSE + seconds(25)
    assert times.after_answer(second, NEXT_CLOSE, False) == NEXT_CLOSE + seconds(0.4)


@pytest.mark.parametrize(
    ("omits", "pauses"),
    [
        (False, [0.7, 1, 1, 1.5, 2, 3, 5, 5, 5, 5, 5, 5]),
        (True, [0.7, 1, 1, 1.5, 2, 3, 5, 10, 15, 20, 20, 20]),
    ],
)
def test_pauses_grow_while_no_candle_comes(omits: bool, pauses: list[float]) -> None:
    times = PollTimes(omits)
    told = [times.after_answer(CLOSE, CLOSE, False) - CLOSE for _ in pauses]
    assert told == [seconds(pause) for pause in pauses]
    assert times.after_answer(CLOSE, CLOSE, True) == CLOSE + seconds(0.7)


def test_no_pause_reaches_beyond_the_next_close() -> None:
    times = PollTimes(True)
    polls = [times.after_answer(CLOSE + seconds(50), CLOSE, False) for _ in range(12)]
    assert max(polls) == NEXT_CLOSE + seconds(0.4)


def test_a_failure_is_followed_up_soon_everywhere() -> None:
    times = PollTimes(True)
    pauses = [times.after_failure(CLOSE) - CLOSE for _ in range(12)]
    assert pauses[0] == seconds(0.7)
    assert max(pauses) == seconds(5)
