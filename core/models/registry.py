"""Trained models on disk, version by version, and what must be true to load one.

A stored model is a pickle: reading one runs what it says. So its neighbour, a small JSON
file, is read first, and the pickle is opened only where versions, features, spec, market
and the checksum of its bytes all fit.
"""

from __future__ import annotations

import hashlib
import io
import json
import os
import pickle
import platform
import re
import shutil
import tempfile
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

import joblib
import numpy as np
import pandas as pd

from core.domain import HORIZONS, ForecastSpec, Horizon, Market
from core.errors import ModelDamaged, ModelForeign
from core.models.boosting import SKLEARN_VERSION
from core.models.experts import COLUMNS
from core.models.trained import TrainedModel

FORMAT: Final = 3
"""Raised whenever `TrainedModel`, the features' meaning or the target changes."""

_FLAT_NAME: Final[dict[Horizon, str]] = {"minute": "minute", "long": "hour"}
_VERSION: Final = re.compile(r"\d{8}T\d{6}Z-[0-9A-Za-z-]{1,40}")
_COMPRESSION: Final = 3

# What unpickling intact bytes raises where a class was renamed or changed its shape.
_CANNOT_REBUILD: Final = (AttributeError, ImportError, TypeError, pickle.UnpicklingError)


def folder_of(directory: Path, spec: ForecastSpec, horizon: Horizon) -> Path:
    """Return where the versions of one horizon are kept, e.g. ``models/BTC-USD/minute``."""
    return directory / "models" / spec.key / horizon


def model_path(folder: Path, version: str) -> Path:
    """Return the file of one version; its neighbour of the same name ends with ``.json``."""
    return folder / f"{version}.joblib"


def version_of(model: TrainedModel) -> str:
    """Return a version's name: when it was trained and its id, so that names sort by age."""
    return f"{model.trained_at.astimezone(UTC):%Y%m%dT%H%M%SZ}-{model.model_id}"


def is_version(text: object) -> bool:
    """Tell whether `text` can be a version's name: never a path."""
    return isinstance(text, str) and _VERSION.fullmatch(text) is not None


def save(directory: Path, model: TrainedModel, spec: ForecastSpec, market: Market) -> str:
    """Store `model` as a version of its own and return the version's name.

    Both files are replaced whole. A crash between the two leaves a checksum that does not
    fit or a file alone, which `load` tells as damage. Files of the layout without versions
    are deleted: they cannot be read any more.
    """
    folder = folder_of(directory, spec, model.horizon)
    folder.mkdir(parents=True, exist_ok=True)
    buffer = io.BytesIO()
    joblib.dump(model, buffer, compress=_COMPRESSION)
    content = buffer.getvalue()
    version = version_of(model)
    path = model_path(folder, version)
    metadata = {
        **_identity(spec, model.horizon, market),
        "model_id": model.model_id,
        "trained_at": model.trained_at.isoformat(),
        "rows": model.rows,
        "train_start": _iso(model.train_start),
        "train_end": _iso(model.train_end),
        "sha256": hashlib.sha256(content).hexdigest(),
    }
    replace_file(path, content)
    replace_file(_metadata_path(path), (json.dumps(metadata, indent=2) + "\n").encode())
    for old in _flat_files(directory, spec, model.horizon):
        old.unlink(missing_ok=True)
    return version


def load(
    directory: Path, spec: ForecastSpec, horizon: Horizon, market: Market, version: str
) -> TrainedModel:
    """Return one stored version.

    Raises
    ------
    ModelDamaged
        A file is missing, unreadable, or its checksum differs: `set_aside` and retrain.
    ModelForeign
        Made by other versions or for other features, another spec or market: retrain.
    """
    path = model_path(folder_of(directory, spec, horizon), version)
    metadata = _read_metadata(_metadata_path(path))
    content = _read(path)
    _check_identity(metadata, _identity(spec, horizon, market), path)
    if hashlib.sha256(content).hexdigest() != metadata.get("sha256"):
        raise ModelDamaged(f"{path.name} is not what was stored: its checksum differs.")
    return _unpickle(content, path)


def describe(directory: Path, spec: ForecastSpec, horizon: Horizon, version: str) -> dict[str, Any]:
    """Return what stands beside a stored version, without opening it.

    Raises
    ------
    ModelDamaged
        The file is missing or holds something else.
    """
    path = model_path(folder_of(directory, spec, horizon), version)
    return _read_metadata(_metadata_path(path))


