"""The composition root: layouts and callbacks fit, caches agree, imports stay light."""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import dash
import pytest
from dash import dcc, html
from dash.development.base_component import Component

from app import cache_backend, create_app, create_server
from core.domain import DEFAULT_TICKERS, TICKER_DEFAULTS, ForecastSpec
from core.forecasting.store import SnapshotStore, file_backend
from core.settings import Settings
from tests.web.conftest import NOW, Site

ROOT = Path(__file__).resolve().parents[2]
PATHS = ("/", "/model-health", "/portfolio")


def components_of(node: Any) -> Iterator[Component]:
    if isinstance(node, Component):
        yield node
        yield from components_of(getattr(node, "children", None))
    elif isinstance(node, list | tuple):
        for child in node:
            yield from components_of(child)


def page_layout(path: str, **query: str) -> Component:
    page = next(p for p in dash.page_registry.values() if p["path"] == path)
    layout = page["layout"](**query)
    assert isinstance(layout, Component)
    return layout


def ids_of_all_layouts(site: Site) -> set[str]:
    layouts = [site.app.layout(), *(page_layout(path) for path in PATHS)]
    return {c.id for layout in layouts for c in components_of(layout) if getattr(c, "id", None)}


def spec_texts(page: Component) -> list[str]:
    return [c.data for c in components_of(page) if str(getattr(c, "id", "")).endswith("-spec")]


def ids_of_callback(callback: dict[str, Any]) -> set[str]:
    listed = [*callback["inputs"], *callback["state"]]
    outputs = callback["output"].strip(".").split("...")
    return {one["id"] for one in listed} | {name.rsplit(".", 1)[0] for name in outputs}


def scripts() -> str:
    return "\n".join(path.read_text() for path in sorted((ROOT / "assets").glob("*.js")))


def test_every_id_of_every_callback_is_in_some_layout(site: Site) -> None:
    known = ids_of_all_layouts(site)
    callbacks = site.client.get("/_dash-dependencies").get_json()
    assert len(callbacks) > 20
    for callback in callbacks:
        assert ids_of_callback(callback) <= known, callback["output"]


def test_every_browser_function_that_a_callback_names_exists(site: Site) -> None:
    exported = re.findall(r"pulse\.offer\(\{([^}]*)\}\)", scripts())
    names = {name.strip() for names in exported for name in names.split(",")}
    callbacks = site.client.get("/_dash-dependencies").get_json()
    used = {
        c["clientside_function"]["function_name"]
        for c in callbacks
        if c["clientside_function"] and c["clientside_function"]["namespace"] == "pulse"
    }
    assert used == names - {""}


def test_every_slot_of_the_pages_is_written_by_the_script(site: Site) -> None:
    written = re.findall(r"(?:const SLOTS = |addSlots\()\{(.*?)\n  \}", scripts(), re.S)
    names = {name for part in written for name in re.findall(r'^    "?([a-z-]+)"?[:,]', part, re.M)}
    layouts = [site.app.layout(), *(page_layout(path) for path in PATHS)]
    slots = {
        c.to_plotly_json()["props"].get("data-slot") for lay in layouts for c in components_of(lay)
    }
    assert slots - {None} <= names
    assert len(slots) > 30


def test_a_second_application_in_the_process_has_its_callbacks_too(site: Site) -> None:
    second = create_app(site.service, site.settings)
    client = second.server.test_client()
    first = site.client.get("/_dash-dependencies").get_json()
    assert len(client.get("/_dash-dependencies").get_json()) == len(first)


@pytest.mark.parametrize("path", PATHS)
def test_a_page_has_one_h1_one_main_and_a_label_for_every_input(site: Site, path: str) -> None:
    assert site.client.get(path).status_code == 200
    parts = list(components_of(page_layout(path)))
    assert sum(isinstance(c, html.H1) for c in parts) == 1
    assert sum(isinstance(c, html.Main) for c in parts) == 1
    labelled = {c.htmlFor for c in parts if isinstance(c, html.Label)}
    inputs = {c.id for c in parts if type(c).__name__ in ("Input", "Select")}
    assert inputs <= labelled
    assert len([c for c in parts if isinstance(c, dcc.Interval)]) == 1


@pytest.mark.usefixtures("site")
def test_the_address_carries_the_spec() -> None:
    page = page_layout("/", ticker="eth-usd", minute_horizon="5", utm_source="x")
    assert spec_texts(page) == ["ETH-USD?minute_horizon=5"]


