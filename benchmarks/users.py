"""Many simulated users in one process: each one keep-alive connection and a steady tick."""

from __future__ import annotations

import asyncio
import gzip
import zlib
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from functools import partial
from typing import Final, cast
from urllib.parse import urlsplit

import brotli
from backports import zstd

from benchmarks.tick import PageState, Tick

_DECODERS: Final[Mapping[str, Callable[[bytes], bytes]]] = {
    "": bytes,
    "br": brotli.decompress,
    "deflate": zlib.decompress,
    "gzip": gzip.decompress,
    "zstd": zstd.decompress,
}
_CONNECT_AT_ONCE: Final = 50
_LAST_ANSWERS_WITHIN_S: Final = 5.0


@dataclass(slots=True)
class Tally:
    """What the users saw while `counting`. Times are in seconds, sizes in bytes.

    `latencies` run from the moment a tick was due, so they include a late client;
    `lags` are that lateness alone.
    """

    counting: bool = False
    latencies: list[float] = field(default_factory=list)
    lags: list[float] = field(default_factory=list)
    wire_bytes: list[int] = field(default_factory=list)
    body_bytes: list[int] = field(default_factory=list)
    request_bytes: list[int] = field(default_factory=list)
    request_body_bytes: list[int] = field(default_factory=list)
    errors: dict[str, int] = field(default_factory=dict)

    def error(self, kind: str) -> None:
        if self.counting:
            self.errors[kind] = self.errors.get(kind, 0) + 1


class User(asyncio.Protocol):
    """One open page.

    Parameters
    ----------
    phase_s : float
        When, after the common start, the first tick is due.
    """

    def __init__(
        self, phase_s: float, refresh_s: float, page: PageState, head: bytes, tally: Tally
    ) -> None:
        self._phase_s = phase_s
        self._refresh_s = refresh_s
        self._page = page
        self._head = head
        self._tally = tally
        self._transport: asyncio.Transport | None = None
        self._timer: asyncio.TimerHandle | None = None
        self._received = bytearray()
        self._due: float | None = None
        self._lag = 0.0
        self._counted = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        # uvloop's transports do what asyncio.Transport says without being derived from it.
        self._transport = cast(asyncio.Transport, transport)

    def start(self, at: float) -> None:
        """Tick from `at` (the loop's time) plus this user's phase on."""
        self._schedule(at + self._phase_s)

    @property
    def waits(self) -> bool:
        """Tell whether an answer is under way."""
        return self._due is not None

    def pause(self) -> None:
        """Tick no more."""
        if self._timer is not None:
            self._timer.cancel()

    def stop(self) -> None:
        """Tick no more and hang up."""
        self.pause()
        if self._transport is not None:
            self._transport.close()
            self._transport = None

    def connection_lost(self, exc: Exception | None) -> None:
        if self._transport is not None:
            self._tally.error("connection reset" if exc else "connection closed")
            self.stop()

    def data_received(self, data: bytes) -> None:
        self._received += data
        end = self._received.find(b"\r\n\r\n")
        if end < 0:
            return
        headers = bytes(self._received[:end]).lower()
        whole = end + 4 + int(header(headers, b"content-length") or 0)
        if len(self._received) >= whole:
            body = bytes(self._received[end + 4 : whole])
            del self._received[:whole]
            self._finish(headers, body)

    def _schedule(self, due: float) -> None:
        loop = asyncio.get_running_loop()
        self._timer = loop.call_at(due, self._send, due)

    def _send(self, due: float) -> None:
        self._schedule(due + self._refresh_s)
        if self._transport is None:
            return
        if self._due is not None:
            self._tally.error("answer later than the next tick")
            return
        body = self._page.next_body()
        request = self._head + b"content-length: %d\r\n\r\n" % len(body) + body
        self._due, self._lag = due, asyncio.get_running_loop().time() - due
        self._counted = self._tally.counting
        self._transport.write(request)
        if self._counted:
            self._tally.request_bytes.append(len(request))
            self._tally.request_body_bytes.append(len(body))

    def _finish(self, headers: bytes, body: bytes) -> None:
        due, self._due = self._due, None
        status = int(headers[9:12])
        if due is None:
            self._tally.error("answer to no question")
        elif status not in (200, 204):
            self._tally.error(f"status {status}")
        else:
            self._count(asyncio.get_running_loop().time() - due, headers, body)

    def _count(self, latency: float, headers: bytes, body: bytes) -> None:
        plain = _DECODERS[header(headers, b"content-encoding").decode()](body)
        if plain:
            self._page.take(plain)
        if self._counted:
            self._tally.latencies.append(latency)
            self._tally.lags.append(self._lag)
            self._tally.wire_bytes.append(len(headers) + 4 + len(body))
            self._tally.body_bytes.append(len(plain))


def header(headers: bytes, name: bytes) -> bytes:
    """Return the value of a header, all in lower case; empty where there is none."""
    _, _, rest = headers.partition(b"\r\n" + name + b":")
    return rest.partition(b"\r\n")[0].strip()


def request_head(tick: Tick, url: str) -> bytes:
    """Return the request line and headers that a browser sends, all but the length."""
    lines = [f"POST {tick.path} HTTP/1.1", f"host: {urlsplit(url).netloc}"]
    lines += [f"{name}: {value}" for name, value in tick.headers.items()]
    return "".join(f"{line}\r\n" for line in lines).encode("latin-1")


async def simulate(
    url: str,
    tick: Tick,
    users: int,
    refresh_s: float,
    seconds: float,
    tally: Tally,
    window: AbstractContextManager[object],
) -> None:
    """Let `users` pages tick every `refresh_s`, phases spread evenly, and fill `tally`.

    They tick for two refreshes before anything is counted, then for `seconds`, during
    which `window` is entered.
    """
    loop = asyncio.get_running_loop()
    crowd = await _connect(url, tick, users, refresh_s, tally)
    start = loop.time() + 0.1
    for user in crowd:
        user.start(start)
    await asyncio.sleep(2 * refresh_s)
    with window:
        tally.counting = True
        await asyncio.sleep(seconds)
        tally.counting = False
    await _finish_all(crowd)


async def _finish_all(crowd: list[User]) -> None:
    """Send nothing more, wait a bounded time for answers under way, and hang up."""
    for user in crowd:
        user.pause()
    deadline = asyncio.get_running_loop().time() + _LAST_ANSWERS_WITHIN_S
    while any(user.waits for user in crowd) and asyncio.get_running_loop().time() < deadline:
        await asyncio.sleep(0.05)
    for user in crowd:
        user.stop()


async def _connect(url: str, tick: Tick, users: int, refresh_s: float, tally: Tally) -> list[User]:
    """Open all connections, a few at a time so that the server's backlog is not the test."""
    address = urlsplit(url)
    head = request_head(tick, url)
    crowd = [
        User(refresh_s * number / users, refresh_s, tick.page(), head, tally)
        for number in range(users)
    ]
    loop = asyncio.get_running_loop()
    host, port = address.hostname or "", address.port or 80
    for first in range(0, users, _CONNECT_AT_ONCE):
        few = crowd[first : first + _CONNECT_AT_ONCE]
        await asyncio.gather(*(loop.create_connection(partial(same, u), host, port) for u in few))
    return crowd


def same(user: User) -> User:
    """Return the protocol that a new connection shall speak to."""
    return user
