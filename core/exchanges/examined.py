"""The exchanges as the doctor sees them: each with a transport that remembers its replies."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Protocol

from core.clock import Clock
from core.exchanges import binance_answers, coinbase_answers, kraken_answers
from core.exchanges.base import Provider
from core.exchanges.binance import PAGE_ROWS as BINANCE_PAGE_ROWS
from core.exchanges.binance import BinanceProvider
from core.exchanges.coinbase import PAGE_ROWS as COINBASE_PAGE_ROWS
from core.exchanges.coinbase import CoinbaseProvider
from core.exchanges.kraken import KrakenProvider
from core.exchanges.statuses import Reply
from core.exchanges.transport import Transport
from core.settings import Settings


class Probed(Provider, Protocol):
    """A provider whose hosts can be asked one by one."""

    @property
    def base_urls(self) -> tuple[str, ...]: ...

    def probe(self, base_url: str, timeout_s: float) -> None: ...

    def prefer(self, base_url: str) -> None: ...


class Witness(Transport):
    """A transport that remembers the newest reply of each host."""

    def __init__(self, clock: Clock) -> None:
        super().__init__(clock)
        self.replies: dict[str, Reply] = {}

    def get(self, base_url: str, path: str, params: Mapping[str, str], until: float) -> Reply:
        self.replies.pop(base_url, None)
        reply = super().get(base_url, path, params, until)
        self.replies[base_url] = reply
        return reply


@dataclass(frozen=True, slots=True)
class Venue:
    """An exchange to examine.

    Attributes
    ----------
    title : str
        Its name in sentences.
    setting : str
        The environment variable that names its hosts.
    provider : Probed
    witness : Witness
        The transport of `provider`.
    server_time : callable
        Reads the exchange's clock from the reply to a probe.
    page_rows : int
        1-minute candles per call.
    rows_kept : int or None
        The newest candles the exchange gives, however far back it is asked; None: all.
    """

    title: str
    setting: str
    provider: Probed
    witness: Witness
    server_time: Callable[[Reply], datetime]
    page_rows: int
    rows_kept: int | None = None


def venues(settings: Settings, clock: Clock, allowed_only: bool = False) -> list[Venue]:
    """Return the exchanges in order of preference; on request those `market_source` allows.

    They keep to the gates that other processes of this deployment closed.
    """
    makers = {"binance": _binance, "coinbase": _coinbase, "kraken": _kraken}
    source = settings.market_source
    if allowed_only and source != "auto":
        makers = {name: make for name, make in makers.items() if name == source}
    return [
        make(settings, clock, Witness(clock), _gate(settings, name))
        for name, make in makers.items()
    ]


def _gate(settings: Settings, name: str) -> Path | None:
    """Return where the gate is kept; None before anything ran here: nothing is made for it."""
    return settings.run_dir / "gates" / f"{name}.json" if settings.run_dir.is_dir() else None


def _binance(settings: Settings, clock: Clock, witness: Witness, gate: Path | None) -> Venue:
    return Venue(
        title="Binance",
        setting="BINANCE_BASE_URL",
        provider=BinanceProvider(settings.binance_base_urls, clock, witness, gate),
        witness=witness,
        server_time=binance_answers.server_time,
        page_rows=BINANCE_PAGE_ROWS,
    )


def _coinbase(settings: Settings, clock: Clock, witness: Witness, gate: Path | None) -> Venue:
    return Venue(
        title="Coinbase",
        setting="COINBASE_BASE_URL",
        provider=CoinbaseProvider(settings.coinbase_base_url, clock, witness, gate),
        witness=witness,
        server_time=coinbase_answers.server_time,
        page_rows=COINBASE_PAGE_ROWS,
    )


def _kraken(settings: Settings, clock: Clock, witness: Witness, gate: Path | None) -> Venue:
    return Venue(
        title="Kraken",
        setting="KRAKEN_BASE_URL",
        provider=KrakenProvider(settings.kraken_base_url, clock, witness, gate),
        witness=witness,
        server_time=kraken_answers.server_time,
        page_rows=kraken_answers.KEPT_ROWS,
        rows_kept=kraken_answers.KEPT_ROWS,
    )
