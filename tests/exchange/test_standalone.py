"""The local exchange as a process of its own."""

from __future__ import annotations

import subprocess
import sys
from datetime import timedelta
from pathlib import Path

import requests

from tests.exchange.market_clock import to_ms
from tests.made import START, made_candles

ROOT = Path(__file__).resolve().parents[2]


def test_it_serves_a_file_shifted_to_now_and_stops_when_told(tmp_path: Path) -> None:
    candles = made_candles(300).round(2)
    file = tmp_path / "BTCUSDT-1m-made.csv.gz"
    opens = candles.index.as_unit("ms").asi8
    candles.reset_index(drop=True).assign(open_time=opens).to_csv(file, index=False)
    command = ["-m", "tests.exchange", "--candles", str(file), "--end-at", "now", "--ahead", "100"]
    process = subprocess.Popen(
        [sys.executable, *command], cwd=ROOT, stdout=subprocess.PIPE, text=True
    )
    try:
        assert process.stdout is not None
        address = process.stdout.readline().split()[0]
        query = {"symbol": "BTCUSDT", "interval": "1m", "limit": "1000"}
        rows = requests.get(f"{address}/api/v3/klines", params=query, timeout=5).json()
        server = requests.get(f"{address}/api/v3/time", timeout=5).json()["serverTime"]
    finally:
        process.terminate()
        status = process.wait(timeout=10)
    assert status == 0
    assert rows[-1][0] <= server
    assert rows[-1][0] > to_ms(START + timedelta(minutes=300))
    first_ahead = candles.iloc[200]
    begun = [float(row[1]) for row in rows[200:]]
    assert begun[0] == first_ahead["open"]
    assert len(begun) <= 2
