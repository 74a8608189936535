"""The local exchange as a process of its own."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path

import pytest
import requests

from tests.exchange.market_clock import to_ms
from tests.made import START, made_candles

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def file(tmp_path: Path) -> Path:
    candles = made_candles(300).round(2)
    path = tmp_path / "BTCUSDT-1m-made.csv.gz"
    opens = candles.index.as_unit("ms").asi8
    candles.reset_index(drop=True).assign(open_time=opens).to_csv(path, index=False)
    return path


@contextmanager
def served(*arguments: str) -> Iterator[str]:
    """Run it with a hundred minutes still ahead, yield its address, and stop it."""
    command = [sys.executable, "-m", "tests.exchange", "--end-at", "now", "--ahead", "100"]
    process = subprocess.Popen([*command, *arguments], cwd=ROOT, stdout=subprocess.PIPE, text=True)
    try:
        assert process.stdout is not None
        yield process.stdout.readline().split()[0]
    finally:
        process.terminate()
        status = process.wait(timeout=10)
    assert status == 0


def test_it_serves_a_file_shifted_to_now(file: Path) -> None:
    with served("--candles", str(file)) as address:
        query = {"symbol": "BTCUSDT", "interval": "1m", "limit": "1000"}
        rows = requests.get(f"{address}/api/v3/klines", params=query, timeout=5).json()
        server = requests.get(f"{address}/api/v3/time", timeout=5).json()["serverTime"]
    assert rows[-1][0] <= server
    assert rows[-1][0] > to_ms(START + timedelta(minutes=300))
    begun = [float(row[1]) for row in rows[200:]]
    assert begun[0] == made_candles(300).round(2)["open"].iloc[200]
    assert len(begun) <= 2


def test_it_is_kraken_when_told(file: Path) -> None:
    with served("--venue", "kraken", "--candles", f"XBTUSD={file}") as address:
        query = {"pair": "XBTUSD"}
        body = requests.get(f"{address}/0/public/OHLC", params=query, timeout=5).json()
    assert body["error"] == []
    assert len(body["result"]["XXBTZUSD"]) in (201, 202)


def test_it_is_coinbase_when_told(file: Path) -> None:
    with served("--venue", "coinbase", "--candles", f"BTC-USD={file}", "--burst", "1") as address:
        listed = requests.get(f"{address}/products", timeout=5).json()
    assert [product["id"] for product in listed] == ["BTC-USD"]
