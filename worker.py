"""gunicorn's threaded worker, made quicker for short questions.

gthread hands every request from the thread that hears it to a pool and back, which costs
as much as answering a tick. A callback's request that has arrived whole, from a client
that has taken its earlier answers, can be answered without waiting for anybody, so it is
answered at once, where it was heard; whatever might have to wait goes to the pool as before.
An answer too large for a client that reads nothing waits a second, and no longer.
"""

from __future__ import annotations

import fcntl
import socket
import struct
import termios
from concurrent.futures import Future
from typing import Any, Final

from gunicorn.workers.gthread import ThreadWorker

_CALLBACK: Final = b"POST /_dash-update-component"
# Model Health's scores, which a database is asked for: it may keep an answer waiting.
_MAY_WAIT: Final = b"health-figures.data"
_LARGEST: Final = 8_192
_PATIENCE_S: Final = 1
_FOR_EVER: Final = 0
_LENGTH: Final = b"\r\ncontent-length:"


class PromptWorker(ThreadWorker):
    """Answers callbacks on the thread that hears them, everything else in the pool."""

    def on_client_socket_readable(self, conn: Any, client: socket.socket) -> None:
        """Take a request of a connection that was kept alive."""
        self.poller.unregister(client)
        self.keepalived_conns.remove(conn)
        if is_whole_callback(client) and has_taken_all(client):
            _send_within(client, _PATIENCE_S)
            answered: Future[bool] = Future()
            answered.set_result(self.handle(conn))
            self.finish_request(conn, answered)
        else:
            self.enqueue_req(conn)

    def enqueue_req(self, conn: Any) -> None:
        """Leave a request to the pool, which may send for as long as it takes."""
        _send_within(conn.sock, _FOR_EVER)
        super().enqueue_req(conn)


def _send_within(client: socket.socket, seconds: int) -> None:
    """Let a send that makes no progress for so long fail."""
    client.setsockopt(socket.SOL_SOCKET, socket.SO_SNDTIMEO, struct.pack("ll", seconds, 0))


def is_whole_callback(client: socket.socket) -> bool:
    """Tell whether a callback's request can be read from `client` to its end right now.

    One whose answer may have to wait counts as none.
    """
    try:
        heard = client.recv(_LARGEST, socket.MSG_PEEK)
    except OSError:
        return False
    head, end, body = heard.partition(b"\r\n\r\n")
    if not end or not head.startswith(_CALLBACK) or _MAY_WAIT in body:
        return False
    _, named, rest = head.lower().partition(_LENGTH)
    length = rest.partition(b"\r\n")[0].strip()
    return bool(named) and length.isdigit() and len(body) >= int(length)


def has_taken_all(client: socket.socket) -> bool:
    """Tell whether nothing sent before still waits for `client`, so that sending cannot block."""
    try:
        waiting = fcntl.ioctl(client.fileno(), termios.TIOCOUTQ, bytes(4))
    except OSError:
        return False
    return struct.unpack("i", waiting) == (0,)
