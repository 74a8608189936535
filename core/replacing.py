"""Files that a person names to be written: whole, or as they were."""

from __future__ import annotations

import errno
import os
import stat
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final, TextIO

_EVERYBODY: Final = 0o666


@contextmanager
def replaced(path: Path) -> Iterator[TextIO]:
    """Yield a file beside `path` that takes its place at the end, and never in part.

    A link stays one, and a file keeps its mode. What is no file, as a pipe or a device, is
    written to.

    Raises
    ------
    OSError
        Naming `path`: it is a directory, its directory is missing, or one of them refuses.
    """
    if path.exists() and not path.is_file():
        with path.open("w", encoding="utf-8", newline="") as written_to:
            yield written_to
        return
    target = path.resolve()
    mode = _mode_of(path, target)
    temporary, out = _beside(path, target)
    try:
        with out:
            yield out
            out.flush()
            os.fsync(out.fileno())
        temporary.chmod(mode)
        temporary.replace(target)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise


def _mode_of(path: Path, target: Path) -> int:
    if not target.exists():
        mask = os.umask(0)
        os.umask(mask)
        return _EVERYBODY & ~mask
    if not os.access(target, os.W_OK):
        raise PermissionError(errno.EACCES, os.strerror(errno.EACCES), str(path))
    return stat.S_IMODE(target.stat().st_mode)


def _beside(path: Path, target: Path) -> tuple[Path, TextIO]:
    try:
        number, name = tempfile.mkstemp(dir=target.parent, prefix=f".{target.name}-")
    except OSError as error:
        raise OSError(error.errno, error.strerror, str(path)) from error
    return Path(name), os.fdopen(number, "w", encoding="utf-8", newline="")
