"""Every exchange that can be followed is made from the settings, by one table."""

from __future__ import annotations

from pathlib import Path

import pytest

from core.clock import SystemClock
from core.exchanges.examined import examined
from core.exchanges.live import LIVE_NAMES, live_providers
from core.settings import SETTINGS, Settings

HOSTS = {
    "binance": ("http://127.0.0.1:9", "http://127.0.0.1:10"),
    "coinbase": ("http://127.0.0.1:11",),
    "kraken": ("http://127.0.0.1:12",),
}


def settings_of(directory: Path, source: str = "auto") -> Settings:
    hosts = {f"{name.upper()}_BASE_URL": ",".join(urls) for name, urls in HOSTS.items()}
    return Settings.from_env({"ARTIFACT_DIR": str(directory), "MARKET_SOURCE": source, **hosts})


def test_exchanges_are_made_in_order_at_the_hosts_of_the_settings(tmp_path: Path) -> None:
    providers = live_providers(settings_of(tmp_path), SystemClock())
    assert [provider.name for provider in providers] == list(LIVE_NAMES) == list(HOSTS)
    assert {provider.name: provider.base_urls for provider in providers} == HOSTS


@pytest.mark.parametrize(
    ("source", "names"),
    [("auto", list(LIVE_NAMES)), ("coinbase", ["coinbase"]), ("cache", []), ("simulated", [])],
)
def test_on_request_only_what_the_market_source_allows_is_examined(
    tmp_path: Path, source: str, names: list[str]
) -> None:
    settings = settings_of(tmp_path, source)
    allowed = examined(settings, SystemClock(), allowed_only=True)
    assert [exchange.provider.name for exchange in allowed] == names
    assert len(examined(settings, SystemClock())) == len(LIVE_NAMES)


def test_an_examined_exchange_tells_its_setting_and_keeps_to_the_gate(tmp_path: Path) -> None:
    settings = settings_of(tmp_path)
    assert {exchange.gate for exchange in examined(settings, SystemClock())} == {None}
    settings.run_dir.mkdir(parents=True)
    exchanges = examined(settings, SystemClock())
    assert {exchange.setting for exchange in exchanges} < {setting.name for setting in SETTINGS}
    assert [exchange.title for exchange in exchanges] == ["Binance", "Coinbase", "Kraken"]
    gates = [settings.run_dir / "gates" / f"{name}.json" for name in LIVE_NAMES]
    assert [exchange.gate for exchange in exchanges] == gates
