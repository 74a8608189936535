"""Days that are over, checkpoints of rows that are gone, and events."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

_COUNTS = ("known", "unknown", "sided", "hits", "banded", "in50", "in80", "in90", "in95")


_BY_TARGET = ("chain", "provider", "spec", "horizon", "target_time")


def upgrade() -> None:
    op.create_index("forecasts_by_target", "forecasts", list(_BY_TARGET))
    op.create_table(
        "days",
        sa.Column("chain", sa.String(16), nullable=False),
        sa.Column("provider", sa.String(32), nullable=False),
        sa.Column("spec", sa.String(300), nullable=False),
        sa.Column("horizon", sa.String(8), nullable=False),
        sa.Column("day", sa.BigInteger(), nullable=False, autoincrement=False),
        *(sa.Column(name, sa.Integer(), nullable=False) for name in _COUNTS),
        sa.Column("error", sa.Double(), nullable=False),
        sa.Column("random_walk_error", sa.Double(), nullable=False),
        sa.Column("rows", sa.LargeBinary()),
        sa.PrimaryKeyConstraint("chain", "provider", "spec", "horizon", "day"),
    )
    op.create_table(
        "checkpoints",
        sa.Column("chain", sa.String(16), nullable=False),
        sa.Column("seq", sa.BigInteger(), nullable=False, autoincrement=False),
        sa.Column("hash", sa.String(64), nullable=False),
        sa.Column("made_at", sa.BigInteger(), nullable=False),
        sa.Column("cutoff", sa.BigInteger(), nullable=False),
        sa.Column("days_hash", sa.String(64), nullable=False),
        sa.PrimaryKeyConstraint("chain", "seq"),
    )
    op.create_table(
        "events",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), primary_key=True),
        sa.Column("chain", sa.String(16), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("kind", sa.String(16), nullable=False),
        sa.Column("provider", sa.String(32), nullable=False),
        sa.Column("spec", sa.String(300), nullable=False),
        sa.Column("horizon", sa.String(8), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
    )
    op.create_index("events_by_time", "events", ["chain", "at"])


def downgrade() -> None:
    for table in ("events", "checkpoints", "days"):
        op.drop_table(table)
    op.drop_index("forecasts_by_target", "forecasts")
