"""Several exchanges: another is followed when one fails, nothing is mixed, and it is said."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import Servers
from tests.browser.rig import PATH, SPEC, SYMBOLS, Rig, is_well, says
from tests.browser.site import invest
from tests.exchange.exchange import LocalExchange
from tests.made import START, made_candles
from tests.waiting import wait_until

# Each exchange trades at a level of its own, so that any mixing shows.
LEVELS = {"binance": 1.0, "coinbase": 1.1, "kraken": 1.2}


def exchange_of(venue: str) -> LocalExchange:
    candles = made_candles(3_000)
    candles[["open", "high", "low", "close"]] *= LEVELS[venue]
    at = START + timedelta(minutes=1_500)
    return LocalExchange({SYMBOLS[venue]: candles}, venue=venue, at=at, as_now=True)


@pytest.fixture
def rig(serve: Servers, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Rig]:
    artifacts = tmp_path_factory.mktemp("switching")
    exchanges = {venue: exchange_of(venue) for venue in LEVELS}
    for exchange in exchanges.values():
        exchange.start()
    url = serve(
        {
            **{f"{v.upper()}_BASE_URL": e.base_url for v, e in exchanges.items()},
            "ARTIFACT_DIR": str(artifacts),
            "MARKET_SOURCE": "auto",
            "WATCH": SPEC.to_text(),
            "ENGINE": "internal",
            "QUOTE_SECONDS": "1",
            "SWITCH_AFTER_SECONDS": "5",
            "RETURN_AFTER_SECONDS": "10",
        }
    )
    running = Rig(url, artifacts, exchanges, serve.logs[url])
    wait_until(running.snapshot, 90, "the first forecast")
    yield running
    for exchange in exchanges.values():
        exchange.heal()
        exchange.stop()
    assert "Traceback" not in running.log.read_text()


def followed(rig: Rig, provider: str) -> None:
    wait_until(lambda: rig.snapshot().provider == provider, 120, f"a forecast from {provider}")


def levels_drawn(page: Page) -> list[float]:
    """Return the lowest and highest price of the drawn chart."""
    low, high = page.evaluate(
        """() => { const t = document.querySelector('#live-chart .js-plotly-plot').data
             .find(t => t.uid === 'price').y.filter(v => v !== null);
           return [Math.min(...t), Math.max(...t)]; }"""
    )
    return [low, high]


def true_levels(rig: Rig, provider: str) -> tuple[float, float]:
    values = rig.exchanges[provider].series[SYMBOLS[provider]].values[:, :4]
    return float(values.min()), float(values.max())


def test_a_switch_in_mid_session_mixes_nothing_and_is_said(rig: Rig, page: Page) -> None:
    page.goto(rig.url + PATH)
    is_well(page)
    invest(page)
    profit = page.locator("[data-slot=profit]").first
    expect(profit).to_contain_text("USD")
    rig.exchanges["binance"].fail("5xx", count=None)
    says(page, "Coinbase since [0-9:]{5} UTC. Binance is not followed: .*503", timeout_s=120)
    followed(rig, "coinbase")
    is_well(page, "degraded")
    page.wait_for_function(
        f"""() => Math.min(...document.querySelector('#live-chart .js-plotly-plot').data
            .find(t => t.uid === 'price').y.filter(v => v !== null))
            >= {true_levels(rig, "coinbase")[0]}"""
    )
    low, high = levels_drawn(page)
    true_low, true_high = true_levels(rig, "coinbase")
    assert true_low <= low <= high <= true_high
    expect(profit).to_have_text("–")
    expect(page.locator("body")).to_contain_text("Bought at Binance's price")
    rig.check_stored("coinbase")
    rig.exchanges["binance"].heal()
    followed(rig, "binance")
    is_well(page)
    expect(profit).to_contain_text("USD")
    points = page.evaluate(
        "JSON.parse(localStorage.getItem('profit-points') || 'null')?.points.map(p => p[1])"
    )
    share = [abs(point) / 5_000 for point in points or [] if point is not None]
    assert share
    assert max(share) < 0.05  # exchanges are a tenth apart
    rig.check_stored("binance")


def test_kraken_is_the_last_to_be_followed(rig: Rig, page: Page) -> None:
    page.goto(rig.url + PATH)
    rig.exchanges["coinbase"].stop()
    rig.exchanges["binance"].fail("451", count=None)
    followed(rig, "kraken")
    says(page, "Kraken since [0-9:]{5} UTC. Binance is not followed: .*451")
    assert rig.snapshot().rows <= 725
    rig.check_stored("kraken")
    known = len(rig.exchanges["binance"].calls())
    rig.exchanges["binance"].heal()
    rig.restart_engine()
    followed(rig, "kraken")
    assert len(rig.exchanges["binance"].calls()) == known


@pytest.mark.parametrize(
    ("kind", "options", "words"),
    [
        ("429", {"retry_after": "15"}, "limits the rate of requests until"),
        ("418", {"retry_after": "15"}, "has banned this address until"),
        ("451", {}, "451 .not served from this place"),
    ],
)
def test_with_every_exchange_down_it_says_so_and_recovers(
    rig: Rig, page: Page, kind: str, options: dict[str, str], words: str
) -> None:
    page.goto(rig.url + PATH)
    is_well(page)
    binance, coinbase = rig.exchanges["binance"], rig.exchanges["coinbase"]
    coinbase.stop()
    rig.exchanges["kraken"].stop()
    binance.fail(kind, count=None if kind == "451" else 1, **options)
    says(page, words)
    known = len(binance.calls())
    block = rig.status().block
    if block is not None:
        wait_until(lambda: len(binance.calls()) > known, 60, "a call after the ban")
        assert binance.calls()[known].time_ms >= block.until.timestamp() * 1000
        is_well(page)
    else:
        coinbase.start()
        followed(rig, "coinbase")
        is_well(page, "degraded")
        assert len(binance.calls()) == known
    rig.check_stored("binance")


def test_a_start_without_any_exchange_shows_what_is_on_disk_until_one_answers(
    rig: Rig, page: Page
) -> None:
    for exchange in rig.exchanges.values():
        exchange.stop()
    rig.restart_engine()
    page.goto(rig.url + PATH)
    says(page, "OFFLINE: what is on disk, until")
    expect(page.locator(".badge-v")).to_have_text("OFFLINE")
    expect(page.locator("[data-slot=price]").first).not_to_be_empty()
    assert rig.status().market == "live"
    rig.exchanges["kraken"].start()
    followed(rig, "kraken")
    is_well(page, "degraded")


def test_with_every_exchange_down_for_long_what_is_on_disk_is_shown(rig: Rig, page: Page) -> None:
    page.goto(rig.url + PATH)
    is_well(page)
    for exchange in rig.exchanges.values():
        exchange.stop()
    says(page, "OFFLINE: what is on disk, until .* No exchange answers.", timeout_s=120)
    followed(rig, "cache")
    assert rig.snapshot().as_of == rig.stored("binance").index[-1] + timedelta(minutes=1)
    rig.exchanges["binance"].start()
    followed(rig, "binance")
    is_well(page)
    rig.check_stored("binance")
