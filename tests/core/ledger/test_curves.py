"""What charts show is what the rows say, however many points are left of them."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import get_args

import numpy as np
import pytest
import sqlalchemy as sa

from core.domain import HORIZONS, SCORE_RANGES, Event, ForecastSpec, ScoreRange
from core.errors import LedgerUnavailable
from core.ledger.curves import WIDTHS, curve_of, moves_of, reach_of
from core.ledger.database import database_url
from core.ledger.entry import epoch_ms
from core.ledger.events import Noted, append_events, read_events
from core.ledger.issued import as_issued, issued
from core.ledger.matured import matured
from core.ledger.reader import LedgerReader
from core.ledger.scores import scores
from core.ledger.sealing import seal_days
from tests.clocks import ManualClock
from tests.ledgers import fill_ledger

SPEC = ForecastSpec()
MINUTES = 3 * 1_440
RANGES: tuple[ScoreRange, ...] = get_args(ScoreRange)


@pytest.fixture(name="url")
def _url(tmp_path: Path) -> str:
    return database_url("", tmp_path)


@pytest.fixture(name="days")
def _days(url: str, clock: ManualClock) -> sa.Engine:
    engine = fill_ledger(url, [SPEC], MINUTES, clock.now(), "live", "binance")
    seal_days(engine, "live", clock.now())
    return engine


@pytest.mark.parametrize("name", RANGES)
def test_every_point_is_the_score_of_its_own_window(
    days: sa.Engine, clock: ManualClock, name: ScoreRange
) -> None:
    now = clock.now()
    rows = matured(days, "live", SPEC, "minute", now - reach_of(name), now)
    curve = curve_of(rows, 1, name, now)
    assert 30 <= len(curve.time) <= 120
    assert curve.time == sorted(curve.time)
    assert curve.time[-1] == epoch_ms(now)
    width = WIDTHS[name] // timedelta(milliseconds=1)
    for point in (0, len(curve.time) // 2, -1):
        end = curve.time[point]
        inside = (rows["target_time"] > end - width) & (rows["target_time"] <= end)
        error, stays = rows.error[inside], rows.random_walk_error[inside]
        if inside.sum() < 10:
            assert curve.skill[point] is curve.mae[point] is None
            continue
        assert curve.mae[point] == pytest.approx(error.mean())
        assert curve.mae_random_walk[point] == pytest.approx(stays.mean())
        assert curve.skill[point] == pytest.approx(1 - error.mean() / stays.mean())
        assert curve.low[point] < curve.skill[point] < curve.high[point]
    counted = rows["target_time"] > epoch_ms(now - SCORE_RANGES[name])
    difference = (rows.error - rows.random_walk_error)[counted].sum()
    assert curve.gained[-1] == pytest.approx(difference)


def test_moves_are_a_part_of_all_rows(days: sa.Engine, clock: ManualClock) -> None:
    now = clock.now()
    rows = matured(days, "live", SPEC, "minute", now - timedelta(days=1), now)
    moves = moves_of(rows)
    assert 400 < len(moves.said) == len(moves.came) <= 500
    came = 1e4 * (rows["actual"] / rows["price"] - 1)
    assert moves.came[0] == pytest.approx(came[0], abs=1e-3)
    assert np.std(moves.came) == pytest.approx(np.std(came), rel=0.1)


def test_nothing_matured_is_an_empty_curve(days: sa.Engine, clock: ManualClock) -> None:
    now = clock.now()
    none = matured(days, "simulated", SPEC, "minute", now - timedelta(days=1), now)
    curve = curve_of(none, 1, "24h", now)
    assert curve.time == curve.skill == curve.gained == []
    assert moves_of(none).said == []


def test_events_are_found_by_what_they_concern(database: sa.Engine, clock: ManualClock) -> None:
    at = clock.now()
    other = ForecastSpec("ETH-USD")
    outage = Event(at, "outage", "Binance does not answer.")
    trained = Event(at + timedelta(minutes=1), "promotion", "No worse.", "minute")
    long = Event(at + timedelta(minutes=2), "breaker", "Standing aside.", "long")
    foreign = Event(at + timedelta(minutes=3), "promotion", "Of another coin.", "minute")
    invented = Event(at + timedelta(minutes=4), "engine", "The engine started.")
    noted = [
        Noted(outage, "live", "binance"),
        Noted(trained, "live", "binance", SPEC.to_text()),
        Noted(long, "live", "binance", SPEC.to_text()),
        Noted(foreign, "live", "binance", other.to_text()),
        Noted(invented, "simulated", "simulated"),
    ]
    with database.begin() as connection:
        append_events(connection, noted)
    since = at - timedelta(minutes=1)
    assert read_events(database, "live", SPEC, "minute", since) == (trained, outage)
    assert read_events(database, "live", SPEC, "long", since) == (long, outage)
    assert read_events(database, "live", SPEC, "long", at) == (long,)
    assert read_events(database, "simulated", other, "minute", since) == (invented,)


def test_what_was_issued_is_drawn_as_it_was(days: sa.Engine, clock: ManualClock) -> None:
    found = issued(days, "live", SPEC, "long", clock.now())
    with days.connect() as connection:
        kept = connection.execute(
            sa.text("SELECT * FROM forecasts WHERE horizon = 'long' ORDER BY target_time")
        ).all()
    assert found.trace is not None
    assert issued(days, "live", SPEC, "minute", clock.now()).trace is None
    since = epoch_ms(clock.now() - timedelta(days=1))
    shown = [row for row in kept if row.target_time >= since]
    assert found.trace.target == [row.target_time for row in shown]
    assert found.trace.point == [row.point for row in shown]
    assert found.trace.low == [row.lo80 for row in shown]
    assert found.trace.actual.count(None) == SPEC.long_horizon_steps
    assert as_issued(found.trace, found.trace).issued_since == shown[0].target_time
    whole = scores(days, "live", SPEC, "long", clock.now())["30d"]
    assert whole is not None
    assert found.record == whole.record


def test_the_reader_answers_all_of_a_page_and_reads_once_a_candle(
    days: sa.Engine, url: str, clock: ManualClock
) -> None:
    reader = LedgerReader(url)
    found = reader.public_score("live", SPEC, "long", "24h", clock.now())
    assert found.shown == scores(days, "live", SPEC, "long", clock.now())["24h"]
    assert found.scores.keys() == set(HORIZONS)
    assert reader.public_score("live", SPEC, "long", "24h", clock.now()) is found
    clock.advance(60)
    assert reader.public_score("live", SPEC, "long", "24h", clock.now()) is not found
    rows = list(reader.rows("live", SPEC, clock.now() - timedelta(hours=1)))
    assert len(rows) > 70
    assert all(row["target_time"] > epoch_ms(clock.now()) - 3_600_000 for row in rows)


def test_a_ledger_that_is_not_there_is_said_and_not_made(tmp_path: Path, url: str) -> None:
    reader = LedgerReader(url)
    with pytest.raises(LedgerUnavailable, match="There is no ledger yet"):
        reader.public_score("live", SPEC, "long", "24h", ManualClock().now())
    assert list(tmp_path.iterdir()) == []
