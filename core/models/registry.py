"""Trained models on disk: one file per horizon of a spec, and what must be true to load it.

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
import tempfile
from datetime import datetime
from pathlib import Path
from typing import Any, Final

import joblib
import numpy as np
import pandas as pd

from core.domain import HORIZONS, ForecastSpec, Horizon, Market
from core.errors import ModelDamaged, ModelForeign
from core.features import FEATURE_NAMES
from core.models.boosting import SKLEARN_VERSION
from core.models.trained import TrainedModel

FORMAT: Final = 1
"""Raised whenever `TrainedModel`, the features' meaning or the target changes."""

_FILE_NAME: Final[dict[Horizon, str]] = {"minute": "minute", "long": "hour"}
_COMPRESSION: Final = 3

# What unpickling intact bytes raises where a class was renamed or changed its shape.
_CANNOT_REBUILD: Final = (AttributeError, ImportError, TypeError, pickle.UnpicklingError)


def model_path(directory: Path, spec: ForecastSpec, horizon: Horizon) -> Path:
    """Return where the model of one horizon is kept, e.g. ``BTC-USD_minute.joblib``."""
    return directory / f"{spec.key}_{_FILE_NAME[horizon]}.joblib"


def save(directory: Path, model: TrainedModel, spec: ForecastSpec, market: Market) -> Path:
    """Store `model`, replacing the one before, and return its path.

    Both files are replaced whole. A crash between the two leaves a checksum that does not
    fit, which `load` tells as damage: the model is trained again.
    """
    directory.mkdir(parents=True, exist_ok=True)
    buffer = io.BytesIO()
    joblib.dump(model, buffer, compress=_COMPRESSION)
    content = buffer.getvalue()
    path = model_path(directory, spec, model.horizon)
    metadata = {
        **_identity(spec, model.horizon, market),
        "model_id": model.model_id,
        "trained_at": model.trained_at.isoformat(),
        "rows": model.rows,
        "train_start": _iso(model.train_start),
        "train_end": _iso(model.train_end),
        "shrinkage": model.shrinkage,
        "sha256": hashlib.sha256(content).hexdigest(),
    }
    _replace(path, content)
    _replace(_metadata_path(path), (json.dumps(metadata, indent=2) + "\n").encode())
    return path


def load(
    directory: Path, spec: ForecastSpec, horizon: Horizon, market: Market
) -> TrainedModel | None:
    """Return the stored model of one horizon; None where none was stored.

    Raises
    ------
    ModelDamaged
        A file is missing, unreadable, or its checksum differs: `set_aside` and retrain.
    ModelForeign
        Made by other versions or for other features, another spec or market: retrain.
    """
    path = model_path(directory, spec, horizon)
    described = _metadata_path(path)
    if not path.exists() and not described.exists():
        return None
    metadata = _read_metadata(described)
    content = _read(path)
    _check_identity(metadata, _identity(spec, horizon, market), path)
    if hashlib.sha256(content).hexdigest() != metadata.get("sha256"):
        raise ModelDamaged(f"{path.name} is not what was stored: its checksum differs.")
    return _unpickle(content, path)


def discard(directory: Path, spec: ForecastSpec) -> None:
    """Delete the stored models of `spec`; they can be trained again."""
    for horizon in HORIZONS:
        path = model_path(directory, spec, horizon)
        path.unlink(missing_ok=True)
        _metadata_path(path).unlink(missing_ok=True)


def set_aside(directory: Path, spec: ForecastSpec, horizon: Horizon) -> Path | None:
    """Rename a damaged model and its metadata to ``<name>.damaged-<n>``, for a look later.

    Returns
    -------
    Path or None
        The renamed model file; None where there was only metadata or nothing.
    """
    path = model_path(directory, spec, horizon)
    number = 1
    while _aside(path, number).exists() or _aside(_metadata_path(path), number).exists():
        number += 1
    kept = None
    if path.exists():
        kept = path.replace(_aside(path, number))
    if _metadata_path(path).exists():
        _metadata_path(path).replace(_aside(_metadata_path(path), number))
    return kept


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
        "features": list(FEATURE_NAMES),
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


def _replace(path: Path, content: bytes) -> None:
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


def _iso(time: datetime | None) -> str | None:
    return time.isoformat() if time else None
