"""When a forecast is a cue to buy or to sell: one rule with four parameters, and what it says."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Final, Literal

from core.errors import ParameterError

Against = Literal["live", "issue"]
Side = Literal["buy", "sell"]
Preset = Literal["reference", "cost-aware", "directional", "custom"]

# name: (lowest, highest, decimals kept)
CUE_RANGES: Final[Mapping[str, tuple[float, float, int]]] = {
    "mae_weight": (0.0, 5.0, 2),
    "buy_factor": (0.5, 3.0, 5),
    "sell_factor": (0.5, 3.0, 5),
}
COST_BPS_RANGE: Final = (0.0, 500.0)
_NUMBER: Final = re.compile(r"[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)(e[+-]?[0-9]+)?", re.IGNORECASE)
USUAL_COST_BPS: Final = 20.0
"""Buying and selling for 0.1 % each, what large exchanges ask of small customers."""


@dataclass(frozen=True, slots=True)
class CueRule:
    """Fire where ``forecast - mae_weight * MAE > factor * reference price``.

    Attributes
    ----------
    mae_weight : float
        How many of the model's mean absolute errors the forecast must clear the bar by.
    buy_factor, sell_factor : float
        The bar as a multiple of the reference price: for buying the live price or the price
        at issue, for selling what was paid.
    against : {"live", "issue"}
        ``live`` compares with the live price, anew at every tick. ``issue`` compares with
        the price when the forecast was made: decided once for each forecast.
    """

    mae_weight: float = 1.0
    buy_factor: float = 1.5
    sell_factor: float = 1.2
    against: Against = "live"

    @property
    def preset(self) -> Preset:
        """Return the name of the preset that these are the parameters of."""
        if self == REFERENCE:
            return "reference"
        if self == DIRECTIONAL:
            return "directional"
        cost_bps = round(10_000 * (self.buy_factor - 1), 1)
        low, high = COST_BPS_RANGE
        earned = low <= cost_bps <= high and self == cost_aware(cost_bps)
        return "cost-aware" if earned else "custom"

    def to_text(self) -> str:
        """Inverse of `parse`."""
        numbers = (self.mae_weight, self.buy_factor, self.sell_factor)
        return ",".join([*(f"{number:g}" for number in numbers), self.against])

    @classmethod
    def parse(cls, text: object) -> CueRule:
        """Return the rule of a text such as ``1,1.5,1.2,live``.

        Raises
        ------
        ParameterError
            Names the field and its range.
        """
        parts = str(text).split(",")
        if len(parts) != 4:
            raise ParameterError("cue", "cue must be three numbers and live or issue.")
        weight, buy, sell = (_parse(n, t) for n, t in zip(CUE_RANGES, parts[:3], strict=True))
        return cls(weight, buy, sell, _parse_against(parts[3].strip()))


REFERENCE: Final = CueRule()
DIRECTIONAL: Final = CueRule(0.0, 1.0, 1.0, "issue")


def cost_aware(cost_bps: float) -> CueRule:
    """Return the rule that asks for the cost of buying and selling to be earned.

    Parameters
    ----------
    cost_bps : float
        Of the round trip, in hundredths of a percent.
    """
    factor = round(1 + cost_bps / 10_000, CUE_RANGES["buy_factor"][2])
    return CueRule(1.0, factor, factor, "issue")


@dataclass(frozen=True, slots=True)
class CueSide:
    """What the rule says of one side. Prices are USD.

    Attributes
    ----------
    side : {"buy", "sell"}
    value : float
        Forecast less the weighted MAE.
    bar : float
        What `value` must exceed.
    reference : float
        The price that the bar is a multiple of.
    typical_move : float
        Mean absolute move of the price over this horizon; 0 where it never moved.
    issued_at : datetime
        When the forecast was made.
    stands_in : bool
        Nothing was bought: another price stands in for the one paid.
    """

    side: Side
    value: float
    bar: float
    reference: float
    typical_move: float
    issued_at: datetime
    stands_in: bool = False

    @property
    def fires(self) -> bool:
        return self.value > self.bar

    @property
    def gap(self) -> float:
        """Return how much the forecast lacks, USD; negative where it fires."""
        return self.bar - self.value

    @property
    def moves_to_go(self) -> float:
        """Return the gap in typical moves."""
        return self.gap / self.typical_move if self.typical_move > 0 else math.inf


def _parse(name: str, text: str) -> float:
    low, high, digits = CUE_RANGES[name]
    number = float(text) if _NUMBER.fullmatch(text.strip()) else math.nan
    if not low <= number <= high:
        given = text.strip()[:24] or "nothing"
        raise ParameterError(
            name, f"{name} must be a number from {low:g} to {high:g}, not {given}."
        )
    return round(number, digits) + 0.0


def _parse_against(text: str) -> Against:
    match text:
        case "live" | "issue":
            return text
    raise ParameterError("against", f"against must be live or issue, not {text[:24]}.")
