"""Numbers and times as text: the one place that does it in Python.

Local times are written by the browser, which alone knows the reader's zone: `moment`
gives it the instant. Numbers are written the same way in assets/format.js.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Literal

from dash import html

MINUS = "−"


def decimals(price: float) -> int:
    """Return the digits after the point that a price of this scale is read with."""
    magnitude = abs(price)
    if magnitude >= 10:
        return 2
    return 4 if magnitude >= 0.1 else 6


def number(value: float, digits: int = 2) -> str:
    """Return ``10,018.90``, with a true minus."""
    text = f"{abs(value):,.{digits}f}"
    return f"{MINUS}{text}" if value < 0 and float(text.replace(",", "")) else text


def signed(value: float, digits: int = 2) -> str:
    """Return ``+18.90`` or ``−18.90``; zero has no sign."""
    text = number(value, digits)
    return f"+{text}" if value > 0 and float(text.replace(",", "")) else text


def percent(fraction: float, digits: int = 2) -> str:
    """Return ``+0.19 %`` for 0.0019, with a thin no-break space."""
    return f"{signed(100 * fraction, digits)}\u202f%"


def loss(value: float) -> str:
    """Return an error in USD with three or more significant digits: ``19.1``, ``0.0123``."""
    magnitude = abs(value)
    for digits, limit in ((0, 1000), (1, 10), (2, 1), (3, 0.1), (4, 0.01)):
        if magnitude >= limit:
            return number(value, digits)
    return number(value, 6)


def duration(seconds: float) -> str:
    """Return a whole age: ``8 s``, ``12 min``, ``3 h``, ``2 d``."""
    for unit, size in (("d", 86_400), ("h", 3_600), ("min", 60)):
        if seconds >= 2 * size:
            return f"{seconds // size:,.0f} {unit}"
    return f"{max(seconds, 0):.0f} s"


def epoch_ms(time: datetime) -> int:
    """Return whole milliseconds since 1970."""
    return round(time.timestamp() * 1000)


def utc_text(time: datetime, digits: Literal["minutes", "seconds"] = "seconds") -> str:
    """Return ``2026-04-21 12:41:00 UTC``, or without its seconds."""
    utc = time.astimezone(UTC)
    return f"{utc:%Y-%m-%d %H:%M} UTC" if digits == "minutes" else f"{utc:%Y-%m-%d %H:%M:%S} UTC"


def utc_clock(time: datetime, now: datetime) -> str:
    """Return ``12:41 UTC``, with its date where that is not the one of `now`."""
    if time.astimezone(UTC).date() != now.astimezone(UTC).date():
        return utc_text(time, "minutes")
    return f"{time.astimezone(UTC):%H:%M} UTC"


def moment(time: datetime | None, style: str = "time") -> html.Time | html.Span:
    """Return an instant that the browser writes in local time, UTC on hover.

    Parameters
    ----------
    style : {"time", "seconds", "date"}
        ``12:41``, ``12:41:08`` or ``21 Apr 12:41``.
    """
    if time is None:
        return html.Span("–")
    iso = time.astimezone(UTC).isoformat().replace("+00:00", "Z")
    return html.Time(dateTime=iso, title=utc_text(time), **{"data-style": style})
