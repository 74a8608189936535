"""Realised volatility is that of its own minutes, and forecasts of it are judged in logs."""

from __future__ import annotations

import math

import numpy as np
import pandas as pd
import pytest

from core.evaluation.volatility import realised_volatility, volatility_score, with_realised
from tests.core.features.series import altered_after, candles

MINUTES = 7


def _slow_realised(frame: pd.DataFrame, end: pd.Timestamp) -> float:
    """Return the realised volatility of the `MINUTES` up to `end`, minute by minute."""
    closes = dict(zip(frame.index + pd.Timedelta(minutes=1), frame["close"], strict=True))
    total = 0.0
    for back in range(MINUTES):
        now, before = (end - pd.Timedelta(minutes=back + k) for k in (0, 1))
        if now not in closes or before not in closes:
            return math.nan
        total += math.log(closes[now] / closes[before]) ** 2
    return math.sqrt(total)


def test_it_equals_a_slow_loop_and_crosses_no_gap() -> None:
    frame = candles(80, seed=3, gaps=[(30, 1), (50, 12)])
    found = realised_volatility(frame, MINUTES)
    slow = [_slow_realised(frame, end) for end in found.index]
    np.testing.assert_allclose(found, slow, rtol=1e-12)
    assert found.isna().sum() == 3 * MINUTES


def test_it_does_not_know_later_candles() -> None:
    frame = candles(60, seed=4)
    before = realised_volatility(frame, MINUTES)[:41]
    after = realised_volatility(altered_after(frame, 40, 9), MINUTES)[:41]
    pd.testing.assert_series_equal(after, before, check_exact=True)


def test_a_forecast_gets_what_came_before_and_after_it() -> None:
    frame = candles(60, seed=5)
    issued = frame.index[[20, 30, 58]] + pd.Timedelta(minutes=1)
    forecasts = pd.DataFrame(
        {"issued_at": issued, "target_time": issued + pd.Timedelta(minutes=MINUTES)}
    )
    found = with_realised(forecasts, frame, MINUTES)
    for name, column in (("realised_before", "issued_at"), ("realised", "target_time")):
        slow = [_slow_realised(frame, end) for end in forecasts[column]]
        np.testing.assert_allclose(found[name], slow, rtol=1e-12)
    assert math.isnan(found["realised"].iloc[-1])


def test_the_score_equals_a_slow_loop() -> None:
    rng = np.random.default_rng(6)
    frame = pd.DataFrame(
        rng.lognormal(-6.0, 0.5, (50, 3)), columns=["volatility", "realised", "realised_before"]
    )
    # Neither what is not known nor a price that stood still has a logarithm.
    frame.iloc[3, 0], frame.iloc[7, 1], frame.iloc[9, 2] = math.nan, 0.0, math.nan
    score = volatility_score(frame)
    assert score is not None
    rows = [
        tuple(map(math.log, row)) for i, row in enumerate(frame.to_numpy()) if i not in (3, 7, 9)
    ]
    mean = sum(came for _, came, _ in rows) / len(rows)
    spread = sum((came - mean) ** 2 for _, came, _ in rows)
    own = sum((came - said) ** 2 for said, came, _ in rows)
    persistence = sum((came - before) ** 2 for _, came, before in rows)
    assert score.n == len(rows) == 47
    assert score.r2 == pytest.approx(1.0 - own / spread)
    assert score.r2_persistence == pytest.approx(1.0 - persistence / spread)
    assert score.mse == pytest.approx(own / 47)
    assert score.mse_persistence == pytest.approx(persistence / 47)
    assert score.mse_ratio == pytest.approx(own / persistence)
    assert score.bias == pytest.approx(sum(said - came for said, came, _ in rows) / 47)


def test_nothing_known_is_no_score() -> None:
    frame = pd.DataFrame({"volatility": [0.01], "realised": [math.nan], "realised_before": [0.01]})
    assert volatility_score(frame) is None
