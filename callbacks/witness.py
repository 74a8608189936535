"""Model Health: every browser is a witness of the ledger's hashes, from one visit to the next.

Who can change the database can change every hash in it, but not what browsers noted. The first
note that still stands is kept, and the newest.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from dash import Dash, Input, Output, State, ctx, no_update

from callbacks.clientside import script
from callbacks.ticks import HASH_DIGITS
from callbacks.visitors import client_address, read_spec_text
from components import ids, states
from components.ids import of
from components.witness import Looked, witness_words
from core.domain import EngineStatus, LedgerHead, Market, NotedHash
from core.errors import LedgerError
from core.forecasting.service import ForecastService
from core.portfolio.stored import MARKETS, epoch_ms
from core.settings import Settings

PAGE = "health"
SCHEMA: Final = 1
_AGAIN: Final = of(PAGE, "witness-again")
_CONFIRM: Final = of(PAGE, "witness-confirm")
# While no exchange answers, the newest forecast is not of today.
_HEAD_MAY_BE_OLD: Final = timedelta(days=2)
_LARGEST: Final = 10**15
_LATEST_MS: Final = 32_503_680_000_000  # the year 3000
_HASH: Final = re.compile(rf"[0-9a-f]{{{HASH_DIGITS}}}")

Note = tuple[datetime, LedgerHead]


def register(app: Dash, service: ForecastService, settings: Settings) -> None:
    """Register the look at what was noted, once a candle, and the button that notes anew."""

    kept_for = timedelta(days=settings.ledger_days) - _HEAD_MAY_BE_OLD

    @app.callback(
        Output(of(PAGE, "witness"), "children"),
        Output(_AGAIN, "hidden"),
        Output(ids.NOTED, "data"),
        Input(of(PAGE, "witnessed"), "data"),
        Input(_CONFIRM, "submit_n_clicks"),
        State(of(PAGE, "spec"), "data"),
        State(ids.NOTED, "data"),
        prevent_initial_call=True,
    )
    def look(_seen: object, confirmed: object, spec_text: object, stored: object) -> Any:
        spec = read_spec_text(spec_text)
        view = service.view(spec, client_address()) if spec else None
        if view is None or view.status is None:
            return (no_update,) * 3
        # A page that is put in by navigation names its question, too, which nobody has answered.
        anew = bool(confirmed) and ctx.triggered_id == _CONFIRM
        return answer_for(service, view.status, view.now, kept_for, stored, anew)

    # With every candle, once a tick tells that there is a ledger.
    app.clientside_callback(
        script("witnessed"),
        Output(of(PAGE, "witnessed"), "data"),
        Input(of(PAGE, "tick"), "data"),
        State(of(PAGE, "witnessed"), "data"),
        prevent_initial_call=True,
    )


def answer_for(
    service: ForecastService,
    status: EngineStatus,
    now: datetime,
    kept_for: timedelta,
    stored: object,
    anew: bool,
) -> tuple[Any, bool, Any]:
    """Return (words, whether the button is hidden, what the browser shall keep).

    Parameters
    ----------
    kept_for : timedelta
        What was noted since cannot have been let go for its age.
    stored : object
        What the browser keeps, not to be trusted.
    anew : bool
        Whether the reader gives up what it kept of this market.
    """
    if status.ledger is None:
        return (no_update,) * 3
    notes = [] if anew else notes_from_stored(stored, status.market)
    try:
        looked = [
            _judged(at, service.look_up(status.market, head), now - at < kept_for)
            for at, head in notes
        ]
    except LedgerError as error:
        return [states.notice(str(error))], True, no_update
    words = witness_words(looked)
    if any(note.is_broken for note in looked):
        return words, False, no_update
    kept = [note for note, found in zip(notes, looked, strict=True) if not found.is_gone][:1]
    newest = (now, _shortened(status.ledger))
    return words, True, with_notes(stored, status.market, [*kept, newest])


def _judged(at: datetime, hashes: Sequence[NotedHash], is_young: bool) -> Looked:
    """Return a note; what a checkpoint says of rows that are too young to go is not believed."""
    return Looked(
        at,
        tuple(
            replace(one, state="missing") if is_young and one.state == "gone" else one
            for one in hashes
        ),
    )


def _shortened(head: LedgerHead) -> LedgerHead:
    return LedgerHead(
        head.seq, head.hash[:HASH_DIGITS], head.settled, head.settled_hash[:HASH_DIGITS]
    )


def notes_from_stored(stored: object, market: Market) -> list[Note]:
    """Return what a browser noted of a market, oldest first; what is not plausible is left out."""
    if not isinstance(stored, dict) or stored.get("v") != SCHEMA:
        return []
    kept = stored.get(market)
    read = [_note_from_stored(note) for note in kept[:2]] if isinstance(kept, list) else []
    return [note for note in read if note is not None]


def _note_from_stored(stored: object) -> Note | None:
    if not isinstance(stored, list) or len(stored) != 5:
        return None
    at, seq, digits, settled, settled_digits = stored
    counts = all(type(n) is int and 0 <= n <= _LARGEST for n in (at, seq, settled))
    hashes = all(isinstance(h, str) and _HASH.fullmatch(h) for h in (digits, settled_digits))
    if not (counts and hashes and seq > 0 and at < _LATEST_MS):
        return None
    head = LedgerHead(seq, digits, settled, settled_digits)
    return datetime.fromtimestamp(at / 1_000, UTC), head


def with_notes(stored: object, market: Market, notes: Sequence[Note]) -> dict[str, Any]:
    """Return what a browser keeps, with these notes of a market and those of the other."""
    known = {m: notes_from_stored(stored, m) for m in MARKETS} | {market: list(notes)}
    return {"v": SCHEMA, **{m: [_note_to_stored(*note) for note in known[m]] for m in MARKETS}}


def _note_to_stored(at: datetime, head: LedgerHead) -> list[Any]:
    return [epoch_ms(at), head.seq, head.hash, head.settled, head.settled_hash]
