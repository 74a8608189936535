"""The first layout has the page of its address in it, and what is published."""

from __future__ import annotations

import json
from typing import Any

import pytest
from werkzeug.test import TestResponse

from tests.web.conftest import Site

HERE = "http://localhost"


def asked_from(site: Site, address: str | None) -> TestResponse:
    headers = {} if address is None else {"Referer": address}
    return site.client.get("/_dash-layout", headers=headers)


def parts(component: Any) -> dict[str, dict[str, Any]]:
    """Return the properties of each component that has an id, by it."""
    if isinstance(component, list):
        return {name: props for one in component for name, props in parts(one).items()}
    if not isinstance(component, dict) or "props" not in component:
        return {}
    props = component["props"]
    own = {props["id"]: props} if "id" in props else {}
    return own | parts(props.get("children"))


def layout_from(site: Site, address: str | None) -> dict[str, dict[str, Any]]:
    return parts(asked_from(site, address).get_json())


def test_live_has_its_forecasts_and_its_tick_in_the_first_layout(published: Site) -> None:
    view = published.service.view(published.settings.watch[0], "a visitor")
    assert view.snapshot is not None
    assert view.quote is not None
    layout = layout_from(published, f"{HERE}/")
    tick = json.loads(layout["live-page"]["data-first"])
    assert (tick["price"], tick["v"]) == (view.quote.price, view.snapshot.version)
    for horizon, forecast in view.snapshot.forecasts.items():
        cell = json.dumps(layout[f"live-forecast-{horizon}"])
        assert f'"data-point": "{forecast.point}"' in cell
    assert layout["_pages_store"]["data"] == {"title": "Live · Market Pulse"}


def test_the_router_takes_the_page_for_routed(published: Site) -> None:
    search = "?ticker=BTC-USD&long_horizon_steps=12"
    layout = layout_from(published, f"{HERE}/{search}")
    location = layout["_pages_location"]
    assert (location["pathname"], location["search"]) == ("/", search)
    assert layout["live-spec"]["data"] == "BTC-USD?long_horizon_steps=12"


def test_links_keep_the_order_of_the_address(published: Site) -> None:
    laid_out = asked_from(published, f"{HERE}/model-health?ticker=BTC-USD&horizon=long").text
    assert '"?ticker=BTC-USD&horizon=long&range=7d"' in laid_out.replace("\\u0026", "&")


@pytest.mark.parametrize(
    ("path", "page"), [("/model-health", "health"), ("/portfolio", "portfolio")]
)
def test_the_other_pages_come_with_the_layout_too(published: Site, path: str, page: str) -> None:
    layout = layout_from(published, f"{HERE}{path}?ticker=ETH-USD")
    assert layout[f"{page}-spec"]["data"].startswith("ETH-USD")
    assert "live-spec" not in layout


@pytest.mark.parametrize(
    "address",
    [None, "", "http://elsewhere.example/", f"{HERE}/nowhere", "http://[", f"{HERE}/_dash-layout"],
)
def test_without_an_address_of_a_page_the_router_is_asked(
    published: Site, address: str | None
) -> None:
    layout = layout_from(published, address)
    assert "pathname" not in layout["_pages_location"]
    assert "children" not in layout["_pages_content"] or not layout["_pages_content"]["children"]
    assert not any(name.endswith("-spec") for name in layout)


def test_before_anything_is_published_the_page_comes_empty(site: Site) -> None:
    layout = layout_from(site, f"{HERE}/")
    assert layout["live-spec"]["data"] == "BTC-USD"
    assert "data-first" not in layout["live-page"]


def test_what_cannot_be_had_gets_a_sentence_and_the_default(published: Site) -> None:
    answer = asked_from(published, f"{HERE}/?minute_horizon=99&minute_horizon=1&%ff=&page=x")
    assert answer.status_code == 200
    answer = asked_from(published, f"{HERE}/?minute_horizon=99")
    assert "The default is shown instead." in answer.text


def test_no_browser_keeps_a_layout(published: Site) -> None:
    assert asked_from(published, f"{HERE}/").headers["Cache-Control"] == "no-store"


def test_old_figures_come_with_the_word_for_it(published: Site) -> None:
    published.clock.advance(300)
    tick = json.loads(layout_from(published, f"{HERE}/")["live-page"]["data-first"])
    assert tick["state"] == "silent"


def test_an_index_carries_no_copy_of_the_pages(published: Site) -> None:
    index = published.client.get("/").text
    assert "validation_layout" not in index
    assert "live-forecast-minute" not in index
