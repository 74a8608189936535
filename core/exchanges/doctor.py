"""Whether each exchange answers this machine: one question per host, all hosts at once."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import wait
from dataclasses import replace
from datetime import datetime, timedelta
from functools import partial
from typing import Final, TypeVar

from core.clock import Clock
from core.domain import Finding
from core.errors import (
    BadAnswer,
    ExchangeError,
    ExchangeTimeout,
    Forbidden,
    RateLimited,
    Restricted,
)
from core.exchanges.access import family_of, host_of
from core.exchanges.base import Usage
from core.exchanges.daemon import in_thread
from core.exchanges.examined import Examined
from core.exchanges.gate_memory import GateMemory, Refusal
from core.exchanges.statuses import Reply

T = TypeVar("T")

ALL_WITHIN_S: Final = 8.0
# Leaves time for the sentence of the transport, and for a look at the history.
_PROBE_S: Final = 5.0
# The app keeps to the exchange's clock; a person reading times would be misled by more.
_OFFSET_NOTED_MS: Final = 2_000.0
_WEIGHT_NOTED: Final = 0.5
_MS: Final = timedelta(milliseconds=1)


def examine_hosts(venues: Sequence[Examined], clock: Clock, within_s: float) -> list[Finding]:
    """Ask every host of `venues` for its time, once; return a finding for each, in order.

    A host whose gate is closed, or that was set aside, is not called.
    """
    hosts = [(venue, url) for venue in venues for url in venue.provider.base_urls]
    found = at_once([partial(_examine, venue, url, clock) for venue, url in hosts], within_s)
    return [
        _behind_gate(finding, venue) if finding else _silent(venue, url, within_s)
        for (venue, url), finding in zip(hosts, found, strict=True)
    ]


def at_once(works: Sequence[Callable[[], T]], within_s: float) -> list[T | None]:
    """Return what all `works` return, each in a thread; None for what takes too long.

    The threads are daemons: a stuck name look-up makes nobody wait, not even the exit.
    """
    outcomes = [in_thread(work, "doctor") for work in works]
    wait(outcomes, timeout=max(0.0, within_s))
    return [outcome.result() if outcome.done() else None for outcome in outcomes]


def _examine(venue: Examined, url: str, clock: Clock) -> Finding:
    subject = f"{venue.title} {host_of(url)}"
    try:
        venue.provider.probe(url, _PROBE_S)
    except ExchangeError as error:
        reply, kept = venue.witness.replies.get(url), _remembered(error, venue, url, clock)
        return Finding(
            subject,
            "failure",
            str(error) if reply or not kept else f"{error} {_not_asked(kept)}",
            _after_refusal(kept, venue, url) if kept else _advice(error, venue, url),
            status=reply.status if reply else None,
            latency_ms=_latency_ms(reply) if reply else None,
            weight_used=venue.provider.usage().weight_used if reply else None,
        )
    return _healthy(venue, subject, venue.witness.replies[url], clock)


def _healthy(venue: Examined, subject: str, reply: Reply, clock: Clock) -> Finding:
    offset_ms, usage = _offset_ms(venue, reply, clock), venue.provider.usage()
    notes = [*_note_of_clock(offset_ms), *_note_of_weight(venue, usage)]
    return Finding(
        subject,
        "warning" if notes else "ok",
        " ".join(["It answers.", *(meaning for meaning, _ in notes)]),
        " ".join(advice for _, advice in notes),
        reply.status,
        _latency_ms(reply),
        offset_ms,
        usage.weight_used,
    )


def _behind_gate(finding: Finding, venue: Examined) -> Finding:
    """Return `finding`; a failure where a limit, told by another host, holds for this one."""
    block = venue.provider.usage().block
    if block is None or finding.verdict == "failure":
        return finding
    return replace(
        finding,
        verdict="failure",
        meaning=f"It answered, but {venue.title} has {block.kind} this address: nothing is sent "
        f"to any of its hosts before {block.until:%Y-%m-%d %H:%M} UTC.",
        advice=_wait_until(block.until, venue),
    )


def _note_of_clock(offset_ms: float) -> list[tuple[str, str]]:
    if abs(offset_ms) < _OFFSET_NOTED_MS:
        return []
    side = "behind" if offset_ms > 0 else "ahead of"
    return [
        (
            f"This machine's clock is {abs(offset_ms) / 1000:,.1f} s {side} the exchange's, "
            "which the app keeps to.",
            "Let the system set its clock (NTP).",
        )
    ]


def _note_of_weight(venue: Examined, usage: Usage) -> list[tuple[str, str]]:
    used, limit = usage.weight_used, usage.weight_limit
    if used is None or limit is None or used < _WEIGHT_NOTED * limit:
        return []
    return [
        (
            f"This address has used {used:,} of {limit:,} weight in this minute.",
            f"Find out what else on this address calls {venue.title}.",
        )
    ]


def _latency_ms(reply: Reply) -> float:
    return (reply.received_at - reply.sent_at) * 1000.0


def _offset_ms(venue: Examined, reply: Reply, clock: Clock) -> float:
    """Return the exchange's clock less ours at the middle of the call, in ms."""
    middle = (reply.sent_at + reply.received_at) / 2.0
    ours = clock.now() - timedelta(seconds=clock.monotonic() - middle)
    return (venue.provider.read_time(reply) - ours) / _MS


