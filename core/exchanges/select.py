"""Which market a process follows: decided once, at its start, with the reason in a sentence."""

from __future__ import annotations

import threading
from concurrent.futures import Future
from typing import Final

from core.clock import Clock
from core.errors import ExchangeError, ExchangeTimeout
from core.exchanges.access import host_of
from core.exchanges.base import Provider
from core.exchanges.binance import BinanceProvider
from core.exchanges.simulated import SimulatedMarket
from core.settings import Settings

PROBE_S: Final = 5.0


def choose_provider(settings: Settings, clock: Clock, held_real: bool) -> tuple[Provider, str]:
    """Return the market to follow and a sentence with the reason.

    Parameters
    ----------
    settings : Settings
        ``market_source`` and ``binance_base_urls`` are used.
    clock : Clock
    held_real : bool
        Whether this deployment has ever held real candles; then it never falls to the
        simulated market.

    Notes
    -----
    ``auto`` asks all hosts for the time at once and prefers the first, in configured
    order, that tells it within 5 s. A refusal is no answer. What a refusal says of the
    exchange (a closed gate, a host set aside) is kept by the provider returned.
    """
    if settings.market_source == "simulated":
        return SimulatedMarket(clock), "The simulated market was chosen (MARKET_SOURCE=simulated)."
    binance = BinanceProvider(settings.binance_base_urls, clock)
    if settings.market_source == "binance":
        return binance, "Binance was chosen (MARKET_SOURCE=binance)."
    first, failures = _first_to_answer(binance, clock)
    if first is not None:
        binance.prefer(first)
        return binance, f"Binance was chosen: {host_of(first)} answered at start."
    told = " ".join(str(failure) for failure in failures)
    if held_real:
        return binance, (
            "Binance was chosen, though no host answered at start, because this deployment "
            f"holds real candles, which are never mixed with simulated ones. {told}"
        )
    return SimulatedMarket(clock), (
        "The simulated market was chosen: no host of Binance answered at start, and this "
        f"deployment has never held real candles. {told}"
    )


def _first_to_answer(
    binance: BinanceProvider, clock: Clock
) -> tuple[str | None, list[ExchangeError]]:
    """Probe all hosts at once; return the first in order that answered, or all failures."""
    until = clock.monotonic() + PROBE_S
    probes = [(url, _start_probe(binance, url)) for url in binance.base_urls]
    failures: list[ExchangeError] = []
    for url, probe in probes:
        try:
            failure = probe.result(timeout=max(0.0, until - clock.monotonic()))
        except TimeoutError:
            failure = ExchangeTimeout(f"{host_of(url)} did not answer within {PROBE_S:.0f} s.")
        if failure is None:
            return url, []
        failures.append(failure)
    return None, failures


def _start_probe(binance: BinanceProvider, url: str) -> Future[ExchangeError | None]:
    """Probe in a thread of its own, which a stuck name look-up cannot make anyone wait for."""
    outcome: Future[ExchangeError | None] = Future()

    def probe() -> None:
        try:
            binance.probe(url, PROBE_S)
        except ExchangeError as error:
            outcome.set_result(error)
        else:
            outcome.set_result(None)

    threading.Thread(target=probe, name=f"probe {host_of(url)}", daemon=True).start()
    return outcome
