"""Opening the database: SQLite by default, PostgreSQL by `DATABASE_URL`."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, Literal

import sqlalchemy as sa
from sqlalchemy import event

from core.errors import LedgerUnavailable

if TYPE_CHECKING:
    from alembic.config import Config

_MIGRATIONS: Final = Path(__file__).parent / "migrations"
_BUSY_MS: Final = 5_000
# A database that does not answer must not keep prices and ticks waiting; one statement of a
# migration may take a while.
_PATIENCE: Final = {
    "connect_timeout": 3,
    "options": "-c lock_timeout=5000 -c statement_timeout=60000",
    "keepalives_idle": 5,
    "keepalives_interval": 5,
    "keepalives_count": 2,
    "tcp_user_timeout": 15_000,
}
_DRIVER: Final = "postgresql+psycopg://"
_NONE_YET: Final = "There is no ledger yet: no engine has published a forecast here."
_ANOTHER_VERSION: Final = (
    "The ledger is of another version of Market Pulse; an engine of this version brings an older "
    "one up to date when it starts."
)

log = logging.getLogger(__name__)


def database_url(text: str, artifact_dir: Path) -> str:
    """Return the address for SQLAlchemy; Heroku's spelling ``postgres://`` is accepted."""
    if not text:
        return f"sqlite:///{artifact_dir / 'ledger.db'}"
    for scheme in ("postgres://", "postgresql://"):
        if text.startswith(scheme):
            return _DRIVER + text.removeprefix(scheme)
    return text


def open_database(url: str) -> sa.Engine:
    """Return an engine; call it after a fork, never before.

    SQLite is written ahead (WAL), so that readers never wait for the writer, and each commit
    is on disk before it returns.
    """
    if url.startswith("sqlite"):
        engine = sa.create_engine(url)
    else:
        engine = sa.create_engine(url, pool_pre_ping=True, connect_args=_PATIENCE)
    if engine.dialect.name == "sqlite":
        event.listen(engine, "connect", _set_up_sqlite)
        event.listen(engine, "begin", _begin_at_once)
    return engine


def require(url: str) -> None:
    """Refuse to open a file that is not there: SQLite would make an empty one.

    Raises
    ------
    LedgerUnavailable
    """
    file = sa.make_url(url).database
    if url.startswith("sqlite") and not Path(file or "").exists():
        raise LedgerUnavailable(_NONE_YET)


def require_newest(engine: sa.Engine) -> None:
    """Refuse to read tables of another version; they are left as they are.

    Raises
    ------
    LedgerUnavailable
    """
    from alembic.migration import MigrationContext
    from alembic.script import ScriptDirectory

    with told("read"), reading(engine) as connection:
        found = MigrationContext.configure(connection).get_current_revision()
    if found is None:
        raise LedgerUnavailable(_NONE_YET)
    if found != ScriptDirectory.from_config(_alembic()).get_current_head():
        raise LedgerUnavailable(_ANOTHER_VERSION)


def migrate(engine: sa.Engine) -> None:
    """Bring the tables to the newest version.

    Raises
    ------
    LedgerUnavailable
    """
    from alembic import command
    from alembic.util import CommandError

    config = _alembic()
    with told(), engine.begin() as connection:
        config.attributes["connection"] = connection
        try:
            command.upgrade(config, "head")
        except CommandError as error:  # it knows nothing of the version that is there
            raise LedgerUnavailable(_ANOTHER_VERSION) from error


def _alembic() -> Config:
    """Return what Alembic must know. Imported late: it would cost every web worker memory."""
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(_MIGRATIONS))
    return config


def reading(engine: sa.Engine) -> sa.Connection:
    """Return a connection that only reads, one state of all tables, and keeps no writer waiting."""
    options: dict[str, Any] = {"reads": True}
    if engine.dialect.name == "postgresql":
        options |= {"isolation_level": "REPEATABLE READ", "postgresql_readonly": True}
    return engine.execution_options(**options).connect()


@contextmanager
def reading_any(engine: sa.Engine) -> Iterator[sa.Connection]:
    """Yield a connection as `reading`, which also reads bytes that are no text, as another text.

    For those who recompute hashes and so find them; to all others such a row is an error. SQLite
    takes any bytes, PostgreSQL none.
    """
    with reading(engine) as connection:
        if engine.dialect.name != "sqlite":
            yield connection
            return
        driver: Any = connection.connection.driver_connection
        driver.text_factory = partial(str, encoding="utf-8", errors="replace")
        try:
            yield connection
        finally:
            driver.text_factory = str


@contextmanager
def told(what: Literal["read", "written"] = "written") -> Iterator[None]:
    """Turn whatever the database says into `LedgerUnavailable`, a sentence for a person."""
    try:
        yield
    except (sa.exc.SQLAlchemyError, OSError) as error:
        raise LedgerUnavailable(f"The ledger cannot be {what} ({_reason(error)}).") from error


def _reason(error: Exception) -> str:
    """Return what the database said, for everybody to read.

    A server that was not reached has no SQLSTATE; what is said of it then may name host, account
    and parts of a password.
    """
    original = getattr(error, "orig", None) or error
    if getattr(original, "sqlstate", "") is None:
        log.warning("The database was not reached: %s", type(original).__name__)
        return "the database does not answer, or not to this account"
    said = str(original).strip().splitlines()
    return said[0] if said else type(error).__name__


def _set_up_sqlite(connection: Any, _record: object) -> None:
    connection.isolation_level = None  # we say when a transaction begins
    for pragma in (f"busy_timeout={_BUSY_MS}", "journal_mode=WAL", "synchronous=FULL"):
        connection.execute(f"PRAGMA {pragma}")


def _begin_at_once(connection: sa.Connection) -> None:
    """Take the write lock at the beginning: what is read then stays true until the commit."""
    reads = connection.get_execution_options().get("reads", False)
    connection.exec_driver_sql("BEGIN" if reads else "BEGIN IMMEDIATE")
