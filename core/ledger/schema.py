"""The tables. Migrations make them (core/ledger/migrations); a test compares the two."""

from __future__ import annotations

from typing import Final

import sqlalchemy as sa

from core.domain import BAND_LEVELS

METADATA: Final = sa.MetaData()

EDGES: Final = tuple(
    f"{side}{round(100 * level)}" for level in BAND_LEVELS for side in ("lo", "hi")
)
"""Columns of `core.ledger.entry.Entry.edges`: ``lo50``, ``hi50``, ``lo80`` ..."""

COUNTS: Final = (
    "known",
    "unknown",
    "sided",
    "hits",
    "banded",
    *(f"in{round(100 * level)}" for level in BAND_LEVELS),
)
"""What is counted of a day: outcomes that are known and that never will be; moves that had a
side and forecasts that named it; forecasts with bands, and prices inside each of them."""

CHAINS: Final = sa.Table(
    "chains",
    METADATA,
    sa.Column("chain", sa.String(16), primary_key=True),
    sa.Column("fence", sa.BigInteger, nullable=False),
    sa.Column("seq", sa.BigInteger, nullable=False),
    sa.Column("head", sa.String(64), nullable=False),
    sa.Column("settled", sa.BigInteger, nullable=False),
    sa.Column("settled_head", sa.String(64), nullable=False),
)
"""One row per chain: which writer may write, how many forecasts there are and the hash of the last,
and the same of outcomes."""

FORECASTS: Final = sa.Table(
    "forecasts",
    METADATA,
    sa.Column("chain", sa.String(16), primary_key=True),
    sa.Column("seq", sa.BigInteger, primary_key=True, autoincrement=False),
    sa.Column("provider", sa.String(32), nullable=False),
    sa.Column("ticker", sa.String(32), nullable=False),
    sa.Column("spec", sa.String(300), nullable=False),
    sa.Column("horizon", sa.String(8), nullable=False),
    sa.Column("issued_at", sa.BigInteger, nullable=False),
    sa.Column("target_time", sa.BigInteger, nullable=False),
    sa.Column("price", sa.Double, nullable=False),
    sa.Column("point", sa.Double, nullable=False),
    sa.Column("random_walk", sa.Double, nullable=False),
    *(sa.Column(edge, sa.Double) for edge in EDGES),
    sa.Column("model_id", sa.String(32), nullable=False),
    sa.Column("standing_aside", sa.Boolean, nullable=False),
    sa.Column("revision", sa.Integer, nullable=False),
    sa.Column("previous", sa.String(64), nullable=False),
    sa.Column("hash", sa.String(64), nullable=False),
    sa.UniqueConstraint(
        *("chain", "provider", "spec", "horizon", "issued_at", "revision"), name="one_forecast"
    ),
    sa.Index("forecasts_by_target", "chain", "provider", "spec", "horizon", "target_time"),
)

OUTCOMES: Final = sa.Table(
    "outcomes",
    METADATA,
    sa.Column("chain", sa.String(16), primary_key=True),
    sa.Column("seq", sa.BigInteger, primary_key=True, autoincrement=False),
    sa.Column("actual", sa.Double),
    sa.Column("error", sa.Double),
    sa.Column("random_walk_error", sa.Double),
    sa.Column("place", sa.BigInteger, nullable=False),
    sa.Column("hash", sa.String(64), nullable=False),
    sa.UniqueConstraint("chain", "place", name="one_outcome"),
)
"""Written once, beside a forecast and never over it: the price at the target and the absolute
errors in USD, or NULLs where that price will never be known. They are a chain of their own, in the
order in which they became known; those from before migration 0003, in the order of their
forecasts. `place` counts from 1, `hash` is over the outcome before too. A few stay longer than
their forecast (`core.ledger.retention`), so there is no foreign key."""

DAYS: Final = sa.Table(
    "days",
    METADATA,
    sa.Column("chain", sa.String(16), primary_key=True),
    sa.Column("provider", sa.String(32), primary_key=True),
    sa.Column("spec", sa.String(300), primary_key=True),
    sa.Column("horizon", sa.String(8), primary_key=True),
    sa.Column("day", sa.BigInteger, primary_key=True, autoincrement=False),
    *(sa.Column(name, sa.Integer, nullable=False) for name in COUNTS),
    sa.Column("error", sa.Double, nullable=False),
    sa.Column("random_walk_error", sa.Double, nullable=False),
    sa.Column("rows", sa.LargeBinary),
)
"""One row per series and UTC day whose forecasts all have their outcome (`core.ledger.sealing`):
counts, sums of absolute errors in USD, and the rows themselves as columns, for fast reading;
NULL once the rows are gone."""

CHECKPOINTS: Final = sa.Table(
    "checkpoints",
    METADATA,
    sa.Column("chain", sa.String(16), primary_key=True),
    sa.Column("seq", sa.BigInteger, primary_key=True, autoincrement=False),
    sa.Column("hash", sa.String(64), nullable=False),
    sa.Column("made_at", sa.BigInteger, nullable=False),
    sa.Column("cutoff", sa.BigInteger, nullable=False),
    sa.Column("days_hash", sa.String(64), nullable=False),
    sa.Column("settled", sa.BigInteger, nullable=False),
    sa.Column("settled_hash", sa.String(64), nullable=False),
)
"""At most one row per chain: where it begins since its forecasts up to `seq` and its outcomes up to
the place `settled` are gone: the hash of the last of each, and that of the days before `cutoff`,
which are kept."""

EVENTS: Final = sa.Table(
    "events",
    METADATA,
    sa.Column("id", sa.BigInteger().with_variant(sa.Integer, "sqlite"), primary_key=True),
    sa.Column("chain", sa.String(16), nullable=False),
    sa.Column("at", sa.BigInteger, nullable=False),
    sa.Column("kind", sa.String(16), nullable=False),
    sa.Column("provider", sa.String(32), nullable=False),
    sa.Column("spec", sa.String(300), nullable=False),
    sa.Column("horizon", sa.String(8), nullable=False),
    sa.Column("text", sa.Text, nullable=False),
    sa.Index("events_by_time", "chain", "at"),
)
"""What explains the scores: trainings, promotions, the breaker, other exchanges, outages."""
