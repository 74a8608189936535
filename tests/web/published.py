"""A stand-in for the engine: publishes made candles and forecasts into a store.

The web only ever sees published values, so this is all it takes to run the real
application without an exchange, a history or a model.
"""

from __future__ import annotations

import math
import os
import random
import sys
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from core.domain import (
    EngineStatus,
    Forecast,
    ForecastSpec,
    Horizon,
    Interval,
    Losses,
    Market,
    ModelCard,
    Progress,
    Quote,
    Retrain,
    Series,
    SkillRecord,
    Snapshot,
    TailScore,
    TailTrace,
)
from core.forecasting.store import SnapshotStore

MINUTE_MS = 60_000


def floor_minute(time: datetime) -> datetime:
    return time.replace(second=0, microsecond=0)


def epoch_ms(time: datetime) -> int:
    return round(time.timestamp() * 1000)


def made_closes(count: int, price: float = 78_000.0, seed: int = 7) -> list[float]:
    """Return a geometric random walk, as prices."""
    draw = random.Random(seed)
    closes = [price]
    for _ in range(count - 1):
        closes.append(closes[-1] * math.exp(draw.gauss(0, 0.0004)))
    return [round(close, 2) for close in closes]


def made_losses(mae: float) -> Losses:
    return Losses(mae=mae, mse=(1.3 * mae) ** 2, rmse=1.3 * mae, r2=0.82)


def made_model(horizon: Horizon, now: datetime, **changes: Any) -> ModelCard:
    mae = 19.1 if horizon == "minute" else 219.4
    model = ModelCard(
        horizon=horizon,
        model_id="a41f09" if horizon == "minute" else "7c02be",
        trained=True,
        reason="",
        trained_at=now - timedelta(minutes=12),
        rows=49_997 if horizon == "minute" else 9_982,
        train_start=now - timedelta(days=35),
        train_end=now - timedelta(hours=2),
        shrinkage=0.25,
        tail=TailScore(100, made_losses(mae), made_losses(19.2 if mae < 20 else 213.2)),
        record=SkillRecord(1_440, 1_439.0, 0.0018, 0.0044),
    )
    return replace(model, **changes)


def made_candles(closes: list[float | None]) -> dict[str, list[float | None]]:
    """Return columns of candles that open at the close before, None where `closes` are."""
    draw = random.Random(11)
    columns: dict[str, list[float | None]] = {
        name: [] for name in ("open", "high", "low", "close", "volume")
    }
    before = None
    for close in closes:
        wick, volume = 0.0002 * draw.random(), round(12 * draw.random() + 0.1, 5)
        row: tuple[float | None, ...] = (None,) * 5
        if close is not None:
            opened = close if before is None else before
            high = round(max(opened, close) * (1 + wick), 2)
            low = round(min(opened, close) * (1 - wick), 2)
            row = (opened, high, low, close, volume)
        for column, value in zip(columns.values(), row, strict=True):
            column.append(value)
        before = close
    return columns


