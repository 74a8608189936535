"""What the simulated market has in common with real minutes, and what it must not have."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta

import numpy as np
import numpy.typing as npt
import pandas as pd
import pytest
from sklearn.linear_model import Ridge

from core.domain import DEFAULT_TICKERS
from core.exchanges.simulated import EPOCH, Shift, SimulatedMarket
from tests.clocks import ManualClock
from tests.made import shared_data

END = datetime(2026, 12, 1, tzinfo=UTC)
ROWS = 50_000
LAGS = 20
Floats = npt.NDArray[np.float64]


def read(market: SimulatedMarket, ticker: str, rows: int = ROWS) -> pd.DataFrame:
    return pd.concat(market.candles(ticker, END - timedelta(minutes=rows), END))


def returns(frame: pd.DataFrame) -> pd.Series:
    return np.log(frame["close"]).diff().iloc[1:]


def autocorrelation(values: pd.Series | Floats, lag: int) -> float:
    array = np.asarray(values)
    return float(np.corrcoef(array[:-lag], array[lag:])[0, 1])


def kurtosis(values: pd.Series) -> float:
    """Return the fourth standardised moment; 3 for a normal."""
    return float(values.kurt()) + 3


def hourly_ratio(values: pd.Series) -> float:
    """Return the mean size of returns in the wildest hour of day over that in the calmest."""
    by_hour = values.abs().groupby(values.index.hour).mean()
    return float(by_hour.max() / by_hour.min())


@pytest.fixture(scope="module")
def history() -> Mapping[str, pd.DataFrame]:
    market = SimulatedMarket(ManualClock(END))
    return {ticker: read(market, ticker) for ticker in DEFAULT_TICKERS}


@pytest.fixture(scope="module")
def stationary() -> Mapping[str, pd.DataFrame]:
    market = SimulatedMarket(ManualClock(END), flavour="stationary")
    return {ticker: read(market, ticker) for ticker in ("BTC-USD", "DOGE-USD")}


@pytest.fixture(params=DEFAULT_TICKERS)
def coin(request: pytest.FixtureRequest, history: Mapping[str, pd.DataFrame]) -> pd.DataFrame:
    return history[request.param]


def test_neighbouring_returns_are_uncorrelated(coin: pd.DataFrame) -> None:
    assert abs(autocorrelation(returns(coin), 1)) < 0.01


def test_neighbouring_returns_are_uncorrelated_over_the_years() -> None:
    """The sample value stays small whenever it is asked, not on one lucky day."""
    start, end = datetime(2026, 1, 1, tzinfo=UTC), datetime(2028, 1, 1, tzinfo=UTC)
    market = SimulatedMarket(ManualClock(end))
    moves = np.concatenate(
        [np.log(page["close"] / page["open"]) for page in market.candles("BTC-USD", start)]
    )
    products = np.concatenate([[0.0], np.cumsum(moves[1:] * moves[:-1])])
    squares = np.concatenate([[0.0], np.cumsum(moves**2)])
    ends = np.arange(ROWS, len(moves) + 1, 1_440)
    sums = products[ends - 1] - products[ends - ROWS]
    sample = sums / (squares[ends] - squares[ends - ROWS])
    assert len(sample) > 690
    assert np.abs(sample).max() < 0.01


def test_volatility_clusters(coin: pd.DataFrame) -> None:
    sizes = returns(coin).abs()
    assert all(autocorrelation(sizes, lag) > 0.1 for lag in range(1, 31))


def test_tails_are_fat(coin: pd.DataFrame) -> None:
    assert kurtosis(returns(coin)) > 4


def test_volatility_follows_the_time_of_day(coin: pd.DataFrame) -> None:
    assert 1.5 < hourly_ratio(returns(coin)) < 3


def test_volume_follows_volatility(coin: pd.DataFrame) -> None:
    assert returns(coin).abs().corr(coin["volume"].iloc[1:]) > 0.3
    usual = np.log(coin["volume"]).rolling(60).mean().iloc[60:]
    wild = np.log(returns(coin).abs().rolling(60).mean()).reindex(usual.index)
    assert usual.corr(wild) > 0.5


def test_coins_move_together(history: Mapping[str, pd.DataFrame]) -> None:
    together = pd.DataFrame({ticker: returns(frame) for ticker, frame in history.items()}).corr()
    assert together.to_numpy().min() > 0.3
    assert np.sort(together.to_numpy().ravel())[-len(together) - 1] < 0.95


def test_no_coin_leads_another(history: Mapping[str, pd.DataFrame]) -> None:
    scaled = {ticker: _scaled(returns(frame)) for ticker, frame in history.items()}
    bitcoin = scaled["BTC-USD"]
    for ticker, moves in scaled.items():
        lead = np.corrcoef(bitcoin[:-1], moves[1:])[0, 1]
        assert abs(lead) * np.sqrt(len(moves)) < 3.3, ticker


def _scaled(moves: pd.Series) -> Floats:
    """Return log returns over the volatility known before them."""
    known = np.sqrt((moves**2).ewm(halflife=60).mean().shift(1))
    return np.asarray((moves / known).iloc[300:])


def _lagged(moves: Floats) -> tuple[Floats, Floats]:
    windows = np.lib.stride_tricks.sliding_window_view(moves, LAGS + 1)
    return windows[:, :-1], windows[:, -1]


def test_no_linear_memory_in_twenty_lags(coin: pd.DataFrame) -> None:
    """Box-Pierce: n times the sum of squared autocorrelations is chi-square with 20 degrees."""
    past, target = _lagged(np.clip(_scaled(returns(coin)), -4, 4))
    correlations = [np.corrcoef(past[:, i], target)[0, 1] for i in range(LAGS)]
    assert len(target) * np.sum(np.square(correlations)) < 45.3  # the 99.9th percentile


def test_a_fitted_model_cannot_tell_the_sign(coin: pd.DataFrame) -> None:
    past, target = _lagged(np.clip(_scaled(returns(coin)), -4, 4))
    half = len(target) // 2
    forecast = Ridge(alpha=1.0).fit(past[:half], target[:half]).predict(past[half:])
    actual = target[half:]
    moved = actual != 0
    hits = np.mean(np.sign(forecast[moved]) == np.sign(actual[moved]))
    assert abs(hits - 0.5) * 2 * np.sqrt(moved.sum()) < 3.3  # the 99.9th percentile


def test_the_stationary_flavour_neither_clusters_nor_follows_the_day(
    stationary: Mapping[str, pd.DataFrame],
) -> None:
    for frame in stationary.values():
        moves = returns(frame)
        sizes = moves.abs()
        assert max(abs(autocorrelation(sizes, lag)) for lag in (1, 5, 30, 1_440)) < 0.02
        assert hourly_ratio(moves) < 1.2
        assert abs(autocorrelation(moves, 1)) < 0.01
        assert kurtosis(moves) > 4
        daily = moves.groupby(moves.index.date).std().iloc[1:-1]
        assert daily.max() / daily.min() < 1.5


def test_a_planted_shift_of_volatility_shows() -> None:
    at = END - timedelta(days=10)
    market = SimulatedMarket(
        ManualClock(END), flavour="stationary", shifts=[Shift(at, "volatility", 2.0)]
    )
    moves = returns(read(market, "BTC-USD"))
    ratio = moves[moves.index >= at].std() / moves[moves.index < at].std()
    assert 1.9 < ratio < 2.1
    sizes = read(market, "BTC-USD")["volume"]
    assert sizes[sizes.index >= at].mean() > 1.5 * sizes[sizes.index < at].mean()


def test_prices_stay_in_a_believable_range_for_years() -> None:
    start, end = datetime(2025, 1, 1, tzinfo=UTC), datetime(2031, 1, 1, tzinfo=UTC)
    assert start > EPOCH
    market = SimulatedMarket(ManualClock(end))
    for ticker in DEFAULT_TICKERS:
        prices = [_close(market, ticker, start + timedelta(weeks=4 * i)) for i in range(78)]
        assert max(prices) / min(prices) < 5


def _close(market: SimulatedMarket, ticker: str, at: datetime) -> float:
    page = next(market.candles(ticker, at, at + timedelta(minutes=1)))
    return float(page["close"].iloc[0])


def test_its_scale_is_that_of_recorded_minutes(history: Mapping[str, pd.DataFrame]) -> None:
    recorded = pd.read_csv(shared_data("BTCUSDT-1m-20260301-20260430.csv.gz"))
    recorded.index = pd.to_datetime(recorded["open_time"], unit="ms", utc=True)
    real, made = recorded.iloc[:ROWS], history["BTC-USD"]
    assert 0.6 < returns(made).std() / returns(real).std() < 1.6
    assert 0.3 < kurtosis(returns(made)) / kurtosis(returns(real)) < 3
    assert 0.6 < _daily_range(made) / _daily_range(real) < 1.6
    assert 0.3 < made["volume"].mean() / real["volume"].mean() < 3


def _daily_range(frame: pd.DataFrame) -> float:
    days = frame.resample("D")
    return float(np.log(days["high"].max() / days["low"].min()).mean())
