"""The state of a page in one word and one sentence; the first that holds is said."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Final

from components.formatting import duration, utc_clock, utc_text
from core.domain import EngineStatus, provider_title
from core.forecasting.service import CANDLE_LATE_AFTER, QUOTE_STALE_AFTER, View
from core.settings import EngineMode

SIMULATED_NOTE: Final = "This market is invented: nothing here is real."
_MINUTE: Final = timedelta(minutes=1)

# States that may last for days: what else is wrong is said first.
_USUAL: Final = frozenset({"ok", "simulated", "refilling", "degraded", "cache"})

Condition = tuple[str, str]


def condition(view: View, engine: EngineMode) -> Condition:
    """Return (state, sentence) of a page.

    States, first that holds: `refused` the spec is not served; `waiting` no engine was
    ever seen; `silent` it stopped beating; `preparing` or `failed` without a snapshot;
    `banned` or `limited` nothing is sent to the exchange; `cache` shows what is on disk;
    `stale` the exchange, candles or quotes are late, or another provider is switched to;
    `simulated`; `refilling` missing minutes; `degraded` not the preferred provider, or a ledger
    that was changed; `ok`. A ledger that was changed is said in every state.
    """
    state, note = _condition(view, engine)
    damage = damage_sentence(view.status) if view.status else ""
    if not damage:
        return state, note
    if state in _USUAL:
        return ("degraded" if state == "ok" else state), _joined(damage, note)
    return state, _joined(note, damage)


def _condition(view: View, engine: EngineMode) -> Condition:
    if view.refusal:
        return "refused", view.refusal
    if view.status is None:
        return "waiting", "The engine is starting; it has not reported yet."
    if not view.engine_alive:
        restarted = "; it is being restarted" if engine == "internal" else ""
        return "silent", f"The engine is not answering{restarted}."
    blocked = _blocked(view.status, view.now)
    if view.snapshot is None:
        return _without_snapshot(view, view.status, blocked)
    stale = _stale(view, view.status)
    return blocked or _offline(view.status) or stale or _fresh(view, view.status)


def _without_snapshot(view: View, status: EngineStatus, blocked: Condition | None) -> Condition:
    progress = view.progress
    if progress.stage == "failed":
        return "failed", progress.message or view.trouble
    why = blocked[1] if blocked else view.trouble
    invented = SIMULATED_NOTE if status.market == "simulated" else ""
    return "preparing", _joined(progress.message, why, status.degraded, invented)


def _blocked(status: EngineStatus, now: datetime) -> Condition | None:
    """Say until when nothing is sent; only where it is the provider followed that is blocked."""
    block = status.block
    if block is None or block.until <= now or status.degraded:
        return None
    verb = "has banned this address" if block.kind == "banned" else "limits the rate of requests"
    until = utc_clock(_whole_minute(block.until), now)
    name = provider_title(status.provider)
    return block.kind, f"{name} {verb} until {until}: nothing is sent before."


def _whole_minute(time: datetime) -> datetime:
    """Round up: nothing is sent before the minute that is named."""
    floor = time.replace(second=0, microsecond=0)
    return floor if floor == time else floor + _MINUTE


def _offline(status: EngineStatus) -> Condition | None:
    if status.frozen_at is None:
        return None
    end = utc_text(status.frozen_at, "minutes")
    return "cache", f"OFFLINE: what is on disk, until {end}. {status.degraded}".strip()


def _stale(view: View, status: EngineStatus) -> Condition | None:
    said = _joined(view.trouble, _age_sentence(view, status))
    return ("stale", said) if said else None


def _age_sentence(view: View, status: EngineStatus) -> str:
    if view.snapshot is not None and view.switching:
        if view.progress.stage == "failed":
            return view.progress.message
        old, new = provider_title(view.snapshot.provider), provider_title(status.provider)
        return f"{old}'s last candles are shown, without a live price, until {new}'s are here."
    if view.candle_age is not None and view.candle_age > CANDLE_LATE_AFTER:
        return f"The last closed candle is {duration(view.candle_age.total_seconds())} old."
    if view.quote_age is None:
        return "No price is published; the last close is shown."
    if view.quote_age > QUOTE_STALE_AFTER:
        return f"The last price is {duration(view.quote_age.total_seconds())} old."
    return ""


def _fresh(view: View, status: EngineStatus) -> Condition:
    if status.market == "simulated":
        return "simulated", _joined(SIMULATED_NOTE, status.reason)
    if view.refilling:
        return "refilling", _joined(view.refilling, status.degraded)
    if status.degraded:
        return "degraded", status.degraded
    return "ok", ""


def damage_sentence(status: EngineStatus) -> str:
    """Say of the ledger of this market that it is not what was written, or could not be checked."""
    check = status.ledger_check
    if check is None:
        return ""
    if fault := check.faults.get(status.market):
        return f"The ledger was changed: do not trust its scores. {fault}"
    return f"The ledger could not be checked. {check.unread}" if check.unread else ""


def _joined(*sentences: str) -> str:
    return " ".join(sentence for sentence in sentences if sentence)
