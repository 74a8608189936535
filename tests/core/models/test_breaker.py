"""A model that lately lost to "the price stays" stands aside, and returns by itself."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import numpy as np
import pandas as pd
import pytest

from core.domain.standing_aside import standing_aside_hours
from core.models.breaker import TOO_FAR, fewest, rows_before, standing_aside
from core.models.samples import Task

START = datetime(2026, 3, 1, tzinfo=UTC)
MINUTE = Task("minute", 1, 1)
LONG = Task("long", 5, 9)


def made(
    task: Task, rows: int, worth: list[float] | float, seed: int = 0, noise: float = 1e-4
) -> pd.DataFrame:
    """Return forecasts on a random walk: `worth` of each return is forecast, below 0 against it.

    A little noise comes on top; `worth` has one value, or one per row.
    """
    rng = np.random.default_rng(seed)
    steps = rng.standard_t(5, size=rows + task.steps) * 1e-3
    price = 100.0 * np.exp(np.cumsum(steps))
    issue, actual = price[:rows], price[task.steps :]
    expected = np.asarray(worth) * np.log(actual / issue) + rng.normal(0, noise, rows)
    return pd.DataFrame(
        {
            "issued_at": pd.date_range(START, periods=rows, freq=f"{task.bar_minutes}min"),
            "price_at_issue": issue,
            "point": issue * np.exp(expected),
            "actual": actual,
        }
    )


def aside(forecasts: pd.DataFrame, task: Task = MINUTE, end: datetime | None = START) -> np.ndarray:
    return standing_aside(forecasts, task, end)


@pytest.mark.parametrize("task", [MINUTE, LONG])
def test_a_model_that_loses_stands_aside_and_one_that_wins_does_not(task: Task):
    assert aside(made(task, 600, -0.2), task)[-1]
    assert not aside(made(task, 600, 0.2), task).any()


@pytest.mark.parametrize(
    ("task", "most"), [(MINUTE, 0.015), (Task("minute", 1, 5), 0.02), (LONG, 0.03)]
)
def test_false_alarms_are_rare_on_random_walks(task: Task, most: float):
    """The forecast is noise of a thousandth of a move: as good as no change."""
    made_of = [made(task, 4_000, 0.0, seed, noise=1e-6) for seed in range(8)]
    alarms = [aside(forecasts, task)[400:].mean() for forecasts in made_of]
    assert 0 < np.mean(alarms) < most
    assert TOO_FAR == 2.6


def test_it_turns_within_the_window_and_back():
    worth = np.repeat([0.2, -0.2, 0.2], 700)
    turned = aside(made(MINUTE, 2_100, list(worth)))
    assert not turned[:700].any()
    first = 700 + int(np.argmax(turned[700:1_400]))
    assert 700 < first < 700 + 360
    assert turned[first + 60 : 1_400].all()
    assert turned[1_400 : 1_400 + 30].all()
    assert not turned[1_400 + 361 :].any()


@pytest.mark.parametrize("task", [MINUTE, LONG])
def test_one_row_is_what_it_is_among_many(task: Task):
    worth = list(np.repeat([0.1, -0.1, 0.1, -0.1], 400))
    forecasts = made(task, 1_600, worth).drop(index=range(700, 730)).reset_index(drop=True)
    many = aside(forecasts, task)
    assert 0.1 < many.mean() < 0.9
    for end in range(rows_before(task) + 1, len(forecasts), 37):
        alone = forecasts.iloc[end - rows_before(task) : end + 1]
        assert aside(alone, task)[-1] == many[end]


@pytest.mark.parametrize("task", [MINUTE, LONG])
def test_no_answer_knows_more_than_what_has_matured(task: Task):
    forecasts = made(task, 1_000, 0.1)
    before = aside(forecasts, task)
    row = 600
    changed = forecasts.copy()
    later = forecasts.loc[row - task.steps + 1 :]
    changed.loc[later.index, "actual"] = 2 * later["price_at_issue"] - later["actual"]
    np.testing.assert_array_equal(aside(changed, task)[: row + 1], before[: row + 1])
    assert (aside(changed, task)[row + 1 :] != before[row + 1 :]).any()


def test_what_the_model_had_seen_does_not_count():
    forecasts = made(MINUTE, 500, -0.5)
    end = START + timedelta(minutes=300)
    answers = aside(forecasts, end=end)
    assert not answers[: 300 + fewest(MINUTE)].any()
    assert answers[300 + fewest(MINUTE) :].all()
    assert not aside(forecasts, end=None).any()


def test_a_window_is_a_stretch_of_time_not_a_number_of_rows():
    """Losses before an outage are forgotten when it is longer than the window."""
    forecasts = made(MINUTE, 1_000, -0.3)
    cut = forecasts.drop(index=range(500, 500 + 361)).reset_index(drop=True)
    answers = aside(cut)
    assert answers[499]
    assert not answers[500 : 500 + fewest(MINUTE)].any()


def test_forecasts_without_an_outcome_do_not_count():
    forecasts = made(MINUTE, 200, -0.5)
    forecasts.loc[::2, "actual"] = np.nan
    answers = aside(forecasts)
    assert int(np.argmax(answers)) == pytest.approx(2 * fewest(MINUTE), abs=1)


def test_no_change_never_stands_aside_for_itself():
    forecasts = made(MINUTE, 500, 0.0)
    same = forecasts.assign(point=forecasts["price_at_issue"])
    assert not aside(same).any()
    assert not aside(same.iloc[:0]).any()


def test_a_loss_that_never_varies_is_beyond_doubt():
    forecasts = made(MINUTE, 100, 0.0).assign(price_at_issue=8.0, actual=8.0, point=8.5)
    assert aside(forecasts)[-1]


@pytest.mark.parametrize(
    ("horizon", "minutes", "hours"),
    [("minute", 1, 6), ("minute", 5, 6), ("minute", 60, 30), ("long", 45, 24), ("long", 500, 250)],
)
def test_the_window_grows_with_the_distance_of_the_target(horizon, minutes: int, hours: int):
    assert standing_aside_hours(horizon, minutes) == hours