@dataclass
class Publisher:
    """Publishes one spec as the engine would; `now` is when."""

    store: SnapshotStore
    spec: ForecastSpec = field(default_factory=ForecastSpec)
    market: Market = "live"
    provider: str = "binance"
    price: float = 78_000.0
    candles: int = 540
    first: datetime | None = None
    missing: tuple[int, ...] = ()
    quiet: tuple[int, ...] = ()  # rows of minutes without trades
    said: dict[str, Any] = field(default_factory=dict)  # fields of the status that differ

    def closes(self, now: datetime) -> tuple[list[int], list[float | None]]:
        """Return close times and closes up to the last whole minute; stable over time."""
        last = floor_minute(now)
        self.first = self.first or last - timedelta(minutes=self.candles - 1)
        count = int((last - self.first).total_seconds()) // 60 + 1
        closes: list[float | None] = list(made_closes(count, self.price))
        for row in self.quiet:
            closes[row] = closes[row - 1]
        for row in self.missing:
            closes[row] = None
        start = epoch_ms(self.first)
        return [start + MINUTE_MS * row for row in range(count)], closes

    def snapshot(self, now: datetime, **changes: Any) -> Snapshot:
        _, closes = self.closes(now)
        known = [close for close in closes if close is not None]
        as_of = floor_minute(now)
        snapshot = Snapshot(
            version=epoch_ms(as_of) // MINUTE_MS,
            spec=self.spec,
            market=self.market,
            provider=self.provider,
            as_of=as_of,
            price=known[-1],
            low_24h=min(known),
            high_24h=max(known),
            change_24h=0.0214,
            rows=50_000,
            gaps=len(self.missing),
            first_open=as_of - timedelta(days=35),
            forecasts={h: self.forecast(h, as_of, known[-1]) for h in ("minute", "long")},
            models={h: made_model(h, now) for h in ("minute", "long")},
            retrains=(
                Retrain(as_of, "minute", "a41f09", 49_997, 6.8, "schedule", None),
                Retrain(as_of, "long", "7c02be", 9_982, 3.1, "asked for", None),
            ),
            next_training=now + timedelta(hours=23),
        )
        return replace(snapshot, **changes)

    def forecast(self, horizon: Horizon, as_of: datetime, close: float) -> Forecast:
        minutes = self.spec.horizon_minutes(horizon)
        half = 0.00037 * close * math.sqrt(minutes)
        point = close * (1 + 0.00004 * math.sqrt(minutes))
        widths = {0.5: 0.53 * half, 0.8: half, 0.9: 1.28 * half, 0.95: 1.53 * half}
        bands = tuple(Interval(level, point - w, point + w) for level, w in widths.items())
        target = as_of + timedelta(minutes=minutes)
        volatility = half / close / 1.28
        return Forecast(horizon, as_of, target, close, point, bands, volatility)

    def tail(self, horizon: Horizon, times: list[int], closes: list[float | None]) -> TailTrace:
        ahead = self.spec.horizon_minutes(horizon)
        step = 1 if horizon == "minute" else 5
        rows = [row for row in range(0, len(times) - ahead, step) if closes[row] is not None][-100:]
        then = [closes[row] or 0.0 for row in rows]
        half = [0.00037 * price * math.sqrt(ahead) for price in then]
        return TailTrace(
            issued=[times[row] for row in rows],
            target=[times[row] + ahead * MINUTE_MS for row in rows],
            point=[price * 1.00002 for price in then],
            low=[price - width for price, width in zip(then, half, strict=True)],
            high=[price + width for price, width in zip(then, half, strict=True)],
            price_at_issue=then,
            actual=[closes[row + ahead] for row in rows],
        )

    def series(self, now: datetime) -> Series:
        times, closes = self.closes(now)
        return Series(
            version=self.snapshot(now).version,
            close_time=times,
            **made_candles(closes),
            tails={h: self.tail(h, times, closes) for h in ("minute", "long")},
            provider=self.provider,
            filled=tuple(times[row] for row in self.quiet),
        )

    def status(self, now: datetime, **changes: Any) -> EngineStatus:
        status = EngineStatus(
            pid=os.getpid(),
            started_at=now - timedelta(hours=26),
            beat_at=now,
            market=self.market,
            provider=self.provider,
            reason="Binance answered at start.",
            weight_used=182,
            weight_limit=6_000,
            clock_offset_ms=14.0,
            served=(self.spec.to_text(),),
            progress={},
        )
        return replace(status, **{**self.said, **changes})

    def quote(self, now: datetime, price: float | None = None) -> Quote:
        last = self.snapshot(now).price
        wave = 0.0003 * math.sin(now.timestamp() / 7)
        shown = round(last * (1 + wave), 2) if price is None else price
        return Quote(self.spec.ticker, shown, now, self.provider, self.market)

    def publish_all(self, now: datetime) -> None:
        self.store.publish(self.snapshot(now), self.series(now))
        self.publish_live(now)

    def publish_live(self, now: datetime, price: float | None = None) -> None:
        """Publish what changes every few seconds: quote and heartbeat."""
        offset = timedelta(milliseconds=14)
        self.store.publish_quotes({self.spec.ticker: self.quote(now + offset, price)})
        self.store.publish_status(self.status(now))

    def follow_provider(self, provider: str, price: float, **said: Any) -> None:
        """Switch to another exchange, where the coin has another price."""
        self.provider, self.price, self.said = provider, price, said

    def publish_progress(self, now: datetime, progress: Progress) -> None:
        self.store.publish_status(self.status(now, progress={self.spec.key: progress}))


def follow(publisher: Publisher, stop: Any, every_s: float = 1.0) -> None:
    """Publish as the engine does until `stop` (a threading.Event) is set."""
    minute = None
    while not stop.is_set():
        now = datetime.now(UTC)
        if minute != floor_minute(now):
            minute = floor_minute(now)
            publisher.publish_all(now)
        publisher.publish_live(now)
        stop.wait(every_s)


def main(run_dir: str, market: Market = "live") -> None:
    """Publish for ever: ``python -m tests.web.published DIR [live|simulated]``."""
    import threading

    provider = "binance" if market == "live" else "simulated"
    store = SnapshotStore.at(Path(run_dir))
    follow(Publisher(store, market=market, provider=provider), threading.Event())


if __name__ == "__main__":
    main(*sys.argv[1:])
