"""Whether the ledger outlives a restart of the machine, as far as that can be told."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Final

EPHEMERAL: Final = "history is not durable here; set DATABASE_URL"

# What a host puts into the environment of every process, and how it is called. Heroku's disk ends
# with the dyno, at least once a day; Cloud Run's is memory, and a bucket or share mounted there is
# no place for SQLite; Render's ends with each deploy where no disk is mounted.
_HOSTS: Final[Mapping[str, str]] = {
    "DYNO": "Heroku",
    "RENDER": "Render",
    "K_SERVICE": "Cloud Run",
}
# Elsewhere another file system is no sign of a disk that lasts: it may be a layer, or memory.
_MOUNTS_DISKS: Final = ("RENDER",)


def durability_warning(url: str, environ: Mapping[str, str], root: Path = Path("/")) -> str:
    """Return a sentence where the ledger is a file that a restart takes away, else nothing.

    Parameters
    ----------
    url : str
        See `core.ledger.database.database_url`.
    environ : mapping
        The environment: hosts name themselves there.
    root : Path
        The machine's own disk. On Render a file on another one is on a mounted disk, which lasts.
    """
    host = next((key for key in _HOSTS if environ.get(key)), None)
    if host is None or not url.startswith("sqlite:///"):
        return ""
    directory = _existing(Path(url.removeprefix("sqlite:///")).parent)
    if host in _MOUNTS_DISKS and directory.stat().st_dev != root.stat().st_dev:
        return ""
    return f"The ledger is a file on {_HOSTS[host]}'s own disk: {EPHEMERAL}."


def _existing(directory: Path) -> Path:
    return next(one for one in (directory, *directory.parents) if one.exists())
