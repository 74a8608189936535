"""Requests that a page of ours could have sent, told from what else comes to Dash's address."""

from __future__ import annotations

from typing import Any, Final

from dash import Dash
from flask import request

# Our deepest request, a log of trades, has less than ten levels.
_DEEPEST: Final = 32
# Dash's own location, which its router takes for text without looking.
_ROUTED: Final = "_pages_location"


def read_callback(app: Dash) -> dict[str, Any] | None:
    """Return the body of the request being served, None where no page of ours sends it."""
    try:
        body = request.get_json(silent=True)
    except RecursionError:
        return None
    return body if _is_shallow(body) and _is_callback(app, body) else None


def _is_shallow(body: object) -> bool:
    """Tell whether `body` is nested less deep than what is recursive can follow."""
    level = [body]
    for _ in range(_DEEPEST):
        level = [inner for outer in level for inner in _inside(outer)]
        if not level:
            return True
    return False


def _inside(value: object) -> list[Any]:
    if isinstance(value, dict):
        return list(value.values())
    return value if isinstance(value, list) else []


def _is_callback(app: Dash, body: object) -> bool:
    if not isinstance(body, dict):
        return False
    output = body.get("output")
    known = app.callback_map.get(output) if isinstance(output, str) else None
    # Dash lists clientside callbacks, too; those have no function here.
    if known is None or "callback" not in known:
        return False
    changed = body.get("changedPropIds", [])
    return (
        all(_matches(app, known[kind], body.get(kind, [])) for kind in ("inputs", "state"))
        and isinstance(changed, list)
        and all(isinstance(item, str) for item in changed)
        and _outputs_fit(output, body.get("outputs"))
    )


def _matches(app: Dash, declared: list[dict[str, Any]], given: object) -> bool:
    """Tell whether `given` are values of exactly the declared properties, in their order."""
    if not isinstance(given, list) or len(given) != len(declared):
        return False
    return all(
        isinstance(item, dict)
        and (item.get("id"), item.get("property")) == (want["id"], want["property"])
        and (want["id"] != _ROUTED or _is_of_address(app, item))
        for want, item in zip(declared, given, strict=True)
    )


def _is_of_address(app: Dash, item: dict[str, Any]) -> bool:
    """Tell whether `item` is a part of an address below the app's own."""
    value = item.get("value")
    if item["property"] != "pathname":
        return value is None or isinstance(value, str)
    return isinstance(value, str) and value.startswith(app.config.requests_pathname_prefix)


def _outputs_fit(output: str, outputs: object) -> bool:
    """Tell whether `outputs` lists the properties that the callback's name is made of."""
    listed = outputs if isinstance(outputs, list) else [outputs]
    if not all(isinstance(item, dict) for item in listed):
        return False
    names = [f"{item.get('id')}.{item.get('property')}" for item in listed]
    return output == (f"..{'...'.join(names)}.." if isinstance(outputs, list) else names[0])
