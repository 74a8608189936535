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
from core.domain import ForecastSpec
from core.ledger.entry import Entry, epoch_ms
from core.ledger.scores import scores
from core.ledger.writer import LedgerWriter
from tests.clocks import ManualClock

SPEC = ForecastSpec()
MINUTES = 400
LEVELS = (50, 80, 90, 95)


@pytest.fixture(name="filled")
def _filled(database: sa.Engine, ledger: LedgerWriter, clock: ManualClock) -> sa.Engine:
    """Some hours of forecasts, a few of them revised, a few with an outcome nobody knows."""
    draw = np.random.default_rng(3)
    price = 80_000.0
    for minute in range(MINUTES):
        entry = made(clock, price, price + draw.normal(0, 5))
        ledger.commit([entry])
        if minute % 50 == 7:
            ledger.commit([made(clock, price, price + 99.0)])
        price += draw.normal(0, 20)
        clock.advance(60)
        due = ledger.pending("binance", SPEC.to_text(), clock.now())
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


@pytest.mark.parametrize(("window", "minutes"), [("1 h", 60), ("24 h", 1_440), ("30 d", 43_200)])
def test_every_figure_equals_a_slow_loop_over_the_export(
    filled: sa.Engine, clock: ManualClock, window: str, minutes: int
) -> None:
    report = scores(filled, "live", SPEC, "minute", clock.now())[window]
    assert report is not None
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
    assert (report.n, report.n_eff) == (n, n)
    assert report.mae == pytest.approx(math.fsum(errors) / n, rel=1e-12)
    assert report.mae_random_walk == pytest.approx(math.fsum(stays) / n, rel=1e-12)
    assert report.skill == pytest.approx(1 - math.fsum(errors) / math.fsum(stays), abs=1e-12)
    assert report.skill_low < report.skill < report.skill_high
    assert (report.direction.n, report.direction.rate) == (moves, pytest.approx(hits / moves))
    for level in LEVELS:
        band = report.band(level / 100)
        assert band is not None
        assert band.coverage == pytest.approx(inside[level] / n)


def test_nothing_matured_is_no_score(ledger: LedgerWriter, database: sa.Engine, clock) -> None:
    ledger.commit([made(clock, 80_000.0, 80_001.0)])
    assert set(scores(database, "live", SPEC, "minute", clock.now()).values()) == {None}
    assert set(scores(database, "simulated", SPEC, "minute", clock.now()).values()) == {None}
    assert set(scores(database, "live", SPEC, "long", clock.now()).values()) == {None}
