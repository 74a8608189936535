"""Who forecasts: what was decided when a newly trained model met the one before."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Final, Literal

from core.domain.words import Horizon

DECISIONS_KEPT: Final = 50
"""Newest decisions of a horizon that are read and shown."""

Place = Literal["champion", "kept out", "replaced"]


@dataclass(frozen=True, slots=True)
class Decision:
    """Whether a model became champion, the one that forecasts, and on what evidence.

    Attributes
    ----------
    at : datetime
        When it was decided.
    version, model_id, trained_at, rows
        The model decided about (the challenger).
    promoted : bool
        Whether it forecasts from then on.
    champion_id : str
        The model it was judged against; empty where there was no contest.
    n : int
        Matured forecasts that neither had seen; without a contest, that it had not seen.
    mae, champion_mae, random_walk_mae : float or None
        USD, on those; None where not known.
    z : float or None
        Mean extra absolute error of the challenger over its HAC standard error.
    sentence : str
        The decision and its ground, for a person.
    by_hand : bool
        Decided on the command line.
    """

    at: datetime
    horizon: Horizon
    version: str
    model_id: str
    trained_at: datetime
    rows: int
    promoted: bool
    champion_id: str
    n: int
    mae: float | None
    champion_mae: float | None
    random_walk_mae: float | None
    z: float | None
    sentence: str
    by_hand: bool = False

    @property
    def extra_error(self) -> float | None:
        """Error of the challenger beyond the champion's, as a share of it."""
        if self.mae is None or not self.champion_mae:
            return None
        return self.mae / self.champion_mae - 1.0


@dataclass(frozen=True, slots=True)
class Standing:
    """One model, what its training came to, and its place now.

    `by_hand` is the sentence of the command that made it champion, empty where none did.
    """

    trained: Decision
    place: Place
    replaced_at: datetime | None = None
    by_hand: str = ""


def standings(decisions: Iterable[Decision]) -> list[Standing]:
    """Return the models decided about, the newest training first, each with its place now.

    Parameters
    ----------
    decisions : iterable of Decision
        Of any horizons, in any order.
    """
    ordered = sorted(decisions, key=lambda one: one.at)
    trained: dict[tuple[Horizon, str], Decision] = {}
    champions: dict[Horizon, str] = {}
    replaced: dict[tuple[Horizon, str], datetime] = {}
    by_hand: dict[tuple[Horizon, str], str] = {}
    for one in ordered:
        key = one.horizon, one.version
        if key not in trained or not one.by_hand:
            trained[key] = one
        if one.promoted:
            before = champions.get(one.horizon)
            if before is not None and before != one.version:
                replaced[one.horizon, before] = one.at
            champions[one.horizon] = one.version
            by_hand[key] = one.sentence if one.by_hand else ""
    newest = sorted(trained.items(), key=lambda item: item[1].trained_at, reverse=True)
    return [
        _standing(one, champions.get(key[0]), replaced.get(key), by_hand.get(key, ""))
        for key, one in newest
    ]


def _standing(
    one: Decision, champion: str | None, replaced_at: datetime | None, by_hand: str
) -> Standing:
    if one.version == champion:
        return Standing(one, "champion", by_hand=by_hand)
    if replaced_at is not None:
        return Standing(one, "replaced", replaced_at)
    return Standing(one, "kept out")
