"""The markets that may be followed, in order of preference, and which of them is.

An exchange that fails for a while is left for the next one that answers with fresh candles;
the preferred one is returned to after it has been healthy for long enough, for longer each
time it fails again soon. Where none answers for as long, what is on disk is shown. Real and
simulated markets are never exchanged for each other here.
"""

from __future__ import annotations

import logging
import math
from collections.abc import Callable, Iterable, Sequence
from datetime import datetime, timedelta
from typing import Final

import pandas as pd

from core.clock import Clock
from core.domain import ForecastSpec, provider_title
from core.errors import (
    ExchangeError,
    ExchangeUnavailable,
    Forbidden,
    HistoryError,
    RateLimited,
    Restricted,
)
from core.exchanges.base import Provider
from core.forecasting.quotes import quotes_of_traded
from core.history.cleaning import MINUTE, last_open

log = logging.getLogger(__name__)

# Late by 90 s is said on the page; a quiet minute or two on a small exchange is no outage.
FRESH_WITHIN: Final = timedelta(minutes=5)
_LOOK_BACK: Final = timedelta(minutes=15)
_LOOK_EVERY_S: Final = 10.0
_FLAPS_WITHIN_S: Final = 1_800.0
_LONGEST_PATIENCE: Final = 12.0
# Each look asks an exchange for the candles of so many tickers.
_MOST_WITNESSES: Final = 5
_EVERYONE: Final = ""


