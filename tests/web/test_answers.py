"""Callbacks that are answered without Dash, and answers that are given again."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import pytest
from dash import Dash, Input, Output, State, dcc, html, no_update
from flask import Flask, Response, abort, request

from callbacks.answers import QuickAnswers, plain, same_for_all


class Clock:
    now = 100.0

    def __call__(self) -> float:
        return self.now


class Asked:
    """A small application whose callbacks count how often they are called."""

    def __init__(self, reuse_s: float = 1.0) -> None:
        self.clock = Clock()
        self.calls: list[Any] = []
        self.quick = QuickAnswers(reuse_s, self.clock)
        server = Flask("asked")
        self.quick.attach(server)
        self.app = Dash("asked", server=server, compress=True)
        self.app.layout = html.Div([dcc.Store(id=name) for name in ("a", "b", "c", "d")])
        self._register()
        server.before_request(self._meet)
        self.client = server.test_client()

    def _meet(self) -> Response | None:
        if request.method != "POST":
            return None
        return self.quick.find(self.app, request.get_json(silent=True) or abort(400))

    def _register(self) -> None:
        @self.app.callback(Output("b", "data"), Input("a", "data"), State("d", "data"))
        @plain
        def through_no_dash(a: object, d: object) -> Any:
            self.calls.append((a, d))
            return no_update if a == "nothing" else {"a": a, "d": d}

        @self.app.callback(Output("c", "data"), Input("a", "data"))
        def same(a: object) -> Any:
            self.calls.append(a)
            if a != "mine":
                same_for_all()
            return [a, "x" * 2_000]

    def ask(self, output: str, *values: object, headers: Mapping[str, str] | None = None) -> Any:
        named = [
            {"id": i, "property": "data", "value": v} for i, v in zip("ad", values, strict=False)
        ]
        body = {
            "output": f"{output}.data",
            "outputs": {"id": output, "property": "data"},
            "inputs": named[:1],
            "state": named[1:],
            "changedPropIds": ["a.data"],
        }
        return self.client.post("/_dash-update-component", json=body, headers=headers)


def through_dash(value: object) -> dict[str, Any]:
    """Return what Dash itself answers to an unmarked callback that returns `value`."""
    app = Dash("reference")
    app.layout = html.Div([dcc.Store(id="a"), dcc.Store(id="b")])
    app.callback(Output("b", "data"), Input("a", "data"))(lambda _a: value)
    body = {
        "output": "b.data",
        "outputs": {"id": "b", "property": "data"},
        "inputs": [{"id": "a", "property": "data", "value": 1}],
        "changedPropIds": ["a.data"],
    }
    answer = app.server.test_client().post("/_dash-update-component", json=body)
    return {"json": answer.get_json(), "type": answer.mimetype, "status": answer.status_code}


def test_a_plain_callback_answers_as_dash_would() -> None:
    answer = Asked().ask("b", 1, "two")
    given = {"json": answer.get_json(), "type": answer.mimetype, "status": answer.status_code}
    assert given == through_dash({"a": 1, "d": "two"})


def test_a_plain_callback_without_an_update_is_left_to_dash() -> None:
    answer = Asked().ask("b", "nothing", None)
    assert answer.get_json() == through_dash(no_update)["json"]


def test_an_answer_for_all_is_made_once_and_sent_again_whole() -> None:
    asked = Asked()
    first, second = (asked.ask("c", 1, headers={"Accept-Encoding": "gzip"}) for _ in range(2))
    assert asked.calls == [1]
    assert first.headers["Content-Encoding"] == second.headers["Content-Encoding"] == "gzip"
    assert first.data == second.data


@pytest.mark.parametrize("other", [2, "1", True, None, [1]])
def test_another_question_is_another_answer(other: object) -> None:
    asked = Asked()
    answers = [json.loads(asked.ask("c", value).data) for value in (1, other)]
    assert [answer["response"]["c"]["data"][0] for answer in answers] == [1, other]


def test_another_encoding_is_another_answer() -> None:
    asked = Asked()
    coded = [
        asked.ask("c", 1, headers={"Accept-Encoding": e}).headers.get("Content-Encoding")
        for e in ("gzip", "br", "identity", "gzip")
    ]
    assert coded == ["gzip", "br", None, "gzip"]
    assert len(asked.calls) == 3


def test_answers_age_and_are_not_shared_unasked() -> None:
    asked = Asked(reuse_s=1.0)
    asked.ask("c", 1)
    asked.clock.now += 1.01
    asked.ask("c", 1)
    asked.ask("c", "mine")
    asked.ask("c", "mine")
    assert asked.calls == [1, 1, "mine", "mine"]


def test_what_is_kept_is_bounded() -> None:
    asked = Asked()
    for number in range(200):
        asked.ask("c", number)
    asked.calls.clear()
    asked.ask("c", 0)
    asked.ask("c", 199)
    long = "y" * 5_000
    asked.ask("c", long)
    asked.ask("c", long)
    assert asked.calls == [0, long, long]
