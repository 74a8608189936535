"""A stored model is checked before it is opened; what does not fit is refused."""

from __future__ import annotations

import hashlib
import json
from dataclasses import replace
from pathlib import Path

import joblib
import pandas as pd
import pytest

from core.domain import ForecastSpec
from core.errors import ModelDamaged, ModelForeign
from core.models import registry
from core.models.trained import TrainedModel
from tests.core.models.conftest import SPEC


@pytest.fixture(name="stored")
def _stored(tmp_path: Path, model: TrainedModel) -> Path:
    return registry.save(tmp_path, model, SPEC, "live")


def test_a_stored_model_forecasts_as_before(
    stored: Path, model: TrainedModel, bouncing: pd.DataFrame
) -> None:
    loaded = registry.load(stored.parent, SPEC, model.horizon, "live")
    assert loaded is not None
    assert loaded.forecast(bouncing) == model.forecast(bouncing)
    assert loaded.card(loaded.tail(bouncing)[0]) == model.card(model.tail(bouncing)[0])


def test_files_are_named_by_ticker_and_horizon(tmp_path: Path, model: TrainedModel) -> None:
    spec = ForecastSpec()
    registry.save(tmp_path, replace(model, spec=spec), spec, "live")
    word = {"minute": "minute", "long": "hour"}[model.horizon]
    names = sorted(path.name for path in tmp_path.iterdir())
    assert names == [f"BTC-USD_{word}.joblib", f"BTC-USD_{word}.json"]


def test_specs_with_other_parameters_have_their_own_file(stored: Path) -> None:
    assert stored.name.startswith(f"{SPEC.key}_")
    assert SPEC.key != "BTC-USD"


def test_nothing_stored_is_none(tmp_path: Path, model: TrainedModel) -> None:
    assert registry.load(tmp_path, SPEC, model.horizon, "live") is None


def test_the_metadata_tells_what_was_stored(stored: Path, model: TrainedModel) -> None:
    metadata = json.loads(stored.with_suffix(".json").read_text())
    assert metadata["sha256"] == hashlib.sha256(stored.read_bytes()).hexdigest()
    assert metadata["spec"] == SPEC.to_text()
    assert metadata["market"] == "live"
    assert metadata["model_id"] == model.model_id
    assert metadata["rows"] == model.rows


def test_saving_again_replaces_and_leaves_nothing_behind(stored: Path, model: TrainedModel) -> None:
    registry.save(stored.parent, replace(model, shrinkage=0.25), SPEC, "live")
    loaded = registry.load(stored.parent, SPEC, model.horizon, "live")
    assert loaded is not None
    assert loaded.shrinkage == 0.25
    assert len(list(stored.parent.iterdir())) == 2


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
    directory = stored.parent
    with pytest.raises(ModelDamaged):
        registry.load(directory, SPEC, model.horizon, "live")
    registry.set_aside(directory, SPEC, model.horizon)
    assert registry.load(directory, SPEC, model.horizon, "live") is None
    assert all(".damaged-1" in path.name for path in directory.iterdir())


def test_what_is_set_aside_is_kept_each_time(stored: Path, model: TrainedModel) -> None:
    directory = stored.parent
    for _ in range(2):
        registry.save(directory, model, SPEC, "live")
        registry.set_aside(directory, SPEC, model.horizon)
    names = {path.name for path in directory.iterdir()}
    assert names == {
        f"{name}.damaged-{n}"
        for name in (stored.name, stored.with_suffix(".json").name)
        for n in (1, 2)
    }
    assert registry.set_aside(directory, SPEC, model.horizon) is None


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
        registry.load(stored.parent, SPEC, model.horizon, "live")


def test_a_model_of_the_other_market_is_refused(stored: Path, model: TrainedModel) -> None:
    with pytest.raises(ModelForeign, match="market"):
        registry.load(stored.parent, SPEC, model.horizon, "simulated")


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
        registry.load(stored.parent, SPEC, model.horizon, "live")
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
        registry.load(stored.parent, SPEC, model.horizon, "live")


class _Renamed:
    """Stands for a class that the code no longer has under this name."""


def test_a_model_of_classes_since_renamed_is_refused(
    stored: Path, model: TrainedModel, monkeypatch: pytest.MonkeyPatch
) -> None:
    _exchange(stored, _Renamed())
    monkeypatch.delattr("tests.core.models.test_registry._Renamed")
    with pytest.raises(ModelForeign, match="another version of this code"):
        registry.load(stored.parent, SPEC, model.horizon, "live")
