"""The exchanges as the doctor sees them: each with a transport that remembers its replies."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from core.clock import Clock
from core.domain import provider_title
from core.exchanges.live import LIVE_NAMES, LiveProvider, gate_of, live_provider
from core.exchanges.statuses import Reply
from core.exchanges.transport import Transport
from core.settings import Settings


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
class Examined:
    """An exchange to examine.

    Attributes
    ----------
    provider : LiveProvider
    witness : Witness
        The transport of `provider`.
    gate : Path or None
        Where refusals are kept; None before anything ran here.
    """

    provider: LiveProvider
    witness: Witness
    gate: Path | None = None

    @property
    def title(self) -> str:
        """Return its name in sentences."""
        return provider_title(self.provider.name)

    @property
    def setting(self) -> str:
        """Return the environment variable that names its hosts."""
        return f"{self.provider.name.upper()}_BASE_URL"


def examined(settings: Settings, clock: Clock, allowed_only: bool = False) -> list[Examined]:
    """Return the exchanges in order of preference; on request those `market_source` allows.

    They keep to the gates that other processes of this deployment closed.
    """
    source = settings.market_source
    chosen = [name for name in LIVE_NAMES if not allowed_only or source in ("auto", name)]
    return [_examined(name, settings, clock) for name in chosen]


def _examined(name: str, settings: Settings, clock: Clock) -> Examined:
    # Before anything ran here nothing is kept, and nothing is made for it.
    gate = gate_of(name, settings) if settings.run_dir.is_dir() else None
    witness = Witness(clock)
    return Examined(live_provider(name, settings, clock, witness, gate), witness, gate)
