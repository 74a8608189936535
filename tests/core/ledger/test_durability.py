"""A disk that forgets is said, where it can be known."""

from __future__ import annotations

from pathlib import Path

import pytest

from core.ledger.durability import durability_warning

FILE = "sqlite:////data/ledger.db"


@pytest.mark.parametrize(
    ("environ", "host"),
    [({"DYNO": "web.1"}, "Heroku"), ({"RENDER": "true"}, "Render"), ({"K_SERVICE": "x"}, "Cloud")],
)
def test_a_host_that_forgets_is_named(environ: dict[str, str], host: str) -> None:
    said = durability_warning(FILE, environ)
    assert host in said
    assert said.endswith("history is not durable here; set DATABASE_URL.")
    assert durability_warning("postgresql+psycopg://host/db", environ) == ""


def test_a_machine_of_ones_own_and_a_mounted_disk_are_trusted(tmp_path: Path) -> None:
    assert durability_warning(FILE, {}) == ""
    elsewhere = Path("/proc")  # another file system than any that holds files
    url = f"sqlite:///{tmp_path}/l.db"
    assert durability_warning(url, {"RENDER": "true"}, elsewhere) == ""
    assert "Heroku" in durability_warning(url, {"DYNO": "web.1"}, elsewhere)
