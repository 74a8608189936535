"""What the benchmark of request weight counts is what was asked."""

from __future__ import annotations

import urllib.request
from collections import Counter
from datetime import timedelta
from pathlib import Path

import pytest

from benchmarks import weight
from benchmarks.weight import GOALS, Run, Use, cold_start, missed_goals, use_of
from core.forecasting.store import SnapshotStore
from tests.clocks import ManualClock
from tests.exchange import LocalExchange
from tests.made import made_candles

# Binance spot REST documentation, "Market Data endpoints": weight of each call the engine makes.
DOCUMENTED = {"klines": 2, "time": 1, "exchangeInfo": 20, "ticker/price": 2}


def test_only_whole_minutes_are_counted(tmp_path: Path):
    clock = ManualClock()
    with LocalExchange({"BTCUSDT": made_candles(3_000)}, clock=clock) as exchange:
        run = Run((), exchange, SnapshotStore.at(tmp_path))
        begin = clock.now() + timedelta(minutes=1)
        for calls, seconds in ((3, 60), (2, 59), (1, 1), (4, 60), (5, 0)):
            for _ in range(calls):
                urllib.request.urlopen(f"{exchange.base_url}/api/v3/time").close()
            clock.advance(seconds)
        use = use_of(run, begin, 2)
    assert use == Use((3, 4), Counter({"/api/v3/time": 7}))


def test_a_cold_start_weighs_what_its_calls_weigh(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(weight, "_COLD_ROWS", 2_000)
    cold = cold_start()
    asked = {path.removeprefix("/api/v3/"): n for path, n in cold.calls.items()}
    assert asked["klines"] >= 2
    assert sum(cold.weights) == sum(n * DOCUMENTED[path] for path, n in asked.items())


def test_a_goal_is_missed_by_the_worst_minute():
    well = {count: Use((goal - 1, goal), Counter()) for count, goal in GOALS.items()}
    assert missed_goals(Use((100, 10), Counter()), well) == []
    assert missed_goals(Use((100, 11), Counter()), well) == ["cold start"]
    worse = {**well, 1: Use((10, GOALS[1] + 1), Counter())}
    assert missed_goals(Use((110,), Counter()), worse) == ["1 tickers"]
