"""Scores of the ledger equal those of a slow loop over what was exported."""

from __future__ import annotations

import csv
import io
import math
from datetime import timedelta

import numpy as np
import pytest
import sqlalchemy as sa

from core.commands.ledger import export_ledger
from core.domain import ForecastSpec, ScoreRange
from core.ledger.entry import Entry, epoch_ms
from core.ledger.matured import unknown_count
from core.ledger.schema import DAYS
from core.ledger.scores import scores
from core.ledger.sealing import seal_days
from core.ledger.verify import verify
from core.ledger.writer import LedgerWriter
from tests.clocks import ManualClock

SPEC = ForecastSpec()
MINUTES = 400
LEVELS = (50, 80, 90, 95)


@pytest.fixture(name="filled")
def _filled(database: sa.Engine, ledger: LedgerWriter, clock: ManualClock) -> sa.Engine:
    """Some hours of forecasts, a few of them revised, a few with an outcome nobody knows."""
    draw = np.random.default_rng(3)
    until_midnight = timedelta(days=1) - (clock.now() - clock.now().replace(hour=0, minute=0))
    clock.advance((until_midnight - timedelta(minutes=MINUTES // 2)).total_seconds())
    price = 80_000.0
    for minute in range(MINUTES):
        entry = made(clock, price, price + draw.normal(0, 5))
        ledger.commit([entry])
        if minute % 50 == 7:
            ledger.commit([made(clock, price, price + 99.0)])
        price += draw.normal(0, 20)
        clock.advance(60)
        due = ledger.pending("binance", [SPEC.to_text()], clock.now())
        ledger.settle(dict.fromkeys(due, None if minute % 40 == 3 else price))
    return database


def made(clock: ManualClock, price: float, point: float) -> Entry:
    issued = epoch_ms(clock.now())
    edges = tuple(point + side * 13.0 * z for z in (0.67, 1.28, 1.64, 1.96) for side in (-1, 1))
    return Entry(
        "live", "binance", SPEC.ticker, SPEC.to_text(), "minute", issued, issued + 60_000,
        price, point, price, edges, "abc1234", False,
    )  # fmt: skip


def exported(database: sa.Engine) -> list[dict[str, str]]:
    out = io.StringIO()
    count = export_ledger(database, out)
    rows = list(csv.DictReader(io.StringIO(out.getvalue())))
    assert len(rows) == count
    return rows


@pytest.mark.parametrize(("window", "minutes"), [("1h", 60), ("24h", 1_440), ("30d", 43_200)])
def test_every_figure_equals_a_slow_loop_over_the_export(
    filled: sa.Engine, clock: ManualClock, window: ScoreRange, minutes: int
) -> None:
    score = scores(filled, "live", SPEC, "minute", clock.now())[window]
    assert score is not None
    since = epoch_ms(clock.now() - timedelta(minutes=minutes))
    errors, stays, hits, moves = [], [], 0, 0
    inside = dict.fromkeys(LEVELS, 0)
    for row in exported(filled):
        if row["revision"] != "0" or not row["actual"] or int(row["target_time"]) <= since:
            continue
        actual, point, price = (float(row[name]) for name in ("actual", "point", "random_walk"))
        errors.append(abs(actual - point))
        stays.append(abs(actual - price))
        assert float(row["error"]) == errors[-1]
        assert float(row["random_walk_error"]) == stays[-1]
        moves += 1
        hits += (actual > price) == (point > price)
        for level in LEVELS:
            inside[level] += float(row[f"lo{level}"]) <= actual <= float(row[f"hi{level}"])
    n = len(errors)
    assert (score.n, score.n_eff) == (n, n)
    assert score.mae == pytest.approx(math.fsum(errors) / n, rel=1e-12)
    assert score.mae_random_walk == pytest.approx(math.fsum(stays) / n, rel=1e-12)
    assert score.record.skill == pytest.approx(1 - math.fsum(errors) / math.fsum(stays), abs=1e-12)
    assert score.record.reach == pytest.approx(slow_reach(errors, stays), rel=1e-9)
    assert (score.direction.n, score.direction.rate) == (moves, pytest.approx(hits / moves))
    for level, band in zip(LEVELS, score.coverage, strict=True):
        assert band.level == level / 100
        assert band.rate == pytest.approx(inside[level] / n)
        assert band.chance_low < band.level < band.chance_high


def slow_reach(errors: list[float], stays: list[float]) -> float:
    """Return half of the 95 % interval of the skill, by the definition of Newey and West."""
    gains = [stay - error for error, stay in zip(errors, stays, strict=True)]
    n, lags = len(gains), 3
    mean = math.fsum(gains) / n
    variance = math.fsum((g - mean) ** 2 for g in gains) / n
    for lag in range(1, lags + 1):
        products = ((gains[i] - mean) * (gains[i - lag] - mean) for i in range(lag, n))
        variance += 2 * (1 - lag / (lags + 1)) * math.fsum(products) / n
    return 1.959963984540054 * math.sqrt(variance / n) / (math.fsum(stays) / n)


def test_a_sealed_day_changes_no_figure(filled: sa.Engine, clock: ManualClock) -> None:
    now = clock.now()
    before = scores(filled, "live", SPEC, "minute", now)
    unknown = unknown_count(filled, "live", SPEC, "minute", now - timedelta(days=2), now)
    assert seal_days(filled, "live", now + timedelta(days=2)) == 2  # the hours go over midnight
    with filled.connect() as connection:
        days = connection.execute(sa.select(DAYS).order_by(DAYS.c.day)).all()
    assert sum(day.known for day in days) == before["30d"].n
    assert sum(day.known + day.unknown for day in days) == MINUTES
    assert unknown_count(filled, "live", SPEC, "minute", now - timedelta(days=2), now) == unknown
    assert unknown == sum(day.unknown for day in days) == MINUTES // 40
    assert scores(filled, "live", SPEC, "minute", now) == before
    assert [found.fault for found in verify(filled)] == [""]


def test_nothing_matured_is_no_score(ledger: LedgerWriter, database: sa.Engine, clock) -> None:
    ledger.commit([made(clock, 80_000.0, 80_001.0)])
    assert set(scores(database, "live", SPEC, "minute", clock.now()).values()) == {None}
    assert set(scores(database, "simulated", SPEC, "minute", clock.now()).values()) == {None}
    assert set(scores(database, "live", SPEC, "long", clock.now()).values()) == {None}
