"""A report counts what overlaps once and says how sure it is."""

import math

import numpy as np
import pandas as pd
import pytest

from core.evaluation.report import summarise


def _forecasts(n: int, steps: int = 1, edge: float = 0.0, seed: int = 0) -> pd.DataFrame:
    """Return forecasts of a random walk; `edge` is the share of the move they foresee."""
    rng = np.random.default_rng(seed)
    prices = 100.0 + rng.normal(size=n + steps).cumsum()
    start, actual = prices[:n], prices[steps:]
    point = start + edge * (actual - start) + 0.1 * rng.normal(size=n)
    return pd.DataFrame(
        {
            "price_at_issue": start,
            "point": point,
            "low": start - 1.2816 * math.sqrt(steps),
            "high": start + 1.2816 * math.sqrt(steps),
            "actual": actual,
            "shrinkage": 0.5,
        }
    )


def test_skill_and_its_interval() -> None:
    frame = _forecasts(4_000, edge=0.2)
    report = summarise(frame, 1)
    assert report is not None
    errors = (frame["point"] - frame["actual"]).abs()
    stays = (frame["price_at_issue"] - frame["actual"]).abs()
    assert report.n == 4_000
    assert report.mae == pytest.approx(errors.mean())
    assert report.mae_random_walk == pytest.approx(stays.mean())
    assert report.skill == pytest.approx(1.0 - errors.mean() / stays.mean())
    assert report.skill_low < report.skill < report.skill_high
    assert report.skill_low > 0.0
    assert report.coverage == pytest.approx(0.8, abs=0.02)
    assert report.shrinkage == 0.5


def test_the_interval_holds_the_true_skill_about_as_often_as_promised() -> None:
    skills, half_widths = [], []
    for seed in range(200):
        # A forecast that errs as often up as down, for as long as targets overlap.
        noise = np.random.default_rng(seed + 1_000).normal(size=908)
        lean = 0.5 * np.convolve(noise, np.ones(9) / 3.0, mode="valid")
        frame = _forecasts(900, steps=9, seed=seed)
        report = summarise(frame.assign(point=frame["price_at_issue"] + lean), 9)
        assert report is not None
        skills.append(report.skill)
        half_widths.append((report.skill_high - report.skill_low) / 2.0)
    errors = np.abs(np.array(skills) - np.mean(skills))
    assert 0.88 <= np.mean(errors <= half_widths) <= 0.99


def test_overlapping_targets_are_worth_fewer() -> None:
    report = summarise(_forecasts(900, steps=9), 9)
    assert report is not None
    assert report.n_eff == 100.0


def test_without_bands_there_is_no_coverage() -> None:
    report = summarise(_forecasts(50).assign(low=math.nan, high=math.nan), 1)
    assert report is not None
    assert math.isnan(report.coverage)


def test_a_price_that_never_moves_has_no_skill_either_way() -> None:
    flat = _forecasts(50).assign(price_at_issue=3.3, point=3.3, actual=3.3)
    report = summarise(flat, 1)
    assert report is not None
    assert (report.skill, report.skill_low, report.skill_high) == (0.0, 0.0, 0.0)


def test_nothing_to_score_is_no_report() -> None:
    assert summarise(_forecasts(5).iloc[:0], 1) is None
