"""What a tick carries: small dicts of plain values, computed from one `View`.

Times are epoch milliseconds; `now` is the exchange's clock. `provider` is the one followed,
`since` when where it is not the preferred one, and `of` the one whose figures are still
shown where that is another. A key whose value is not
known is left out. The whole response stays within `BODY_LIMIT` bytes before compression.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any, Final

from callbacks.conditions import condition
from callbacks.cues import cue_part
from components.formatting import decimals
from core.domain import Diagnosis, EngineStatus, Market, Position, Quote
from core.forecasting.service import QUOTE_STALE_AFTER, QUOTE_TRADABLE_FOR, View
from core.portfolio.stored import epoch_ms
from core.portfolio.trading import can_mark, mark
from core.settings import EngineMode

BODY_LIMIT: Final = 600
# {"multi":true,"response":{"portfolio-tick":{"data":...}}} and a margin
_ENVELOPE: Final = 72

# Of the ledger's head: enough to compare it by eye; `main.py ledger verify` prints all of it.
HASH_DIGITS: Final = 16

# States in which a forecast may be acted on.
CURRENT: Final = frozenset({"ok", "simulated", "degraded", "refilling"})

Tick = dict[str, Any]


def market_of(view: View) -> Market | None:
    """Return the world the page shows, None before anything is published."""
    for part in (view.snapshot, view.quote, view.status):
        if part is not None:
            return part.market
    return None


def price_tick(view: View, engine: EngineMode) -> Tick:
    """Return what every page's tick has: state, market, provider, price, ages, progress."""
    state, note = condition(view, engine)
    tick: Tick = {"now": epoch_ms(view.exchange_now), "state": state, "note": note}
    if view.status is not None:
        tick |= {"market": market_of(view), **_engine_part(view, view.status)}
    if view.snapshot is not None and view.switching:
        tick["of"] = view.snapshot.provider
    if view.progress.stage != "ready":
        p = view.progress
        tick["progress"] = [p.stage, p.done, p.total, p.unit]
    return tick | _price_part(view)


def _engine_part(view: View, status: EngineStatus) -> Tick:
    part: Tick = {
        "provider": status.provider,
        "beat": round((view.now - status.beat_at).total_seconds(), 1),
    }
    if status.degraded:
        part |= _optional_time("since", status.provider_since)
    if status.frozen_at is not None:
        part["frozen"] = True
    if status.weight_used is not None:
        part["weight"] = [status.weight_used, status.weight_limit]
    return part


def _price_part(view: View) -> Tick:
    quote, snapshot = view.quote, view.snapshot
    if snapshot is None:
        return _quoted(quote) if quote is not None else {}
    price = quote.price if quote else snapshot.price
    digits = decimals(price)
    part: Tick = {
        "v": snapshot.version,
        "candle": epoch_ms(snapshot.as_of),
        "low": round(min(snapshot.low_24h, price), digits),
        "high": round(max(snapshot.high_24h, price), digits),
        **_day_change(price, snapshot.price, snapshot.change_24h),
    }
    if snapshot.models:
        part["models"] = epoch_ms(min(m.trained_at for m in snapshot.models.values()))
    if quote is not None:
        return part | _quoted(quote)
    return part | {"price": price, "quote": part["candle"], "dp": digits}


def _quoted(quote: Quote) -> Tick:
    return {"price": quote.price, "quote": epoch_ms(quote.time), "dp": decimals(quote.price)}


def _day_change(price: float, close: float, change_24h: float | None) -> Tick:
    """Move the snapshot's change over 24 h on to the live price."""
    if change_24h is None or change_24h <= -1:
        return {}
    return {"day": round(price * (1 + change_24h) / close - 1, 6)}


