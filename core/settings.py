"""Every setting of a deployment, read once from the environment.

`SETTINGS` is the one list of names; docs/operations.md documents each of them.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final, Literal, get_args
from urllib.parse import urlsplit

from core.domain import ForecastSpec
from core.errors import ParameterError, SettingsError

_LEDGER_FILE: Final = "ledger.db"

MarketSource = Literal["auto", "binance", "coinbase", "kraken", "cache", "simulated"]
EngineMode = Literal["internal", "external"]


@dataclass(frozen=True, slots=True)
class Settings:
    """The settings of one deployment; see `SETTINGS` for the variables behind them."""

    market_source: MarketSource
    binance_base_urls: tuple[str, ...]
    coinbase_base_url: str
    kraken_base_url: str
    switch_after_seconds: int
    return_after_seconds: int
    artifact_dir: Path
    database_url: str = field(repr=False)
    ledger_days: int
    ledger_check_hours: int
    watch: tuple[ForecastSpec, ...]
    max_specs: int
    engine: EngineMode
    quote_seconds: int
    retrain_hours: int
    model_expiry_hours: int
    port: int
    web_concurrency: int
    proxy_hops: int
    log_level: str

    @classmethod
    def from_env(cls, environ: Mapping[str, str] | None = None) -> Settings:
        """Read the environment.

        Raises
        ------
        SettingsError
            A value is malformed; the sentence names the variable and what is allowed.
        """
        env = os.environ if environ is None else environ
        return cls(**{s.field: s.read(env) for s in SETTINGS})

    def files_of(self, provider: str) -> Path:
        """Return the directory of one provider's candles and models: they are never mixed."""
        return self.artifact_dir if provider == "binance" else self.artifact_dir / provider

    @property
    def run_dir(self) -> Path:
        """Return the directory of the shared cache, locks and other run-time state."""
        return self.artifact_dir / "run"


@dataclass(frozen=True, slots=True)
class Setting:
    """One environment variable: its name, the `Settings` field, its default and parser.

    What a `secret` one is set to is never shown.
    """

    name: str
    field: str
    default: str
    parse: Callable[[str], Any]
    secret: bool = False

    def read(self, env: Mapping[str, str]) -> Any:
        text = env.get(self.name, "").strip() or self.default
        try:
            return self.parse(text)
        except (ValueError, ParameterError) as error:
            shown = "..." if self.secret else repr(text)
            raise SettingsError(f"{self.name}={shown} cannot be used: {error}") from None


def _choice(*allowed: str) -> Callable[[str], str]:
    def parse(text: str) -> str:
        if text.lower() not in allowed:
            raise ValueError(f"it must be one of {', '.join(allowed)}.")
        return text.lower()

    return parse


def _whole(low: int, high: int) -> Callable[[str], int]:
    def parse(text: str) -> int:
        if not text.isascii() or not text.isdigit() or not low <= int(text) <= high:
            raise ValueError(f"it must be a whole number from {low:,} to {high:,}.")
        return int(text)

    return parse


def _urls(text: str) -> tuple[str, ...]:
    urls = tuple(part.strip().rstrip("/") for part in text.split(",") if part.strip())
    if not urls:
        raise ValueError("it must name at least one http(s) address.")
    for url in urls:
        parts = urlsplit(url)
        if parts.scheme not in ("http", "https") or not parts.netloc:
            raise ValueError("it must be a comma list of http(s) addresses.")
    return urls


def _url(text: str) -> str:
    url, *more = _urls(text)
    if more:
        raise ValueError("it must be one http(s) address.")
    return url


def _database(text: str) -> str:
    """Return an address, or nothing for the file in the artifact directory."""
    if text == _LEDGER_FILE:
        return ""
    known = ("postgres://", "postgresql://", "sqlite:///")
    if not text.startswith(known):
        raise ValueError(f"it must be {_LEDGER_FILE} or begin with {', '.join(known)}.")
    try:
        _ = urlsplit(text).port
    except ValueError:  # whose text shows what it is set to
        raise ValueError("its port must be a number from 0 to 65,535.") from None
    return text


def _specs(text: str) -> tuple[ForecastSpec, ...]:
    return tuple(ForecastSpec.from_text(part.strip()) for part in text.split(",") if part.strip())


SETTINGS: Final = (
    Setting("MARKET_SOURCE", "market_source", "auto", _choice(*get_args(MarketSource))),
    Setting(
        "BINANCE_BASE_URL",
        "binance_base_urls",
        "https://data-api.binance.vision,https://api.binance.com",
        _urls,
    ),
    Setting("COINBASE_BASE_URL", "coinbase_base_url", "https://api.exchange.coinbase.com", _url),
    Setting("KRAKEN_BASE_URL", "kraken_base_url", "https://api.kraken.com", _url),
    Setting("SWITCH_AFTER_SECONDS", "switch_after_seconds", "45", _whole(5, 3_600)),
    Setting("RETURN_AFTER_SECONDS", "return_after_seconds", "300", _whole(5, 86_400)),
    Setting("ARTIFACT_DIR", "artifact_dir", "artifacts", lambda text: Path(text).absolute()),
    Setting("DATABASE_URL", "database_url", _LEDGER_FILE, _database, secret=True),
    Setting("LEDGER_DAYS", "ledger_days", "90", _whole(35, 3_650)),
    Setting("LEDGER_CHECK_HOURS", "ledger_check_hours", "6", _whole(1, 720)),
    Setting("WATCH", "watch", "BTC-USD", _specs),
    Setting("MAX_SPECS", "max_specs", "8", _whole(0, 64)),
    Setting("ENGINE", "engine", "internal", _choice("internal", "external")),
    Setting("QUOTE_SECONDS", "quote_seconds", "3", _whole(1, 60)),
    Setting("RETRAIN_HOURS", "retrain_hours", "24", _whole(1, 720)),
    Setting("MODEL_EXPIRY_HOURS", "model_expiry_hours", "72", _whole(1, 2_160)),
    Setting("PORT", "port", "8050", _whole(1, 65_535)),
    Setting("WEB_CONCURRENCY", "web_concurrency", "2", _whole(1, 64)),
    Setting("PROXY_HOPS", "proxy_hops", "0", _whole(0, 5)),
    Setting(
        "LOG_LEVEL", "log_level", "info", _choice("debug", "info", "warning", "error", "critical")
    ),
)
