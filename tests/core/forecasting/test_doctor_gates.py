"""The doctor keeps to closed gates, knows the fallbacks, and serves the engine."""

from __future__ import annotations

import re
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from core.clock import SystemClock
from core.forecasting.doctor import ROWS_TO_TRAIN, diagnose, engine_diagnosis, serves_live
from core.models.training import MIN_CLEAN_ROWS
from tests.core.forecasting.examined import host_row, rows_of, settings_of
from tests.exchange import LocalExchange
from tests.made import made_candles
from tests.waiting import wait_until


@pytest.fixture
def exchange() -> Iterator[LocalExchange]:
    with LocalExchange({"BTCUSDT": made_candles(4_000)}, as_now=True) as running:
        yield running


@pytest.fixture
def second() -> Iterator[LocalExchange]:
    with LocalExchange({"BTCUSDT": made_candles(4_000)}, as_now=True) as running:
        yield running


def test_a_ban_told_before_is_kept_to_and_nothing_is_asked(tmp_path: Path, exchange: LocalExchange):
    settings = settings_of(tmp_path, exchange)
    settings.run_dir.mkdir()
    exchange.fail("418", retry_after="600")
    diagnose(settings, SystemClock())
    row = host_row(again := diagnose(settings, SystemClock()), exchange)
    assert len(exchange.calls()) == 1
    assert (row.verdict, row.status, row.latency_ms) == ("failure", None, None)
    assert "418" in row.meaning
    assert "Wait until" in row.advice
    assert not serves_live(again)


def test_a_refusal_is_remembered_until_when_it_says_and_the_ways_out_are_named(
    tmp_path: Path, exchange: LocalExchange
):
    settings = settings_of(tmp_path, exchange)
    settings.run_dir.mkdir()
    clock = SystemClock()
    exchange.fail("451", count=None)
    first = host_row(diagnose(settings, clock), exchange)
    again = host_row(diagnose(settings, clock), exchange)
    assert len(exchange.calls()) == 1
    assert (first.status, again.status) == (451, None)
    assert "not asked again now" not in first.meaning
    assert "it was not asked again now" in again.meaning
    until = re.search(r"alone until (\S+ \S+) UTC", again.advice)
    ends = datetime.fromisoformat(f"{until.group(1)}+00:00")
    assert timedelta(hours=23) < ends - clock.now() <= timedelta(hours=24)
    for way_out in ("BINANCE_BASE_URL", "MARKET_SOURCE=auto", "delete run/gates/binance.json in"):
        assert way_out in again.advice
    assert str(tmp_path) not in again.advice


def test_what_the_advice_names_ends_the_refusal(tmp_path: Path, exchange: LocalExchange):
    settings = settings_of(tmp_path, exchange)
    settings.run_dir.mkdir()
    exchange.fail("451", count=1)
    row = host_row(diagnose(settings, SystemClock()), exchange)
    (settings.artifact_dir / re.search(r"delete (\S+)", row.advice).group(1)).unlink()
    assert host_row(diagnose(settings, SystemClock()), exchange).verdict == "ok"


def test_a_file_that_keeps_a_ban_is_not_to_be_deleted(
    tmp_path: Path, exchange: LocalExchange, second: LocalExchange
):
    settings = settings_of(tmp_path, exchange, second)
    settings.run_dir.mkdir()
    exchange.fail("451", count=None)
    diagnose(settings_of(tmp_path, exchange), SystemClock())
    second.fail("418", retry_after="600")
    diagnose(settings, SystemClock())
    diagnosis = diagnose(settings, SystemClock())
    assert all("delete" not in finding.advice for finding in diagnosis.findings)


def test_a_firewall_is_asked_again_soon(tmp_path: Path, exchange: LocalExchange):
    settings = settings_of(tmp_path, exchange)
    settings.run_dir.mkdir()
    exchange.fail("403", count=None)
    row = host_row(diagnose(settings, SystemClock()), exchange)
    assert "alone until" in row.advice
    assert "delete" not in row.advice