def versions(directory: Path, spec: ForecastSpec, horizon: Horizon) -> list[str]:
    """Return the names of what is stored, the newest training first."""
    found = (path.stem for path in folder_of(directory, spec, horizon).glob("*.joblib"))
    return sorted(filter(is_version, found), reverse=True)


def delete(directory: Path, spec: ForecastSpec, horizon: Horizon, version: str) -> None:
    """Delete one version."""
    path = model_path(folder_of(directory, spec, horizon), version)
    path.unlink(missing_ok=True)
    _metadata_path(path).unlink(missing_ok=True)


def has_flat_files(directory: Path, spec: ForecastSpec, horizon: Horizon) -> bool:
    """Tell whether a model of the layout without versions lies there."""
    return any(path.exists() for path in _flat_files(directory, spec, horizon))


def discard(directory: Path, spec: ForecastSpec) -> None:
    """Delete all that is stored of `spec`; models can be trained again."""
    for horizon in HORIZONS:
        for path in _flat_files(directory, spec, horizon):
            path.unlink(missing_ok=True)
    shutil.rmtree(directory / "models" / spec.key, ignore_errors=True)


def set_aside(directory: Path, spec: ForecastSpec, horizon: Horizon, version: str) -> Path | None:
    """Rename a damaged model and its metadata to ``<name>.damaged-<n>``, for a look later.

    Returns
    -------
    Path or None
        The renamed model file; None where there was only metadata or nothing.
    """
    path = model_path(folder_of(directory, spec, horizon), version)
    number = 1
    while _aside(path, number).exists() or _aside(_metadata_path(path), number).exists():
        number += 1
    kept = None
    if path.exists():
        kept = path.replace(_aside(path, number))
    if _metadata_path(path).exists():
        _metadata_path(path).replace(_aside(_metadata_path(path), number))
    return kept


def replace_file(path: Path, content: bytes) -> None:
    """Write `content` beside `path`, to disk, then put it in its place in one step."""
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    temporary = Path(name)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(path)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise


def _flat_files(directory: Path, spec: ForecastSpec, horizon: Horizon) -> tuple[Path, Path]:
    path = directory / f"{spec.key}_{_FLAT_NAME[horizon]}.joblib"
    return path, _metadata_path(path)


def _aside(path: Path, number: int) -> Path:
    return path.with_name(f"{path.name}.damaged-{number}")


def _metadata_path(path: Path) -> Path:
    return path.with_suffix(".json")


def _identity(spec: ForecastSpec, horizon: Horizon, market: Market) -> dict[str, Any]:
    """Return what a file must agree on before its pickle is opened."""
    return {
        "format": FORMAT,
        "python": platform.python_version(),
        "scikit_learn": SKLEARN_VERSION,
        "numpy": np.__version__,
        "pandas": pd.__version__,
        "features": list(COLUMNS),
        "spec": spec.to_text(),
        "horizon": horizon,
        "market": market,
    }


def _check_identity(metadata: dict[str, Any], expected: dict[str, Any], path: Path) -> None:
    for name, value in expected.items():
        if metadata.get(name) != value:
            raise ModelForeign(
                f"{path.name} was made for another {name.replace('_', '-')}: "
                f"{str(metadata.get(name))[:60]!r}, not {str(value)[:60]!r}."
            )


def _read_metadata(path: Path) -> dict[str, Any]:
    try:
        metadata = json.loads(_read(path))
    except ValueError:
        raise ModelDamaged(f"{path.name} is not JSON.") from None
    if not isinstance(metadata, dict):
        raise ModelDamaged(f"{path.name} does not describe a model.")
    return metadata


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise ModelDamaged(f"{path.name} cannot be read: {error.strerror}.") from error


def _unpickle(content: bytes, path: Path) -> TrainedModel:
    try:
        model = joblib.load(io.BytesIO(content))
    except _CANNOT_REBUILD as error:
        raise ModelForeign(f"{path.name} was made by another version of this code.") from error
    if not isinstance(model, TrainedModel):
        raise ModelDamaged(f"{path.name} holds no model.")
    return model


def _iso(time: datetime | None) -> str | None:
    return time.isoformat() if time else None
