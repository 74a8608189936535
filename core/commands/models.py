"""List stored models, make one champion, return to the one before: also while an engine runs.

The pointer is replaced in one step; a running engine looks at it every 15 s.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from core.clock import Clock
from core.domain import HORIZONS, Decision, ForecastSpec, Horizon, Market, standings
from core.errors import ModelError
from core.exchanges.live import LIVE_NAMES
from core.forecasting.store import SnapshotStore
from core.models import champion, registry
from core.models.decisions import append_decision, read_decisions
from core.models.expiry import is_expired, too_old
from core.settings import Settings

_SOURCES = (*LIVE_NAMES, "simulated")


@dataclass(frozen=True, slots=True)
class StoredModel:
    """One row of the list; errors in USD on what the model had not seen; None if not known."""

    horizon: Horizon
    version: str
    champion: bool
    model_id: str
    trained_at: datetime
    rows: int | None
    n: int | None
    mae: float | None
    random_walk_mae: float | None
    decision: str

    def to_json(self) -> dict[str, Any]:
        return {**asdict(self), "trained_at": self.trained_at.isoformat()}


class ModelShelf:
    """The stored models of one spec that came from one source of candles.

    Parameters
    ----------
    spec : ForecastSpec
    settings : Settings
    clock : Clock
    source : str, optional
        The exchange, or ``simulated``; by default the one the engine follows, if there are
        models of it, else the first that there are models of.

    Raises
    ------
    ModelError
        Nothing is stored of the spec.
    """

    def __init__(
        self, spec: ForecastSpec, settings: Settings, clock: Clock, source: str | None = None
    ) -> None:
        self.spec = spec
        self.source = source or _source(spec, settings)
        self._market: Market = "simulated" if self.source == "simulated" else "live"
        self._directory = settings.files_of(self.source)
        self._clock = clock
        self._expire_after = timedelta(hours=settings.model_expiry_hours)
        if not any(self._versions(horizon) for horizon in HORIZONS):
            raise ModelError(f"No model of {spec.to_text()} is stored in {self._directory}.")

    def rows(self) -> list[StoredModel]:
        """Return what is stored, minute models first, the newest training first."""
        return [row for horizon in HORIZONS for row in self._rows(horizon)]

    def promote(self, version: str, horizon: Horizon | None = None) -> str:
        """Make `version` champion; return what was done, in a sentence.

        Raises
        ------
        ModelError
            It is not stored, cannot be loaded, is too old, or is one of two of that name.
        """
        found = [h for h in HORIZONS if version in self._versions(h) and horizon in (None, h)]
        if not found:
            raise ModelError(f"{version[:60]} is not stored; `models list` shows what is.")
        if len(found) > 1:
            raise ModelError(f"{version} is stored for both horizons: add --horizon.")
        return self._point(found[0], version, "Promoted by hand")

    def roll_back(self, horizon: Horizon | None = None) -> list[str]:
        """Return to the champion before; return what was done, a sentence per horizon.

        Raises
        ------
        ModelError
            There is none before, or it cannot be used.
        """
        wanted = [horizon] if horizon else list(HORIZONS)
        before = {h: self._before(h) for h in wanted}
        able = {h: version for h, version in before.items() if version is not None}
        if not able:
            raise ModelError("There is no champion before the present one to return to.")
        return [self._point(h, version, "Rolled back by hand") for h, version in able.items()]

    def _point(self, horizon: Horizon, version: str, how: str) -> str:
        model = registry.load(self._directory, self.spec, horizon, self._market, version)
        now = self._clock.now()
        if is_expired(model, now, self._expire_after):
            raise ModelError(f"{version} is {too_old(self._expire_after)}: it would not forecast.")
        sentence = f"{how}: {model.model_id}, trained {model.trained_at:%Y-%m-%d %H:%M} UTC."
        decision = Decision(
            at=now,
            horizon=horizon,
            version=version,
            model_id=model.model_id,
            trained_at=model.trained_at,
            rows=model.rows,
            promoted=True,
            champion_id=self._champion_id(horizon),
            n=0,
            mae=None,
            champion_mae=None,
            random_walk_mae=None,
            z=None,
            sentence=sentence,
            by_hand=True,
        )
        # The decision first: whoever sees the new pointer also sees why.
        append_decision(self._directory, self.spec, decision)
        if how.startswith("Rolled"):
            champion.roll_back(self._directory, self.spec, horizon, version)
        else:
            champion.promote(self._directory, self.spec, horizon, version)
        return f"{self.spec.horizon_minutes(horizon)} min: {sentence}"

    def _rows(self, horizon: Horizon) -> list[StoredModel]:
        pointer = champion.read_pointer(self._directory, self.spec, horizon)
        decided = read_decisions(self._directory, self.spec, horizon)
        known = {one.trained.version: one.trained for one in standings(decided)}
        rows = []
        for version in self._versions(horizon):
            decision = known.get(version)
            trained_at, _, model_id = version.partition("-")
            rows.append(
                StoredModel(
                    horizon=horizon,
                    version=version,
                    champion=pointer is not None and pointer.version == version,
                    model_id=model_id,
                    trained_at=datetime.strptime(trained_at, "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC),
                    rows=decision.rows if decision else None,
                    n=decision.n if decision else None,
                    mae=decision.mae if decision else None,
                    random_walk_mae=decision.random_walk_mae if decision else None,
                    decision=decision.sentence if decision else "",
                )
            )
        return rows

    def _versions(self, horizon: Horizon) -> list[str]:
        return registry.versions(self._directory, self.spec, horizon)

    def _before(self, horizon: Horizon) -> str | None:
        pointer = champion.read_pointer(self._directory, self.spec, horizon)
        stored = self._versions(horizon)
        return next((v for v in pointer.before if v in stored), None) if pointer else None

    def _champion_id(self, horizon: Horizon) -> str:
        pointer = champion.read_pointer(self._directory, self.spec, horizon)
        return pointer.version.partition("-")[2] if pointer else ""


def _source(spec: ForecastSpec, settings: Settings) -> str:
    status = SnapshotStore.at(settings.run_dir).status()
    followed = [status.provider] if status and status.provider in _SOURCES else []
    for name in (*followed, *_SOURCES):
        if _holds(settings.files_of(name), spec):
            return name
    return followed[0] if followed else _SOURCES[0]


def _holds(directory: Path, spec: ForecastSpec) -> bool:
    return any(registry.versions(directory, spec, horizon) for horizon in HORIZONS)
