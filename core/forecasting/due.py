"""What is due again after a while, on a clock that nobody sets back."""

from __future__ import annotations

import math
from datetime import timedelta

from core.clock import Clock


class Due:
    """When each named thing is due next; what was never named is due at once."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._at: dict[str, float] = {}

    def is_due(self, name: str) -> bool:
        return self._clock.monotonic() >= self._at.get(name, -math.inf)

    def put_off(self, name: str, by: timedelta) -> None:
        """Make `name` due after `by` from now."""
        self._at[name] = self._clock.monotonic() + by.total_seconds()

    def take(self, name: str, every: timedelta) -> bool:
        """Tell whether `name` is due, and if so put it off by `every`."""
        due = self.is_due(name)
        if due:
            self.put_off(name, every)
        return due

    def forget(self, name: str) -> None:
        """Make `name` due at once."""
        self._at.pop(name, None)
