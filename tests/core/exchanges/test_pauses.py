"""The pause after a limit whose length the exchange does not tell."""

from __future__ import annotations

from core.errors import Banned, RateLimited
from core.exchanges.pauses import DoublingPause, LimitReader
from core.exchanges.statuses import Reply
from tests.clocks import ManualClock


def reply(status: int, retry_after: str | None = None) -> Reply:
    headers = {} if retry_after is None else {"Retry-After": retry_after}
    return Reply("api.exchange.coinbase.com", status, headers, b"{}", 0.0, 0.1)


def test_each_pause_soon_after_another_is_twice_as_long(clock: ManualClock) -> None:
    pause = DoublingPause(clock, 1.0, longest_s=10.0)
    lengths = []
    for _ in range(6):
        lengths.append(pause.start())
        clock.advance(lengths[-1] + 5.0)
    assert lengths == [1.0, 2.0, 4.0, 8.0, 10.0, 10.0]


def test_after_a_quiet_minute_the_first_pause_is_short_again(clock: ManualClock) -> None:
    pause = DoublingPause(clock, 1.0)
    pause.start()
    clock.advance(1.5)
    assert pause.start() == 2.0
    clock.advance(2.0 + 60.0)
    assert pause.start() == 1.0


def test_requests_under_way_do_not_lengthen_a_pause(clock: ManualClock) -> None:
    pause = DoublingPause(clock, 4.0)
    assert pause.start() == 4.0
    clock.advance(1.0)
    assert pause.start() == 3.0
    clock.advance(3.0)
    assert pause.start() == 8.0


def test_a_wait_that_is_named_is_kept(clock: ManualClock) -> None:
    read = LimitReader(DoublingPause(clock, 1.0))
    named, unnamed = read(reply(429, "30")), read(reply(429))
    assert named is not None
    assert unnamed is not None
    assert (named.kind, named.wait_s) == (RateLimited, 30.0)
    assert (unnamed.kind, unnamed.wait_s) == (RateLimited, 1.0)


def test_a_ban_keeps_its_own_length(clock: ManualClock) -> None:
    banned = LimitReader(DoublingPause(clock, 1.0))(reply(418))
    assert banned is not None
    assert (banned.kind, banned.wait_s) == (Banned, 120.0)


def test_other_answers_tell_of_no_limit(clock: ManualClock) -> None:
    read = LimitReader(DoublingPause(clock, 1.0))
    assert [read(reply(status)) for status in (200, 403, 451, 500, 503)] == [None] * 5


def test_words_tell_of_a_limit_under_any_status(clock: ManualClock) -> None:
    read = LimitReader(DoublingPause(clock, 10.0), lambda _: "EAPI:Rate limit exceeded")
    limit = read(reply(200))
    assert limit is not None
    assert (limit.kind, limit.wait_s) == (RateLimited, 10.0)
    assert limit.said == "api.exchange.coinbase.com answered EAPI:Rate limit exceeded"
