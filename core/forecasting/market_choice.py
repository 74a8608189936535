"""Which market this deployment follows, kept through every restart of its engine."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass, replace
from functools import partial
from pathlib import Path
from typing import Final

from core.clock import Clock
from core.domain import ForecastSpec, Market, provider_title
from core.errors import ExchangeError, ExchangeTimeout, HistoryError, RateLimited
from core.exchanges.access import host_of
from core.exchanges.base import Provider
from core.exchanges.daemon import in_thread
from core.exchanges.live import LIVE_NAMES, LiveProvider, live_providers
from core.exchanges.simulated import SimulatedMarket
from core.forecasting.supervision import BOOT_VARIABLE
from core.forecasting.venues import Venues
from core.history.cached_market import CachedMarket
from core.settings import Settings

PROBE_S: Final = 5.0


@dataclass(frozen=True, slots=True)
class Choice:
    """What was chosen at the start of the server, and why, in a sentence."""

    market: Market
    reason: str


def choose_market(
    settings: Settings, clock: Clock, environ: Mapping[str, str] | None = None
) -> tuple[Venues, str]:
    """Choose what to follow, never changing between real and simulated within one boot.

    A process without a boot name, such as the command line, chooses for itself alone.

    Parameters
    ----------
    settings : Settings
    clock : Clock
    environ : mapping, optional
        Where the supervisor's boot name is read; the process environment by default.

    Returns
    -------
    tuple of Venues and str
        What is followed and what may be, and the reason in a sentence.

    Raises
    ------
    HistoryError
        ``MARKET_SOURCE=cache`` and nothing is stored.
    """
    boot = (os.environ if environ is None else environ).get(BOOT_VARIABLE, "")
    remembered = _remembered(settings.run_dir, boot)
    if remembered is not None and remembered.market == "simulated":
        settings = replace(settings, market_source="simulated")
    held_real = remembered is not None or holds_real_candles(settings)
    venues, reason = choose_venues(settings, clock, held_real)
    if remembered is not None and remembered.market == "simulated":
        reason = remembered.reason
    if boot:
        _remember(settings.run_dir, boot, Choice(venues.current.market, reason))
    return venues, reason


def choose_venues(settings: Settings, clock: Clock, held_real: bool) -> tuple[Venues, str]:
    """Return what to follow and a sentence with the reason.

    Parameters
    ----------
    settings : Settings
    clock : Clock
    held_real : bool
        Whether this deployment has ever held real candles; then it never falls to the
        simulated market.

    Notes
    -----
    ``auto`` asks all hosts of all exchanges for the time at once and takes the first, in
    order of preference, that tells it within 5 s. A refusal is no answer, but an exchange
    that limits or bans us is one: it is waited for rather than replaced by a simulation.
    """
    source = settings.market_source
    if source == "simulated":
        market = SimulatedMarket(clock)
        reason = "The simulated market was chosen (MARKET_SOURCE=simulated)."
        return _venues([market], market, settings, clock), reason
    if source == "cache":
        cache = cached_market(settings, clock)
        return _venues([cache], cache, settings, clock), (
            "What is on disk was chosen (MARKET_SOURCE=cache); it came from "
            f"{provider_title(cache.source)}."
        )
    live = live_providers(settings, clock)
    if source != "auto":
        chosen = next(provider for provider in live if provider.name == source)
        reason = f"{provider_title(source)} was chosen (MARKET_SOURCE={source})."
        return _venues([chosen], chosen, settings, clock), reason
    return _choose_automatically(live, settings, clock, held_real)


def cached_market(settings: Settings, clock: Clock) -> CachedMarket:
    """Return the market as it is on disk.

    Raises
    ------
    HistoryError
        Nothing is stored.
    """
    return CachedMarket(_live_directories(settings), clock)


def holds_real_candles(settings: Settings) -> bool:
    """Tell whether this deployment ever stored a real candle."""
    return any(
        path.stat().st_size > 0
        for directory in _live_directories(settings).values()
        for path in directory.glob("*_history*.csv")
    )


def _live_directories(settings: Settings) -> dict[str, Path]:
    return {name: settings.files_of(name) for name in LIVE_NAMES}


def _venues(
    providers: Sequence[Provider],
    current: Provider,
    settings: Settings,
    clock: Clock,
    told: str = "",
    last_resort: Callable[[], Provider] | None = None,
) -> Venues:
    return Venues(
        providers,
        current,
        clock,
        switch_after_s=settings.switch_after_seconds,
        return_after_s=settings.return_after_seconds,
        tickers=[spec.ticker for spec in settings.watch] or [ForecastSpec().ticker],
        told=told,
        last_resort=last_resort,
    )


def _choose_automatically(
    live: Sequence[LiveProvider], settings: Settings, clock: Clock, held_real: bool
) -> tuple[Venues, str]:
    first, failures = _first_to_answer(live, clock)
    told = " ".join(str(failure) for failure in failures)
    on_disk = partial(cached_market, settings, clock)
    if first is not None:
        provider, url = first
        provider.prefer(url)
        reason = f"{provider_title(provider.name)} was chosen: {host_of(url)} answered at start."
        return _venues(live, provider, settings, clock, told, on_disk), reason
    if held_real:
        return _without_answer(live, settings, clock, told)
    if any(isinstance(failure, RateLimited) for failure in failures):
        return _venues(live, live[0], settings, clock, told, on_disk), (
            f"{provider_title(live[0].name)} was chosen, though nothing answered at start, "
            f"because a limit passes. {told}"
        )
    market = SimulatedMarket(clock)
    return _venues([market], market, settings, clock), (
        "The simulated market was chosen: no exchange answered at start, and this "
        f"deployment has never held real candles. {told}"
    )


def _without_answer(
    live: Sequence[LiveProvider], settings: Settings, clock: Clock, told: str
) -> tuple[Venues, str]:
    """Show what is on disk until an exchange answers; never simulate."""
    why = (
        "because no exchange answered at start, and this deployment holds real candles, "
        f"which are never mixed with simulated ones. {told}"
    )
    on_disk = partial(cached_market, settings, clock)
    current: Provider = live[0]
    said = f"{provider_title(live[0].name)} was chosen, {why}"
    with suppress(HistoryError):
        current = on_disk()
        said = f"What is on disk is shown, {why}"
    return _venues(live, current, settings, clock, told, on_disk), said


def _first_to_answer(
    live: Sequence[LiveProvider], clock: Clock
) -> tuple[tuple[LiveProvider, str] | None, list[ExchangeError]]:
    """Probe all hosts at once; return the first in order that answered, and the failures."""
    until = clock.monotonic() + PROBE_S
    probes = [
        (p, url, in_thread(partial(p.probe, url, PROBE_S), f"probe {host_of(url)}"))
        for p in live
        for url in p.base_urls
    ]
    failures: list[ExchangeError] = []
    for provider, url, probe in probes:
        try:
            probe.result(timeout=max(0.0, until - clock.monotonic()))
        except TimeoutError:
            late = ExchangeTimeout(f"{host_of(url)} did not answer within {PROBE_S:.0f} s.")
            failures.append(late)
        except ExchangeError as failure:
            failures.append(failure)
        else:
            return (provider, url), failures
    return None, failures


def _remembered(run_dir: Path, boot: str) -> Choice | None:
    """Return what was chosen earlier in this boot, None where there is nothing."""
    if not boot:
        return None
    try:
        known = json.loads((run_dir / "market.json").read_text(encoding="utf-8"))
    except (FileNotFoundError, ValueError):
        return None
    if not isinstance(known, dict) or known.get("boot") != boot:
        return None
    market: Market = "simulated" if known.get("market") == "simulated" else "live"
    return Choice(market, str(known.get("reason", "")))


def _remember(run_dir: Path, boot: str, choice: Choice) -> None:
    run_dir.mkdir(parents=True, exist_ok=True)
    fresh = run_dir / "market.json.new"
    fresh.write_text(json.dumps({"boot": boot, **asdict(choice)}), encoding="utf-8")
    fresh.replace(run_dir / "market.json")
