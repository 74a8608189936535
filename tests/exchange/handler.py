"""HTTP/1.1 with keep-alive: from a request to an answer, or to a fault."""

from __future__ import annotations

import json
import os
import socket
import struct
from http.server import BaseHTTPRequestHandler
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from tests.exchange.answers import NOT_FOUND, Answer, Request, json_answer
from tests.exchange.faults import BEHAVIOURS, Fault, fault_from_json

if TYPE_CHECKING:
    from tests.exchange.exchange import LocalExchange


class Handler(BaseHTTPRequestHandler):
    """One connection. `server.exchange` answers."""

    protocol_version = "HTTP/1.1"
    # Head and body leave in one segment, and none waits for an acknowledgement.
    wbufsize = -1
    disable_nagle_algorithm = True

    @property
    def exchange(self) -> LocalExchange:
        return self.server.exchange  # type: ignore[attr-defined]

    def do_GET(self) -> None:
        target = urlsplit(self.path)
        if target.path.startswith("/control/"):
            self._control(target.path)
            return
        host, port = self.client_address[:2]
        headers = {name.lower(): value for name, value in self.headers.items()}
        request = Request(target.path, target.query, host, headers)
        fault = self.exchange.note_call(request, f"{host}:{port}")
        if fault is not None and fault.kind in BEHAVIOURS:
            self._misbehave(fault, request)
        else:
            self._send(self.exchange.answer(request, fault))

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        orders = {"/control/fault": self._inject, "/control/ban": self._ban}
        order = orders.get(self.path)
        if order is None:
            self._send(NOT_FOUND)
            return
        try:
            order(body)
        except (ValueError, TypeError) as error:
            self._send_json({"error": str(error)}, 400)
        else:
            self._send_json({})

    def _inject(self, body: bytes) -> None:
        self.exchange.inject(fault_from_json(body))

    def _ban(self, body: bytes) -> None:
        self.exchange.ban(**json.loads(body))

    def do_DELETE(self) -> None:
        if self.path != "/control/fault":
            self._send(NOT_FOUND)
            return
        self.exchange.heal()
        self._send_json({})

    def _control(self, path: str) -> None:
        if path == "/control/calls":
            self._send_json(self.exchange.log.to_json())
        elif path == "/control/counters":
            self._send_json(self.exchange.counters())
        else:
            self._send(NOT_FOUND)

    def _misbehave(self, fault: Fault, request: Request) -> None:
        self.close_connection = True
        if fault.kind == "reset":
            self._reset()
        elif fault.kind == "hang":
            self.exchange.stopping.wait()
        elif fault.kind == "hold":
            self.exchange.released.wait()
            self._send(self.exchange.answer(request))
        elif fault.kind == "slow":
            self.exchange.stopping.wait(fault.seconds)
            self._send(self.exchange.answer(request))
        elif fault.kind == "cut":
            self._send_part(self.exchange.answer(request))
        else:
            self._drip(self.exchange.answer(request), fault.seconds)

    def _send_json(self, value: Any, status: int = 200) -> None:
        self._send(json_answer(value, status))

    def _send(self, answer: Answer) -> None:
        self._head(answer)
        self.wfile.write(answer.body)

    def _send_part(self, answer: Answer) -> None:
        self._head(answer)
        self.wfile.write(answer.body[: len(answer.body) // 2])

    def _drip(self, answer: Answer, pause_s: float) -> None:
        self._head(answer)
        for i in range(len(answer.body)):
            self.wfile.write(answer.body[i : i + 1])
            self.wfile.flush()
            if self.exchange.stopping.wait(pause_s):
                return

    def _head(self, answer: Answer) -> None:
        self.send_response(answer.status)
        self.send_header("Content-Type", answer.content_type)
        self.send_header("Content-Length", str(len(answer.body)))
        for name, value in answer.headers.items():
            self.send_header(name, value)
        self.end_headers()

    def _reset(self) -> None:
        """Close at once with RST: no lingering, and the descriptor itself, not its wrapper."""
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        os.close(self.connection.detach())

    def log_message(self, format: str, *args: Any) -> None:
        """Say nothing: the call log tells more."""
