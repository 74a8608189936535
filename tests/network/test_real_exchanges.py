"""The real exchanges' answers, read by our own providers. Run with ``pytest -m network``."""

from __future__ import annotations

from datetime import timedelta

import pandas as pd
import pytest

from core.domain import CANDLE_COLUMNS, DEFAULT_TICKERS
from core.exchanges.live import LiveProvider
from tests.network.exchanges import HOSTS, provider_at, refusal_of

pytestmark = pytest.mark.network
MINUTE = timedelta(minutes=1)
# Traded on every venue for years; of the others each venue decides.
ALWAYS_LISTED = {"BTC-USD", "ETH-USD"}


@pytest.fixture(params=HOSTS)
def provider(request: pytest.FixtureRequest) -> LiveProvider:
    """Return the provider of one host that answers; skip, with the reason, where it does not."""
    if refusal := refusal_of(request.param):
        pytest.skip(refusal)
    return provider_at(request.param)


def test_some_exchange_can_be_reached():
    refusals = [refusal_of(host) for host in HOSTS]
    if all(refusals):
        pytest.fail(f"Nothing was checked: no exchange answers here. {' '.join(refusals)}")


def test_the_time_is_read(provider: LiveProvider):
    # More than an hour apart would be a misread unit, not a clock.
    assert abs(provider.sync_clock()) < 3_600_000


def test_a_page_of_candles_is_read(provider: LiveProvider):
    start = provider.now() - 61 * MINUTE
    candles = pd.concat(list(provider.candles("BTC-USD", start)))
    opens = candles.index
    assert tuple(candles.columns) == tuple(CANDLE_COLUMNS)
    assert str(opens.tz) == "UTC"
    assert opens.is_monotonic_increasing
    assert opens.is_unique
    assert (opens == opens.floor("min")).all()
    assert opens[0] >= start
    assert opens[-1] + MINUTE <= provider.now()
    assert 30 <= len(candles) <= 61
    assert (candles["low"] <= candles[["open", "close"]].min(axis=1)).all()
    assert (candles["high"] >= candles[["open", "close"]].max(axis=1)).all()


def test_hourly_candles_are_read(provider: LiveProvider):
    start = provider.now() - timedelta(hours=25)
    candles = pd.concat(list(provider.candles("BTC-USD", start, None, "1h")))
    assert (candles.index == candles.index.floor("h")).all()
    assert len(candles) >= 20


def test_the_default_tickers_are_looked_up_and_priced(provider: LiveProvider):
    listed = [ticker for ticker in DEFAULT_TICKERS if provider.lists(ticker)]
    assert set(listed) >= ALWAYS_LISTED
    if provider.name == "binance":
        assert listed == list(DEFAULT_TICKERS)
    quotes = provider.quotes(listed)
    assert set(quotes) == set(listed)
    for ticker, quote in quotes.items():
        assert quote.price > 0, ticker
        assert quote.provider == provider.name


def test_prices_and_candles_are_of_one_coin_and_currency(provider: LiveProvider):
    price = provider.quotes(["BTC-USD"])["BTC-USD"].price
    *_, newest = provider.candles("BTC-USD", provider.now() - 15 * MINUTE)
    assert newest["close"].iloc[-1] == pytest.approx(price, rel=0.1)


def test_a_pair_that_does_not_exist_is_not_listed(provider: LiveProvider):
    assert not provider.lists("NOSUCHCOIN-USD")
