"""What a tick says of cues: both sides by the reader's rule, or why there is none."""

from __future__ import annotations

import math
import zlib
from collections.abc import Mapping
from functools import lru_cache
from typing import Any

from dash import Dash, Input, Output, State

from callbacks.clientside import script
from components import ids
from core.cues import judge
from core.domain import REFERENCE, CueRule, CueSide, ForecastSpec, Market, Position
from core.errors import ParameterError
from core.forecasting.service import QUOTE_STALE_AFTER, ForecastService, View
from core.portfolio.trading import can_mark
from core.settings import Settings

_FARTHEST = 999.0


def register(app: Dash, _service: ForecastService, _settings: Settings) -> None:
    """Let every tick carry the rule that the browser keeps."""
    app.clientside_callback(
        script("cueRule"),
        Output(ids.CUE_RULE, "data"),
        Input(ids.PREFERENCES, "data"),
        State(ids.CUE_RULE, "data"),
    )


def rule_of(text: object) -> CueRule:
    """Return the rule that a browser keeps; the reference where it cannot be read."""
    try:
        return CueRule.parse(text)
    except ParameterError:
        return REFERENCE


def cue_part(view: View, holdings: Mapping[Market, Position], rule_text: object) -> dict[str, Any]:
    """Return ``{"cue": [buy, sell, tag]}`` for a tick, or ``{"cue": why not}``.

    A side is ``[gap / reference, typical move / reference, gap in typical moves, flags]``;
    flags add 1 where it fires and 2 where another price stands in for the one paid; or it is
    one of the words of `core.cues`. The tag is `tag_of`. Why not: ``stale`` without a fresh
    price, ``none`` without forecasts.
    """
    if view.quote is None or view.quote_age is None or view.quote_age > QUOTE_STALE_AFTER:
        return {"cue": "stale"}
    if view.snapshot is None or view.switching:
        return {"cue": "none"}
    rule, price = rule_of(rule_text), view.quote.price
    held = holdings.get(view.snapshot.market)
    paid = held.price if held is not None and can_mark(held, view.quote) else None
    sides = [_side(view, "buy", rule, price, None), _side(view, "sell", rule, price, paid)]
    return {"cue": [*sides, tag_of(view.spec, rule)]}


@lru_cache(maxsize=1_024)
def tag_of(spec: ForecastSpec, rule: CueRule) -> int:
    """Return a short sum of what was judged by what.

    A browser whose reader has just chosen another forecast or rule knows by it that a tick
    on its way was still about the former.
    """
    return zlib.crc32(f"{spec.to_text()}|{rule.to_text()}".encode()) & 0xFFFF


def _side(view: View, side: Any, rule: CueRule, price: float, paid: float | None) -> Any:
    horizon: Any = "long" if side == "buy" else "minute"
    assert view.snapshot is not None
    forecast, model = view.snapshot.forecasts.get(horizon), view.snapshot.models.get(horizon)
    if forecast is None or model is None:
        return "none"
    told = judge(side, rule, forecast, model, price, view.exchange_now, paid)
    return _compact(told) if isinstance(told, CueSide) else told


def _compact(cue: CueSide) -> list[float]:
    moves = cue.moves_to_go if math.isfinite(cue.moves_to_go) else _FARTHEST
    flags = int(cue.fires) + 2 * int(cue.stands_in)
    return [
        round(cue.gap / cue.reference, 6) + 0.0,
        round(cue.typical_move / cue.reference, 6),
        round(min(moves, _FARTHEST), 1) + 0.0,
        flags,
    ]
