"""What a request says of its visitor."""

from __future__ import annotations

from functools import lru_cache
from typing import Final

from flask import request

from core.domain import ForecastSpec
from core.errors import ParameterError

# Longer than any spec with all its parameters.
_LONGEST: Final = 300


def client_address() -> str:
    """Return the address of the visitor, behind one proxy or none."""
    return request.remote_addr or "unknown"


def read_spec_text(text: object) -> ForecastSpec | None:
    """Return the spec a page carries, None where the text is not one."""
    if not isinstance(text, str) or len(text) > _LONGEST:
        return None
    try:
        return _spec(text)
    except ParameterError:
        return None


@lru_cache(maxsize=256)  # every tick of every page brings one of the same few texts
def _spec(text: str) -> ForecastSpec:
    return ForecastSpec.from_text(text)
