"""The load benchmark sends what a page sends and counts what it gets back."""

from __future__ import annotations

import asyncio
import contextlib
import gzip
import json
from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from benchmarks.load import MAX_USERS, parse
from benchmarks.tick import PageState, Tick
from benchmarks.users import Tally, header, request_head, simulate

BODY: dict[str, Any] = {
    "output": "tick.data",
    "inputs": [{"id": "interval", "property": "n_intervals", "value": 4}],
    "state": [{"id": "tick", "property": "data"}, {"id": "spec", "property": "data", "value": "x"}],
}
TICK = Tick("/_dash-update-component?x", BODY, {"accept": "application/json"})
Answer = Callable[[int, dict[str, Any]], list[bytes]]


def ok(body: dict[str, Any], encode: Callable[[bytes], bytes] = bytes, more: str = "") -> bytes:
    content = encode(json.dumps(body).encode())
    return f"HTTP/1.1 200 OK\r\nContent-Length: {len(content)}\r\n{more}\r\n".encode() + content


def counted(request: dict[str, Any]) -> dict[str, Any]:
    """Answer with how often this page was answered before, as far as it tells."""
    seen = request["state"][0].get("value") or {"seen": 0}
    return {"multi": True, "response": {"tick": {"data": {"seen": seen["seen"] + 1}}}}


async def read_request(reader: asyncio.StreamReader) -> dict[str, Any]:
    head = await reader.readuntil(b"\r\n\r\n")
    assert head.startswith(b"POST /_dash-update-component?x HTTP/1.1\r\nhost: 127.0.0.1")
    length = int(header(head.lower(), b"content-length"))
    return dict(json.loads(await reader.readexactly(length)))


def served_by(answer: Answer, seen: list[dict[str, Any]]) -> Callable[..., Awaitable[None]]:
    """Return a server's handler that answers each request in the pieces that `answer` gives."""

    async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(asyncio.IncompleteReadError, ConnectionResetError):
            while True:
                request = await read_request(reader)
                seen.append(request)
                for piece in answer(len(seen), request):
                    writer.write(piece)
                    await writer.drain()
                    await asyncio.sleep(0)
        writer.close()

    return handle


def run_users(answer: Answer, users: int = 3) -> tuple[Tally, list[dict[str, Any]]]:
    tally, seen = Tally(), []

    async def session() -> None:
        server = await asyncio.start_server(served_by(answer, seen), "127.0.0.1", 0)
        url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
        await simulate(url, TICK, users, 0.05, 0.5, tally, contextlib.nullcontext())
        server.close()

    asyncio.run(session())
    return tally, seen


def test_a_page_sends_back_what_it_was_answered() -> None:
    page = TICK.page()
    assert json.loads(page.next_body())["inputs"][0]["value"] == 5
    page.take(json.dumps({"multi": True, "response": {"tick": {"data": {"v": 1}}}}).encode())
    sent = json.loads(page.next_body())
    assert sent["inputs"][0]["value"] == 6
    assert [item["value"] for item in sent["state"]] == [{"v": 1}, "x"]


def test_pages_do_not_share_their_state() -> None:
    first, second = TICK.page(), TICK.page()
    first.next_body()
    assert json.loads(second.next_body())["inputs"][0]["value"] == 5
    assert BODY["inputs"][0]["value"] == 4


def test_every_answer_is_counted_whole_or_in_pieces() -> None:
    def in_pieces(_: int, request: dict[str, Any]) -> list[bytes]:
        whole = ok(counted(request))
        return [whole[:10], whole[10:50], whole[50:]]

    tally, seen = run_users(in_pieces)
    assert tally.errors == {}
    assert 0 < len(tally.latencies) == len(tally.request_bytes) < len(seen)
    assert max(request["state"][0].get("value", {"seen": 0})["seen"] for request in seen) > 1


def test_compressed_answers_are_measured_uncompressed() -> None:
    def compressed(_: int, request: dict[str, Any]) -> list[bytes]:
        padded = {**counted(request), "pad": "x" * 2_000}
        return [ok(padded, gzip.compress, "Content-Encoding: gzip\r\n")]

    tally, _ = run_users(compressed)
    assert tally.errors == {}
    assert min(tally.body_bytes) > 2_000 > max(tally.wire_bytes)


def test_failures_are_counted_as_such() -> None:
    def failing(_number: int, _request: dict[str, Any]) -> list[bytes]:
        return [b"HTTP/1.1 500 Oh\r\nContent-Length: 0\r\n\r\n"]

    tally, _ = run_users(failing)
    assert set(tally.errors) == {"status 500"}
    assert tally.latencies == []


def test_an_answer_that_never_comes_is_an_error() -> None:
    def silent(number: int, request: dict[str, Any]) -> list[bytes]:
        return [ok(counted(request))] if number <= 3 else []

    tally, _ = run_users(silent)
    assert set(tally.errors) == {"answer later than the next tick"}


@pytest.mark.parametrize(
    "url", ["http://example.com:80", "https://10.0.0.1", "http://127.0.0.1.a.b"]
)
def test_only_this_machine_is_put_under_load(url: str) -> None:
    with pytest.raises(SystemExit):
        parse(["--url", url])


@pytest.mark.parametrize(
    "arguments",
    [["--users", str(MAX_USERS + 1)], ["--users", "0"], ["--seconds", "9999"], ["--refresh", "0"]],
)
def test_the_load_is_bounded(arguments: list[str]) -> None:
    with pytest.raises(SystemExit):
        parse(arguments)


def test_this_machine_is_accepted() -> None:
    assert parse(["--url", "http://127.0.0.1:8050"]).url == "http://127.0.0.1:8050"


def test_the_request_names_the_host_once() -> None:
    head = request_head(TICK, "http://127.0.0.1:8050").decode()
    assert head == (
        "POST /_dash-update-component?x HTTP/1.1\r\nhost: 127.0.0.1:8050\r\n"
        "accept: application/json\r\n"
    )


def test_a_page_without_state_ticks_too() -> None:
    page = PageState({"inputs": [{"id": "i", "property": "n_intervals"}]})
    assert json.loads(page.next_body()) == {
        "inputs": [{"id": "i", "property": "n_intervals", "value": 1}]
    }
