"""The listening end."""

from __future__ import annotations

import sys
import threading
from http.server import ThreadingHTTPServer
from socket import SHUT_RDWR, socket
from typing import TYPE_CHECKING, Any

from tests.exchange.handler import Handler

if TYPE_CHECKING:
    from tests.exchange.exchange import LocalExchange


class Server(ThreadingHTTPServer):
    """Knows its open connections, so that stopping is like a machine going away."""

    daemon_threads = True
    request_queue_size = 256

    def __init__(self, address: tuple[str, int], exchange: LocalExchange) -> None:
        self.exchange = exchange
        self._lock = threading.Lock()
        self._open: set[socket] = set()
        super().__init__(address, Handler)

    def process_request(self, request: Any, client_address: Any) -> None:
        with self._lock:
            self._open.add(request)
        super().process_request(request, client_address)

    def shutdown_request(self, request: Any) -> None:
        with self._lock:
            self._open.discard(request)
        super().shutdown_request(request)

    def cut_connections(self) -> None:
        with self._lock:
            cut, self._open = self._open, set()
        for connection in cut:
            try:
                connection.shutdown(SHUT_RDWR)
            except OSError:
                continue  # the client had gone already

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that hangs up is no error of the exchange's."""
        if not isinstance(sys.exception(), ConnectionError):
            super().handle_error(request, client_address)
