"""Hours fill in where minutes do not reach, and never enter a model."""

from __future__ import annotations

from datetime import timedelta

import numpy as np
import pandas as pd
import pytest

from core.domain import Forecast, Interval
from core.forecasting.context import last_day, seed_bands
from core.history.cleaning import empty_candles
from tests.made import START, made_candles


def hourly(candles: pd.DataFrame) -> pd.DataFrame:
    rules = {"open": "first", "high": "max", "low": "min", "close": "last", "volume": "sum"}
    return candles.resample("h").agg(rules)


def test_minutes_alone_give_the_last_day_exactly():
    candles = made_candles(3_000)
    day = candles.iloc[-1_440:]
    found = last_day(candles, empty_candles())
    assert (found.low, found.high) == (day["low"].min(), day["high"].max())
    assert found.change == pytest.approx(
        candles["close"].iloc[-1] / candles["close"].iloc[-1441] - 1
    )


def test_hours_stand_in_for_minutes_that_are_not_held():
    candles = made_candles(3_000)
    found = last_day(candles.iloc[-60:], hourly(candles))
    whole = last_day(candles, empty_candles())
    assert found.low <= whole.low * 1.001
    assert found.high >= whole.high * 0.999
    assert found.change == pytest.approx(whole.change, abs=0.02)


def test_without_a_day_the_change_is_not_known():
    assert last_day(made_candles(600), empty_candles()).change is None


def forecast(*bands: Interval, minutes: int = 45) -> Forecast:
    return Forecast("long", START, START + timedelta(minutes=minutes), 100.0, 100.0, bands)


def test_a_known_band_is_left():
    band = Interval(0.8, 99.0, 101.0)
    assert seed_bands(forecast(band), hourly(made_candles(6_000))).band is band


def test_too_few_hours_give_no_band():
    assert seed_bands(forecast(), hourly(made_candles(600))).band is None


def test_the_seeded_band_holds_about_eighty_percent_of_outcomes():
    candles = made_candles(40_000, seed=11)
    log_price = np.log(candles["close"].to_numpy())
    moves = log_price[45:] - log_price[:-45]
    band = seed_bands(forecast(), hourly(candles.iloc[:20_000])).band
    low, high = np.log(band.low / 100), np.log(band.high / 100)
    inside = ((moves[20_000::45] > low) & (moves[20_000::45] < high)).mean()
    assert inside == pytest.approx(0.8, abs=0.06)
