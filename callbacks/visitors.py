"""What a request says of its visitor."""

from __future__ import annotations

from flask import request

from core.domain import ForecastSpec
from core.errors import ParameterError


def client_address() -> str:
    """Return the address of the visitor, behind one proxy or none."""
    return request.remote_addr or "unknown"


def read_spec_text(text: object) -> ForecastSpec | None:
    """Return the spec a page carries, None where the text is not one."""
    try:
        return ForecastSpec.from_text(str(text))
    except ParameterError:
        return None
