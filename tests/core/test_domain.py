"""Parameters are checked with a sentence that names the field and the allowed range."""

from __future__ import annotations

import pytest

from core.domain import ForecastSpec
from core.errors import ParameterError


@pytest.mark.parametrize(
    ("field", "value", "allowed"),
    [
        ("ticker", "BTC/USD", "BTC-USD"),
        ("ticker", "<script>", "BTC-USD"),
        ("max_points", "999", "1,000 to 100,000"),
        ("max_points", "100001", "1,000 to 100,000"),
        ("max_points", "many", "1,000 to 100,000"),
        ("train_window", "1999", "2,000 to max_points (50,000)"),
        ("train_window", "50001", "2,000 to max_points (50,000)"),
        ("train_window", "x", "0 (all)"),
        ("minute_horizon", "0", "1 to 60"),
        ("minute_horizon", "61", "1 to 60"),
        ("long_horizon_steps", "101", "1 to 100"),
        ("intraday_days", "71", "1 to 70"),
        ("intraday_days", "1.5", "1 to 70"),
    ],
)
def test_a_bad_parameter_names_its_field_and_range(field: str, value: str, allowed: str):
    with pytest.raises(ParameterError) as caught:
        ForecastSpec.parse({field: value})
    assert caught.value.field == field
    assert allowed in str(caught.value)
    assert field in str(caught.value)


def test_blanks_mean_the_defaults():
    assert ForecastSpec.parse({"ticker": "", "max_points": None}) == ForecastSpec()


@pytest.mark.parametrize(
    "spec",
    [
        ForecastSpec(),
        ForecastSpec("ETH-USD"),
        ForecastSpec("DOGE-USD", 20_000, 5_000, 5, 12, 10),
        ForecastSpec(intraday_days=1),
    ],
)
def test_text_and_back(spec: ForecastSpec):
    assert ForecastSpec.from_text(spec.to_text()) == spec


def test_keys_tell_specs_apart_and_the_default_has_the_plain_name():
    assert ForecastSpec("ETH-USD").key == "ETH-USD"
    others = {ForecastSpec("ETH-USD", minute_horizon=h).key for h in range(1, 61)}
    assert len(others) == 60
    assert all(key.startswith("ETH-USD") for key in others)


def test_intraday_days_bound_the_rows():
    assert ForecastSpec(intraday_days=2).rows_wanted == 2_880
    assert ForecastSpec(max_points=1_000, intraday_days=2).rows_wanted == 1_000
    assert ForecastSpec().rows_wanted == 50_000
