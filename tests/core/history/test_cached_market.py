"""The market on disk: whole to look at, never written, its clock at its end."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pandas as pd
import pytest

from core.errors import HistoryError, UnknownSymbol
from core.history.cached_market import CachedMarket
from core.history.cleaning import MINUTE
from core.history.csv_store import CsvStore
from tests.clocks import ManualClock
from tests.made import START, made_candles

ROWS = 400


@pytest.fixture
def directories(tmp_path: Path) -> dict[str, Path]:
    found = {"binance": tmp_path, "coinbase": tmp_path / "coinbase"}
    CsvStore(tmp_path, "BTC-USD", "live").append(made_candles(ROWS), "binance")
    CsvStore(tmp_path, "ETH-USD", "live").append(made_candles(ROWS - 10), "binance")
    CsvStore(found["coinbase"], "BTC-USD", "live").append(made_candles(ROWS - 5), "coinbase")
    return found


def contents(directory: Path) -> dict[str, bytes]:
    return {str(p): p.read_bytes() for p in sorted(directory.rglob("*")) if p.is_file()}


def test_the_clock_stands_where_the_newest_candle_closed(directories: dict[str, Path]) -> None:
    clock = ManualClock()
    market = CachedMarket(directories, clock)
    end = START + ROWS * MINUTE
    assert market.now() == end
    clock.advance(3_600)
    assert market.now() == end
    assert market.sync_clock() == (end - clock.now()) / timedelta(milliseconds=1)


def test_the_exchange_that_reaches_furthest_is_shown(directories: dict[str, Path]) -> None:
    assert CachedMarket(directories, ManualClock()).source == "binance"
    longer = CsvStore(directories["coinbase"], "ETH-USD", "live")
    longer.append(made_candles(ROWS + 1), "coinbase")
    market = CachedMarket(directories, ManualClock())
    assert (market.source, market.omits_empty_minutes) == ("coinbase", True)


def test_candles_and_quotes_are_those_stored(directories: dict[str, Path]) -> None:
    market = CachedMarket(directories, ManualClock())
    start, end = START + 10 * MINUTE, START + 20 * MINUTE
    (page,) = market.candles("BTC-USD", start, end)
    pd.testing.assert_frame_equal(page, made_candles(ROWS).iloc[10:20], check_freq=False)
    assert list(market.candles("BTC-USD", market.now())) == []
    quotes = market.quotes(["BTC-USD", "ETH-USD"])
    assert quotes["BTC-USD"].price == made_candles(ROWS)["close"].iloc[-1]
    assert quotes["ETH-USD"].time == START + (ROWS - 10) * MINUTE
    assert {quote.provider for quote in quotes.values()} == {"cache"}


def test_hours_are_whole_and_made_of_their_minutes(directories: dict[str, Path]) -> None:
    (hours,) = CachedMarket(directories, ManualClock()).candles("BTC-USD", START, None, "1h")
    minutes = made_candles(ROWS)
    assert len(hours) == ROWS // 60
    for opened, hour in hours.iterrows():
        part = minutes.loc[opened : opened + timedelta(minutes=59)]
        assert len(part) == 60
        assert hour["open"] == part["open"].iloc[0]
        assert hour["close"] == part["close"].iloc[-1]
        assert (hour["high"], hour["low"]) == (part["high"].max(), part["low"].min())
        assert hour["volume"] == pytest.approx(part["volume"].sum())


def test_what_is_not_stored_is_not_listed(directories: dict[str, Path]) -> None:
    market = CachedMarket(directories, ManualClock())
    assert [market.lists(t) for t in ("BTC-USD", "ETH-USD", "SOL-USD")] == [True, True, False]
    with pytest.raises(UnknownSymbol):
        market.quotes(["SOL-USD"])


def test_nothing_is_written_and_damage_is_passed_over(
    tmp_path: Path, directories: dict[str, Path]
) -> None:
    (tmp_path / "SOL-USD_history.csv").write_bytes(b"\xff garbage")
    torn = tmp_path / "BTC-USD_history.csv"
    torn.write_bytes(torn.read_bytes()[:-7])
    before = contents(tmp_path)
    market = CachedMarket(directories, ManualClock())
    assert not market.lists("SOL-USD")
    assert market.now() == START + (ROWS - 1) * MINUTE
    assert contents(tmp_path) == before


def test_with_nothing_on_disk_there_is_nothing_to_show(tmp_path: Path) -> None:
    with pytest.raises(HistoryError, match="No candle"):
        CachedMarket({"binance": tmp_path / "none"}, ManualClock())
