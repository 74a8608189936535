"""A PostgreSQL server of the tests' own: on a free port, in a directory that goes with it."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import sqlalchemy as sa

from core.ledger.database import database_url
from tests.waiting import wait_until

USER = "ledger"


def programs() -> Path | None:
    """Return where PostgreSQL's programs are: as named, on the path, or where Debian puts them."""
    found = shutil.which("postgres")
    known = [os.environ.get("POSTGRES_BIN"), str(Path(found).parent) if found else None]
    known += sorted(map(str, Path("/usr/lib/postgresql").glob("*/bin")), reverse=True)
    found_here = (Path(p) / "initdb" for p in known if p)
    # What is on the path may be links; the programs stand together.
    return next((p.resolve().parent for p in found_here if p.exists()), None)


@contextmanager
def server(binaries: Path) -> Iterator[str]:
    """Yield the address of a server's own database; the server refuses to run as root."""
    directory = Path(tempfile.mkdtemp(prefix="market-pulse-pg-"))
    user = "nobody" if os.geteuid() == 0 else None
    if user:
        shutil.chown(directory, user)
    data = directory / "data"
    made = ["--auth=trust", f"--username={USER}", "--encoding=UTF8", "--locale=C"]
    quiet = {"cwd": directory, "user": user, "stdout": subprocess.DEVNULL}
    subprocess.run([binaries / "initdb", "-D", data, *made], check=True, **quiet)
    port = _free_port()
    options = ["-p", str(port), "-k", directory, "-c", "listen_addresses=127.0.0.1"]
    process = subprocess.Popen(
        [binaries / "postgres", "-D", data, *options], stderr=subprocess.DEVNULL, **quiet
    )
    try:
        ready = [binaries / "pg_isready", "-q", "-h", "127.0.0.1", "-p", str(port)]
        wait_until(lambda: subprocess.run(ready, check=False).returncode == 0, 30, "PostgreSQL")
        yield f"postgres://{USER}@127.0.0.1:{port}/postgres"
    finally:
        # At once: the data go too. SIGINT would first write them all to a disk that may be busy.
        process.send_signal(signal.SIGQUIT)
        process.wait(60)
        shutil.rmtree(directory, ignore_errors=True)


def fresh_database(address: str, name: str) -> str:
    """Make an empty database on the server at `address`, and return its address."""
    maintenance = sa.create_engine(
        database_url(address, Path()), isolation_level="AUTOCOMMIT", poolclass=sa.NullPool
    )
    with maintenance.connect() as connection:
        connection.execute(sa.text(f"CREATE DATABASE {name}"))
    return address.removesuffix("postgres") + name


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
