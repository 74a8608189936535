"""Answers to callbacks that do not go through Dash: kept ones, and plain ones.

Dash's dispatch costs several times what a tick does. A *plain* callback is called with its
values, and its one value encoded as Dash would. A *kept* answer is sent again as it was sent
before: after a candle every page asks for the same paint within seconds.
"""

from __future__ import annotations

import time
from collections import OrderedDict
from collections.abc import Callable, Mapping
from threading import Lock
from typing import Any, Final, TypeVar

import orjson
from dash import Dash, no_update
from flask import Flask, Response, g, has_request_context, request

_KEPT: Final = 64
_LONGEST_QUESTION: Final = 2_000
_Kept = tuple[float, bytes, dict[str, str]]
_Function = TypeVar("_Function", bound=Callable[..., Any])


def plain(function: _Function) -> _Function:
    """Mark a callback with one output that uses nothing of Dash's context."""
    function.plain = True  # type: ignore[attr-defined]
    return function


def same_for_all() -> None:
    """Say, from within a callback, that anybody who asks the same may get this answer."""
    if has_request_context():
        g.same_for_all = True


class QuickAnswers:
    """Answers kept for `reuse_s` after a callback said `same_for_all`, and plain callbacks.

    Two threads may make the same answer; that is cheaper than waiting for each other.

    Parameters
    ----------
    reuse_s : float
        How long an answer may be given again.
    clock : callable
        Monotonic seconds.
    """

    def __init__(self, reuse_s: float, clock: Callable[[], float] = time.monotonic) -> None:
        self._reuse_s = reuse_s
        self._clock = clock
        self._lock = Lock()
        self._kept: OrderedDict[str, _Kept] = OrderedDict()

    def attach(self, server: Flask) -> None:
        """Keep what `server` sends; to be called before anything compresses its answers."""
        server.after_request(self._keep)

    def find(self, app: Dash, body: Mapping[str, Any]) -> Response | None:
        """Return the answer to a callback's well-formed request, None where Dash shall give it."""
        g.question = _question(body)
        kept = self._kept.get(g.question)
        if kept is not None and self._clock() - kept[0] <= self._reuse_s:
            return Response(kept[1], headers=kept[2])
        return _answer_plainly(app, body)

    def _keep(self, response: Response) -> Response:
        if self._may_keep(response):
            answer = self._clock(), response.get_data(), dict(response.headers)
            with self._lock:
                self._kept.pop(g.question, None)
                self._kept[g.question] = answer
                while len(self._kept) > _KEPT:
                    self._kept.popitem(last=False)
        return response

    def _may_keep(self, response: Response) -> bool:
        return (
            g.get("same_for_all", False)
            and response.status_code == 200
            and len(g.question) <= _LONGEST_QUESTION
        )


def _question(body: Mapping[str, Any]) -> str:
    return repr((body["output"], _values(body), request.headers.get("Accept-Encoding")))


def _values(body: Mapping[str, Any]) -> list[Any]:
    return [item.get("value") for kind in ("inputs", "state") for item in body.get(kind, [])]


def _answer_plainly(app: Dash, body: Mapping[str, Any]) -> Response | None:
    function = app.callback_map[body["output"]]["callback"].__wrapped__
    if not getattr(function, "plain", False):
        return None
    value = function(*_values(body))
    if value is no_update:
        return None
    component, _, name = body["output"].rpartition(".")
    answer = {"multi": True, "response": {component: {name: value}}}
    return Response(orjson.dumps(answer), mimetype="application/json")
