"""Requests as the browser sends them, and as no browser does."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from core.domain import Diagnosis, Position, Progress
from core.portfolio.stored import holdings_to_stored
from tests.web.conftest import NOW, Site

HOLDINGS = holdings_to_stored(
    {
        m: Position(m, "BTC-USD", 0.1281234567891234, 9_999_999.99, 78_123.456789, NOW, "binance")
        for m in ("live", "simulated")
    }
)
LONG_SENTENCE = "Binance answers 451 from this place; the mirror is asked every 30 s. " * 6


@pytest.mark.parametrize("page", ["live", "health", "portfolio"])
def test_a_tick_is_small_both_ways(published: Site, page: str) -> None:
    published.store.publish_status(
        published.publisher.status(
            NOW,
            trouble=LONG_SENTENCE,
            pid=4_194_304,
            progress={"BTC-USD": Progress("training", 99_999, 100_000, "candles")},
        )
    )
    values = {f"{page}-interval.n_intervals": 1_000_000, "holdings.data": HOLDINGS}
    values[f"{page}-spec.data"] = "BTC-USD"
    request = published.request(f"{page}-tick.data", values)
    answer = published.client.post("/_dash-update-component", json=request)
    assert answer.status_code == 200
    assert len(answer.data) <= 600
    assert len(json.dumps(request)) <= 1_500
    tick = answer.get_json()["response"][f"{page}-tick"]["data"]
    assert tick["note"].endswith("...")
    assert LONG_SENTENCE.startswith(tick["note"].removesuffix("..."))


@pytest.mark.parametrize("page", ["live", "health", "portfolio"])
def test_a_tick_of_a_fallback_is_small_and_has_room_for_its_sentence(
    published: Site, page: str
) -> None:
    publisher = published.publisher
    snapshot = publisher.snapshot(NOW, filled=49_999, gaps=49_999, revised=(NOW,) * 1_440)
    publisher.store.publish(snapshot, publisher.series(NOW))
    away = "Binance is not followed: it answers 451 from this place. Coinbase since 12:04 UTC."
    status = publisher.status(
        NOW,
        provider="coinbase",
        provider_since=NOW,
        degraded=away,
        refilling=away,
        frozen_at=NOW,
        pid=4_194_304,
        progress={"BTC-USD": Progress("training", 99_999, 100_000, "candles")},
    )
    published.store.publish_status(status)
    published.store.publish_diagnosis(Diagnosis(NOW, ()))
    values = {"holdings.data": HOLDINGS, f"{page}-spec.data": "BTC-USD"}
    request = published.request(f"{page}-tick.data", values)
    answer = published.client.post("/_dash-update-component", json=request)
    assert len(answer.data) <= 600
    assert len(json.dumps(request)) <= 1_500
    tick = answer.get_json()["response"][f"{page}-tick"]["data"]
    assert (tick["provider"], tick["of"]) == ("coinbase", "binance")
    assert tick["note"].startswith("OFFLINE: what is on disk, until 2026-04-21 12:41 UTC. Binance")


def test_a_note_outside_ascii_stays_small_too(published: Site) -> None:
    status = published.publisher.status(NOW, trouble="“Ärger” " * 80)
    published.store.publish_status(status)
    answer = published.call(
        "live-tick.data", {"live-spec.data": "BTC-USD", "holdings.data": HOLDINGS}
    )
    assert len(answer.data) <= 600


def test_the_tick_values_the_position_at_the_published_quote(published: Site) -> None:
    quote = replace(published.publisher.quote(NOW), price=80_000.0, time=NOW)
    published.store.publish_quotes({"BTC-USD": quote})
    held = holdings_to_stored(
        {"live": Position("live", "BTC-USD", 0.125, 9_900.0, 79_200.0, NOW - timedelta(hours=1))}
    )
    answer = published.call("live-tick.data", {"live-spec.data": "BTC-USD", "holdings.data": held})
    tick = answer.get_json()["response"]["live-tick"]["data"]
    assert tick["hold"][:3] == [10_000.0, 100.0, 0.010101]
    assert tick["price"] == 80_000.0


@pytest.mark.parametrize("spec", [None, 7, "DROP TABLE", {"a": 1}, "BTC-USD?max_points=1"])
def test_a_spec_that_is_none_changes_nothing(published: Site, spec: Any) -> None:
    for output in ("live-tick.data", "live-paint.data", "health-tick.data", "health-tail.children"):
        page = output.split("-")[0]
        answer = published.call(output, {f"{page}-spec.data": spec})
        assert answer.status_code in (200, 204)
        assert b'"price"' not in answer.data


def broken(site: Site) -> list[Any]:
    good = site.request("live-tick.data", {"live-spec.data": "BTC-USD"})
    return [
        None,
        [],
        7,
        {},
        {**good, "output": "nothing.data"},
        {**good, "output": ["live-tick.data"]},
        {**good, "inputs": []},
        {**good, "inputs": None},
        {**good, "inputs": ["x", "y"]},
        {**good, "inputs": good["inputs"][::-1]},
        {**good, "state": [{"id": "live-spec"}]},
        {**good, "state": [{"id": {"type": "x"}, "property": "data", "value": 1}]},
        {**good, "changedPropIds": 5},
        {**good, "changedPropIds": [{}]},
        {**good, "outputs": None},
        {**good, "outputs": {"id": "live-spec", "property": "data"}},
        {**good, "outputs": [good["outputs"]]},
    ]


def test_what_is_not_a_callback_of_ours_is_answered_400(published: Site) -> None:
    for body in broken(published):
        answer = published.client.post("/_dash-update-component", json=body)
        assert answer.status_code == 400, body
        assert b"Traceback" not in answer.data


def test_a_callback_of_the_browser_alone_is_answered_400(published: Site) -> None:
    in_browser = [n for n, known in published.app.callback_map.items() if "callback" not in known]
    assert "typed.data" in in_browser
    for output in in_browser:
        request = published.request_named(output, {})
        answer = published.client.post("/_dash-update-component", json=request)
        assert answer.status_code == 400, output
        assert b"not a callback of this application" in answer.data


@pytest.mark.parametrize("value", [None, 7, True, [], {"a": {"b": [None]}}, "x", "?a=[", "\ud800"])
def test_a_path_that_is_none_is_answered_400(published: Site, value: Any) -> None:
    answer = published.call("_pages_content.children", {"_pages_location.pathname": value})
    assert answer.status_code == 400


@pytest.mark.parametrize("path", ["/", "/nowhere", "/%00", "/%ff", "/\ud800", "//", "/?a=["])
def test_any_path_is_answered_with_a_page(published: Site, path: str) -> None:
    values = {"_pages_location.pathname": path, "_pages_location.search": "?a=%ff&b=["}
    answer = published.call("_pages_content.children", values)
    assert answer.status_code == 200


@pytest.mark.parametrize(
    ("path", "search", "shown"),
    [
        ("/model-health", "?range=7d&range=1h", '"range": "7d"'),
        ("/model-health", "?horizon=long&horizon=minute", '"horizon": "long"'),
        ("/portfolio", "?ticker=ETH-USD&ticker=BTC-USD", '"data-spec": "ETH-USD"'),
        ("/", "?ticker=ETH-USD&ticker=BTC-USD", '"data-spec": "ETH-USD"'),
    ],
)
def test_what_an_address_says_twice_counts_once(
    published: Site, path: str, search: str, shown: str
) -> None:
    values = {"_pages_location.pathname": path, "_pages_location.search": search}
    answer = published.call("_pages_content.children", values)
    assert answer.status_code == 200
    whole = published.client.get(
        "/_dash-layout", headers={"Referer": f"http://localhost{path}{search}"}
    )
    for laid_out in (answer, whole):
        assert shown in json.dumps(laid_out.get_json())


@pytest.mark.parametrize("depth", [40, 900, 1_000, 100_000])
def test_what_is_nested_too_deep_is_answered_400(published: Site, depth: int) -> None:
    nested = "[" * depth + "]" * depth
    request = json.dumps(published.request("live-tick.data", {"live-spec.data": "here"}))
    for data in (nested, request.replace('"here"', nested), f'{{"output":{nested}}}'):
        answer = published.client.post(
            "/_dash-update-component", data=data, content_type="application/json"
        )
        assert answer.status_code == 400


@pytest.mark.parametrize("data", [b"", b"{", b"\xff\xfe", b'{"output":'])
def test_what_is_not_json_is_answered_400(published: Site, data: bytes) -> None:
    answer = published.client.post(
        "/_dash-update-component", data=data, content_type="application/json"
    )
    assert answer.status_code == 400


def test_a_form_is_answered_400(published: Site) -> None:
    assert published.client.post("/_dash-update-component", data={"a": "b"}).status_code == 400


@pytest.mark.parametrize(
    "holdings", [7, "x", [1], {"v": 1, "live": 3}, {"v": 1, "live": {"units": -1}}]
)
def test_holdings_that_are_none_are_no_position(published: Site, holdings: Any) -> None:
    answer = published.call(
        "live-tick.data", {"live-spec.data": "BTC-USD", "holdings.data": holdings}
    )
    assert "hold" not in answer.get_json()["response"]["live-tick"]["data"]


@pytest.mark.parametrize("trades", [7, "x", {"v": 1, "list": [1, None, {"side": "short"}]}])
def test_trades_that_are_none_earned_nothing(published: Site, trades: Any) -> None:
    answer = published.call("portfolio-realised.children", {"trades.data": trades})
    assert '"children":"0.00"' in answer.get_data(as_text=True)


def test_forecasts_of_one_provider_are_never_drawn_over_candles_of_another(
    published: Site,
) -> None:
    asked = {"live-need.data": {"v": 1}, "live-spec.data": "BTC-USD"}
    drawn = published.call("live-paint.data", asked).get_json()["response"]["live-paint"]["data"]
    assert (drawn["kind"], drawn["provider"]) == ("full", "binance")
    publisher = published.publisher
    publisher.store.publish(
        publisher.snapshot(NOW), replace(publisher.series(NOW), provider="coinbase")
    )
    assert "live-paint" not in (published.call("live-paint.data", asked).get_json() or {}).get(
        "response", {}
    )


def test_a_request_larger_than_any_page_sends_is_refused(published: Site) -> None:
    request = published.request("live-tick.data", {"holdings.data": "x" * 1_000_000})
    answer = published.client.post("/_dash-update-component", json=request)
    assert answer.status_code == 413
