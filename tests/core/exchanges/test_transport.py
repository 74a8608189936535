"""A call ends by its deadline whatever the peer does; peers here are bare sockets."""

from __future__ import annotations

import contextlib
import itertools
import socket
import threading
from collections.abc import Callable, Iterable, Iterator

import pytest

from core.clock import SystemClock
from core.errors import ExchangeTimeout, ExchangeUnavailable
from core.exchanges.transport import Transport
from tests.waiting import wait_until

HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"


# Among pieces: what follows is sent when the client has asked again.
NEXT_REQUEST = b""


class Peer:
    """Takes connections and sends pieces every 10 ms, for ever, until it is cut off."""

    def __init__(self, pieces: Callable[[], Iterable[bytes]]) -> None:
        self._pieces = pieces
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._stopping = threading.Event()
        self.begun = 0
        self.cut_off = 0
        threading.Thread(target=self._listen, daemon=True).start()

    @property
    def port(self) -> int:
        return int(self._listener.getsockname()[1])

    def close(self) -> None:
        self._stopping.set()
        self._listener.close()

    def _listen(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                connection, _ = self._listener.accept()
                self.begun += 1
                threading.Thread(target=self._send, args=(connection,), daemon=True).start()

    def _send(self, connection: socket.socket) -> None:
        with connection:
            connection.recv(65_536)
            for piece in self._pieces():
                if piece is NEXT_REQUEST:
                    connection.recv(65_536)
                    continue
                try:
                    connection.sendall(piece)
                except OSError:
                    self.cut_off += 1
                    return
                if self._stopping.wait(0.01):
                    return


def endless_header() -> Iterator[bytes]:
    yield HEAD + b"X-Slow: "
    yield from itertools.repeat(b"a")


def endless_headers() -> Iterator[bytes]:
    yield b"HTTP/1.1 100 Continue\r\n"
    yield from itertools.repeat(b"X: y\r\n")


def endless_status_line() -> Iterator[bytes]:
    yield from itertools.repeat(b"H")


def endless_body() -> Iterator[bytes]:
    yield HEAD + b"Content-Length: 1000000000\r\n\r\n"
    yield from itertools.repeat(b" ")


def endless_chunks() -> Iterator[bytes]:
    yield HEAD + b"Transfer-Encoding: chunked\r\n\r\n"
    yield from itertools.repeat(b"1\r\n \r\n")


def endless_handshake() -> Iterator[bytes]:
    yield b"\x16\x03\x03\x40\x00\x02\x00\x3f\xfc\x03\x03"
    yield from itertools.repeat(b"\x00")


@pytest.fixture
def listen() -> Iterator[Callable[[Callable[[], Iterable[bytes]]], Peer]]:
    with contextlib.ExitStack() as stack:

        def start(pieces: Callable[[], Iterable[bytes]]) -> Peer:
            peer = Peer(pieces)
            stack.callback(peer.close)
            return peer

        yield start


def threads_of(peer: Peer) -> list[threading.Thread]:
    return [t for t in threading.enumerate() if t.name == f"GET 127.0.0.1:{peer.port}"]


@pytest.mark.parametrize(
    ("scheme", "pieces"),
    [
        ("http", endless_header),
        ("http", endless_headers),
        ("http", endless_status_line),
        ("http", endless_body),
        ("http", endless_chunks),
        ("https", endless_handshake),
    ],
)
def test_an_endless_trickle_is_cut_at_the_deadline(
    listen: Callable[[Callable[[], Iterable[bytes]]], Peer],
    scheme: str,
    pieces: Callable[[], Iterable[bytes]],
) -> None:
    """Neither the call nor its thread nor its connection stays; the peer would go on."""
    peer, clock = listen(pieces), SystemClock()
    with pytest.raises(ExchangeTimeout, match="in time"):
        Transport(clock).get(f"{scheme}://127.0.0.1:{peer.port}", "/", {}, clock.monotonic() + 0.3)
    wait_until(lambda: peer.cut_off == 1, what="the peer's connection is cut")
    wait_until(lambda: not threads_of(peer), what="the call's thread ends")


def test_a_connection_used_again_is_cut_as_well(
    listen: Callable[[Callable[[], Iterable[bytes]]], Peer],
) -> None:
    def one_answer_then_a_trickle() -> Iterator[bytes]:
        yield HEAD + b"Content-Length: 2\r\n\r\n{}"
        yield NEXT_REQUEST
        yield from endless_header()

    peer, clock = listen(one_answer_then_a_trickle), SystemClock()
    transport = Transport(clock)
    base_url = f"http://127.0.0.1:{peer.port}"
    assert transport.get(base_url, "/", {}, clock.monotonic() + 10).body == b"{}"
    with pytest.raises(ExchangeTimeout):
        transport.get(base_url, "/", {}, clock.monotonic() + 0.3)
    assert peer.begun == 1
    wait_until(lambda: peer.cut_off == 1, what="the peer's connection is cut")
    wait_until(lambda: not threads_of(peer), what="the call's thread ends")


def test_a_cut_call_leaves_the_next_one_alone(
    listen: Callable[[Callable[[], Iterable[bytes]]], Peer],
) -> None:
    """The second call opens a connection of its own and is answered."""
    answers = iter([endless_header(), iter([HEAD + b"Content-Length: 2\r\n\r\n{}"])])
    peer, clock = listen(lambda: next(answers)), SystemClock()
    transport = Transport(clock)
    base_url = f"http://127.0.0.1:{peer.port}"
    with pytest.raises(ExchangeTimeout):
        transport.get(base_url, "/", {}, clock.monotonic() + 0.3)
    assert transport.get(base_url, "/", {}, clock.monotonic() + 10).body == b"{}"


def test_a_refused_connection_is_told_in_words() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    clock = SystemClock()
    with pytest.raises(ExchangeUnavailable, match="connection refused"):
        Transport(clock).get(f"http://127.0.0.1:{port}", "/", {}, clock.monotonic() + 5)


def test_nothing_is_sent_after_the_deadline(
    listen: Callable[[Callable[[], Iterable[bytes]]], Peer],
) -> None:
    peer, clock = listen(endless_header), SystemClock()
    with pytest.raises(ExchangeTimeout, match="was not asked"):
        Transport(clock).get(f"http://127.0.0.1:{peer.port}", "/", {}, clock.monotonic())
    assert peer.begun == 0
