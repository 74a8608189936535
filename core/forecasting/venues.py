"""The markets that may be followed, in order of preference, and which of them is.

An exchange that fails for a while is left for the next one that answers with fresh candles;
the preferred one is returned to after it has been healthy for long enough, for longer each
time it fails again soon. Real and simulated markets are never exchanged for each other here.
"""

from __future__ import annotations

import logging
import math
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Final

import pandas as pd

from core.clock import Clock
from core.domain import ForecastSpec
from core.errors import (
    ExchangeError,
    ExchangeUnavailable,
    Forbidden,
    RateLimited,
    Restricted,
)
from core.exchanges.base import Provider
from core.history.cleaning import MINUTE, last_open

log = logging.getLogger(__name__)

# Late by 90 s is said on the page; a quiet minute or two on a small exchange is no outage.
FRESH_WITHIN: Final = timedelta(minutes=5)
_LOOK_BACK: Final = timedelta(minutes=15)
_LOOK_EVERY_S: Final = 10.0
_FLAPS_WITHIN_S: Final = 1_800.0
_LONGEST_PATIENCE: Final = 12.0
_NAMES: Final = {"binance": "Binance", "coinbase": "Coinbase", "kraken": "Kraken"}


def title(provider: str) -> str:
    """Return a provider's name as it stands in a sentence."""
    return _NAMES.get(provider, provider)


class Venues:
    """Which provider is followed. Decided in a job, applied by the engine's loop.

    Parameters
    ----------
    providers : sequence of Provider
        In order of preference, at least one.
    current : Provider
        The one followed at first.
    clock : Clock
    switch_after_s, return_after_s : float
        How long a provider may fail before another is looked for, and how long a
        preferred one must answer before it is returned to.
    ticker : str
        Whose candles prove that a provider is healthy.
    why : str
        Why the current one is not the preferred one, in a sentence; empty where it is.
    """

    def __init__(
        self,
        providers: Sequence[Provider],
        current: Provider,
        clock: Clock,
        *,
        switch_after_s: float = 45.0,
        return_after_s: float = 300.0,
        ticker: str = ForecastSpec().ticker,
        why: str = "",
    ) -> None:
        self.current = current
        self.since: datetime = clock.now()
        self._providers = tuple(providers)
        self._clock = clock
        self._switch_after_s = switch_after_s
        self._return_after_s = return_after_s
        self._ticker = ticker
        self._patience = 1.0
        self._returned_at = -math.inf
        self._failing: dict[str, tuple[float, ExchangeError]] = {}
        self._healthy_since: dict[str, float] = {}
        self._next_look = clock.monotonic() + _LOOK_EVERY_S
        self.degraded = self.degraded_by(why) if why else ""

    @property
    def preferred(self) -> Provider:
        return self._providers[0]

    def note(self, what: str, error: ExchangeError | None) -> None:
        """Take down how the last call for `what` to the current provider went; None is well."""
        if error is None:
            self._failing.pop(what, None)
        else:
            since, _ = self._failing.get(what, (self._clock.monotonic(), error))
            self._failing[what] = since, error

    def look_due(self) -> bool:
        """Tell whether `look` should run now; cheap, for the engine's loop."""
        if len(self._providers) == 1 or self._clock.monotonic() < self._next_look:
            return False
        return self._current_is_lost() or self.current is not self.preferred

    def look(self) -> Provider | None:
        """Return the provider to switch to, or None; asks exchanges, so not for the loop."""
        self._next_look = self._clock.monotonic() + _LOOK_EVERY_S
        lost = self._current_is_lost()
        place = self._place(self.current)
        for provider in self._providers[:place]:
            if self._is_healthy(provider) and (lost or self._healthy_long_enough(provider)):
                return provider
        if not lost:
            return None
        return next((p for p in self._providers[place + 1 :] if self._is_healthy(p)), None)

    def switch(self, provider: Provider) -> str:
        """Make `provider` the current one and return a sentence that says why."""
        left, now = self.current, self._clock.monotonic()
        if self._place(provider) < self._place(left):
            why = f"{title(provider.name)} answers again."
            self._returned_at = now
        else:
            why = f"{title(left.name)} is not followed: {self._why_lost()}"
            soon = now - self._returned_at < _FLAPS_WITHIN_S
            self._patience = min(2 * self._patience, _LONGEST_PATIENCE) if soon else 1.0
        self.current, self.since = provider, self._clock.now()
        self.degraded = "" if provider is self.preferred else self.degraded_by(why)
        self._failing.clear()
        self._healthy_since.clear()
        return why

    def degraded_by(self, why: str) -> str:
        """Return the sentence for the page while a fallback is followed."""
        if self.current.name == "cache":
            return why
        return f"{title(self.current.name)} since {self.since:%H:%M} UTC. {why}"

    def _place(self, provider: Provider) -> int:
        return next(i for i, p in enumerate(self._providers) if p is provider)

    def _current_is_lost(self) -> bool:
        if self.current.name == "cache":
            return True  # whatever lives is better than what stands still
        now = self._clock.monotonic()
        return any(
            now - since >= self._switch_after_s or self._is_hopeless(error)
            for since, error in list(self._failing.values())
        )

    def _is_hopeless(self, error: ExchangeError) -> bool:
        """Tell whether waiting as long as usual cannot help."""
        if isinstance(error, RateLimited):
            wait = error.retry_at - self._clock.now()
            return wait.total_seconds() >= self._switch_after_s
        return isinstance(error, (Restricted, Forbidden))

    def _why_lost(self) -> str:
        """Return the sentence of what has failed longest."""
        failures = list(self._failing.values())
        if not failures:
            return "it does not answer."
        return str(min(failures, key=lambda failure: failure[0])[1])

    def _healthy_long_enough(self, provider: Provider) -> bool:
        healthy_for = self._clock.monotonic() - self._healthy_since[provider.name]
        return healthy_for >= self._patience * self._return_after_s

    def _is_healthy(self, provider: Provider) -> bool:
        """Ask for the newest candles; note since when they come."""
        try:
            provider.sync_clock()
            since = provider.now() - _LOOK_BACK
            pages = list(provider.candles(self._ticker, since))
        except ExchangeError as error:
            log.info("%s is not healthy: %s", provider.name, error)
            pages = []
        if not pages or staleness(pd.concat(pages), provider) is not None:
            self._healthy_since.pop(provider.name, None)
            return False
        self._healthy_since.setdefault(provider.name, self._clock.monotonic())
        return True


def staleness(candles: pd.DataFrame, provider: Provider) -> ExchangeError | None:
    """Return an error where the newest candle closed too long ago by the exchange's own clock."""
    closed_at = last_open(candles) + MINUTE
    if provider.now() - closed_at <= FRESH_WITHIN:
        return None
    return ExchangeUnavailable(
        f"{title(provider.name)} answers, but its candles stopped at {closed_at:%H:%M} UTC."
    )
