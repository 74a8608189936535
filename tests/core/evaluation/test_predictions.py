"""The table of forecasts says what was forecast, to the last digit, or is not there."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest

from core.domain import HORIZONS, ForecastSpec
from core.evaluation.predictions import PREDICTION_COLUMNS, predictions, write_predictions
from core.evaluation.walk_forward import replay
from tests.core.features.series import candles


@pytest.fixture(scope="module", name="forecasts")
def _forecasts() -> dict[str, pd.DataFrame]:
    runs = replay(candles(1_200, seed=1), ForecastSpec(long_horizon_steps=2), processes=1)
    return {horizon: run.forecasts for horizon, run in runs.items()}


def test_a_row_per_forecast_with_all_its_values(
    tmp_path: Path, forecasts: dict[str, pd.DataFrame]
) -> None:
    path = tmp_path / "out.csv"
    write_predictions(path, predictions(forecasts))
    read = pd.read_csv(path)
    assert tuple(read.columns) == PREDICTION_COLUMNS
    for horizon in HORIZONS:
        mine = read[read["horizon"] == horizon].reset_index(drop=True)
        issued = forecasts[horizon]
        assert len(mine) == len(issued) > 0
        for name in ("issued_at", "target_time"):
            assert mine[name].str.endswith("+00:00").all()
            assert (pd.to_datetime(mine[name]) == issued[name]).all()
        for name in ("price_at_issue", "point", "lo50", "hi95", "actual"):
            pd.testing.assert_series_equal(mine[name], issued[name], check_exact=True)
        assert (mine["random_walk"] == mine["price_at_issue"]).all()
    assert len(read) == sum(map(len, forecasts.values()))


def test_unknown_edges_are_empty(tmp_path: Path, forecasts: dict[str, pd.DataFrame]) -> None:
    table = predictions({"minute": forecasts["minute"].head(1).assign(lo90=float("nan"))})
    write_predictions(tmp_path / "out.csv", table)
    cells = (tmp_path / "out.csv").read_text().splitlines()[1].split(",")
    assert cells[PREDICTION_COLUMNS.index("lo90")] == ""


def test_no_forecast_gives_the_header(tmp_path: Path) -> None:
    write_predictions(tmp_path / "out.csv", predictions({"minute": pd.DataFrame()}))
    assert (tmp_path / "out.csv").read_text() == ",".join(PREDICTION_COLUMNS) + "\n"


def test_a_failed_write_leaves_what_was_there(tmp_path: Path) -> None:
    path = tmp_path / "out.csv"
    path.mkdir()
    with pytest.raises(OSError, match=r"out\.csv"):
        write_predictions(path, predictions({}))
    assert [entry.name for entry in tmp_path.iterdir()] == ["out.csv"]
