"""What several hosts did, as one error."""

from __future__ import annotations

from collections.abc import Mapping

from core.errors import CircuitOpen, ExchangeError, ExchangeTimeout, Forbidden, Restricted
from core.exchanges.access import host_of


def joined(name: str, failures: Mapping[str, ExchangeError]) -> ExchangeError:
    """Return the error of the host most likely to recover, with what each host did.

    Parameters
    ----------
    name : str
        The exchange.
    failures : mapping
        By base address, at least one. None of them is a `RateLimited`.
    """
    if len(failures) == 1:
        return next(iter(failures.values()))
    told = " ".join(str(error) for error in failures.values())
    hosts = ", ".join(host_of(url) for url in failures)
    sentence = f"No host of {name} ({hosts}) gave an answer. {told}"
    hopeful = min(failures.values(), key=_hopelessness)
    if isinstance(hopeful, CircuitOpen):
        resting = [e for e in failures.values() if isinstance(e, CircuitOpen)]
        return CircuitOpen(sentence, min(e.retry_at for e in resting))
    return type(hopeful)(sentence)


def _hopelessness(error: ExchangeError) -> int:
    if isinstance(error, Restricted):
        return 4
    if isinstance(error, Forbidden):
        return 3
    if isinstance(error, CircuitOpen):
        return 2
    return 1 if isinstance(error, ExchangeTimeout) else 0
