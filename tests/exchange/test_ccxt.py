"""Clients written by others read the local exchange, number for number."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import ccxt
import pandas as pd
import pytest

from tests.exchange import LocalExchange
from tests.exchange.market_clock import to_ms
from tests.exchange.series import read_candles
from tests.made import START, made_candles, shared_data

MINUTE = 60_000
COLUMNS = ["open", "high", "low", "close", "volume"]
# The source's minute that is the present one.
PRESENT = 3_500


@dataclass(frozen=True)
class Party:
    """A venue, the client that ccxt has for it, and its rules of paging.

    `market` is ccxt's name, `symbol` the venue's; pages begin `back` minutes ago and are
    at least `pages` calls, whose rows are full where nothing is missing.
    """

    venue: str
    client: type[ccxt.Exchange]
    symbol: str
    market: str
    back: int
    pages: int
    path: str
    recording: str


PARTIES = [
    Party(
        "binance",
        ccxt.binance,
        "BTCUSDT",
        "BTC/USDT",
        3_000,
        3,
        "/api/v3/klines",
        "BTCUSDT-1m-20260301-20260430.csv.gz",
    ),
    Party(
        "coinbase",
        ccxt.coinbaseexchange,
        "BTC-USD",
        "BTC/USD",
        1_400,
        5,
        "/products/BTC-USD/candles",
        "BTCUSD-COINBASE-1m-20230301-20230321.csv.gz",
    ),
    # Kraken has 720 rows and no more: one page.
    Party(
        "kraken",
        ccxt.kraken,
        "XBTUSD",
        "BTC/USD",
        700,
        1,
        "/0/public/OHLC",
        "BTCUSD-KRAKEN-1m-20230301-20230321.csv.gz",
    ),
]


def client_of(party: Party, exchange: LocalExchange) -> Any:
    """Return a client that does not wait between calls: none of these makes many."""
    client = party.client({"options": {"fetchMarkets": {"types": ["spot"]}}})
    client.enableRateLimit = False
    if party.venue == "binance":
        client.options["fetchCurrencies"] = False
        client.has["fetchCurrencies"] = False
        for name in ("public", "private", "v1"):
            client.urls["api"][name] = exchange.base_url + "/api/v3"
        return client
    client.has["fetchCurrencies"] = party.venue == "kraken"
    client.urls["api"]["public"] = exchange.base_url
    return client


@pytest.fixture(params=PARTIES, ids=lambda party: party.venue)
def party(request: pytest.FixtureRequest) -> Party:
    return request.param


@pytest.fixture(params=["made", "recorded"])
def source(request: pytest.FixtureRequest, party: Party) -> pd.DataFrame:
    if request.param == "recorded":
        return read_candles(shared_data(party.recording)).iloc[:4_000]
    made = made_candles(4_000).round(dict.fromkeys(COLUMNS[:4], 2) | {"volume": 5})
    return made if party.venue == "binance" else made.drop(made.index[3_000:3_004])


@pytest.fixture
def exchange(party: Party, source: pd.DataFrame) -> Iterator[LocalExchange]:
    at = source.index[PRESENT].to_pydatetime()
    candles: dict[str, Path | pd.DataFrame] = {party.symbol: source}
    with LocalExchange(candles, venue=party.venue, at=at, as_now=True) as running:
        yield running


@pytest.fixture
def client(party: Party, exchange: LocalExchange) -> Any:
    return client_of(party, exchange)


def test_ccxt_reads_the_clock_and_the_market(client: Any, party: Party) -> None:
    before = to_ms(datetime.now(UTC)) // 1000  # Kraken tells whole seconds
    assert before <= client.fetch_time() / 1000 <= datetime.now(UTC).timestamp()
    market = client.load_markets()[party.market]
    assert (market["spot"], market["active"]) == (True, True)
    assert market["id"] == {"kraken": "XXBTZUSD"}.get(party.venue, party.symbol)


def test_ccxt_knows_the_smallest_step(
    client: Any, exchange: LocalExchange, party: Party, source: pd.DataFrame
) -> None:
    prices = source[COLUMNS[:4]].to_numpy()
    step = client.load_markets()[party.market]["precision"]["price"]
    assert step == pytest.approx(exchange.series[party.symbol].tick)
    assert (abs(prices / step - (prices / step).round()) < 1e-3).all()


def pages(client: Any, party: Party, since: int) -> list[list[Any]]:
    """Let ccxt page, but for Coinbase: its own way loses the row at each page's seam there.

    From the second page on it asks from 1 ms before a minute to 299 minutes later.
    """
    client.enableRateLimit = True
    if party.venue != "coinbase":
        return client.fetch_ohlcv(party.market, "1m", since, None, {"paginate": True})
    rows: list[list[Any]] = []
    while page := client.fetch_ohlcv(party.market, "1m", since):
        rows += page
        since = page[-1][0] + MINUTE
    return rows


def test_ccxt_pages_through_candles_that_equal_the_source(
    client: Any, exchange: LocalExchange, party: Party, source: pd.DataFrame
) -> None:
    opens = exchange.series[party.symbol].opens
    now_open = int(opens[PRESENT])
    since = now_open - party.back * MINUTE
    first = int(opens.searchsorted(since))
    rows = pages(client, party, since)
    closed = [row for row in rows if row[0] < now_open]
    assert [row[0] for row in closed] == opens[first:PRESENT].tolist()
    expected = source[COLUMNS].iloc[first:PRESENT].round(8).to_numpy().tolist()
    assert [row[1:] for row in closed] == expected
    assert len(exchange.calls(party.path)) >= party.pages


def test_ccxt_reads_the_ticker(client: Any, source: pd.DataFrame, party: Party) -> None:
    ticker = client.fetch_ticker(party.market)
    row = source.iloc[PRESENT : PRESENT + 2]
    assert row["low"].min() <= ticker["last"] <= row["high"].max()
    assert ticker["bid"] < ticker["ask"]
    day = source.loc[source.index[PRESENT] - pd.Timedelta("1440min") : source.index[PRESENT + 2]]
    assert ticker["baseVolume"] <= day["volume"].sum()


def test_ccxt_reads_the_order_book(client: Any, party: Party) -> None:
    book = client.fetch_order_book(party.market)
    bids, asks = ([level[0] for level in book[side]] for side in ("bids", "asks"))
    assert len(bids) >= 50
    assert (bids, asks) == (sorted(bids, reverse=True), sorted(asks))
    assert bids[0] < asks[0]


@pytest.fixture
def quiet(party: Party) -> Iterator[Any]:
    """A client of an exchange of one symbol, for what needs no source."""
    at = START + timedelta(minutes=50)
    with LocalExchange({party.symbol: made_candles(100)}, venue=party.venue, at=at) as running:
        yield client_of(party, running), running


def test_ccxt_understands_that_it_is_too_fast(quiet: Any) -> None:
    client, exchange = quiet
    exchange.fail("429", retry_after="1")
    with pytest.raises((ccxt.DDoSProtection, ccxt.RateLimitExceeded)):
        client.fetch_time()


def test_ccxt_understands_a_closed_place(quiet: Any) -> None:
    client, exchange = quiet
    exchange.fail("451")
    with pytest.raises(ccxt.ExchangeNotAvailable):
        client.fetch_time()


def test_ccxt_understands_an_unlisted_symbol(quiet: Any, party: Party) -> None:
    client, exchange = quiet
    client.load_markets()
    client.markets[party.market]["id"] = "NOSUCH-USD"
    with pytest.raises(ccxt.ExchangeError):
        client.fetch_ohlcv(party.market)
    assert len(exchange.calls(party.path.replace("BTC-USD", "NOSUCH-USD"))) == 1


def test_ccxt_understands_a_ban() -> None:
    with LocalExchange({"BTCUSDT": made_candles(100)}) as exchange:
        exchange.ban(120)
        with pytest.raises(ccxt.DDoSProtection):
            client_of(PARTIES[0], exchange).fetch_time()