def _advice(error: ExchangeError, venue: Examined, url: str) -> str:
    host = host_of(url)
    if isinstance(error, RateLimited):
        return _wait_until(error.retry_at, venue)
    if isinstance(error, Restricted):
        return _elsewhere(venue)
    if isinstance(error, Forbidden):
        return f"Ask again in a minute. If it stays: {_elsewhere(venue)}"
    if isinstance(error, ExchangeTimeout):
        return f"Allow outgoing HTTPS to {host}, and look at name resolution and proxies."
    if isinstance(error, BadAnswer):
        return f"Look at what answers in place of {host}: a proxy or a sign-in page does so."
    if error.retryable:
        return f"If it stays, allow outgoing HTTPS to {host} or see {venue.title}'s status page."
    return f"Look at the address in {venue.setting}."


def _remembered(error: ExchangeError, venue: Examined, url: str, clock: Clock) -> Refusal | None:
    """Return the refusal of this host that the app keeps to; None where it keeps none."""
    if venue.gate is None or not isinstance(error, (Restricted, Forbidden)):
        return None
    memory = GateMemory(clock, venue.gate)
    kept = (memory.standing(key) for key in (family_of(url), host_of(url)))
    return next((refusal for refusal in kept if refusal), None)


def _not_asked(kept: Refusal) -> str:
    return f"That was at {_instant(kept.since)}; it was not asked again now."


def _after_refusal(kept: Refusal, venue: Examined, url: str) -> str:
    """Return until when a refusal is remembered, and the ways out of it."""
    until = f"The app leaves {host_of(url)} alone until {_instant(kept.until)}."
    if kept.kind == "forbidden":
        return f"{until} If it stays: {_elsewhere(venue)}"
    # The file keeps bans, too: to forget one would have calls sent during it.
    if venue.gate is None or venue.provider.usage().block is not None:
        return f"{until} {_elsewhere(venue)}"
    file = "/".join(venue.gate.parts[-3:])
    return (
        f"{until} {_elsewhere(venue)} If this machine has moved to another network since: stop "
        f"the app, delete {file} in ARTIFACT_DIR, and start it again."
    )


def _elsewhere(venue: Examined) -> str:
    return (
        f"Put another host into {venue.setting}, or let another exchange be followed "
        "(MARKET_SOURCE=auto)."
    )


def _instant(time: datetime) -> str:
    return f"{time:%Y-%m-%d %H:%M:%S} UTC"


def _wait_until(instant: datetime, venue: Examined) -> str:
    return (
        f"Wait until {instant:%Y-%m-%d %H:%M} UTC, as the app does; "
        f"find out what else on this address calls {venue.title}."
    )


def _silent(venue: Examined, url: str, within_s: float) -> Finding:
    error = ExchangeTimeout(f"{host_of(url)} did not answer within {within_s:.0f} s.")
    return Finding(
        f"{venue.title} {host_of(url)}", "failure", str(error), _advice(error, venue, url)
    )
