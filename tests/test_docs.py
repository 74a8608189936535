"""The documentation is true: settings, parameters, commands and links exist as written."""

from __future__ import annotations

import argparse
import re
from pathlib import Path

import pytest

import main
from core.domain import PARAMETER_RANGES
from core.settings import SETTINGS

ROOT = Path(__file__).resolve().parents[1]
OPERATIONS = ROOT / "docs" / "operations.md"
DOCUMENTS = sorted(
    [*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md"), ROOT / "artifacts" / "README.md"]
)
# Read by make and by scripts/browser.sh; they are no settings of the app.
MAKE_VARIABLES = {"PYTHON", "ARGS", "CHROMIUM"}


def section(document: Path, heading: str) -> str:
    """Return the text below a second-level heading, up to the next one."""
    parts = re.split(r"^## ", document.read_text(encoding="utf-8"), flags=re.M)
    found = [part for part in parts if part.splitlines()[0] == heading]
    assert len(found) == 1, f"{document.name} needs exactly one section '{heading}'"
    return found[0]


def table(text: str) -> dict[str, list[str]]:
    """Return the rows of the first table, by the name in backticks that starts each."""
    rows = [
        [cell.strip() for cell in line.strip("| ").split(" | ")]
        for line in text.splitlines()
        if line.startswith("| `")
    ]
    return {row[0].strip("`"): row[1:] for row in rows}


def test_every_setting_is_documented_with_its_default() -> None:
    documented = {name: row[0] for name, row in table(section(OPERATIONS, "Settings")).items()}
    assert documented == {s.name: f"`{s.default}`" for s in SETTINGS}


def test_every_setting_says_what_is_allowed_and_what_it_does() -> None:
    for name, row in table(section(OPERATIONS, "Settings")).items():
        assert len(row) == 3, name
        assert all(len(cell) > 2 for cell in row[1:]), name


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: str(path.relative_to(ROOT)))
def test_every_assignment_shown_is_of_a_known_setting(document: Path) -> None:
    known = {s.name for s in SETTINGS} | MAKE_VARIABLES
    shown = re.findall(r"\b([A-Z][A-Z_]{2,})=", document.read_text(encoding="utf-8"))
    assert set(shown) <= known


def test_every_parameter_is_documented_with_its_range() -> None:
    documented = table(section(OPERATIONS, "Parameters of a forecast"))
    assert set(documented) == {"ticker", *PARAMETER_RANGES}
    for name, bounds in PARAMETER_RANGES.items():
        default, allowed, *_ = documented[name]
        assert default == ("unset" if bounds.default is None else f"{bounds.default:,}"), name
        assert f"{bounds.low:,} to {bounds.high:,} {bounds.unit}" in allowed, name


def test_every_option_of_an_evaluation_is_documented() -> None:
    options = argparse.ArgumentParser()
    main.add_evaluate_options(options)
    names = {name for action in options._actions for name in action.option_strings}
    rows = [line for line in section(OPERATIONS, "The evaluation").splitlines() if "--" in line]
    documented = {name for row in rows for name in re.findall(r"`(--[a-z-]+)`", row)}
    assert documented == names - {"-h", "--help"}


def make_targets() -> set[str]:
    return set(
        re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text(encoding="utf-8"), flags=re.M)
    )


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: str(path.relative_to(ROOT)))
def test_every_make_command_exists(document: Path) -> None:
    named = set(re.findall(r"(?:`|^)make ([a-z]+)", document.read_text(encoding="utf-8"), re.M))
    assert named <= make_targets()


def test_the_readme_shows_how_to_start() -> None:
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    assert {"install", "run"} <= set(re.findall(r"^make ([a-z]+)", text, flags=re.M))


def anchors(document: Path) -> set[str]:
    """Return the anchors of a document's headings, made as GitHub makes them."""
    headings = re.findall(r"^#+ (.+)$", document.read_text(encoding="utf-8"), flags=re.M)
    return {re.sub(r"[^\w\- ]", "", h.lower()).strip().replace(" ", "-") for h in headings}


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: str(path.relative_to(ROOT)))
def test_every_relative_link_resolves(document: Path) -> None:
    for link in re.findall(r"\]\(([^)\s]+)\)", document.read_text(encoding="utf-8")):
        if re.match(r"[a-z]+:", link):
            continue
        target, _, anchor = link.partition("#")
        path = (document.parent / target).resolve() if target else document
        assert path.exists(), f"{document.name}: {link}"
        if anchor:
            assert anchor in anchors(path), f"{document.name}: {link}"


def test_the_readme_shows_the_app() -> None:
    assert "](docs/live-dark.png)" in (ROOT / "README.md").read_text(encoding="utf-8")
