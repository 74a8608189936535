"""Answers that many pages ask for at once, rendered once."""

from __future__ import annotations

import json
from collections import OrderedDict
from collections.abc import Callable, Hashable
from threading import Lock
from typing import Any, Final

from plotly.io.json import to_json_plotly

_KEPT: Final = 64


class RenderedOnce:
    """The newest answers by key, as plain lists and dicts that serialise at once.

    After a candle every open page asks for the same paint within seconds. Rendering one
    costs several milliseconds, most of it in turning components into JSON; a kept one
    costs microseconds. Two threads may render the same answer; that is cheaper than waiting.
    """

    def __init__(self) -> None:
        self._lock = Lock()
        self._kept: OrderedDict[Hashable, Any] = OrderedDict()

    def get(self, key: Hashable, render: Callable[[], Any]) -> Any:
        """Return the answer of `key`, rendering it where it is not kept."""
        with self._lock:
            if key in self._kept:
                return self._kept[key]
        plain = json.loads(to_json_plotly(render()))
        with self._lock:
            self._kept[key] = plain
            while len(self._kept) > _KEPT:
                self._kept.popitem(last=False)
        return plain
