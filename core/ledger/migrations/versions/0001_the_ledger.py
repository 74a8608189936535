"""Chains, forecasts and their outcomes."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "chains",
        sa.Column("chain", sa.String(16), primary_key=True),
        sa.Column("fence", sa.BigInteger(), nullable=False),
        sa.Column("seq", sa.BigInteger(), nullable=False),
        sa.Column("head", sa.String(64), nullable=False),
    )
    op.create_table(
        "forecasts",
        sa.Column("chain", sa.String(16), nullable=False),
        sa.Column("seq", sa.BigInteger(), nullable=False, autoincrement=False),
        sa.Column("provider", sa.String(32), nullable=False),
        sa.Column("ticker", sa.String(32), nullable=False),
        sa.Column("spec", sa.String(300), nullable=False),
        sa.Column("horizon", sa.String(8), nullable=False),
        sa.Column("issued_at", sa.BigInteger(), nullable=False),
        sa.Column("target_time", sa.BigInteger(), nullable=False),
        sa.Column("price", sa.Double(), nullable=False),
        sa.Column("point", sa.Double(), nullable=False),
        sa.Column("random_walk", sa.Double(), nullable=False),
        *(
            sa.Column(name, sa.Double())
            for name in ("lo50", "hi50", "lo80", "hi80", "lo90", "hi90", "lo95", "hi95")
        ),
        sa.Column("model_id", sa.String(32), nullable=False),
        sa.Column("standing_aside", sa.Boolean(), nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.Column("previous", sa.String(64), nullable=False),
        sa.Column("hash", sa.String(64), nullable=False),
        sa.PrimaryKeyConstraint("chain", "seq"),
        sa.UniqueConstraint(
            "chain",
            "provider",
            "spec",
            "horizon",
            "issued_at",
            "revision",
            name="one_forecast",
        ),
    )
    op.create_table(
        "outcomes",
        sa.Column("chain", sa.String(16), nullable=False),
        sa.Column("seq", sa.BigInteger(), nullable=False, autoincrement=False),
        sa.Column("actual", sa.Double()),
        sa.Column("error", sa.Double()),
        sa.Column("random_walk_error", sa.Double()),
        sa.PrimaryKeyConstraint("chain", "seq"),
        sa.ForeignKeyConstraint(["chain", "seq"], ["forecasts.chain", "forecasts.seq"]),
    )


def downgrade() -> None:
    for table in ("outcomes", "forecasts", "chains"):
        op.drop_table(table)
