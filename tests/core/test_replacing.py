"""A file that a person names is written whole, or is what it was."""

from __future__ import annotations

import os
import stat
import threading
from pathlib import Path

import pytest

from core.replacing import replaced


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def test_a_new_file_is_readable_as_the_umask_says(tmp_path: Path) -> None:
    before = os.umask(0o027)
    try:
        with replaced(tmp_path / "out.csv") as out:
            out.write("new")
    finally:
        os.umask(before)
    assert (tmp_path / "out.csv").read_text() == "new"
    assert mode(tmp_path / "out.csv") == 0o640


def test_an_error_leaves_what_was_there_and_nothing_beside_it(tmp_path: Path) -> None:
    (tmp_path / "out.csv").write_text("old")
    with pytest.raises(ZeroDivisionError), replaced(tmp_path / "out.csv") as out:
        out.write(str(1 // 0))
    assert [(path.name, path.read_text()) for path in tmp_path.iterdir()] == [("out.csv", "old")]


def test_a_link_stays_one_and_a_file_keeps_its_mode(tmp_path: Path) -> None:
    (tmp_path / "kept").write_text("old")
    (tmp_path / "kept").chmod(0o604)
    (tmp_path / "link").symlink_to(tmp_path / "kept")
    with replaced(tmp_path / "link") as out:
        out.write("new")
    assert (tmp_path / "link").is_symlink()
    assert ((tmp_path / "kept").read_text(), mode(tmp_path / "kept")) == ("new", 0o604)


def test_a_pipe_is_written_to(tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    read: list[str] = []
    reader = threading.Thread(target=lambda: read.append(pipe.read_text()))
    reader.start()
    with replaced(pipe) as out:
        out.write("through")
    reader.join(10)
    assert read == ["through"]
    assert pipe.is_fifo()


def test_an_open_pipe_is_written_to_by_its_number() -> None:
    """As /dev/stdout is one, whose target is no path."""
    reader, writer = os.pipe()
    with replaced(Path(f"/dev/fd/{writer}")) as out:
        out.write("through")
    os.close(writer)
    with os.fdopen(reader) as read:
        assert read.read() == "through"


@pytest.mark.parametrize("name", ["missing/out.csv", "."])
def test_what_cannot_be_written_is_named_as_it_was_given(tmp_path: Path, name: str) -> None:
    given = tmp_path / name
    with pytest.raises(OSError, match="directory") as refused, replaced(given):
        pytest.fail("there is nothing to write to")
    assert refused.value.filename == str(given)