@pytest.mark.usefixtures("site")
@pytest.mark.parametrize("ticker", DEFAULT_TICKERS)
def test_a_ticker_without_parameters_gets_what_is_usual_for_it(ticker: str) -> None:
    (text,) = spec_texts(page_layout("/", ticker=ticker))
    assert text == ticker
    spec, usual = ForecastSpec.from_text(text), TICKER_DEFAULTS[ticker]
    assert (spec.max_points, spec.minute_horizon) == (usual.max_points, usual.minute_horizon)


@pytest.mark.usefixtures("site")
@pytest.mark.parametrize("path", PATHS)
def test_a_bad_parameter_gets_its_sentence_and_the_default(path: str) -> None:
    page = page_layout(path, minute_horizon="99")
    notice = next(c for c in components_of(page) if getattr(c, "id", "") == "parameter-notice")
    assert "minute_horizon must be a whole number from 1 to 60" in str(notice)
    assert spec_texts(page) == ["BTC-USD"]


def test_the_first_watched_spec_is_the_default(tmp_path: Path, site: Site) -> None:
    settings = Settings.from_env({"ARTIFACT_DIR": str(tmp_path), "WATCH": "ETH-USD"})
    create_app(site.service, settings)
    assert spec_texts(page_layout("/")) == ["ETH-USD"]


def test_an_unknown_address_is_answered_in_words(site: Site) -> None:
    request = site.request("_pages_content.children", {"_pages_location.pathname": "/nowhere"})
    answer = site.client.post("/_dash-update-component", json=request)
    assert "No such page" in answer.get_data(as_text=True)


def test_flask_caching_and_the_engine_read_each_others_files(
    settings: Settings, site: Site
) -> None:
    backend = cache_backend(site.app.server, settings)
    engine = file_backend(settings.run_dir / "cache")
    assert backend._get_filename("v1:status") == engine._get_filename("v1:status")  # type: ignore[attr-defined]
    site.publish()
    reader = SnapshotStore.at(settings.run_dir, backend)
    assert reader.snapshot(site.publisher.spec) == site.publisher.snapshot(NOW)
    reader.publish_status(site.publisher.status(NOW + timedelta(seconds=1)))
    status = site.store.status()
    assert status is not None
    assert status.beat_at == NOW + timedelta(seconds=1)


def test_the_cache_never_forgets_by_number(settings: Settings, site: Site) -> None:
    backend = cache_backend(site.app.server, settings)
    for number in range(600):
        backend.set(f"k{number}", number)
    assert [backend.get(f"k{number}") for number in (0, 299, 599)] == [0, 299, 599]


def test_importing_the_application_loads_no_scikit_learn() -> None:
    code = "import app, sys; print([m for m in ('sklearn', 'scipy') if m in sys.modules])"
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == "[]"


def test_create_server_reads_the_environment(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ARTIFACT_DIR", str(tmp_path))
    client = create_server().test_client()
    answer = client.get("/health")
    assert answer.status_code == 503
    assert answer.get_json()["status"] == "starting"
    assert client.get("/vendor/bootstrap.min.css").headers["Cache-Control"].endswith("immutable")


def test_health_is_200_while_the_engine_lives_and_503_when_not(published: Site) -> None:
    answer = published.client.get("/health")
    assert answer.status_code == 200
    report = answer.get_json()
    assert report["status"] == "ok"
    assert (report["market"], report["provider"]) == ("live", "binance")
    assert report["candle_age_s"] == 8.0
    published.clock.sleep(6)
    silent = published.client.get("/health")
    assert (silent.status_code, silent.get_json()["status"]) == (503, "degraded")


def test_assets_are_kept_by_the_browser_for_a_year(site: Site) -> None:
    page = site.client.get("/").get_data(as_text=True)
    style = re.search(r'href="(/assets/00-tokens\.css\?m=[^"]+)"', page)
    assert style is not None
    assert site.client.get(style[1]).headers["Cache-Control"].endswith("immutable")
    assert "http://" not in page.replace("http://www.w3.org", "")
    assert "https://" not in page


def test_scripts_that_nothing_uses_are_left_out(site: Site) -> None:
    page = site.client.get("/").get_data(as_text=True)
    scripts = re.findall(r'<script src="([^"]+)"', page)
    assert any("dash_renderer" in script for script in scripts)
    assert not any("polyfill" in script or "dash_table" in script for script in scripts)
