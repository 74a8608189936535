"""A stored model is checked before it is opened; what does not fit is refused."""

from __future__ import annotations

import hashlib
import json
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import joblib
import pandas as pd
import pytest

from core.domain import ForecastSpec, Market
from core.errors import ModelDamaged, ModelForeign
from core.models import registry
from core.models.trained import TrainedModel
from tests.core.models.conftest import SPEC


@pytest.fixture(name="stored")
def _stored(tmp_path: Path, model: TrainedModel) -> Path:
    version = registry.save(tmp_path, model, SPEC, "live")
    return registry.model_path(registry.folder_of(tmp_path, SPEC, model.horizon), version)


def load(stored: Path, model: TrainedModel, market: Market = "live") -> TrainedModel:
    return registry.load(root_of(stored), SPEC, model.horizon, market, stored.stem)


def root_of(stored: Path) -> Path:
    """Return the directory below which versions are kept."""
    return stored.parents[3]


def test_a_stored_model_forecasts_as_before(
    stored: Path, model: TrainedModel, bouncing: pd.DataFrame
) -> None:
    loaded = load(stored, model)
    assert loaded.forecast(bouncing) == model.forecast(bouncing)
    assert loaded.card(loaded.tail(bouncing)[0]) == model.card(model.tail(bouncing)[0])


def test_versions_are_named_by_time_and_model(tmp_path: Path, model: TrainedModel) -> None:
    spec = ForecastSpec()
    version = registry.save(tmp_path, replace(model, spec=spec), spec, "live")
    assert version == f"20260601T000000Z-{model.model_id}"
    names = sorted(str(p.relative_to(tmp_path)) for p in tmp_path.rglob("*") if p.is_file())
    folder = f"models/BTC-USD/{model.horizon}"
    assert names == [f"{folder}/{version}.joblib", f"{folder}/{version}.json"]


def test_specs_with_other_parameters_have_their_own_folder(stored: Path) -> None:
    assert stored.parents[1].name == SPEC.key
    assert SPEC.key != "BTC-USD"


def test_a_version_that_was_never_stored_is_told(tmp_path: Path, model: TrainedModel) -> None:
    with pytest.raises(ModelDamaged, match="cannot be read"):
        registry.load(tmp_path, SPEC, model.horizon, "live", registry.version_of(model))


def test_the_metadata_tells_what_was_stored(stored: Path, model: TrainedModel) -> None:
    metadata = registry.describe(root_of(stored), SPEC, model.horizon, stored.stem)
    assert metadata["sha256"] == hashlib.sha256(stored.read_bytes()).hexdigest()
    assert metadata["spec"] == SPEC.to_text()
    assert metadata["market"] == "live"
    assert metadata["model_id"] == model.model_id
    assert metadata["rows"] == model.rows


def test_a_later_version_stands_beside_the_earlier(stored: Path, model: TrainedModel) -> None:
    later = replace(model, trained_at=model.trained_at + timedelta(days=1), rows=7)
    version = registry.save(root_of(stored), later, SPEC, "live")
    assert registry.versions(root_of(stored), SPEC, model.horizon) == [version, stored.stem]
    assert registry.load(root_of(stored), SPEC, model.horizon, "live", version).rows == 7
    assert load(stored, model).rows == model.rows
    assert len(list(stored.parent.iterdir())) == 4


def test_files_of_the_layout_without_versions_are_replaced(
    tmp_path: Path, model: TrainedModel
) -> None:
    word = {"minute": "minute", "long": "hour"}[model.horizon]
    flat = [tmp_path / f"{SPEC.key}_{word}.{end}" for end in ("joblib", "json")]
    for path in flat:
        path.write_text("old")
    assert registry.has_flat_files(tmp_path, SPEC, model.horizon)
    assert registry.versions(tmp_path, SPEC, model.horizon) == []
    registry.save(tmp_path, model, SPEC, "live")
    assert not any(path.exists() for path in flat)


def test_nothing_of_a_dropped_spec_is_left(stored: Path, model: TrainedModel) -> None:
    (root_of(stored) / f"{SPEC.key}_minute.joblib").write_text("old")
    other = registry.save(root_of(stored), model, ForecastSpec("ETH-USD"), "live")
    registry.discard(root_of(stored), SPEC)
    assert not stored.parents[1].exists()
    assert [p.name for p in root_of(stored).rglob("*.joblib")] == [f"{other}.joblib"]


