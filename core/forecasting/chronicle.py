"""What happens to the forecasts of one spec, taken down for the ledger."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from core.domain import (
    Decision,
    Event,
    EventKind,
    ForecastSpec,
    Horizon,
    Market,
    Snapshot,
    standing_aside_sentence,
)
from core.ledger.events import Noted
from core.ledger.recording import Ledger


class Chronicle:
    """Notes trainings, promotions and the breaker of one spec.

    Parameters
    ----------
    ledger : Ledger or None
        None notes nothing.
    """

    def __init__(
        self, ledger: Ledger | None, market: Market, provider: str, spec: ForecastSpec
    ) -> None:
        self._ledger = ledger
        self._market = market
        self._provider = provider
        self._spec = spec
        self._aside: Mapping[Horizon, bool] = {}

    def decided(self, decision: Decision, at: datetime) -> None:
        """Note which model forecasts from now on, or that a new one was kept out."""
        kind: EventKind = "promotion" if decision.promoted else "training"
        self._note(Event(at, kind, decision.sentence, decision.horizon))

    def about_to_publish(self, snapshot: Snapshot) -> None:
        """Note where a model began to stand aside, or forecasts again."""
        now = {horizon: f.standing_aside for horizon, f in snapshot.forecasts.items()}
        for horizon, aside in now.items():
            if self._aside.get(horizon, aside) != aside:
                sentence = (
                    standing_aside_sentence(self._spec, horizon)
                    if aside
                    else "The model no longer stands aside."
                )
                self._note(Event(snapshot.as_of, "breaker", sentence, horizon))
        self._aside = now

    def _note(self, event: Event) -> None:
        if self._ledger is not None:
            self._ledger.note(Noted(event, self._market, self._provider, self._spec.to_text()))
