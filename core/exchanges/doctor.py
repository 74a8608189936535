"""Whether each exchange answers this machine: one question per host, all hosts at once."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future, wait
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from typing import Final, Protocol, TypeVar

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
from core.exchanges.access import host_of
from core.exchanges.base import Provider
from core.exchanges.statuses import Reply
from core.exchanges.transport import Transport

T = TypeVar("T")

ALL_WITHIN_S: Final = 8.0
# Leaves time for the sentence of the transport, and for a look at the history.
_PROBE_S: Final = 5.0
# The app keeps to the exchange's clock; a person reading times would be misled by more.
_OFFSET_NOTED_MS: Final = 2_000.0
_WEIGHT_NOTED: Final = 0.5
_MS: Final = timedelta(milliseconds=1)
_HOUR: Final = timedelta(hours=1)
_MINUTE: Final = timedelta(minutes=1)


class Probed(Provider, Protocol):
    """A provider whose hosts can be asked one by one."""

    @property
    def base_urls(self) -> tuple[str, ...]: ...

    def probe(self, base_url: str, timeout_s: float) -> None: ...

    def prefer(self, base_url: str) -> None: ...


class Witness(Transport):
    """A transport that remembers the newest reply of each host."""

    def __init__(self, clock: Clock) -> None:
        super().__init__(clock)
        self.replies: dict[str, Reply] = {}

    def get(self, base_url: str, path: str, params: Mapping[str, str], until: float) -> Reply:
        self.replies.pop(base_url, None)
        reply = super().get(base_url, path, params, until)
        self.replies[base_url] = reply
        return reply


@dataclass(frozen=True, slots=True)
class Venue:
    """An exchange to examine.

    Attributes
    ----------
    title : str
        Its name in sentences.
    setting : str
        The environment variable that names its hosts.
    provider : Probed
    witness : Witness
        The transport of `provider`.
    server_time : callable
        Reads the exchange's clock from the reply to a probe.
    weight_header : str
        Header of the request weight of this minute; empty where there is none.
    weight_limit : int or None
        Weight allowed per minute.
    page_rows : int
        1-minute candles per call.
    rows_kept : int or None
        The newest candles the exchange gives, however far back it is asked; None: all.
    """

    title: str
    setting: str
    provider: Probed
    witness: Witness
    server_time: Callable[[Reply], datetime]
    page_rows: int
    rows_kept: int | None = None
    weight_header: str = ""
    weight_limit: int | None = None


def examine_hosts(venues: Sequence[Venue], clock: Clock, within_s: float) -> list[Finding]:
    """Ask every host of `venues` for its time, once; return a finding for each, in order.

    A host whose gate is closed, or that was set aside, is not called.
    """
    hosts = [(venue, url) for venue in venues for url in venue.provider.base_urls]
    asked = [_in_thread(partial(_examine, v, u, clock)) for v, u in hosts]
    wait(asked, timeout=within_s)
    return [
        future.result() if future.done() else _silent(venue, url, within_s)
        for (venue, url), future in zip(hosts, asked, strict=True)
    ]


def examine_histories(
    venues: Sequence[Venue], ticker: str, rows: int, to_train: int, within_s: float
) -> list[Finding]:
    """Tell of each venue whether its candles reach `rows` minutes back, asking for one page.

    Parameters
    ----------
    venues : sequence of Venue
        Those that answer: each is asked once, unless it is known to keep too few.
    rows, to_train : int
        1-minute candles a forecast uses, and the fewest a model is trained on.
    """
    asked = [_in_thread(partial(_measured_history, v, ticker, rows, to_train)) for v in venues]
    wait(asked, timeout=max(0.0, within_s))
    return [
        future.result() if future.done() else _unknown_history(venue, "it was not told in time.")
        for venue, future in zip(venues, asked, strict=True)
    ]


def known_history(venue: Venue, rows: int, to_train: int) -> Finding:
    """Tell whether the history suffices from what the exchange's documentation says."""
    subject = f"{venue.title} history"
    kept = venue.rows_kept
    if kept is not None and kept < to_train:
        return Finding(
            subject,
            "warning",
            f"Only the newest {kept:,} minutes are given: too few to train on ({to_train:,}), "
            "so no change is forecast.",
            f"Keep {venue.title} for the last resort.",
        )
    calls = -(-rows // venue.page_rows)
    return Finding(
        subject,
        "ok",
        f"{rows:,} minutes suffice and are given in {calls:,} calls of {venue.page_rows:,}.",
    )


def _measured_history(venue: Venue, ticker: str, rows: int, to_train: int) -> Finding:
    known = known_history(venue, rows, to_train)
    if known.verdict != "ok":
        return known
    start = venue.provider.now().replace(second=0, microsecond=0) - rows * _MINUTE
    try:
        page = next(venue.provider.candles(ticker, start, start + _HOUR), None)
    except ExchangeError as error:
        return _unknown_history(venue, str(error))
    if page is None or page.empty:
        return Finding(
            known.subject,
            "warning",
            f"It gave no candle of {ticker} for the hour from {start:%Y-%m-%d %H:%M} UTC, "
            f"{rows:,} minutes ago.",
            "Lower max_points, or follow a coin that has been listed for longer.",
        )
    return Finding(
        known.subject,
        "ok",
        f"{ticker} reaches back {rows:,} minutes, to {page.index[0]:%Y-%m-%d %H:%M} UTC. "
        f"{known.meaning}",
    )


def _unknown_history(venue: Venue, why: str) -> Finding:
    return Finding(
        f"{venue.title} history", "warning", f"How far it reaches is not known: {why}", "Ask again."
    )


def _examine(venue: Venue, url: str, clock: Clock) -> Finding:
    subject = f"{venue.title} {host_of(url)}"
    try:
        venue.provider.probe(url, _PROBE_S)
    except ExchangeError as error:
        reply = venue.witness.replies.get(url)
        return Finding(
            subject,
            "failure",
            str(error),
            _advice(error, venue, url),
            status=reply.status if reply else None,
            latency_ms=_latency_ms(reply) if reply else None,
            weight_used=_weight(venue, reply) if reply else None,
        )
    return _healthy(venue, subject, venue.witness.replies[url], clock)


def _healthy(venue: Venue, subject: str, reply: Reply, clock: Clock) -> Finding:
    offset_ms, used = _offset_ms(venue, reply, clock), _weight(venue, reply)
    notes = [*_note_of_clock(offset_ms), *_note_of_weight(venue, used)]
    return Finding(
        subject,
        "warning" if notes else "ok",
        " ".join(["It answers.", *(meaning for meaning, _ in notes)]),
        " ".join(advice for _, advice in notes),
        reply.status,
        _latency_ms(reply),
        offset_ms,
        used,
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


def _note_of_weight(venue: Venue, used: int | None) -> list[tuple[str, str]]:
    limit = venue.weight_limit
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


def _offset_ms(venue: Venue, reply: Reply, clock: Clock) -> float:
    """Return the exchange's clock less ours at the middle of the call, in ms."""
    middle = (reply.sent_at + reply.received_at) / 2.0
    ours = clock.now() - timedelta(seconds=clock.monotonic() - middle)
    return (venue.server_time(reply) - ours) / _MS


def _weight(venue: Venue, reply: Reply) -> int | None:
    text = reply.headers.get(venue.weight_header, "") if venue.weight_header else ""
    return int(text) if text.isascii() and text.isdigit() else None


def _advice(error: ExchangeError, venue: Venue, url: str) -> str:
    host = host_of(url)
    if isinstance(error, RateLimited):
        return (
            f"Wait until {error.retry_at:%Y-%m-%d %H:%M} UTC, as the app does; "
            f"find out what else on this address calls {venue.title}."
        )
    if isinstance(error, Restricted):
        return (
            f"Take {host} out of {venue.setting}, or leave it: the app does not ask it again "
            "and uses the others."
        )
    if isinstance(error, Forbidden):
        return f"Ask again in a minute; if it stays, this address is not welcome at {host}."
    if isinstance(error, ExchangeTimeout):
        return f"Allow outgoing HTTPS to {host}, and look at name resolution and proxies."
    if isinstance(error, BadAnswer):
        return f"Look at what answers in place of {host}: a proxy or a sign-in page does so."
    if error.retryable:
        return f"If it stays, allow outgoing HTTPS to {host} or see {venue.title}'s status page."
    return f"Look at the address in {venue.setting}."


def _silent(venue: Venue, url: str, within_s: float) -> Finding:
    error = ExchangeTimeout(f"{host_of(url)} did not answer within {within_s:.0f} s.")
    return Finding(
        f"{venue.title} {host_of(url)}", "failure", str(error), _advice(error, venue, url)
    )


def _in_thread(work: Callable[[], T]) -> Future[T]:
    """Work in a thread of its own, which a stuck name look-up cannot make anyone wait for."""
    outcome: Future[T] = Future()

    def run() -> None:
        try:
            outcome.set_result(work())
        except BaseException as error:  # noqa: BLE001 - raised again where the result is taken
            outcome.set_exception(error)

    threading.Thread(target=run, name="doctor", daemon=True).start()
    return outcome