@pytest.mark.parametrize("name", ["../../etc", "", "20260601T000000Z-", "x", None, 3])
def test_a_versions_name_is_never_a_path(name: object) -> None:
    assert not registry.is_version(name)


def _damage(stored: Path, how: str) -> None:
    content, described = stored.read_bytes(), stored.with_suffix(".json")
    match how:
        case "a flipped bit":
            stored.write_bytes(content[:500] + bytes([content[500] ^ 1]) + content[501:])
        case "a torn end":
            stored.write_bytes(content[:-100])
        case "an empty file":
            stored.write_bytes(b"")
        case "no model":
            stored.unlink()
        case "no metadata":
            described.unlink()
        case "torn metadata":
            described.write_text(described.read_text()[:-40])
        case "metadata of another shape":
            described.write_text("[]")
        case "metadata that is not text":
            described.write_bytes(b"\xff\xfe\x00")


@pytest.mark.parametrize(
    "how",
    [
        "a flipped bit",
        "a torn end",
        "an empty file",
        "no model",
        "no metadata",
        "torn metadata",
        "metadata of another shape",
        "metadata that is not text",
    ],
)
def test_damage_is_told_and_can_be_set_aside(stored: Path, model: TrainedModel, how: str) -> None:
    _damage(stored, how)
    with pytest.raises(ModelDamaged):
        load(stored, model)
    registry.set_aside(root_of(stored), SPEC, model.horizon, stored.stem)
    assert registry.versions(root_of(stored), SPEC, model.horizon) == []
    assert all(".damaged-1" in path.name for path in stored.parent.iterdir())


def test_what_is_set_aside_is_kept_each_time(stored: Path, model: TrainedModel) -> None:
    directory = root_of(stored)
    for _ in range(2):
        registry.save(directory, model, SPEC, "live")
        registry.set_aside(directory, SPEC, model.horizon, stored.stem)
    names = {path.name for path in stored.parent.iterdir()}
    assert names == {
        f"{name}.damaged-{n}"
        for name in (stored.name, stored.with_suffix(".json").name)
        for n in (1, 2)
    }
    assert registry.set_aside(directory, SPEC, model.horizon, stored.stem) is None


@pytest.mark.parametrize(
    "name",
    [
        "format",
        "python",
        "scikit_learn",
        "numpy",
        "pandas",
        "features",
        "spec",
        "horizon",
        "market",
    ],
)
def test_a_foreign_model_is_refused(stored: Path, model: TrainedModel, name: str) -> None:
    described = stored.with_suffix(".json")
    metadata = json.loads(described.read_text())
    described.write_text(json.dumps({**metadata, name: "another"}))
    with pytest.raises(ModelForeign, match=name.replace("_", "-")):
        load(stored, model)


def test_a_model_of_the_other_market_is_refused(stored: Path, model: TrainedModel) -> None:
    with pytest.raises(ModelForeign, match="market"):
        load(stored, model, "simulated")


class _Bomb:
    """A pickle that creates a file when it is opened."""

    def __init__(self, target: Path) -> None:
        self.target = target

    def __reduce__(self) -> tuple[object, tuple[str, str]]:
        return open, (str(self.target), "w")


def test_an_exchanged_file_is_never_opened(stored: Path, model: TrainedModel) -> None:
    opened = stored.parent / "opened"
    joblib.dump(_Bomb(opened), stored)
    with pytest.raises(ModelDamaged, match="checksum"):
        load(stored, model)
    assert not opened.exists()


def _exchange(stored: Path, content: object) -> None:
    """Store `content` with a checksum that fits."""
    joblib.dump(content, stored)
    described = stored.with_suffix(".json")
    metadata = json.loads(described.read_text())
    metadata["sha256"] = hashlib.sha256(stored.read_bytes()).hexdigest()
    described.write_text(json.dumps(metadata))


def test_a_file_that_holds_something_else_is_refused(stored: Path, model: TrainedModel) -> None:
    _exchange(stored, {"not": "a model"})
    with pytest.raises(ModelDamaged, match="no model"):
        load(stored, model)


class _Renamed:
    """Stands for a class that the code no longer has under this name."""


def test_a_model_of_classes_since_renamed_is_refused(
    stored: Path, model: TrainedModel, monkeypatch: pytest.MonkeyPatch
) -> None:
    _exchange(stored, _Renamed())
    monkeypatch.delattr("tests.core.models.test_registry._Renamed")
    with pytest.raises(ModelForeign, match="another version of this code"):
        load(stored, model)
