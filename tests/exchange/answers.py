"""What comes over the wire and what goes back, whatever the venue."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qsl


@dataclass(frozen=True)
class Request:
    """One GET; `address` is the caller's, header names are in lower case."""

    path: str
    query: str
    address: str
    headers: Mapping[str, str] = field(default_factory=dict)

    @property
    def sent(self) -> list[tuple[str, str]]:
        """Return the query's parameters in the order sent, blank ones too."""
        return parse_query(self.query)


@dataclass(frozen=True)
class Answer:
    """What goes over the wire."""

    status: int
    body: bytes
    headers: dict[str, str] = field(default_factory=dict)
    content_type: str = "application/json;charset=UTF-8"


def parse_query(query: str) -> list[tuple[str, str]]:
    return parse_qsl(query, keep_blank_values=True)


def json_answer(value: Any, status: int = 200, headers: dict[str, str] | None = None) -> Answer:
    """Return `value` as compact JSON; NaN goes as the bare word that JSON does not know."""
    return Answer(status, json.dumps(value, separators=(",", ":")).encode(), headers or {})


def page(status: int, text: str) -> Answer:
    body = f"<html><body><h2>{text}</h2></body></html>".encode()
    return Answer(status, body, content_type="text/html")


NOT_FOUND = page(404, "404 Not found")
