"""What Alembic runs; the connection is given by `core.ledger.database.migrate`."""

from alembic import context

from core.ledger.schema import METADATA

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=METADATA,
    render_as_batch=True,
)
with context.begin_transaction():
    context.run_migrations()
