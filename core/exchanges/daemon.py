"""Work that nobody must wait for: in a thread of its own, which not even the exit waits for."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import Future
from typing import TypeVar

T = TypeVar("T")


def in_thread(function: Callable[[], T], name: str) -> Future[T]:
    """Run `function` in a daemon thread and return what will come of it.

    A name look-up can be stuck for minutes and cannot be stopped. Whoever takes the result
    says how long to wait for it, and goes on.

    Parameters
    ----------
    function : callable
        What it raises is raised again where the result is taken.
    name : str
        Of the thread, for logs and debuggers.
    """
    outcome: Future[T] = Future()

    def run() -> None:
        try:
            value = function()
        except BaseException as error:  # noqa: BLE001 - raised again where the result is taken
            outcome.set_exception(error)
        else:
            outcome.set_result(value)

    threading.Thread(target=run, name=name, daemon=True).start()
    return outcome
