"""Controls: a sentence beside each refused field, or the new address."""

from __future__ import annotations

from typing import Any
from urllib.parse import parse_qsl

import pytest
from dash import no_update

from callbacks.controls import address, field_errors, read_pair, render_apply, render_watch
from components.frame import read_spec
from components.ids import CONTROL_NAMES
from core.domain import DEFAULT_TICKERS, ForecastSpec, Progress
from core.errors import ParameterError
from tests.web.conftest import NOW, Site

GOOD: dict[str, Any] = {
    "ticker": "eth-usd",
    "max_points": "20000",
    "train_window": 0,
    "minute_horizon": 5,
    "long_horizon_steps": 9,
    "intraday_days": "",
    "refresh": 10,
}


def test_good_values_become_an_address_and_a_pace() -> None:
    search, preferences, *rest = render_apply(GOOD, {"v": 1, "paused": True, "refresh": 3})
    assert search == "?ticker=ETH-USD&max_points=20000&minute_horizon=5"
    assert preferences == {"v": 1, "paused": True, "refresh": 10}
    assert rest == [""] * 7 + [False] * 7


@pytest.mark.parametrize(
    ("name", "value", "words"),
    [
        ("ticker", "BTC", "not a pair such as BTC-USD"),
        ("max_points", 999, "from 1,000 to 100,000"),
        ("train_window", 1_999, "from 2,000 to max_points (20,000)"),
        ("train_window", 20_001, "from 2,000 to max_points (20,000)"),
        ("minute_horizon", 61, "from 1 to 60"),
        ("long_horizon_steps", 0, "from 1 to 100"),
        ("intraday_days", "1.5", "from 1 to 70"),
        ("refresh", 2, "from 3 to 60"),
        ("refresh", None, "from 3 to 60"),
    ],
)
def test_a_bad_value_gets_its_sentence_beside_its_field(name: str, value: Any, words: str) -> None:
    values = {**GOOD, name: value}
    assert list(field_errors(values)) == [name]
    search, preferences, *rest = render_apply(values, None)
    assert search is no_update
    assert preferences is no_update
    place = CONTROL_NAMES.index(name)
    assert words in rest[place]
    assert rest[7 + place] is True
    assert sum(rest[7:]) == 1


def test_every_bad_field_gets_its_own_sentence() -> None:
    values = {**GOOD, "minute_horizon": 0, "refresh": 99, "max_points": "many"}
    assert set(field_errors(values)) == {"minute_horizon", "refresh", "max_points"}


@pytest.mark.parametrize(
    "spec",
    [
        ForecastSpec(),
        ForecastSpec("ADA-USD"),
        ForecastSpec.usual("ADA-USD"),
        ForecastSpec(
            ticker="ETH-USD",
            max_points=9_000,
            train_window=2_000,
            minute_horizon=3,
            intraday_days=7,
        ),
    ],
)
def test_the_address_reads_back_as_the_spec(spec: ForecastSpec) -> None:
    assert ForecastSpec.parse(dict(parse_qsl(address(spec).removeprefix("?")))) == spec


def test_the_list_offers_the_defaults_and_what_is_served_but_not_what_failed(
    published: Site,
) -> None:
    served, refused = ForecastSpec("AVAX-USD"), ForecastSpec("NOPE-USD")
    status = published.publisher.status(
        NOW,
        served=("BTC-USD", served.to_text(), refused.to_text()),
        progress={refused.key: Progress("failed", message="Binance does not trade NOPE-USD.")},
    )
    published.store.publish_status(status)
    answer = published.call("live-ticker.options", {"live-spec.data": "BTC-USD"})
    options = answer.get_json()["response"]["live-ticker"]["options"]
    assert [option["value"] for option in options] == [*DEFAULT_TICKERS, "AVAX-USD"]


def test_the_pair_on_screen_is_in_the_list_before_it_is_served(published: Site) -> None:
    answer = published.call("live-ticker.options", {"live-spec.data": "LINK-USD"})
    options = answer.get_json()["response"]["live-ticker"]["options"]
    assert options[-1] == {"label": "LINK-USD", "value": "LINK-USD"}


def test_retraining_is_asked_of_the_service_and_answered(published: Site) -> None:
    def ask() -> str:
        answer = published.call("live-retrain-answer.children", {"live-spec.data": "BTC-USD"})
        return answer.get_data(as_text=True)

    assert "Retraining was asked for" in ask()
    assert "less than 10 minutes ago" in ask()
    assert "BTC-USD" in published.store.retrain_requests()


def test_a_page_that_opens_refuses_nothing(published: Site) -> None:
    answer = published.call("control-refresh-error.children", {})
    assert answer.status_code in (200, 204)
    assert "not a whole number" not in answer.get_data(as_text=True)


@pytest.mark.parametrize(
    ("typed", "ticker"),
    [
        ("ETH", "ETH-USD"),
        (" eth-usd ", "ETH-USD"),
        ("eth/usd", "ETH-USD"),
        ("1inch", "1INCH-USD"),
        ("FDUSD", "FDUSD-USD"),
        ("usdc", "USDC-USD"),
    ],
)
def test_a_coin_is_read_as_people_type_it(typed: str, ticker: str) -> None:
    assert read_pair(typed) == ticker


@pytest.mark.parametrize(
    ("typed", "words"),
    [
        ("ETHUSDT", "ETHUSDT is an exchange's own symbol: type ETH or ETH-USD."),
        ("eth-usdc", "type ETH or ETH-USD."),
        ("BTCUSD", "type BTC or BTC-USD."),
        ("ETH-EUR", "not a pair such as BTC-USD"),
        ("$", "not a pair such as BTC-USD"),
        (None, "Type a coin such as ETH"),
    ],
)
def test_what_is_no_coin_gets_a_sentence(typed: object, words: str) -> None:
    with pytest.raises(ParameterError, match=words):
        read_pair(typed)
    search, sentence, invalid = render_watch(typed, "")
    assert search is no_update
    assert words in sentence
    assert invalid is True


def test_watching_keeps_the_pace_of_the_address_and_no_other_parameter() -> None:
    answer = render_watch("link", "?ticker=BTC-USD&minute_horizon=5&refresh=7")
    assert answer == ("?ticker=LINK-USD&refresh=7", "", False)


def test_a_wrong_pace_in_the_address_is_said_and_changes_no_forecast() -> None:
    spec, sentence = read_spec(ForecastSpec(), {"ticker": "eth-usd", "refresh": "1"})
    assert spec == ForecastSpec("ETH-USD")
    assert "refresh must be a whole number from 3 to 60 (seconds), not 1." in sentence
    assert read_spec(ForecastSpec(), {"refresh": "7"}) == (ForecastSpec(), "")