def live_tick(
    view: View,
    engine: EngineMode,
    holdings: Mapping[Market, Position],
    quote: Quote | None,
    rule: object = None,
) -> Tick:
    """Return the tick of Live and Portfolio: also forecasts' distance and the position.

    Forecasts whose target time has passed have no distance, and a position is not valued at
    another provider's price than it was bought at.

    Parameters
    ----------
    quote : Quote or None
        The price of the coin that is held.
    rule : object
        The reader's rule of cues as text, not to be trusted; None where no cue is shown.
    """
    tick = price_tick(view, engine)
    if "price" in tick and view.current_forecasts:
        tick["delta"] = {
            forecast.horizon: round(forecast.point - tick["price"], tick["dp"])
            for forecast in view.current_forecasts
        }
    tick |= _position_part(holdings, market_of(view), quote, view.exchange_now)
    if rule is not None:
        tick |= {"cue": "stale"} if tick["state"] not in CURRENT else cue_part(view, holdings, rule)
    return fitted(tick)


def _position_part(
    holdings: Mapping[Market, Position], market: Market | None, quote: Quote | None, now: datetime
) -> Tick:
    """Return ``{"hold": [value, profit, fraction, time of purchase]}`` of what is held.

    A fifth figure follows where the quote is too old to sell at: its time where it is too old
    to be called the present price too, else 0.
    """
    position = holdings.get(market) if market else None
    if position is None or quote is None or not can_mark(position, quote):
        return {}
    worth = mark(position, quote.price)
    figures = [_rounded(worth.value, 2), _rounded(worth.profit, 2), _rounded(worth.fraction, 6)]
    return {"hold": [*figures, epoch_ms(position.bought_at), *_age_mark(quote, now - quote.time)]}


def _age_mark(quote: Quote, age: timedelta) -> list[int]:
    if age <= QUOTE_TRADABLE_FOR:
        return []
    return [epoch_ms(quote.time) if age > QUOTE_STALE_AFTER else 0]


def _rounded(value: float, digits: int) -> float:
    """Round, never to -0.0: it changes on its way through the browser's storage, and a
    dcc.Store that keeps it would then update itself without end."""
    return round(value, digits) + 0.0


def health_tick(view: View, engine: EngineMode, diagnosis: Diagnosis | None = None) -> Tick:
    """Return the tick of Model Health: also the engine's process, the clock, rows and doctor."""
    tick = price_tick(view, engine)
    for key in ("low", "high", "day"):
        tick.pop(key, None)
    if view.status is not None:
        tick |= {"pid": view.status.pid, "started": epoch_ms(view.status.started_at)}
        if view.status.clock_offset_ms is not None:
            tick["offset"] = round(view.status.clock_offset_ms)
        if view.status.ledger is not None:
            head = view.status.ledger
            hashes = (head.hash[:HASH_DIGITS], head.settled_hash[:HASH_DIGITS])
            tick["ledger"] = [head.seq, hashes[0], head.settled, hashes[1]]
        if (check := view.status.ledger_check) is not None:
            market = view.status.market
            found = [0 if market in check.faults else 1, check.rows.get(market, 0)]
            tick["checked"] = [epoch_ms(check.at), *found]
            tick |= _optional_time("begins", check.oldest.get(market))
    if view.snapshot is not None:
        snapshot = view.snapshot
        tick |= {"rows": [snapshot.rows, snapshot.gaps, snapshot.filled]}
        tick |= {"revised": len(snapshot.revised)}
        tick |= _optional_time("next", snapshot.next_training)
    if diagnosis is not None:
        tick["looked"] = epoch_ms(diagnosis.at)
    return fitted(tick)


def _optional_time(key: str, time: datetime | None) -> Tick:
    return {} if time is None else {key: epoch_ms(time)}


def fitted(tick: Tick) -> Tick:
    """Return `tick` with its note cut so that the response keeps to `BODY_LIMIT`."""
    spare = BODY_LIMIT - _ENVELOPE - len(_json({**tick, "note": ""}))
    note = str(tick["note"])
    if len(_json(note)) - 2 <= spare:
        return tick
    while note and len(_json(note + " ...")) - 2 > spare:
        note = note[:-1].rpartition(" ")[0]
    return {**tick, "note": f"{note} ...".lstrip()}


def _json(value: object) -> str:
    return json.dumps(value, separators=(",", ":"))
