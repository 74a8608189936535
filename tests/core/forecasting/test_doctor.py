"""The doctor's table against a local exchange, well and ill."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from core.clock import SystemClock
from core.exchanges import doctor as exchange_doctor
from core.forecasting import doctor
from core.forecasting.doctor import diagnose, serves_live
from tests.core.forecasting.examined import host_row, rows_of, settings_of
from tests.exchange import LocalExchange
from tests.made import made_candles


@pytest.fixture
def exchange() -> Iterator[LocalExchange]:
    with LocalExchange({"BTCUSDT": made_candles(4_000)}, as_now=True) as running:
        yield running


@pytest.fixture
def second() -> Iterator[LocalExchange]:
    with LocalExchange({"BTCUSDT": made_candles(4_000)}, as_now=True) as running:
        yield running


def test_an_exchange_that_answers_is_measured(tmp_path: Path, exchange: LocalExchange):
    diagnosis = diagnose(settings_of(tmp_path, exchange), SystemClock())
    row = host_row(diagnosis, exchange)
    assert (row.verdict, row.status, row.weight_used) == ("ok", 200, 1)
    assert row.latency_ms > 0
    assert abs(row.clock_offset_ms) < 1_000
    assert row.advice == ""
    assert serves_live(diagnosis)


def test_every_exchange_disk_cache_and_engine_have_a_row(tmp_path: Path, exchange: LocalExchange):
    diagnosis = diagnose(settings_of(tmp_path, exchange), SystemClock())
    for subject in ("Binance 127", "Binance history", "disk", "cache", "engine"):
        assert len(rows_of(diagnosis, subject)) == 1, subject
    for finding in diagnosis.findings:
        assert finding.meaning.endswith(".")
        assert finding.verdict == "ok" or finding.advice.endswith(".")


@pytest.mark.parametrize(
    ("kind", "options", "status", "meaning", "advice"),
    [
        ("451", {}, 451, "not served from this place", "BINANCE_BASE_URL"),
        ("403", {}, 403, "refused by its firewall", "in a minute"),
        ("429", {"retry_after": "600"}, 429, "too many requests", "Wait until"),
        ("418", {"retry_after": "600"}, 418, "address banned", "Wait until"),
        ("5xx", {"status": 502}, 502, "a fault on its side", "status page"),
        ("html", {}, 200, "not JSON", "a proxy or a sign-in page"),
        ("garbage", {}, 200, "not JSON", "a proxy or a sign-in page"),
        ("empty", {}, 200, "not JSON", "a proxy or a sign-in page"),
        ("shape", {}, 200, "told no time", "a proxy or a sign-in page"),
        ("reset", {}, None, "gave no answer", "outgoing HTTPS"),
    ],
)
def test_each_refusal_has_its_meaning_and_advice(
    tmp_path: Path, exchange: LocalExchange, kind, options, status, meaning, advice
):
    exchange.fail(kind, count=None, **options)
    diagnosis = diagnose(settings_of(tmp_path, exchange), SystemClock())
    row = host_row(diagnosis, exchange)
    assert (row.verdict, row.status) == ("failure", status)
    assert meaning in row.meaning
    assert advice in row.advice
    assert not serves_live(diagnosis)
    assert len(exchange.calls()) == 1


def test_an_exchange_that_is_gone_is_said_to_be(tmp_path: Path, exchange: LocalExchange):
    exchange.stop()
    diagnosis = diagnose(settings_of(tmp_path, exchange), SystemClock())
    assert "connection refused" in host_row(diagnosis, exchange).meaning
    assert not rows_of(diagnosis, "Binance history")


def test_a_silent_host_keeps_nobody_waiting(
    tmp_path: Path,
    exchange: LocalExchange,
    second: LocalExchange,
    monkeypatch: pytest.MonkeyPatch,
):
    monkeypatch.setattr(doctor, "ALL_WITHIN_S", 1.0)
    exchange.fail("hang", count=None)
    diagnosis = diagnose(settings_of(tmp_path, exchange, second), SystemClock())
    silent = host_row(diagnosis, exchange)
    assert (silent.verdict, silent.status) == ("failure", None)
    assert "did not answer within 1 s" in silent.meaning
    assert host_row(diagnosis, second).verdict == "ok"
    assert "not told in time" in rows_of(diagnosis, "Binance history")[0].meaning


def test_a_timeout_is_named_and_the_network_suspected(
    tmp_path: Path, exchange: LocalExchange, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(exchange_doctor, "_PROBE_S", 0.5)
    exchange.fail("hang", count=None)
    diagnosis = diagnose(settings_of(tmp_path, exchange), SystemClock())
    row = host_row(diagnosis, exchange)
    assert "in time" in row.meaning
    assert "outgoing HTTPS" in row.advice


def test_one_host_that_is_closed_leaves_the_other(
    tmp_path: Path, exchange: LocalExchange, second: LocalExchange
):
    exchange.fail("5xx", count=None)
    diagnosis = diagnose(settings_of(tmp_path, exchange, second), SystemClock())
    assert host_row(diagnosis, exchange).verdict == "failure"
    assert host_row(diagnosis, second).verdict == "ok"
    assert rows_of(diagnosis, "Binance history")[0].verdict == "ok"
    assert serves_live(diagnosis)


def test_history_that_reaches_back_is_told_with_its_start(tmp_path: Path, exchange: LocalExchange):
    diagnosis = diagnose(settings_of(tmp_path, exchange), SystemClock())
    (row,) = rows_of(diagnosis, "Binance history")
    assert row.verdict == "ok"
    since = exchange.clock.now() - timedelta(minutes=2_000)
    assert f"to {since:%Y-%m-%d}" in row.meaning
    assert "in 2 calls of 1,000" in row.meaning


def test_history_that_is_too_short_is_told(tmp_path: Path):
    with LocalExchange({"BTCUSDT": made_candles(1_900)}, as_now=True) as young:
        diagnosis = diagnose(settings_of(tmp_path, young), SystemClock())
    (row,) = rows_of(diagnosis, "Binance history")
    assert row.verdict == "warning"
    assert "no candle of BTC-USD" in row.meaning
    assert serves_live(diagnosis)


def test_a_clock_that_is_off_is_noted(tmp_path: Path):
    with LocalExchange({"BTCUSDT": made_candles(4_000)}) as past:
        diagnosis = diagnose(settings_of(tmp_path, past), SystemClock())
        expected = past.clock.now() - SystemClock().now()
    row = host_row(diagnosis, past)
    assert row.verdict == "warning"
    assert "ahead of the exchange's" in row.meaning
    assert row.clock_offset_ms == pytest.approx(expected / timedelta(milliseconds=1), abs=5_000)
    assert "NTP" in row.advice


def test_weight_used_by_others_is_noted(tmp_path: Path):
    candles = {"BTCUSDT": made_candles(4_000)}
    with LocalExchange(candles, as_now=True, weight_limit=10**9) as busy:
        busy.budget.charge("127.0.0.1", 3_500)
        diagnosis = diagnose(settings_of(tmp_path, busy), SystemClock())
    row = host_row(diagnosis, busy)
    assert row.verdict == "warning"
    assert row.weight_used >= 3_500
    assert "of 6,000 weight" in row.meaning
    assert "on this address calls Binance" in row.advice
