"""What an exchange's answer means, by HTTP status.

Source of the meanings: Binance spot REST documentation, "HTTP Return Codes" and
"IP Limits"; 451 is the status of RFC 7725.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final, NoReturn

from core.errors import (
    BadAnswer,
    BadRequest,
    Banned,
    ExchangeUnavailable,
    Forbidden,
    RateLimited,
    Restricted,
)
from core.exchanges.gate_memory import LONGEST_WAIT_S

_DEFAULT_WAIT_S: Final = {429: 60.0, 418: 120.0}
_MESSAGE_LIMIT: Final = 200
# From 2001 to 2286.
_EPOCH_MS: Final = re.compile(r"(?<!\d)\d{13}(?!\d)", re.ASCII)


@dataclass(frozen=True, slots=True)
class Reply:
    """A whole answer. `sent_at` and `received_at` are readings of `Clock.monotonic`."""

    host: str
    status: int
    headers: Mapping[str, str]
    body: bytes
    sent_at: float
    received_at: float

    def json(self) -> Any:
        """Parse the body strictly.

        Raises
        ------
        BadAnswer
            Not JSON, or JSON with NaN or Infinity, which JSON does not have.
        """
        try:
            return json.loads(self.body, parse_constant=_refuse_constant)
        except (ValueError, RecursionError):
            raise BadAnswer(
                f"{self.host} answered {self.status} with something that is not JSON "
                f"({len(self.body):,} bytes)."
            ) from None


def _refuse_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is not JSON")


@dataclass(frozen=True, slots=True)
class Complaint:
    """The code and ``msg`` or ``message`` of a refusal; None and empty where it has none."""

    code: int | None
    message: str


def complaint_of(reply: Reply) -> Complaint:
    """Read a refusal's body; anything that is not an object says nothing."""
    try:
        body = reply.json()
    except BadAnswer:
        return Complaint(None, "")
    if not isinstance(body, dict):
        return Complaint(None, "")
    code, message = body.get("code"), body.get("msg", body.get("message"))
    text = " ".join(message.split())[:_MESSAGE_LIMIT] if isinstance(message, str) else ""
    return Complaint(code if type(code) is int else None, text)


def sentence_of(reply: Reply, complaint: Complaint, meaning: str) -> str:
    """Say who answered what, with the exchange's own words where it gave any."""
    words = f": {complaint.message}" if complaint.message else ""
    return f"{answered(reply, meaning)}{words.rstrip('.')}."


def answered(reply: Reply, meaning: str) -> str:
    """Say who answered what, without a full stop."""
    return f"{reply.host} answered {reply.status} ({meaning})"


@dataclass(frozen=True, slots=True)
class Limit:
    """A refusal that closes the gate: its class, what was said, and for how many seconds.

    `until` is the end that the body told, for where no header told the wait; it counts
    only where it lies ahead by our clock, and `wait_s` otherwise.
    """

    kind: type[RateLimited]
    said: str
    wait_s: float
    until: datetime | None = None


def limit_of(reply: Reply) -> Limit | None:
    """Read a limit by HTTP status: 429 is too many requests, 418 a ban; None for the rest."""
    if reply.status not in _DEFAULT_WAIT_S:
        return None
    kind, meaning = (
        (Banned, "address banned") if reply.status == 418 else (RateLimited, "too many requests")
    )
    asked_s = wait_asked_s(reply)
    if asked_s is not None:
        return Limit(kind, answered(reply, meaning), asked_s)
    until = _end_told(complaint_of(reply)) if reply.status == 418 else None
    return Limit(kind, answered(reply, meaning), _DEFAULT_WAIT_S[reply.status], until)


def wait_asked_s(reply: Reply) -> float | None:
    """Return the seconds to wait that the answer asks for.

    ``Retry-After`` where it is a whole number of seconds, taken as at least 1 and at most
    three days; None where it is not.
    """
    text = next((v for k, v in reply.headers.items() if k.lower() == "retry-after"), "").strip()
    if not (text.isascii() and text.isdigit() and len(text) <= 18):
        return None
    return min(max(float(text), 1.0), LONGEST_WAIT_S)


def _end_told(complaint: Complaint) -> datetime | None:
    """Return the end of a ban, which Binance tells as epoch milliseconds in its sentence."""
    told = _EPOCH_MS.search(complaint.message)
    return datetime.fromtimestamp(int(told[0]) / 1000, UTC) if told else None


def error_of_status(
    reply: Reply, complaint: Complaint
) -> BadAnswer | BadRequest | ExchangeUnavailable | Forbidden | Restricted | None:
    """Return the error a status stands for; None for 200. 429 and 418 belong to the gate."""
    status = reply.status
    if status == 200:
        return None
    if status == 451:
        return Restricted(sentence_of(reply, complaint, "not served from this place"))
    if status == 403:
        return Forbidden(sentence_of(reply, complaint, "refused by its firewall"))
    if 400 <= status < 500:
        return BadRequest(sentence_of(reply, complaint, "a mistake in the request"), complaint.code)
    if status >= 500:
        return ExchangeUnavailable(sentence_of(reply, complaint, "a fault on its side"))
    return BadAnswer(f"{reply.host} answered {status}, which is neither data nor a refusal.")
