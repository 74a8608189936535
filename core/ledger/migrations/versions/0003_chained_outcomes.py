"""Outcomes become a chain of their own; those that are there, in the order of their forecasts."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

_GENESIS = 64 * "0"
_AT_ONCE = 5_000
_SETTLED = (("chains", "settled_head"), ("checkpoints", "settled_hash"))


def upgrade() -> None:
    for table, head in _SETTLED:
        with op.batch_alter_table(table) as batch:
            batch.add_column(
                sa.Column("settled", sa.BigInteger(), nullable=False, server_default="0")
            )
            batch.add_column(
                sa.Column(head, sa.String(64), nullable=False, server_default=_GENESIS)
            )
    _keep_the_newest_checkpoints()
    op.execute("UPDATE chains SET fence = fence + 1")  # an engine of an earlier version stops
    op.rename_table("outcomes", "unchained_outcomes")
    outcomes = op.create_table(
        "outcomes",
        sa.Column("chain", sa.String(16), nullable=False),
        sa.Column("seq", sa.BigInteger(), nullable=False, autoincrement=False),
        sa.Column("actual", sa.Double()),
        sa.Column("error", sa.Double()),
        sa.Column("random_walk_error", sa.Double()),
        sa.Column("place", sa.BigInteger(), nullable=False),
        sa.Column("hash", sa.String(64), nullable=False),
        sa.PrimaryKeyConstraint("chain", "seq"),
        sa.UniqueConstraint("chain", "place", name="one_outcome"),
    )
    connection = op.get_bind()
    named = sa.text("SELECT chain FROM chains UNION SELECT chain FROM unchained_outcomes")
    for chain in connection.execute(named).scalars().all():
        _chain_outcomes(connection, chain, outcomes)
    op.drop_table("unchained_outcomes")
    for table, head in _SETTLED:
        with op.batch_alter_table(table) as batch:
            batch.alter_column("settled", server_default=None)
            batch.alter_column(head, server_default=None)


def downgrade() -> None:
    with op.batch_alter_table("outcomes") as batch:
        batch.drop_constraint("one_outcome", type_="unique")
        batch.drop_column("place")
        batch.drop_column("hash")
    for table, head in _SETTLED:
        with op.batch_alter_table(table) as batch:
            batch.drop_column("settled")
            batch.drop_column(head)


def _keep_the_newest_checkpoints() -> None:
    """From here on there is one per chain, and nothing before it."""
    newest = "SELECT MAX(c.seq) FROM checkpoints c WHERE c.chain"
    op.execute(f"DELETE FROM checkpoints WHERE seq < ({newest} = checkpoints.chain)")
    for table in ("outcomes", "forecasts"):
        op.execute(f"DELETE FROM {table} WHERE seq <= ({newest} = {table}.chain)")


def _chain_outcomes(connection: sa.Connection, chain: str, outcomes: sa.Table) -> None:
    settled, head = 0, _GENESIS
    for page in _pages(connection, chain):
        for row in page:
            settled, head = settled + 1, _digest([head, settled + 1, *row.values()])
            row |= {"place": settled, "hash": head}
        connection.execute(outcomes.insert(), page)
    connection.execute(
        sa.text("UPDATE chains SET settled = :settled, settled_head = :head WHERE chain = :chain"),
        {"settled": settled, "head": head, "chain": chain},
    )


def _pages(connection: sa.Connection, chain: str) -> Iterator[list[dict[str, Any]]]:
    query = sa.text(
        "SELECT chain, seq, actual, error, random_walk_error FROM unchained_outcomes "
        "WHERE chain = :chain AND seq > :seq ORDER BY seq LIMIT :count"
    )
    seq = -(2**62)
    while True:
        wanted = {"chain": chain, "seq": seq, "count": _AT_ONCE}
        page = [dict(row) for row in connection.execute(query, wanted).mappings()]
        if not page:
            return
        seq = page[-1]["seq"]
        yield page


def _digest(content: list[object]) -> str:
    """As `core.ledger.entry.outcome_hash` was when this was written.

    An infinity or bytes, which nobody of ours wrote, get a hash that no check will find right.
    """
    text = json.dumps(content, separators=(",", ":"), default=repr)
    return hashlib.sha256(text.encode()).hexdigest()
