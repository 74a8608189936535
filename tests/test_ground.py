"""What the project stands on: pins, deployment files, and nothing of the machine it was made on."""

from __future__ import annotations

import ast
import json
import os
import re
import shutil
import subprocess
import tomllib
from pathlib import Path

import pytest
import yaml

from core.settings import SETTINGS, Settings

ROOT = Path(__file__).resolve().parents[1]
SERVER = "gunicorn --config gunicorn.conf.py 'app:create_server()'"

# Written with brackets so that this file does not match itself.
MACHINE_PATHS = r"(^|[^A-Za-z0-9._~-])/([h]ome|[r]oot|[w]ork|[U]sers)/[A-Za-z0-9._-]"
REGISTRIES = (
    r"[-]-(extra-)?index-url|[-]-find-links|[p]ypi\.|[p]ythonhosted|https?://[^ ]*/[s]imple"
)
SECRETS = r"[B]EGIN [A-Z ]*PRIVATE KEY|[g]hp_[A-Za-z0-9]{20}|[A]KIA[A-Z0-9]{16}"


def tracked_lines(pattern: str) -> list[str]:
    """Return `file:line:text` of tracked lines that match, as `git grep` finds them."""
    if shutil.which("git") is None or not (ROOT / ".git").exists():
        pytest.skip("This is no git checkout: there is no list of tracked files to search.")
    found = subprocess.run(
        ["git", "grep", "-nIE", "-e", pattern], cwd=ROOT, capture_output=True, text=True
    )
    assert found.returncode in (0, 1), found.stderr
    return found.stdout.splitlines()


@pytest.mark.parametrize(
    "pattern", [MACHINE_PATHS, REGISTRIES, SECRETS], ids=["paths", "registries", "secrets"]
)
def test_no_trace_of_a_machine(pattern: str) -> None:
    assert tracked_lines(pattern) == []


def test_the_search_finds_what_it_looks_for() -> None:
    samples = ["open('/ho" + "me/ann/x')", "PATH=/ro" + "ot/bin", "/wo" + "rk/main"]
    assert all(re.search(MACHINE_PATHS, text) for text in samples)
    assert not re.search(MACHINE_PATHS, "docs/wo" + "rk/notes.md and https://a.b/ho" + "me/x")
    assert re.search(REGISTRIES, "pip install --ind" + "ex-url=http://x")


def pins(name: str) -> dict[str, str]:
    """Return the pinned version of each package of a requirements file, by its plain name."""
    lines = [
        line.split("#")[0].strip()
        for line in (ROOT / name).read_text(encoding="utf-8").splitlines()
        if line.split("#")[0].strip() and not line.startswith("-r ")
    ]
    for line in lines:
        assert re.fullmatch(r"[A-Za-z0-9._-]+==[0-9][A-Za-z0-9.+]*", line), f"{name}: {line}"
    return {plain(n): v for n, v in (line.split("==") for line in lines)}


def plain(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def test_requirements_are_pinned_and_complete() -> None:
    run_time = pins("requirements.txt")
    everything = run_time | pins("requirements-dev.txt")
    for source, pinned in (
        ("requirements.in", run_time),
        ("requirements-dev.in", everything),
    ):
        wanted = (ROOT / source).read_text(encoding="utf-8").split()
        assert {plain(name) for name in wanted} <= set(pinned)


def test_python_version_is_one_that_the_project_allows() -> None:
    wanted = (ROOT / ".python-version").read_text(encoding="utf-8").strip()
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    lowest = re.fullmatch(r">=(\d+)\.(\d+)", project["requires-python"])
    assert lowest is not None
    assert tuple(map(int, wanted.split("."))) >= tuple(map(int, lowest.groups()))


def test_procfile_names_what_exists() -> None:
    lines = (ROOT / "Procfile").read_text(encoding="utf-8").splitlines()
    processes = dict(line.split(": ", 1) for line in lines)
    assert processes == {"web": SERVER, "worker": "python main.py engine"}
    assert "create_server" in functions_of("app.py")
    assert (ROOT / "gunicorn.conf.py").is_file()
    assert (ROOT / "main.py").is_file()


def functions_of(name: str) -> set[str]:
    tree = ast.parse((ROOT / name).read_text(encoding="utf-8"))
    return {node.name for node in tree.body if isinstance(node, ast.FunctionDef)}


def assert_known_settings(values: dict[str, str]) -> None:
    """Every name is a setting, and the values are accepted together."""
    assert set(values) <= {setting.name for setting in SETTINGS}
    Settings.from_env(values)


def test_render_blueprint() -> None:
    blueprint = yaml.safe_load((ROOT / "render.yaml").read_text(encoding="utf-8"))
    (service,) = blueprint["services"]
    assert service["type"] == "web"
    assert service["startCommand"] == SERVER
    assert service["buildCommand"] == "pip install -r requirements.txt"
    values = {item["key"]: item["value"] for item in service["envVars"]}
    assert_known_settings(values)
    assert Path(values["ARTIFACT_DIR"]).is_relative_to(service["disk"]["mountPath"])


def test_the_health_check_is_a_route(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("ARTIFACT_DIR", str(tmp_path))
    blueprint = yaml.safe_load((ROOT / "render.yaml").read_text(encoding="utf-8"))
    from app import create_server

    routes = {rule.rule for rule in create_server().url_map.iter_rules()}
    assert blueprint["services"][0]["healthCheckPath"] in routes


def test_heroku_manifest() -> None:
    manifest = json.loads((ROOT / "app.json").read_text(encoding="utf-8"))
    assert_known_settings({name: item["value"] for name, item in manifest["env"].items()})
    assert set(manifest["formation"]) <= {"web", "worker"}


def test_scripts_run_and_parse() -> None:
    for script in (ROOT / ".ci" / "run", *sorted((ROOT / "scripts").glob("*.sh"))):
        assert os.access(script, os.X_OK), f"{script.name} is not executable"
        subprocess.run(["bash", "-n", str(script)], check=True)


def test_ci_runs_the_tests() -> None:
    assert "make test" in (ROOT / ".ci" / "run").read_text(encoding="utf-8")
