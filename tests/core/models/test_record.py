"""A record tells skill, its interval, and how long it would take to prove it."""

import math

import numpy as np
import pandas as pd
import pytest

from core.domain import SkillRecord
from core.models.record import record_of


def _scored(rows: int, knows: float, seed: int = 0) -> pd.DataFrame:
    rng = np.random.default_rng(seed)
    moved = rng.normal(size=rows)
    return pd.DataFrame(
        {
            "issued_at": pd.date_range("2026-03-01", periods=rows, freq="min", tz="UTC"),
            "price_at_issue": 100.0,
            "point": 100.0 + knows * moved,
            "actual": 100.0 + moved,
        }
    )


def test_it_equals_its_definition() -> None:
    scored = _scored(1_000, 0.1)
    record = record_of(scored, 1)
    assert record is not None
    moved = (scored["actual"] - 100.0).abs()
    gain = moved - (scored["actual"] - scored["point"]).abs()
    assert record.skill == pytest.approx(gain.mean() / moved.mean()) == pytest.approx(0.1)
    assert (record.n, record.minutes) == (1_000, 999.0)
    independent = 1.96 * gain.std(ddof=0) / math.sqrt(1_000) / moved.mean()
    assert record.reach == pytest.approx(independent, rel=0.2)
    assert record.significant


@pytest.mark.parametrize("rows", [0, 1])
def test_too_few_forecasts_prove_nothing(rows: int) -> None:
    record = record_of(_scored(rows, 0.1), 1)
    if rows == 0:
        assert record is None
    else:
        assert record is not None
        assert math.isnan(record.reach)
        assert not record.significant
        assert record.minutes_more == math.inf


def test_a_price_that_never_moved_proves_nothing() -> None:
    scored = _scored(50, 0.0).assign(actual=100.0)
    record = record_of(scored, 1)
    assert record is not None
    assert record.skill == 0.0
    assert not record.significant


def test_twice_as_sure_takes_four_times_as_long() -> None:
    record = SkillRecord(n=1_440, minutes=1_440.0, skill=0.001, reach=0.002)
    assert record.minutes_more == pytest.approx(3 * 1_440.0)
    assert SkillRecord(1_440, 1_440.0, 0.0, 0.002).minutes_more == math.inf
    assert SkillRecord(1_440, 1_440.0, -0.003, 0.002).minutes_more == 0.0
