"""Which calls can wait: long catching up lets quotes and the newest candles pass."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from contextvars import ContextVar
from typing import Final

_patient: Final[ContextVar[bool]] = ContextVar("patient", default=False)


def patient() -> AbstractContextManager[None]:
    """Mark the calls that this thread makes inside the block as such that can wait.

    Where calls are kept apart (`core.exchanges.budget.Pacing`), urgent ones go first. The
    mark belongs to the thread: a job that is handed to another thread sets it there.
    """
    return _marked(True)


def urgent() -> AbstractContextManager[None]:
    """Mark calls inside the block as urgent again: others wait for what they bring."""
    return _marked(False)


def is_patient() -> bool:
    """Tell whether a call made here and now can wait."""
    return _patient.get()


@contextmanager
def _marked(can_wait: bool) -> Iterator[None]:
    token = _patient.set(can_wait)
    try:
        yield
    finally:
        _patient.reset(token)
