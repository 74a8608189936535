"""Orders through the application: at published prices, both trades or none."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from core.domain import Position
from core.portfolio.stored import holdings_to_stored
from tests.web.conftest import NOW, Site

HELD = Position("live", "BTC-USD", 0.125, 10_000.0, 80_000.0, NOW - timedelta(hours=1))


def send(site: Site, order: Any, held: Any = None) -> dict[str, Any]:
    """Return what became of an order that brings `held`."""
    sent = {**order, "id": "7", "held": held}
    answer = site.call("live-filled.data", {"live-order.data": sent, "live-spec.data": "BTC-USD"})
    assert answer.status_code == 200
    filled: dict[str, Any] = answer.get_json()["response"]["live-filled"]["data"]
    assert filled["id"] == "7"
    return filled


def at_price(site: Site, price: float, age_s: float = 1.0, ticker: str = "BTC-USD") -> None:
    quote = replace(
        site.publisher.quote(NOW), price=price, ticker=ticker, time=NOW - timedelta(seconds=age_s)
    )
    site.store.publish_quotes({ticker: quote})


def test_investing_buys_at_the_published_price_not_the_browsers(published: Site) -> None:
    at_price(published, 80_000.0)
    done = send(published, {"kind": "invest", "amount": 10_000, "price": 1.0})
    assert done["holdings"]["live"]["units"] == 0.125
    assert done["holdings"]["simulated"] is None
    assert [t["side"] for t in done["trades"]] == ["buy"]
    assert "Bought 0.125000 BTC at 80,000.00 USD" in str(done["say"])


def test_selling_realises_and_leaves_nothing(published: Site) -> None:
    at_price(published, 80_800.0)
    done = send(published, {"kind": "sell"}, holdings_to_stored({"live": HELD}))
    assert done["holdings"]["live"] is None
    assert done["trades"][0]["profit"] == pytest.approx(100.0)
    revenue = done["trades"][0]["amount"]
    assert f"Revenue {revenue:,.2f} USD, profit +100.00 USD." in str(done["say"])


def test_investing_again_sells_first(published: Site) -> None:
    at_price(published, 80_800.0)
    held = holdings_to_stored({"live": HELD})
    done = send(published, {"kind": "invest", "amount": "500"}, held)
    assert [t["side"] for t in done["trades"]] == ["sell", "buy"]
    assert done["holdings"]["live"]["invested"] == 500.0


@pytest.mark.parametrize("kind", ["invest", "sell"])
def test_an_old_price_changes_nothing_and_says_so(published: Site, kind: str) -> None:
    at_price(published, 80_000.0, age_s=11)
    done = send(published, {"kind": kind, "amount": 5}, holdings_to_stored({"live": HELD}))
    assert set(done) == {"id", "say"}
    assert "11 s old" in str(done["say"])


@pytest.mark.parametrize("amount", [None, "", 0, -1, "1e9", "nan", [], {}])
def test_a_bad_amount_after_a_holding_sells_nothing(published: Site, amount: Any) -> None:
    at_price(published, 80_000.0)
    order = {"kind": "invest", "amount": amount}
    done = send(published, order, holdings_to_stored({"live": HELD}))
    assert set(done) == {"id", "say"}
    assert "from 1 to 10,000,000 USD" in str(done["say"])


def test_with_nothing_to_sell_it_says_so(published: Site) -> None:
    assert "nothing to sell" in str(send(published, {"kind": "sell"})["say"])


def test_a_holding_of_the_other_market_is_kept_and_not_sold(published: Site) -> None:
    at_price(published, 80_000.0)
    other = holdings_to_stored({"simulated": replace(HELD, market="simulated")})
    assert "nothing to sell" in str(send(published, {"kind": "sell"}, other))
    done = send(published, {"kind": "invest", "amount": 100}, other)
    assert done["holdings"]["simulated"] == other["simulated"]


def test_another_coin_is_sold_at_its_own_price(published: Site) -> None:
    eth = replace(HELD, ticker="ETH-USD", units=4.0, price=2_500.0)
    held = holdings_to_stored({"live": eth})
    assert "No price of ETH-USD" in str(send(published, {"kind": "sell"}, held))
    at_price(published, 2_600.0, ticker="ETH-USD")
    done = send(published, {"kind": "sell"}, held)
    assert done["trades"][0]["amount"] == pytest.approx(10_400.0)


def test_before_anything_is_published_no_trade(site: Site) -> None:
    done = send(site, {"kind": "invest", "amount": 100})
    assert "no price to trade at" in str(done["say"])


def test_what_is_bought_carries_the_provider_of_its_price(published: Site) -> None:
    at_price(published, 80_000.0)
    done = send(published, {"kind": "invest", "amount": 100})
    assert done["holdings"]["live"]["provider"] == "binance"


def test_a_sale_at_another_providers_price_says_so(published: Site) -> None:
    at_price(published, 80_800.0)
    elsewhere = holdings_to_stored({"live": replace(HELD, provider="coinbase")})
    done = send(published, {"kind": "sell"}, elsewhere)
    assert done["holdings"]["live"] is None
    assert "Bought at Coinbase's price, sold at Binance's." in str(done["say"])
    at_home = holdings_to_stored({"live": replace(HELD, provider="binance")})
    done = send(published, {"kind": "sell"}, at_home)
    assert "sold at" not in str(done["say"])


def test_while_another_provider_takes_over_nothing_is_bought(published: Site) -> None:
    published.publisher.follow_provider("coinbase", 78_900.0)
    published.publisher.publish_live(NOW)
    done = send(published, {"kind": "invest", "amount": 100})
    assert "no price to trade at" in str(done["say"])


FIRES = "0,0.5,0.5,live"
NEVER = "5,3,3,live"


def at_its_own_price(site: Site) -> float:
    """Publish the last close as the live price; return it."""
    close = site.publisher.snapshot(NOW).price
    at_price(site, close)
    return close


def test_a_cue_to_buy_invests_and_is_marked_so(published: Site) -> None:
    at_its_own_price(published)
    done = send(published, {"kind": "auto-buy", "amount": 500, "rule": FIRES})
    assert [(t["side"], t["by"], t["amount"]) for t in done["trades"]] == [("buy", "cue", 500.0)]


def test_a_cue_to_sell_sells_what_is_held_and_is_marked_so(published: Site) -> None:
    close = at_its_own_price(published)
    held = replace(HELD, price=close, units=10_000 / close, provider="binance")
    order = {"kind": "auto-sell", "rule": FIRES}
    done = send(published, order, holdings_to_stored({"live": held}))
    assert [(t["side"], t["by"]) for t in done["trades"]] == [("sell", "cue")]
    assert done["holdings"]["live"] is None


@pytest.mark.parametrize("kind", ["auto-buy", "auto-sell"])
def test_a_cue_that_does_not_fire_here_trades_nothing(published: Site, kind: str) -> None:
    at_its_own_price(published)
    held = holdings_to_stored({} if kind == "auto-buy" else {"live": HELD})
    done = send(published, {"kind": kind, "amount": 500, "rule": NEVER}, held)
    assert set(done) == {"id", "say"}
    assert "does not fire on the server" in str(done["say"])


def test_a_cue_to_buy_never_adds_to_a_holding(published: Site) -> None:
    at_its_own_price(published)
    held = holdings_to_stored({"live": HELD})
    done = send(published, {"kind": "auto-buy", "amount": 5, "rule": FIRES}, held)
    assert "while a coin is held" in str(done["say"])
    assert set(done) == {"id", "say"}


@pytest.mark.parametrize(
    "other",
    [{"ticker": "ETH-USD"}, {"provider": "coinbase"}, {"market": "simulated"}],
)
def test_a_cue_to_sell_sells_only_what_it_is_about(published: Site, other: dict[str, Any]) -> None:
    at_its_own_price(published)
    held = replace(HELD, **other)
    done = send(
        published, {"kind": "auto-sell", "rule": FIRES}, holdings_to_stored({held.market: held})
    )
    assert "nothing of this coin held here" in str(done["say"])
    assert set(done) == {"id", "say"}


def test_a_cue_of_late_candles_trades_nothing(published: Site) -> None:
    published.clock.sleep(95)
    quote = replace(published.publisher.quote(NOW), time=NOW + timedelta(seconds=94))
    published.store.publish_quotes({"BTC-USD": quote})
    published.store.publish_status(published.publisher.status(NOW + timedelta(seconds=94)))
    done = send(published, {"kind": "auto-buy", "amount": 500, "rule": FIRES})
    assert "does not fire on the server" in str(done["say"])
    by_hand = send(published, {"kind": "invest", "amount": 500})
    assert len(by_hand["trades"]) == 1, "the same price is good enough for a person"


@pytest.mark.parametrize("kind", [None, "", "short", ["sell"]])
def test_an_order_of_no_known_kind_is_refused(published: Site, kind: Any) -> None:
    done = send(published, {"kind": kind, "amount": 500})
    assert "no order that can be executed" in str(done["say"])


def test_an_order_meant_for_the_other_market_is_refused(published: Site) -> None:
    done = send(published, {"kind": "invest", "amount": 500, "market": "simulated"})
    assert "The live market is shown by now" in str(done["say"])


def test_holdings_that_cannot_be_read_are_not_traded_over(published: Site) -> None:
    at_price(published, 80_000.0)
    broken = {"v": 1, "live": {"ticker": "BTC-USD", "units": -1}}
    for kind in ("invest", "sell"):
        done = send(published, {"kind": kind, "amount": 500}, broken)
        assert "cannot be read" in str(done["say"])
        assert set(done) == {"id", "say"}
