"""Many pages, one rendering."""

from __future__ import annotations

from dash import html

from callbacks.memo import RenderedOnce


def test_an_answer_is_rendered_once_for_a_key():
    calls = []
    once = RenderedOnce()
    answers = [
        once.get("k", lambda: calls.append(1) or (html.B("x"), {"y": [1]})) for _ in range(3)
    ]
    assert len(calls) == 1
    assert (
        answers[0]
        == answers[2]
        == [
            {"props": {"children": "x"}, "type": "B", "namespace": "dash_html_components"},
            {"y": [1]},
        ]
    )


def test_old_answers_are_dropped():
    once = RenderedOnce()
    for number in range(200):
        assert once.get(number, lambda: number) == number  # noqa: B023
    calls = []
    once.get(0, lambda: calls.append(1) or 0)
    once.get(199, lambda: calls.append(2) or 0)
    assert calls == [1]
