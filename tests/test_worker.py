"""gunicorn's worker: prompt with whole callbacks, never held up by a client."""

from __future__ import annotations

import json
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.waiting import wait_until
from worker import has_taken_all, is_whole_callback

ROOT = Path(__file__).resolve().parents[1]
APPLICATION = """
import threading

def application(environ, start_response):
    body = environ["wsgi.input"].read()
    size = int(environ.get("HTTP_X_SIZE", "0"))
    name = threading.current_thread().name
    answer = (name + "|").encode() + body + b"." * size
    start_response("200 OK", [("Content-Length", str(len(answer)))])
    return [answer]
"""
PATH = "/_dash-update-component"


def request(body: bytes = b"{}", path: str = PATH, more: str = "") -> bytes:
    head = f"POST {path} HTTP/1.1\r\nHost: x\r\n{more}Content-Length: {len(body)}\r\n\r\n"
    return head.encode() + body


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@pytest.fixture(scope="module")
def port(tmp_path_factory: pytest.TempPathFactory) -> Iterator[int]:
    """A server with one worker of ours over a small application."""
    directory = tmp_path_factory.mktemp("worker")
    (directory / "small.py").write_text(APPLICATION)
    (directory / "empty.py").write_text("")
    chosen = free_port()
    options = ["--worker-class", "worker.PromptWorker", "--threads", "2", "--keep-alive", "75"]
    options += ["--config", str(directory / "empty.py"), "--bind", f"127.0.0.1:{chosen}"]
    options += ["--pythonpath", f"{ROOT},{directory}"]
    process = subprocess.Popen(
        [sys.executable, "-m", "gunicorn", *options, "small:application"],
        cwd=directory,
        stderr=(directory / "log").open("wb"),
    )

    def up() -> bool:
        try:
            connect(chosen).close()
        except OSError:
            return False
        return True

    try:
        wait_until(up, 30, "a server")
        yield chosen
    finally:
        process.terminate()
        process.wait(15)


def connect(port: int) -> socket.socket:
    return socket.create_connection(("127.0.0.1", port), timeout=10)


def read_answer(client: socket.socket) -> str:
    heard = b""
    while b"\r\n\r\n" not in heard:
        heard += client.recv(65_536)
    head, _, body = heard.partition(b"\r\n\r\n")
    length = int(head.lower().partition(b"content-length: ")[2].partition(b"\r\n")[0])
    while len(body) < length:
        body += client.recv(65_536)
    assert len(body) == length
    return body.decode()


@pytest.fixture
def client(port: int) -> Iterator[socket.socket]:
    """A connection that has had its first answer, and is now kept alive."""
    with connect(port) as opened:
        opened.sendall(request())
        read_answer(opened)
        yield opened


def thread(answer: str) -> str:
    return answer.partition("|")[0]


def test_a_whole_callback_is_answered_where_it_is_heard(client: socket.socket) -> None:
    for number in range(5):
        body = json.dumps({"number": number}).encode()
        client.sendall(request(body))
        answer = read_answer(client)
        assert answer == f"MainThread|{body.decode()}"


def test_other_requests_go_to_the_pool(client: socket.socket) -> None:
    client.sendall(request(path="/elsewhere"))
    assert thread(read_answer(client)).startswith("ThreadPoolExecutor")
    client.sendall(request(b"x" * 20_000))
    assert thread(read_answer(client)).startswith("ThreadPoolExecutor")


def test_a_request_in_pieces_holds_nobody_up(port: int, client: socket.socket) -> None:
    whole = request(b'{"slow": true}')
    client.sendall(whole[:-5])
    with connect(port) as other:
        for _ in range(3):
            other.sendall(request())
            read_answer(other)
    client.sendall(whole[-5:])
    answer = read_answer(client)
    assert answer.endswith('{"slow": true}')
    assert thread(answer).startswith("ThreadPoolExecutor")


def test_two_requests_at_once_are_both_answered(client: socket.socket) -> None:
    client.sendall(request(b'"one"') + request(b'"two"'))
    heard = ""
    while heard.count("|") < 2 or not heard.endswith('"two"'):
        heard += client.recv(65_536).decode()
    assert heard.index('"one"') < heard.index('"two"')


def test_a_client_that_reads_nothing_holds_nobody_up(port: int, client: socket.socket) -> None:
    client.sendall(request(more="X-Size: 50000000\r\n"))
    for _ in range(3):
        client.sendall(request())
    with connect(port) as other:
        for _ in range(3):
            other.sendall(request())
            read_answer(other)


@pytest.mark.parametrize(
    ("sent", "whole"),
    [
        (request(), True),
        (request()[:-1], False),
        (request(path="/other"), False),
        (request(body=b'{"output": "..health-figures.data...health-scores.children.."}'), False),
        (b"POST /_dash-update-component HTTP/1.1\r\nHost: x\r\n\r\n", False),
        (b"POST /_dash-update-component HTTP/1.1\r\ncontent-length: -1\r\n\r\n", False),
        (b"POST /_dash-update-component HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n", False),
        (b"", False),
    ],
)
def test_only_what_is_there_to_its_end_is_whole(sent: bytes, whole: bool) -> None:
    near, far = socket.socketpair()
    with near, far:
        far.setblocking(False)
        near.sendall(sent) if sent else near.shutdown(socket.SHUT_WR)
        assert is_whole_callback(far) is whole


def test_what_a_client_has_not_taken_is_seen() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        near = socket.create_connection(server.getsockname())
        far, _ = server.accept()
        with near, far:
            assert has_taken_all(near)
            near.setblocking(False)
            try:
                while True:
                    near.send(b"x" * 65_536)
            except BlockingIOError:
                pass
            assert not has_taken_all(near)
            deadline = time.monotonic() + 10
            far.settimeout(0.2)
            while not has_taken_all(near) and time.monotonic() < deadline:
                try:
                    far.recv(1 << 20)
                except TimeoutError:
                    break
            assert has_taken_all(near)
