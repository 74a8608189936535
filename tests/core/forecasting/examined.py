"""Deployments to examine, and rows of what was found."""

from __future__ import annotations

from pathlib import Path

from core.domain import Diagnosis, Finding
from core.settings import Settings
from tests.exchange import LocalExchange

CLOSED = "http://127.0.0.1:9"
WATCH = "BTC-USD?max_points=2000"


def settings_of(
    directory: Path, *hosts: LocalExchange, source: str = "binance", **environ: str
) -> Settings:
    return Settings.from_env(
        {
            "MARKET_SOURCE": source,
            "BINANCE_BASE_URL": ",".join(host.base_url for host in hosts) or CLOSED,
            "COINBASE_BASE_URL": CLOSED,
            "KRAKEN_BASE_URL": CLOSED,
            "ARTIFACT_DIR": str(directory),
            "WATCH": WATCH,
            **environ,
        }
    )


def rows_of(diagnosis: Diagnosis, subject: str) -> list[Finding]:
    return [finding for finding in diagnosis.findings if finding.subject.startswith(subject)]


def host_row(diagnosis: Diagnosis, exchange: LocalExchange) -> Finding:
    host = exchange.base_url.removeprefix("http://")
    (row,) = [f for f in diagnosis.findings if f.subject == f"Binance {host}"]
    return row
