"""The simulated market as a provider: what any exchange promises, and the same in every process."""

from __future__ import annotations

import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from core.domain import CANDLE_COLUMNS, DEFAULT_TICKERS
from core.errors import ExchangeUnavailable, UnknownSymbol
from core.exchanges.base import CandleInterval
from core.exchanges.simulated import EPOCH, Shift, SimulatedMarket
from tests.clocks import ManualClock

ROOT = Path(__file__).resolve().parents[3]
NOW = datetime(2026, 5, 4, 13, 27, 42, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
DAY = timedelta(days=1)


def market_at(now: datetime = NOW, **options: object) -> SimulatedMarket:
    return SimulatedMarket(ManualClock(now), **options)  # type: ignore[arg-type]


def candles(
    market: SimulatedMarket,
    start: datetime,
    end: datetime | None = None,
    ticker: str = "BTC-USD",
    interval: CandleInterval = "1m",
) -> pd.DataFrame:
    return pd.concat(market.candles(ticker, start, end, interval))


PRINT_DIGEST = """
import hashlib, sys
from datetime import datetime, timedelta
import pandas as pd
from core.exchanges.simulated import SimulatedMarket
from tests.clocks import ManualClock
now = datetime.fromisoformat(sys.argv[1])
market = SimulatedMarket(ManualClock(now))
digest = hashlib.sha256()
for ticker in ("BTC-USD", "DOGE-USD"):
    frame = pd.concat(market.candles(ticker, now - timedelta(days=2)))
    digest.update(frame.to_csv().encode())
digest.update(repr(market.quotes(["ETH-USD"])).encode())
print(digest.hexdigest())
"""


def test_two_processes_see_the_same_market() -> None:
    runs = [
        subprocess.run(
            [sys.executable, "-c", PRINT_DIGEST, NOW.isoformat()],
            cwd=ROOT,
            env={"PYTHONHASHSEED": seed, "PYTHONPATH": str(ROOT)},
            capture_output=True,
            text=True,
            check=True,
            timeout=120,
        ).stdout
        for seed in ("1", "2")
    ]
    assert len(runs[0].strip()) == 64
    assert runs[0] == runs[1]


def test_another_seed_is_another_market() -> None:
    start = NOW - DAY
    first, other = (candles(market_at(seed=seed), start)["close"] for seed in (1, 2))
    moves = [np.log(close).diff().dropna() for close in (first, other)]
    assert abs(np.corrcoef(*moves)[0, 1]) < 0.1


def test_random_access_equals_one_long_read() -> None:
    start = datetime(2026, 4, 28, 22, 15, tzinfo=UTC)
    whole = candles(market_at(), start)
    market = market_at()
    for offset in (7_000, 0, 104, 105, 106, 3_000):
        at = start + offset * MINUTE
        piece = candles(market, at, at + 3 * MINUTE)
        pd.testing.assert_frame_equal(piece, whole.iloc[offset : offset + 3], check_freq=False)


def test_history_does_not_depend_on_when_it_is_asked() -> None:
    start, end = NOW - 2 * DAY, NOW - DAY
    early = candles(market_at(NOW), start, end)
    late = candles(market_at(NOW + 2_000 * DAY), start, end)
    pd.testing.assert_frame_equal(early, late)


@pytest.mark.parametrize("ticker", DEFAULT_TICKERS)
def test_candles_are_whole_valid_and_continuous(ticker: str) -> None:
    start = datetime(2026, 4, 20, 5, 30, tzinfo=UTC)
    pages = list(market_at().candles(ticker, start, start + 3 * DAY))
    assert [len(page) for page in pages] == [1_110, 1_440, 1_440, 330]
    frame = pd.concat(pages)
    assert tuple(frame.columns) == CANDLE_COLUMNS
    assert str(frame.index.dtype) == "datetime64[us, UTC]"
    assert frame.index.equals(
        pd.date_range(start, periods=3 * 1_440, freq="min", unit="us", name="open_time")
    )
    body = frame[["open", "close"]]
    assert (frame["low"] <= body.min(axis=1)).all()
    assert (frame["high"] >= body.max(axis=1)).all()
    assert (frame["low"] > 0).all()
    assert (frame["volume"] > 0).all()
    assert np.array_equal(frame["open"].to_numpy()[1:], frame["close"].to_numpy()[:-1])


def test_only_closed_candles_are_given() -> None:
    clock = ManualClock(datetime(2026, 5, 4, 13, 26, 59, 999_999, tzinfo=UTC))
    market = SimulatedMarket(clock)
    start = clock.now() - 3 * MINUTE
    assert candles(market, start).index[-1] == pd.Timestamp("2026-05-04 13:25", tz="UTC")
    clock.advance(0.000_001)
    assert candles(market, start).index[-1] == pd.Timestamp("2026-05-04 13:26", tz="UTC")
    assert list(market.candles("BTC-USD", clock.now())) == []
    assert list(market.candles("BTC-USD", clock.now(), clock.now() + DAY)) == []


def test_midnight_closes_the_last_candle_of_the_day() -> None:
    market = market_at(datetime(2026, 5, 5, tzinfo=UTC))
    frame = candles(market, datetime(2026, 5, 4, 23, 58, tzinfo=UTC))
    assert list(frame.index.strftime("%H:%M")) == ["23:58", "23:59"]


def test_hours_aggregate_their_minutes_and_only_closed_ones() -> None:
    market = market_at()
    start = datetime(2026, 5, 3, 20, 30, tzinfo=UTC)
    hours = candles(market, start, interval="1h")
    assert hours.index[0] == pd.Timestamp("2026-05-03 21:00", tz="UTC")
    assert hours.index[-1] == pd.Timestamp("2026-05-04 12:00", tz="UTC")
    assert len(hours) == 16
    minutes = candles(market, hours.index[5], hours.index[6])
    row = hours.iloc[5]
    assert row["open"] == minutes["open"].iloc[0]
    assert row["close"] == minutes["close"].iloc[-1]
    assert row["high"] == minutes["high"].max()
    assert row["low"] == minutes["low"].min()
    assert row["volume"] == pytest.approx(minutes["volume"].sum())


def test_quotes_move_inside_the_final_candle_and_end_at_its_close() -> None:
    clock = ManualClock(datetime(2026, 5, 4, 23, 58, tzinfo=UTC))
    market = SimulatedMarket(clock)
    seen = []
    for _ in range(180):
        quotes = market.quotes(DEFAULT_TICKERS)
        seen.append({ticker: quote.price for ticker, quote in quotes.items()})
        assert {quote.time for quote in quotes.values()} == {clock.now()}
        clock.advance(1)
    clock.advance(60)
    for ticker in DEFAULT_TICKERS:
        frame = candles(market, datetime(2026, 5, 4, 23, 58, tzinfo=UTC), ticker=ticker)
        prices = np.array([quotes[ticker] for quotes in seen]).reshape(3, 60)
        assert (prices >= frame["low"].to_numpy()[:3, None]).all()
        assert (prices <= frame["high"].to_numpy()[:3, None]).all()
        assert np.array_equal(prices[:, 0], frame["open"].to_numpy()[:3])
        assert np.array_equal(prices[1:, 0], frame["close"].to_numpy()[:2])
        assert len(np.unique(prices)) >= 3


def test_prices_have_the_scale_and_the_decimals_of_their_coin() -> None:
    prices = {k: q.price for k, q in market_at().quotes(DEFAULT_TICKERS).items()}
    assert 80_000 / 5 < prices["BTC-USD"] < 80_000 * 5
    assert 0.2 / 5 < prices["DOGE-USD"] < 0.2 * 5
    assert round(prices["BTC-USD"], 2) == prices["BTC-USD"]
    assert round(prices["DOGE-USD"], 6) == prices["DOGE-USD"]


def test_it_trades_the_default_tickers_and_says_so_of_others() -> None:
    market = market_at()
    assert all(market.lists(ticker) for ticker in DEFAULT_TICKERS)
    assert not market.lists("NOPE-USD")
    with pytest.raises(UnknownSymbol, match="NOPE-USD"):
        market.candles("NOPE-USD", NOW - DAY)
    with pytest.raises(UnknownSymbol, match="NOPE-USD"):
        market.quotes(["BTC-USD", "NOPE-USD"])


def test_nothing_is_known_before_the_opening() -> None:
    market = market_at(EPOCH + 2 * MINUTE)
    assert candles(market, EPOCH - DAY).index[0] == pd.Timestamp(EPOCH)
    early = market_at(EPOCH - DAY)
    assert list(early.candles("BTC-USD", EPOCH - 3 * DAY)) == []
    with pytest.raises(ExchangeUnavailable, match="opens on"):
        early.quotes(["BTC-USD"])


def test_its_clock_is_the_clock_it_was_given() -> None:
    market = market_at()
    assert market.now() == NOW
    assert market.sync_clock() == 0.0
    assert market.usage().clock_offset_ms == 0.0
    assert market.usage().weight_used is None
    assert (market.name, market.market) == ("simulated", "simulated")


def test_a_level_shift_moves_the_price_once_and_leaves_the_past_alone() -> None:
    at = datetime(2026, 5, 2, 10, 7, tzinfo=UTC)
    start = at - DAY
    plain = candles(market_at(), start)["close"]
    moved = candles(market_at(shifts=[Shift(at, "level", -0.05)]), start)["close"]
    ratio = moved / plain
    assert (ratio[ratio.index < at] == 1).all()
    assert ratio[ratio.index >= at].to_numpy() == pytest.approx(0.95, abs=1e-6)


def test_a_volatility_shift_scales_returns_from_its_minute_on() -> None:
    at = datetime(2026, 5, 2, 10, 7, tzinfo=UTC)
    start = at - DAY
    plain, moved = (
        np.log(candles(market_at(shifts=shifts), start)["close"]).diff().dropna()
        for shifts in ([], [Shift(at, "volatility", 2.0)])
    )
    before = plain.index < at
    assert moved[before].equals(plain[before])
    assert moved[~before].to_numpy() == pytest.approx(2 * plain[~before].to_numpy(), abs=1e-6)


@pytest.mark.parametrize(
    ("at", "kind", "size"),
    [
        (EPOCH + timedelta(seconds=30), "level", 0.1),
        (EPOCH - DAY, "level", 0.1),
        (NOW.replace(second=0), "level", -1.0),
        (NOW.replace(second=0), "volatility", 0.0),
    ],
)
def test_an_impossible_shift_is_refused(at: datetime, kind: str, size: float) -> None:
    with pytest.raises(ValueError, match=r"shift"):
        Shift(at, kind, size)  # type: ignore[arg-type]
