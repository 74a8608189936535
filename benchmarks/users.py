"""Many simulated users in one process: each one keep-alive connection and a steady tick."""

from __future__ import annotations

import asyncio
import gzip
import random
import zlib
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass
from functools import partial
from typing import Final, cast
from urllib.parse import urlsplit

import brotli
from backports import zstd

from benchmarks.live_page import Call, PageState, Recording, own_holdings
from benchmarks.tally import Counts, Tally

_DECODERS: Final[Mapping[str, Callable[[bytes], bytes]]] = {
    "": bytes,
    "br": brotli.decompress,
    "deflate": zlib.decompress,
    "gzip": gzip.decompress,
    "zstd": zstd.decompress,
}
_CONNECT_AT_ONCE: Final = 50
_LAST_ANSWERS_WITHIN_S: Final = 5.0


@dataclass(frozen=True, slots=True)
class _Asked:
    """A question under way: which kind, since when, and whether it counts."""

    counts: Counts
    since: float
    counted: bool


class User(asyncio.Protocol):
    """One open page.

    Parameters
    ----------
    phase_s : float
        When, after the common start, the first tick is due.
    """

    def __init__(
        self, phase_s: float, refresh_s: float, page: PageState, heads: Heads, tally: Tally
    ) -> None:
        self._phase_s = phase_s
        self._refresh_s = refresh_s
        self._page = page
        self._heads = heads
        self._tally = tally
        self._transport: asyncio.Transport | None = None
        self._timer: asyncio.TimerHandle | None = None
        self._received = bytearray()
        self._asked: _Asked | None = None
        self._turn: asyncio.TimerHandle | None = None
        self._due = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        # uvloop's transports do what asyncio.Transport says without being derived from it.
        self._transport = cast(asyncio.Transport, transport)

    def start(self, at: float) -> None:
        """Tick from `at` (the loop's time) plus this user's phase on."""
        self._schedule(at + self._phase_s)

    @property
    def waits(self) -> bool:
        """Tell whether an answer is under way."""
        return self._asked is not None

    def pause(self) -> None:
        """Tick no more."""
        for timer in (self._timer, self._turn):
            if timer is not None:
                timer.cancel()

    def stop(self) -> None:
        """Tick no more and hang up."""
        self.pause()
        self._asked = None
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
        self._timer = asyncio.get_running_loop().call_at(due, self._tick, due)

    def _tick(self, due: float) -> None:
        self._schedule(due + self._refresh_s)
        if self._asked is not None:
            self._tally.error("answer later than the next tick")
            return
        if self._tally.counting:
            self._tally.lags.append(asyncio.get_running_loop().time() - due)
        self._ask(self._tally.ticks, due, self._heads.tick, self._page.next_tick())

    def _ask(self, counts: Counts, since: float, head: bytes, body: bytes) -> None:
        if self._transport is None:
            return
        request = head + b"content-length: %d\r\n\r\n" % len(body) + body
        self._asked = _Asked(counts, since, self._tally.counting)
        self._transport.write(request)
        if self._asked.counted:
            counts.request_bytes.append(len(request))
            counts.request_body_bytes.append(len(body))

    def _finish(self, headers: bytes, body: bytes) -> None:
        asked, self._asked = self._asked, None
        status = int(headers[9:12])
        if asked is None:
            self._tally.error("answer to no question")
        elif status not in (200, 204):
            self._tally.error(f"status {status}")
        else:
            plain = _DECODERS[header(headers, b"content-encoding").decode()](body)
            self._count(asked, len(headers) + 4 + len(body), len(plain))
            self._go_on(asked, plain)

    def _count(self, asked: _Asked, wire_bytes: int, body_bytes: int) -> None:
        if asked.counted:
            latency = asyncio.get_running_loop().time() - asked.since
            asked.counts.latencies.append(latency)
            asked.counts.wire_bytes.append(wire_bytes)
            asked.counts.body_bytes.append(body_bytes)

    def _go_on(self, asked: _Asked, plain: bytes) -> None:
        """Draw a paint; after a tick, wait for one's turn to ask for what it announced."""
        if asked.counts is self._tally.paints:
            self._page.take_paint(plain)
            return
        turns_s = self._page.note_tick(plain) if plain else None
        if turns_s is not None and self._turn is None:
            wait_s = turns_s * random.random()
            self._turn = asyncio.get_running_loop().call_later(wait_s, self._take_turn)
        elif self._due:
            self._take_turn()

    def _take_turn(self) -> None:
        """Ask for a paint, or do so once the tick under way is answered: there is one line."""
        self._due = self.waits
        if not self.waits:
            self._turn = None
            now = asyncio.get_running_loop().time()
            self._ask(self._tally.paints, now, self._heads.paint, self._page.next_paint())


@dataclass(frozen=True, slots=True)
class Heads:
    """Request lines and headers that a browser sends, all but the length."""

    tick: bytes
    paint: bytes

    @classmethod
    def of(cls, recording: Recording, url: str) -> Heads:
        return cls(request_head(recording.tick, url), request_head(recording.paint, url))


def request_head(call: Call, url: str) -> bytes:
    """Return the request line and headers of `call`, all but the length."""
    lines = [f"POST {call.path} HTTP/1.1", f"host: {urlsplit(url).netloc}"]
    lines += [f"{name}: {value}" for name, value in call.headers.items()]
    return "".join(f"{line}\r\n" for line in lines).encode("latin-1")


def header(headers: bytes, name: bytes) -> bytes:
    """Return the value of a header, all in lower case; empty where there is none."""
    _, _, rest = headers.partition(b"\r\n" + name + b":")
    return rest.partition(b"\r\n")[0].strip()


async def simulate(
    url: str,
    recording: Recording,
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
    crowd = await _connect(url, recording, users, refresh_s, tally)
    start = asyncio.get_running_loop().time() + 0.1
    for user in crowd:
        user.start(start)
    await asyncio.sleep(2 * refresh_s)
    with window:
        tally.counting = True
        await asyncio.sleep(seconds)
        tally.counting = False
    await _finish_all(crowd)


async def _connect(
    url: str, recording: Recording, users: int, refresh_s: float, tally: Tally
) -> list[User]:
    """Open all connections, a few at a time so that the server's backlog is not the test."""
    heads = Heads.of(recording, url)
    crowd = [
        User(refresh_s * number / users, refresh_s, page, heads, tally)
        for number, page in enumerate(pages_of(recording, users))
    ]
    loop = asyncio.get_running_loop()
    address = urlsplit(url)
    host, port = address.hostname or "", address.port or 80
    for first in range(0, users, _CONNECT_AT_ONCE):
        few = crowd[first : first + _CONNECT_AT_ONCE]
        await asyncio.gather(*(loop.create_connection(partial(same, u), host, port) for u in few))
    return crowd


def pages_of(recording: Recording, users: int) -> Iterator[PageState]:
    """Yield the pages; every second one holds a position of its own, so that its answers are."""
    for number in range(users):
        yield recording.page(own_holdings(number) if number % 2 else None)


def same(user: User) -> User:
    """Return the protocol that a new connection shall speak to."""
    return user


async def _finish_all(crowd: list[User]) -> None:
    """Send nothing more, wait a bounded time for answers under way, and hang up."""
    for user in crowd:
        user.pause()
    deadline = asyncio.get_running_loop().time() + _LAST_ANSWERS_WITHIN_S
    while any(user.waits for user in crowd) and asyncio.get_running_loop().time() < deadline:
        await asyncio.sleep(0.05)
    for user in crowd:
        user.stop()
