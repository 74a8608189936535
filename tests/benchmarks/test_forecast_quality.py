"""The tables of forecast quality: what is worse is named, and each series counts once."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from scipy.stats import ttest_1samp

from benchmarks import series
from benchmarks.forecast_quality import main
from benchmarks.quality_tables import (
    Result,
    adjusted_p,
    band_grid,
    markdown,
    mean_interval,
    skill_grid,
    summary_grid,
)
from core.domain import ForecastSpec
from core.evaluation.report import Report, summarise
from core.evaluation.walk_forward import walk_forward
from tests.core.features.series import candles


@pytest.fixture(scope="module", name="report")
def _report() -> Report:
    report = summarise(walk_forward(candles(1_500, seed=3), ForecastSpec(), "minute"), 1)
    assert report is not None
    return report


def _results(report: Report, p_values: dict[str, float]) -> list[Result]:
    return [
        Result(name, "recorded", "minute", replace(report, p_worse=p, skill=skill), None, 1.0)
        for (name, p), skill in zip(p_values.items(), (0.001, -0.002, -0.006), strict=False)
    ]


def test_only_what_stays_significant_among_all_is_named_worse(report: Report) -> None:
    results = _results(report, {"good": 0.9, "unlucky": 0.03, "bad": 0.001})
    other = replace(results[1], kind="random walk", report=replace(report, p_worse=0.03))
    assert adjusted_p([*results, other]) == pytest.approx([0.9, 0.06, 0.003, 0.03])
    recorded, walks = summary_grid([*results, other]).rows
    assert recorded[0] == "3 recorded"
    assert recorded[-2:] == ["−0.600", "bad"]
    assert walks[-1] == "unlucky"


def test_the_mean_over_series_has_students_interval() -> None:
    skills = [0.1, 0.2, -0.05, 0.3]
    expected = ttest_1samp(skills, 0.0).confidence_interval(0.95)
    mean, low, high = mean_interval(skills)
    assert mean == pytest.approx(np.mean(skills))
    assert (low, high) == pytest.approx((expected.low, expected.high))
    assert math.isnan(mean_interval([0.1])[1])


def test_markdown_has_as_many_cells_in_every_line(report: Report) -> None:
    results = _results(report, {"one": 0.5, "two": 0.5})
    for grid in (skill_grid(results), band_grid(results), summary_grid(results)):
        lines = markdown(grid).splitlines()
        assert len(lines) == 2 + len(grid.rows)
        assert {line.count("|") for line in lines} == {len(grid.headings) + 1}


@pytest.mark.parametrize(
    ("name", "ticker"),
    [
        ("BTCUSDT-1m-20260301-20260430", "BTC-USD"),
        ("AVAXUSDT-PERP-1m-20260401-20260430", "AVAX-USD"),
        ("BTCUSD-KRAKEN-1m-20230301-20230321", "BTC-USD"),
    ],
)
def test_the_ticker_of_a_file(name: str, ticker: str) -> None:
    assert series.ticker_of(name) == ticker


def test_a_random_walk_is_independent_from_minute_to_minute() -> None:
    close = pd.Series(np.log(series.random_walk(0, 20_000)["close"]))
    assert abs(close.diff().autocorr(1)) < 0.03


def test_it_prints_three_tables(capsys: pytest.CaptureFixture[str], tmp_path, monkeypatch) -> None:
    table = candles(1_800, seed=4).reset_index()
    table["open_time"] = pd.DatetimeIndex(table["open_time"]).as_unit("ms").asi8
    table.to_csv(tmp_path / "ETHUSDT-1m.csv.gz", index=False)
    monkeypatch.setattr(series, "DATA", tmp_path)
    main(["--markdown", "--horizon", "minute", "--days", "1"])
    tables = capsys.readouterr().out.split("\n\n")
    assert [text.count("\n| ETHUSDT-1m |") for text in tables] == [1, 1, 0]
    assert "| 1 recorded | minute |" in tables[2]
