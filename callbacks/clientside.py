"""The functions of assets/clientside.js by name."""

from __future__ import annotations

from dash import ClientsideFunction


def script(name: str) -> ClientsideFunction:
    """Return the browser function `name`."""
    return ClientsideFunction("pulse", name)
