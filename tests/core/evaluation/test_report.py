"""A report counts what overlaps once and says how sure it is."""

import math

import numpy as np
import pandas as pd
import pytest

from core.evaluation.report import summarise


def _forecasts(n: int, steps: int = 1, edge: float = 0.0, seed: int = 0) -> pd.DataFrame:
    """Return forecasts of a random walk; `edge` is the share of the move they foresee."""
    rng = np.random.default_rng(seed)
    prices = 10_000.0 + rng.normal(size=n + steps).cumsum()
    start, actual = prices[:n], prices[steps:]
    point = start + edge * (actual - start) + 0.1 * rng.normal(size=n)
    return pd.DataFrame(
        {
            "price_at_issue": start,
            "point": point,
            **_bands(start, math.sqrt(steps)),
            "volatility": math.sqrt(steps) / start,
            "actual": actual,
            "shrinkage": 0.5,
            "q5": -1.64e-4,
            "q25": -6.7e-5,
            "q75": 6.7e-5,
            "q95": 1.64e-4,
            "realised": math.nan,
            "realised_before": math.nan,
            "issued_at": pd.date_range("2026-03-01", periods=n, freq="min", tz="UTC"),
        }
    )


def _bands(start: np.ndarray, deviation: float) -> dict[str, np.ndarray]:
    widths = {50: 0.6745, 80: 1.2816, 90: 1.6449, 95: 1.96}
    return {
        f"{side}{level}": start + sign * width * deviation
        for level, width in widths.items()
        for side, sign in (("lo", -1.0), ("hi", 1.0))
    }


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
    assert report.p_worse > 0.999
    assert report.shrinkage == 0.5


def test_errors_of_prices_and_of_returns() -> None:
    frame = _forecasts(300, edge=0.2)
    report = summarise(frame, 1)
    assert report is not None
    start, point, actual = (frame[n].tolist() for n in ("price_at_issue", "point", "actual"))
    came = [math.log(a / s) for a, s in zip(actual, start, strict=True)]
    said = [math.log(p / s) for p, s in zip(point, start, strict=True)]
    for scored, values, forecasts in (
        (report.price, actual, point),
        (report.price_random_walk, actual, start),
        (report.returns, came, said),
        (report.returns_random_walk, came, [0.0] * 300),
    ):
        squares = [(v - f) ** 2 for v, f in zip(values, forecasts, strict=True)]
        mean = sum(values) / 300
        spread = sum((v - mean) ** 2 for v in values)
        assert scored.mae == pytest.approx(
            sum(abs(v - f) for v, f in zip(values, forecasts, strict=True)) / 300
        )
        assert scored.rmse == pytest.approx(math.sqrt(sum(squares) / 300))
        assert scored.r2 == pytest.approx(1.0 - sum(squares) / spread)


def test_all_scores_are_there() -> None:
    frame = _forecasts(4_000, steps=2)
    report = summarise(frame.assign(realised=0.01, realised_before=0.02), 2)
    assert report is not None
    assert [band.level for band in report.bands] == [0.5, 0.8, 0.9, 0.95]
    for band in report.bands:
        assert band.coverage == pytest.approx(band.level, abs=0.04)
        assert report.band(band.level) is band
    assert report.direction.n_eff == report.direction.n / 2
    assert report.pinball is not None
    assert report.volatility is not None
    assert report.volatility.n == 4_000


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
    frame = _forecasts(50)
    report = summarise(frame.assign(**dict.fromkeys(_bands(np.zeros(1), 1.0), math.nan)), 1)
    assert report is not None
    assert report.bands == ()
    assert report.band(0.8) is None
    assert report.pinball is None


def test_a_price_that_never_moves_has_no_skill_either_way() -> None:
    flat = _forecasts(50).assign(price_at_issue=3.3, point=3.3, actual=3.3)
    report = summarise(flat, 1)
    assert report is not None
    assert (report.skill, report.skill_low, report.skill_high) == (0.0, 0.0, 0.0)
    assert report.p_worse == 1.0
    assert report.direction.n == 0


def test_nothing_to_score_is_no_report() -> None:
    assert summarise(_forecasts(5).iloc[:0], 1) is None