def test_a_ban_at_one_host_holds_for_all_hosts_of_the_exchange(
    tmp_path: Path, exchange: LocalExchange, second: LocalExchange
):
    settings = settings_of(tmp_path, exchange, second)
    settings.run_dir.mkdir()
    for host in (exchange, second):
        host.fail("hold")
    with ThreadPoolExecutor() as pool:
        asked = pool.submit(diagnose, settings, SystemClock())
        wait_until(lambda: exchange.calls() and second.calls())
        exchange.ban(600)
        exchange.heal()
        wait_until(lambda: list(settings.run_dir.glob("gates/*.json")), what="the ban is kept")
        second.heal()
        diagnosis = asked.result()
    row = host_row(diagnosis, second)
    assert (row.verdict, row.status) == ("failure", 200)
    assert "It answered, but Binance has banned this address" in row.meaning
    assert rows_of(diagnosis, "Binance history") == []
    assert not serves_live(diagnosis)


def test_coinbase_alone_serves_live_data_with_its_whole_history(tmp_path: Path):
    candles = {"BTC-USD": made_candles(4_000)}
    with LocalExchange(candles, venue="coinbase", as_now=True) as coinbase:
        settings = settings_of(tmp_path, COINBASE_BASE_URL=coinbase.base_url)
        diagnosis = diagnose(settings, SystemClock())
    (host,) = rows_of(diagnosis, "Coinbase 127")
    assert (host.verdict, host.status, host.weight_used) == ("ok", 200, None)
    assert abs(host.clock_offset_ms) < 1_000
    (history,) = rows_of(diagnosis, "Coinbase history")
    assert history.verdict == "ok"
    assert "in 7 calls of 298" in history.meaning
    assert serves_live(diagnosis)


def test_kraken_alone_serves_live_data_but_too_little_to_train_on(tmp_path: Path):
    candles = {"XBTUSD": made_candles(4_000)}
    with LocalExchange(candles, venue="kraken", as_now=True) as kraken:
        settings = settings_of(tmp_path, KRAKEN_BASE_URL=kraken.base_url)
        diagnosis = diagnose(settings, SystemClock())
        paths = {call.path for call in kraken.calls()}
    (host,) = rows_of(diagnosis, "Kraken 127")
    assert (host.verdict, host.status) == ("ok", 200)
    assert abs(host.clock_offset_ms) < 1_500
    (history,) = rows_of(diagnosis, "Kraken history")
    assert history.verdict == "warning"
    assert "newest 720 minutes" in history.meaning
    assert "too few to train on (5,000)" in history.meaning
    assert paths == {"/0/public/Time"}
    assert serves_live(diagnosis)


def test_an_engine_in_auto_asks_all_exchanges(tmp_path: Path, exchange: LocalExchange):
    diagnosis = engine_diagnosis(settings_of(tmp_path, exchange, source="auto"), SystemClock())
    for subject in ("Binance 127", "Coinbase 127", "Kraken 127"):
        assert len(rows_of(diagnosis, subject)) == 1, subject


def test_the_artifacts_stay_as_they_were(tmp_path: Path, exchange: LocalExchange):
    settings = settings_of(tmp_path, exchange)
    diagnose(settings, SystemClock())
    assert list(tmp_path.rglob("*")) == []


def test_the_engine_asks_each_host_once_and_does_not_judge_itself(
    tmp_path: Path, exchange: LocalExchange, second: LocalExchange
):
    diagnosis = engine_diagnosis(settings_of(tmp_path, exchange, second), SystemClock())
    assert [len(e.calls()) for e in (exchange, second)] == [1, 1]
    assert rows_of(diagnosis, "engine") == []
    assert [f.subject for f in diagnosis.findings if f.status is None] == [
        "Binance history",
        "disk",
        "cache",
        "ledger",
    ]


@pytest.mark.parametrize("source", ["simulated", "cache"])
def test_an_engine_that_follows_no_exchange_asks_none(
    tmp_path: Path, exchange: LocalExchange, source: str
):
    diagnosis = engine_diagnosis(settings_of(tmp_path, exchange, source=source), SystemClock())
    assert exchange.calls() == []
    assert [f.subject for f in diagnosis.findings] == ["disk", "cache", "ledger"]


def test_the_fewest_rows_to_train_on_are_those_of_the_models():
    assert ROWS_TO_TRAIN == MIN_CLEAN_ROWS
