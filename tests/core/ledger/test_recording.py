"""The engine's desk writes down what it publishes, and publishes nothing that it cannot."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pandas as pd
import pytest
import sqlalchemy as sa

from core.domain import ForecastSpec
from core.errors import LedgerUnavailable
from core.forecasting.desk import SpecDesk
from core.forecasting.store import SnapshotStore
from core.history.cleaning import empty_candles
from core.ledger.database import database_url, open_database
from core.ledger.recording import FILLED_STANDS_AFTER, UNKNOWN_AFTER, Ledger, outcomes
from core.ledger.schema import FORECASTS, OUTCOMES
from core.ledger.verify import verify
from core.ledger.writer import Pending
from tests.clocks import ManualClock
from tests.made import START, made_candles

SPEC = ForecastSpec(max_points=1_000)
ROWS = 3_000


class Bench:
    """A desk with a ledger, on candles that come minute by minute."""

    def __init__(self, directory: Path) -> None:
        self.candles = made_candles(ROWS)
        self.end = ROWS - 30
        self.clock = ManualClock(self._closed())
        self.url = database_url("", directory)
        self.store = SnapshotStore.at(directory / "run")
        self.ledger = Ledger(self.url, self.clock.now)
        self.desk = SpecDesk(
            SPEC, "live", "binance", None, self.clock, timedelta(days=1), ledger=self.ledger
        )
        self.desk.train(self.candles.iloc[: self.end], "first")

    def _closed(self):
        return (self.candles.index[self.end - 1] + pd.Timedelta(minutes=1)).to_pydatetime()

    def publish(self, minutes: int = 0, without: int = 0) -> None:
        """Let `minutes` pass and publish; the last `without` minutes before are missing."""
        self.end += minutes
        self.clock.advance(60 * minutes)
        known = self.candles.iloc[: self.end]
        missing = known.index[-1 - without : -1] if without else known.index[:0]
        self.desk.publish(self.store, known.drop(missing), empty_candles())

    def rows(self, table: sa.Table) -> list[sa.Row]:
        with open_database(self.url).connect() as connection:
            return list(connection.execute(sa.select(table).order_by(table.c.seq)))


@pytest.fixture(name="bench")
def _bench(tmp_path: Path) -> Bench:
    return Bench(tmp_path)


def test_what_readers_get_stands_in_the_ledger(bench: Bench) -> None:
    for minutes in (0, 1, 1):
        bench.publish(minutes)
    snapshot = bench.store.snapshot(SPEC)
    assert snapshot is not None
    newest = [row for row in bench.rows(FORECASTS) if row.horizon == "minute"][-1]
    published = snapshot.forecasts["minute"]
    assert (newest.point, newest.random_walk) == (published.point, published.price_at_issue)
    assert newest.model_id == snapshot.models["minute"].model_id
    assert pd.Timestamp(newest.issued_at, unit="ms", tz="UTC") == published.issued_at
    assert bench.ledger.head("live") is not None
    assert [found.fault for found in verify(open_database(bench.url))] == [""]


def test_publishing_again_from_the_same_candle_writes_nothing(bench: Bench) -> None:
    bench.publish()
    before = bench.rows(FORECASTS)
    bench.publish()
    assert bench.rows(FORECASTS) == before


def test_each_forecast_is_scored_once_its_target_is_known(bench: Bench) -> None:
    bench.publish()
    assert bench.rows(OUTCOMES) == []
    bench.publish(1)
    bench.publish(1)
    scored = bench.rows(OUTCOMES)
    forecasts = {row.seq: row for row in bench.rows(FORECASTS)}
    assert len(scored) == 2
    for row in scored:
        opened = pd.Timestamp(forecasts[row.seq].target_time, unit="ms", tz="UTC")
        actual = bench.candles["close"].loc[opened - pd.Timedelta(minutes=1)]
        assert row.actual == actual
        assert row.error == abs(actual - forecasts[row.seq].point)


def test_forecasts_that_matured_while_the_engine_was_off_are_scored_on_return(
    bench: Bench, tmp_path: Path
) -> None:
    bench.publish()
    bench.desk = SpecDesk(
        SPEC, "live", "binance", None, bench.clock, timedelta(days=1),
        ledger=Ledger(database_url("", tmp_path), bench.clock.now),
    )  # fmt: skip
    bench.desk.train(bench.candles.iloc[: bench.end], "first")
    bench.publish(20)
    assert [row.actual is not None for row in bench.rows(OUTCOMES)] == [True]


def test_an_outcome_that_never_comes_is_unknown_never_guessed() -> None:
    candles = made_candles(60)
    target = START + timedelta(minutes=30)
    due = Pending(1, int(target.timestamp() * 1000), 1.0, 1.0)
    held = candles.drop(candles.index[29])
    late = target + UNKNOWN_AFTER + timedelta(minutes=1)
    assert outcomes([due], candles, target, START) == {due: candles["close"].iloc[29]}
    assert outcomes([due], held, target, START) == {}
    assert outcomes([due], held, target + UNKNOWN_AFTER, START) == {}
    assert outcomes([due], held, late, START) == {due: None}
    assert outcomes([due], candles.iloc[40:], late, START) == {due: None}
    # The engine has just come back: its candles may still be on their way.
    assert outcomes([due], candles.iloc[40:], late, late) == {}


def test_a_minute_that_was_filled_is_believed_when_it_had_time_to_come() -> None:
    candles = made_candles(90)
    target = START + timedelta(minutes=30)
    due = Pending(1, int(target.timestamp() * 1000), 1.0, 1.0)
    filled = candles.index[29:30]
    soon, later = target + timedelta(minutes=1), target + FILLED_STANDS_AFTER
    assert outcomes([due], candles, soon, START, filled) == {}
    assert outcomes([due], candles, later, START, filled) == {due: candles["close"].iloc[29]}
    assert outcomes([due], candles, soon, START) == {due: candles["close"].iloc[29]}


@pytest.mark.parametrize("offset_s", [-90, 90])
def test_the_exchanges_clock_decides_what_is_late(bench: Bench, offset_s: int) -> None:
    """Ours may be wrong by any time; target times are of the exchange's."""
    exchange = ManualClock(bench.clock.now())
    bench.clock.advance(offset_s)
    bench.desk = SpecDesk(
        SPEC, "live", "binance", None, bench.clock, timedelta(days=1),
        ledger=bench.ledger, exchange_now=exchange.now,
    )  # fmt: skip
    bench.desk.train(bench.candles.iloc[: bench.end], "first")
    bench.publish()
    assert {row.horizon for row in bench.rows(FORECASTS)} == {"minute", "long"}
    exchange.advance(120)
    bench.publish(1)
    snapshot = bench.store.snapshot(SPEC)
    assert snapshot is not None
    assert "minute" not in snapshot.forecasts  # its time had come before it could be published
    assert len(bench.rows(FORECASTS)) == 2 + (
        snapshot.forecasts["long"].issued_at == snapshot.as_of
    )


def test_nothing_is_published_while_the_ledger_cannot_be_written(bench: Bench) -> None:
    bench.publish()
    shown = bench.store.snapshot(SPEC)
    with open_database(bench.url).begin() as connection:
        connection.execute(sa.text("ALTER TABLE forecasts RENAME TO elsewhere"))
    with pytest.raises(LedgerUnavailable, match="no forecast is published"):
        bench.publish(1)
    assert bench.store.snapshot(SPEC) == shown
    assert not bench.desk.published
    with open_database(bench.url).begin() as connection:
        connection.execute(sa.text("ALTER TABLE elsewhere RENAME TO forecasts"))
    bench.publish()
    assert bench.store.snapshot(SPEC) != shown
    assert bench.desk.published
