"""Connections that another thread can cut, so that no peer outlasts a call."""

from __future__ import annotations

import contextlib
import socket
import threading
from collections.abc import Iterator
from typing import Any

import requests
from urllib3 import HTTPConnectionPool, HTTPSConnectionPool, PoolManager
from urllib3.connection import HTTPConnection, HTTPSConnection

_of_this_thread = threading.local()


class Lifeline:
    """The connection under one request, from the moment it is open. Thread-safe.

    It holds a duplicate of the descriptor: TLS takes the first one away from the socket
    it wraps, and a handshake must be cut, too.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._socket: socket.socket | None = None
        self._is_cut = False

    @contextlib.contextmanager
    def held(self) -> Iterator[None]:
        """Follow the connections that the calling thread uses inside the block."""
        _of_this_thread.lifeline = self
        try:
            yield
        finally:
            _of_this_thread.lifeline = None
            self._follow(None)

    def cut(self) -> None:
        """Shut the connection, and each that is opened later: reading from it ends."""
        with self._lock:
            self._is_cut = True
            self._shut()

    def follow(self, connected: socket.socket) -> None:
        """Take `connected` as the connection from now on."""
        self._follow(socket.socket(fileno=socket.dup(connected.fileno())))

    def _follow(self, duplicate: socket.socket | None) -> None:
        with self._lock:
            if self._socket is not None:
                self._socket.close()
            self._socket = duplicate
            if self._is_cut:
                self._shut()

    def _shut(self) -> None:
        if self._socket is not None:
            # The peer may have closed it already.
            with contextlib.suppress(OSError):
                self._socket.shutdown(socket.SHUT_RDWR)


def _follow(connected: socket.socket | None) -> None:
    lifeline: Lifeline | None = getattr(_of_this_thread, "lifeline", None)
    if lifeline is not None and connected is not None:
        lifeline.follow(connected)


class _FollowedHTTPConnection(HTTPConnection):
    """Tells the thread's lifeline of its socket: when it is new, and when it is used again."""

    def _new_conn(self) -> socket.socket:
        connected = super()._new_conn()
        _follow(connected)
        return connected

    def request(self, *args: Any, **kwargs: Any) -> None:
        _follow(self.sock)
        super().request(*args, **kwargs)


class _FollowedHTTPSConnection(_FollowedHTTPConnection, HTTPSConnection):
    """The same over TLS."""


class _FollowedHTTPPool(HTTPConnectionPool):
    ConnectionCls = _FollowedHTTPConnection


class _FollowedHTTPSPool(HTTPSConnectionPool):
    ConnectionCls = _FollowedHTTPSConnection


class FollowedAdapter(requests.adapters.HTTPAdapter):
    """An adapter of requests whose connections a `Lifeline` can cut, by proxy or not."""

    def init_poolmanager(self, *args: Any, **kwargs: Any) -> None:
        super().init_poolmanager(*args, **kwargs)
        _follow_pools_of(self.poolmanager)

    def proxy_manager_for(self, proxy: str, **kwargs: Any) -> Any:
        manager = super().proxy_manager_for(proxy, **kwargs)
        _follow_pools_of(manager)
        return manager


def _follow_pools_of(manager: PoolManager) -> None:
    manager.pool_classes_by_scheme = {"http": _FollowedHTTPPool, "https": _FollowedHTTPSPool}
