"""The small parts every page is made of."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from dash import dcc, html

from components.theme import GRAPH_CONFIG


def icon(name: str, extra: str = "") -> html.I:
    """Return a drawn icon, silent for screen readers; names are in assets/30-components.css."""
    return html.I(className=f"ic ic-{name} {extra}".strip(), **{"aria-hidden": "true"})


def slot(name: str, class_name: str = "", **attributes: Any) -> html.Span:
    """Return an empty place that the browser writes a figure of the tick into.

    What each name shows is written in assets/tick.js. Nothing else may be put inside: the
    place belongs to the script, so that React never has to undo what it wrote.
    """
    return html.Span(className=class_name or None, **{"data-slot": name, **attributes})


def panel(
    title: Any,
    *body: Any,
    subtitle: Any = None,
    tools: Sequence[Any] = (),
    how: str = "",
    class_name: str = "",
    **attributes: Any,
) -> html.Section:
    """Return a titled box: what to see, one grey line with unit and window, the body.

    Parameters
    ----------
    how : str
        How to read it, in a sentence or two; shown on demand.
    """
    heading = [html.H2(title, className="title")]
    if subtitle is not None:
        heading.append(html.P(subtitle, className="sub"))
    reading = [how_to_read(how)] if how else []
    head = html.Div([html.Div(heading, className="grow"), *tools, *reading], className="ph")
    return html.Section([head, *body], className=f"panel pad {class_name}".strip(), **attributes)


def section(title: str, question: str, *panels: Any) -> html.Section:
    """Return panels under a common heading and the question that they answer."""
    head = html.Div([html.H2(title), html.P(question, className="t2")], className="section-head")
    return html.Section([head, html.Div(list(panels), className="g12")], className="section")


def how_to_read(sentence: str, figures: str = "") -> html.Details:
    """Return a sign that unfolds to `sentence`; assets/signs.js builds what is in it.

    It is one component, for Dash looks at each of them again at every change of anything.

    Parameters
    ----------
    figures : str
        Name of a slot whose text of the tick follows the sentence.
    """
    return html.Details(className="how", **{"data-how": sentence, "data-how-slot": figures})


def wide_table(name: str, content: Any = None, **attributes: Any) -> html.Div:
    """Return a place for a table that scrolls sideways, also by keyboard; `name` is said of it."""
    return html.Div(
        content,
        className="table-wrap",
        tabIndex=0,
        role="region",
        **{"aria-label": f"{name}, scrolls sideways"},
        **attributes,
    )


def pairs(rows: Sequence[tuple[Any, Any]]) -> html.Dl:
    """Return a list of names and values."""
    cells = [cell for name, value in rows for cell in (html.Dt(name), html.Dd(value))]
    return html.Dl(cells, className="kv")


def pill(text: Any, kind: str = "") -> html.Span:
    """Return a small rounded word; `kind` is "", "acc", "up", "down" or "warn"."""
    return html.Span(text, className=f"pill {kind}".strip())


def legend(items: Sequence[tuple[str, str, str]]) -> html.Div:
    """Return a chart's legend: (label, kind of line, colour token)."""
    return html.Div(
        [
            html.Span([html.I(className=kind, style={"--c": f"var({token})"}), label])
            for label, kind, token in items
        ],
        className="leg",
    )


def graph(graph_id: str, size: str, double_click: str = "reset") -> html.Div:
    """Return an empty chart; `size` is "main", "sub" or "tile" and reserves its height.

    Parameters
    ----------
    double_click : {"reset", "autosize"}
        Back to the view it was drawn with, or to all of it.
    """
    config = {**GRAPH_CONFIG, "doubleClick": double_click}
    chart = dcc.Graph(id=graph_id, config=config, responsive=True)
    return html.Div(chart, className=f"chart chart-{size}")
