"""The load benchmark sends what a page sends and counts what it gets back."""

from __future__ import annotations

import asyncio
import contextlib
import gzip
import json
import selectors
from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from benchmarks.live_page import Call, Recording
from benchmarks.load import MAX_USERS, parse
from benchmarks.tally import Tally
from benchmarks.users import header, pages_of, request_head, simulate
from core.portfolio.stored import holdings_from_stored

TICK_BODY: dict[str, Any] = {
    "output": "live-tick.data",
    "inputs": [{"id": "live-interval", "property": "n_intervals", "value": 4}],
}
PAINT_BODY: dict[str, Any] = {
    "output": "..live-paint.data...",
    "inputs": [{"id": "live-need", "property": "data", "value": {"v": 1}}],
}
HELD = {"cutoff": 0, "provider": "binance"}
RECORDING = Recording(
    Call("/_dash-update-component?x", TICK_BODY, {"accept": "application/json"}),
    Call("/_dash-update-component?x", PAINT_BODY, {}),
    {"v": 1, "last": 60, **HELD},
)
Answer = Callable[[int, dict[str, Any]], list[bytes]]


def ok(body: dict[str, Any], encode: Callable[[bytes], bytes] = bytes, more: str = "") -> bytes:
    content = encode(json.dumps(body).encode())
    return f"HTTP/1.1 200 OK\r\nContent-Length: {len(content)}\r\n{more}\r\n".encode() + content


def answered(request: dict[str, Any], version: int = 1) -> dict[str, Any]:
    """Answer a tick with `version`, a paint with what it asked for."""
    if request["output"] == "live-tick.data":
        return {"response": {"live-tick": {"data": {"v": version}}}}
    need = request["inputs"][0]["value"]
    return {"response": {"live-paint": {"data": {"v": need["v"], "last": 120}}}}


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


class PatientSelector(selectors.DefaultSelector):
    """Time that passes only while nothing can be read: a machine that stalls makes none late."""

    SETTLED_S = 0.02

    def __init__(self) -> None:
        super().__init__()
        self.now = 0.0

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        ready = super().select(timeout and min(timeout, self.SETTLED_S))
        if not ready and timeout:
            self.now += timeout
        return ready


class PatientLoop(asyncio.SelectorEventLoop):
    """An event loop whose clock is that of a `PatientSelector`."""

    def __init__(self) -> None:
        self._patient = PatientSelector()
        super().__init__(self._patient)

    def time(self) -> float:
        return self._patient.now


def run_users(answer: Answer, users: int = 3) -> tuple[Tally, list[dict[str, Any]]]:
    """Let users tick ten times after the first two."""
    tally, seen = Tally(), []
    every_s = 3.0

    async def session() -> None:
        server = await asyncio.start_server(served_by(answer, seen), "127.0.0.1", 0)
        url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
        await simulate(
            url, RECORDING, users, every_s, 10 * every_s, tally, contextlib.nullcontext()
        )
        server.close()

    with asyncio.Runner(loop_factory=PatientLoop) as runner:
        runner.run(session())
    return tally, seen


def tick_answer(version: int, **more: int) -> bytes:
    answer = answered(TICK_BODY, version)
    answer["response"]["live-tick"]["data"] |= more
    return json.dumps(answer).encode()


def test_a_page_asks_for_what_is_new_since_its_last_candle() -> None:
    page = RECORDING.page()
    assert page.note_tick(tick_answer(1)) is None
    assert page.note_tick(tick_answer(2)) == 0
    asked = json.loads(page.next_paint())
    assert asked["inputs"][0]["value"] == {"v": 2, "since": 60, **HELD}
    page.take_paint(json.dumps(answered(asked)).encode())
    assert page.note_tick(tick_answer(2)) is None
    assert page.note_tick(tick_answer(3, turns=4)) == 4
    again = json.loads(page.next_paint())
    assert again["inputs"][0]["value"] == {"v": 3, "since": 120, **HELD}


def test_every_second_page_has_a_position_of_its_own() -> None:
    body = {"inputs": [{"id": "holdings", "property": "data", "value": None}]}
    recording = Recording(Call("/", body, {}), RECORDING.paint, RECORDING.drawn)
    pages = [json.loads(page.next_tick())["inputs"][0]["value"] for page in pages_of(recording, 4)]
    assert pages[0] is pages[2] is None
    read = [holdings_from_stored(held) for held in (pages[1], pages[3])]
    assert all(held.keys() == {"live", "simulated"} for held in read)
    assert read[0] != read[1]


def test_pages_do_not_share_their_state() -> None:
    first, second = RECORDING.page(), RECORDING.page()
    first.next_tick()
    assert json.loads(second.next_tick())["inputs"][0]["value"] == 5
    assert TICK_BODY["inputs"][0]["value"] == 4


def test_every_answer_is_counted_whole_or_in_pieces() -> None:
    def in_pieces(_: int, request: dict[str, Any]) -> list[bytes]:
        whole = ok(answered(request))
        return [whole[:10], whole[10:50], whole[50:]]

    tally, seen = run_users(in_pieces)
    assert tally.errors == {}
    assert len(tally.ticks.latencies) == len(tally.ticks.request_bytes) == 30 < len(seen)
    assert {request["output"] for request in seen} == {"live-tick.data"}


def test_a_new_version_is_painted_once_by_each_page() -> None:
    def announcing(number: int, request: dict[str, Any]) -> list[bytes]:
        return [ok(answered(request, version=1 if number <= 12 else 2))]

    tally, seen = run_users(announcing)
    assert tally.errors == {}
    paints = [request for request in seen if request["output"] != "live-tick.data"]
    assert len(paints) == 3


def test_compressed_answers_are_measured_uncompressed() -> None:
    def compressed(_: int, request: dict[str, Any]) -> list[bytes]:
        padded = {**answered(request), "pad": "x" * 2_000}
        return [ok(padded, gzip.compress, "Content-Encoding: gzip\r\n")]

    tally, _ = run_users(compressed)
    assert tally.errors == {}
    assert min(tally.ticks.body_bytes) > 2_000 > max(tally.ticks.wire_bytes)


def test_failures_are_counted_as_such() -> None:
    def failing(_number: int, _request: dict[str, Any]) -> list[bytes]:
        return [b"HTTP/1.1 500 Oh\r\nContent-Length: 0\r\n\r\n"]

    tally, _ = run_users(failing)
    assert set(tally.errors) == {"status 500"}
    assert tally.ticks.latencies == []


def test_an_answer_that_never_comes_is_an_error() -> None:
    def silent(number: int, request: dict[str, Any]) -> list[bytes]:
        return [ok(answered(request))] if number <= 3 else []

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
    head = request_head(RECORDING.tick, "http://127.0.0.1:8050").decode()
    assert head == (
        "POST /_dash-update-component?x HTTP/1.1\r\nhost: 127.0.0.1:8050\r\n"
        "accept: application/json\r\n"
    )