class Venues:
    """Which provider is followed. Decided in a job, applied by the engine's loop.

    One halted pair is no outage: an exchange is lost when most of the witnesses fail, or
    what concerns all, such as its clock, and is healthy when at least half have fresh candles
    and there are prices.

    Parameters
    ----------
    providers : sequence of Provider
        In order of preference, at least one.
    current : Provider
        The one followed at first: one of them, or what `last_resort` returned.
    clock : Clock
    switch_after_s, return_after_s : float
        How long a provider may fail before another is looked for; and how long a preferred
        one must answer before it is returned to, and all must fail before `last_resort`.
    tickers : sequence of str
        The first few become the witnesses, whose candles prove something of an exchange.
    told : str
        What the preferred provider failed with, where it is not the current one.
    last_resort : callable or None
        Returns the market as it is on disk; may raise `HistoryError`.
    """

    def __init__(
        self,
        providers: Sequence[Provider],
        current: Provider,
        clock: Clock,
        *,
        switch_after_s: float = 45.0,
        return_after_s: float = 300.0,
        tickers: Sequence[str] = (ForecastSpec().ticker,),
        told: str = "",
        last_resort: Callable[[], Provider] | None = None,
    ) -> None:
        self.current = current
        self.since: datetime = clock.now()
        self._witnesses: tuple[str, ...] = ()
        self.call(tickers)
        self._providers = tuple(providers)
        self._clock = clock
        self._switch_after_s = switch_after_s
        self._return_after_s = return_after_s
        self._last_resort = last_resort
        self._patience = 1.0
        self._returned_at = -math.inf
        self._failing: dict[tuple[str, str], tuple[float, ExchangeError]] = {}
        self._told = {self.preferred.name: told}
        self._healthy_since: dict[str, float] = {}
        self._next_look = clock.monotonic() + _LOOK_EVERY_S
        self._alone_since: float | None = None

    @property
    def preferred(self) -> Provider:
        return self._providers[0]

    @property
    def degraded(self) -> str:
        """Return the sentence for the page while the preferred provider is not followed."""
        if self.current is self.preferred:
            return ""
        name = provider_title(self.preferred.name)
        if self.preferred.name in self._healthy_since:
            minutes = self._patience * self._return_after_s / 60
            why = f"{name} answers again and is returned to once it has for {minutes:.3g} min."
        else:
            why = f"{name} is not followed: {self._told[self.preferred.name]}"
        if self._is_offline:
            return f"No exchange answers. {why}"
        return f"{provider_title(self.current.name)} since {self.since:%H:%M} UTC. {why}"

    def call(self, tickers: Iterable[str]) -> None:
        """Make the first few of `tickers` the witnesses, if there are any."""
        found = tuple(dict.fromkeys(tickers))[:_MOST_WITNESSES]
        self._witnesses = found or self._witnesses

    def note(self, what: str, error: ExchangeError | None, ticker: str = _EVERYONE) -> None:
        """Take down how the last call for `what` to the current provider went.

        Parameters
        ----------
        what : str
        error : ExchangeError or None
            None is well.
        ticker : str
            Whose call it was; empty for what concerns all. Only witnesses count.
        """
        if ticker != _EVERYONE and ticker not in self._witnesses:
            return
        if error is None:
            self._failing.pop((what, ticker), None)
        else:
            since, _ = self._failing.get((what, ticker), (self._clock.monotonic(), error))
            self._failing[what, ticker] = since, error

    def look_due(self) -> bool:
        """Tell whether `look` should run now; cheap, for the engine's loop."""
        alone = len(self._providers) == 1 and self._last_resort is None
        if alone or self._clock.monotonic() < self._next_look:
            return False
        lost = self._current_is_lost()
        if not lost:
            self._alone_since = None
        return lost or self.current is not self.preferred

    def look(self) -> Provider | None:
        """Return the provider to switch to, or None; asks exchanges, so not for the loop."""
        try:
            return self._better()
        finally:
            # From its end on: however long it took, what it found is switched to first.
            self._next_look = self._clock.monotonic() + _LOOK_EVERY_S

    def _better(self) -> Provider | None:
        lost = self._current_is_lost()
        place = self._place(self.current)
        for provider in self._providers[:place]:
            if self._is_healthy(provider) and (lost or self._healthy_long_enough(provider)):
                return provider
        if not lost:
            return None
        found = next((p for p in self._providers[place + 1 :] if self._is_healthy(p)), None)
        return found or self._what_is_on_disk()

    def switch(self, provider: Provider) -> str:
        """Make `provider` the current one and return a sentence that says why."""
        left, now = self.current, self._clock.monotonic()
        if self._place(provider) < self._place(left):
            why = f"{provider_title(provider.name)} answers again."
            self._returned_at = now
        else:
            failed = self._why_lost()
            self._told[left.name] = failed
            why = f"{provider_title(left.name)} is not followed: {failed}"
            soon = now - self._returned_at < _FLAPS_WITHIN_S
            self._patience = min(2 * self._patience, _LONGEST_PATIENCE) if soon else 1.0
        self.current, self.since = provider, self._clock.now()
        self._failing.clear()
        self._healthy_since.clear()
        self._alone_since = None
        return why

    @property
    def _is_offline(self) -> bool:
        return self._place(self.current) == len(self._providers)

    def _place(self, provider: Provider) -> int:
        """Return the provider's rank; what is on disk comes last."""
        ranks = (rank for rank, known in enumerate(self._providers) if known is provider)
        return next(ranks, len(self._providers))

    def _current_is_lost(self) -> bool:
        if self._is_offline:
            return True  # whatever lives is better than what stands still
        now = self._clock.monotonic()
        lost = {
            ticker
            for (_, ticker), (since, error) in list(self._failing.items())
            if ticker in (_EVERYONE, *self._witnesses)
            and (now - since >= self._switch_after_s or self._is_hopeless(error))
        }
        return _EVERYONE in lost or 2 * len(lost) > len(self._witnesses)

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

    def _what_is_on_disk(self) -> Provider | None:
        """Return the market on disk once every exchange was lost for long, read afresh."""
        now = self._clock.monotonic()
        if self._alone_since is None:
            self._alone_since = now
        long_enough = now - self._alone_since >= self._return_after_s
        if self._last_resort is None or self._is_offline or not long_enough:
            return None
        try:
            return self._last_resort()
        except HistoryError:
            return None

    def _healthy_long_enough(self, provider: Provider) -> bool:
        healthy_for = self._clock.monotonic() - self._healthy_since[provider.name]
        return healthy_for >= self._patience * self._return_after_s

    def _is_healthy(self, provider: Provider) -> bool:
        """Ask for the newest candles; note since when they come, or why they do not."""
        failure = self._unsoundness(provider)
        if failure is not None:
            log.info("%s is not healthy: %s", provider.name, failure)
            self._told[provider.name] = str(failure)
            self._healthy_since.pop(provider.name, None)
            return False
        self._healthy_since.setdefault(provider.name, self._clock.monotonic())
        return True

    def _unsoundness(self, provider: Provider) -> ExchangeError | None:
        """Return why `provider` cannot be followed: its clock, its candles or its prices."""
        try:
            provider.sync_clock()
            failure = self._failure_of_most(provider)
            if failure is None:
                quotes_of_traded(provider, self._witnesses)
        except ExchangeError as error:
            return error
        return failure

    def _failure_of_most(self, provider: Provider) -> ExchangeError | None:
        """Return why most witnesses have no fresh candles; None where at least half have."""
        failures: list[ExchangeError] = []
        sound = 0
        for ticker in self._witnesses:
            failure = _candle_failure(provider, ticker)
            if failure is None:
                sound += 1
            else:
                failures.append(failure)
            if 2 * sound >= len(self._witnesses):
                return None
            if 2 * len(failures) > len(self._witnesses):
                break
        return failures[0] if failures else None


def _candle_failure(provider: Provider, ticker: str) -> ExchangeError | None:
    """Return why `provider` has no fresh candles of `ticker`; None where it has."""
    try:
        pages = list(provider.candles(ticker, provider.now() - _LOOK_BACK))
    except ExchangeError as error:
        return error
    if not pages:
        name = provider_title(provider.name)
        return ExchangeUnavailable(f"{name} has no candle of {ticker} in the last 15 minutes.")
    return staleness(pd.concat(pages), provider)


def staleness(candles: pd.DataFrame, provider: Provider) -> ExchangeError | None:
    """Return an error where the newest candle closed too long ago by the exchange's own clock."""
    closed_at = last_open(candles) + MINUTE
    if provider.now() - closed_at <= FRESH_WITHIN:
        return None
    return ExchangeUnavailable(
        f"{provider_title(provider.name)} answers, but its candles stopped at "
        f"{closed_at:%H:%M} UTC."
    )
