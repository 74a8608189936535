"""A crowd takes turns, a few pages do not."""

from __future__ import annotations

import pytest

from callbacks.crowd import Crowd


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


def turns_at(rate: float, seconds: float = 10.0) -> int:
    clock = Clock()
    crowd = Crowd(clock)
    turns = 0
    for _ in range(round(rate * seconds)):
        clock.now += 1 / rate
        turns = crowd.turns_s()
    return turns


@pytest.mark.parametrize(("rate", "seconds"), [(1, 0), (90, 0), (150, 3), (250, 5), (2_000, 6)])
def test_turns_grow_with_the_crowd_up_to_a_bound(rate: float, seconds: int) -> None:
    assert turns_at(rate) == seconds


def test_a_crowd_that_left_is_forgotten() -> None:
    clock = Clock()
    crowd = Crowd(clock)
    for _ in range(2_000):
        clock.now += 0.002
        crowd.turns_s()
    assert crowd.turns_s() > 0
    clock.now += 60
    assert crowd.turns_s() == 0
