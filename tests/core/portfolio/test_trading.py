from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.domain import Quote
from core.errors import ParameterError, TradeRefused
from core.portfolio.trading import buy, can_mark, mark, parse_amount, realised, sell

NOW = datetime(2026, 4, 21, 12, 0, 5, tzinfo=UTC)
QUOTE = Quote("BTC-USD", 80_000.0, NOW - timedelta(seconds=2), "binance", "live")
TEN_SECONDS = timedelta(seconds=10)


def test_buying_spends_the_amount_at_the_quoted_price() -> None:
    position, trade = buy(10_000.0, QUOTE, NOW, TEN_SECONDS)
    assert position.units == 0.125
    assert (position.invested, position.price, position.bought_at) == (10_000.0, 80_000.0, NOW)
    assert (trade.side, trade.amount, trade.profit) == ("buy", 10_000.0, None)
    assert (trade.quote_time, trade.provider, trade.market) == (QUOTE.time, "binance", "live")


def test_selling_realises_the_difference() -> None:
    position, _ = buy(10_000.0, QUOTE, NOW, TEN_SECONDS)
    trade = sell(position, replace(QUOTE, price=80_800.0), NOW, TEN_SECONDS)
    assert trade.amount == pytest.approx(10_100.0)
    assert trade.profit == pytest.approx(100.0)


@settings(deadline=None)  # a busy machine is no fault
@given(
    amount=st.floats(1, 1e7),
    bought=st.floats(1e-4, 1e6),
    sold=st.floats(1e-4, 1e6),
)
def test_the_mark_before_a_sale_is_what_the_sale_realises(
    amount: float, bought: float, sold: float
) -> None:
    position, _ = buy(amount, replace(QUOTE, price=bought), NOW, TEN_SECONDS)
    marked = mark(position, sold)
    trade = sell(position, replace(QUOTE, price=sold), NOW, TEN_SECONDS)
    assert trade.profit == marked.profit
    assert trade.amount == marked.value
    assert marked.fraction == pytest.approx(sold / bought - 1, rel=1e-9, abs=1e-9)


@pytest.mark.parametrize("age_s", [10.001, 60])
def test_an_old_quote_is_refused_with_its_age(age_s: float) -> None:
    old = replace(QUOTE, time=NOW - timedelta(seconds=age_s))
    with pytest.raises(TradeRefused, match="s old"):
        buy(100.0, old, NOW, TEN_SECONDS)


def test_a_quote_of_exactly_ten_seconds_is_still_good() -> None:
    buy(100.0, replace(QUOTE, time=NOW - TEN_SECONDS), NOW, TEN_SECONDS)


def test_no_quote_no_trade() -> None:
    with pytest.raises(TradeRefused, match="no price"):
        buy(100.0, None, NOW, TEN_SECONDS)


@pytest.mark.parametrize("other", [{"market": "simulated"}, {"ticker": "ETH-USD"}])
def test_another_market_or_coin_is_refused(other: dict[str, str]) -> None:
    position, _ = buy(100.0, QUOTE, NOW, TEN_SECONDS)
    with pytest.raises(TradeRefused, match="cannot be sold"):
        sell(position, replace(QUOTE, **other), NOW, TEN_SECONDS)


@pytest.mark.parametrize(
    ("bought_at", "quoted", "valued"),
    [
        ("binance", {}, True),
        ("", {}, True),
        ("coinbase", {}, False),
        ("binance", {"provider": "coinbase"}, False),
        ("binance", {"market": "simulated"}, False),
        ("binance", {"ticker": "ETH-USD"}, False),
    ],
)
def test_a_quote_values_what_was_bought_at_its_provider(
    bought_at: str, quoted: dict[str, str], valued: bool
) -> None:
    position, _ = buy(100.0, replace(QUOTE, provider=bought_at), NOW, TEN_SECONDS)
    assert can_mark(position, replace(QUOTE, **quoted)) is valued


def test_another_providers_price_is_good_enough_to_sell() -> None:
    position, _ = buy(10_000.0, QUOTE, NOW, TEN_SECONDS)
    assert position.provider == "binance"
    other = replace(QUOTE, price=80_800.0, provider="coinbase")
    assert sell(position, other, NOW, TEN_SECONDS).provider == "coinbase"


def test_realised_counts_sales_of_one_market_only() -> None:
    position, bought = buy(100.0, QUOTE, NOW, TEN_SECONDS)
    sold = sell(position, replace(QUOTE, price=88_000.0), NOW, TEN_SECONDS)
    other = replace(sold, market="simulated")
    assert realised([bought, sold, other], "live") == pytest.approx(10.0)


@pytest.mark.parametrize(
    ("text", "amount"), [("1", 1.0), ("10,000.50", 10_000.5), (" 10000000 ", 1e7)]
)
def test_amounts_inside_the_range(text: str, amount: float) -> None:
    assert parse_amount(text) == amount


@pytest.mark.parametrize(
    "text", ["", "ten", "0.99", "10000001", "1,5", "1.000,50", "1e3", "nan", "inf", "-5", None, []]
)
def test_amounts_outside_it_name_the_range(text: object) -> None:
    with pytest.raises(ParameterError, match="from 1 to 10,000,000 USD") as caught:
        parse_amount(text)
    assert caught.value.field == "amount"
