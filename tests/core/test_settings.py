"""A malformed setting stops start-up with a sentence that names it."""

from __future__ import annotations

from pathlib import Path

import pytest

from core.errors import SettingsError
from core.settings import SETTINGS, Settings


def test_every_setting_has_a_default_that_parses():
    settings = Settings.from_env({})
    assert settings.market_source == "auto"
    assert settings.binance_base_urls[0] == "https://data-api.binance.vision"
    assert [spec.key for spec in settings.watch] == ["BTC-USD"]


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("MARKET_SOURCE", "yahoo"),
        ("BINANCE_BASE_URL", "ftp://example.org"),
        ("BINANCE_BASE_URL", "example"),
        ("BINANCE_BASE_URL", ","),
        ("WATCH", "BTC"),
        ("WATCH", "BTC-USD?minute_horizon=61"),
        ("MAX_SPECS", "-1"),
        ("MAX_SPECS", "1e3"),
        ("ENGINE", "maybe"),
        ("PORT", "0"),
        ("PORT", "eighty"),
        ("WEB_CONCURRENCY", "65"),
        ("LOG_LEVEL", "loud"),
        ("DATABASE_URL", "mysql://host/name"),
        ("DATABASE_URL", "postgres://host:none/name"),
        ("DATABASE_URL", "postgres://host:65536/name"),
    ],
)
def test_a_malformed_value_names_the_setting(name: str, value: str):
    with pytest.raises(SettingsError, match=name):
        Settings.from_env({name: value})


def test_what_a_secret_is_set_to_is_not_said():
    with pytest.raises(SettingsError) as refused:
        Settings.from_env({"DATABASE_URL": "postgres://me:hunter2@host:9x9/name"})
    assert not any(part in str(refused.value) for part in ("me", "hunter2", "9x9"))


def test_an_empty_value_means_the_default():
    assert Settings.from_env({s.name: "" for s in SETTINGS}) == Settings.from_env({})


def test_simulated_files_live_apart():
    settings = Settings.from_env({"ARTIFACT_DIR": "/some/where"})
    assert settings.files_of("binance") == Path("/some/where")
    assert settings.files_of("simulated") == Path("/some/where/simulated")
