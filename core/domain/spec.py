"""What a page asks to be forecast: tickers, parameters and their ranges."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from functools import lru_cache
from typing import Any, Final
from urllib.parse import parse_qsl, urlencode

from core.domain.words import LONG_BAR_MINUTES, Horizon
from core.errors import ParameterError


@dataclass(frozen=True, slots=True)
class TickerDefaults:
    """What is forecast of a ticker where nothing else is asked; see `ForecastSpec`."""

    max_points: int = 50_000
    minute_horizon: int = 1
    long_horizon_steps: int = 9


# A price that moves in coarse steps often stands still for a minute: one step of ADA is about
# 4 bp of its price, more than a usual minute's move. There the near forecast is 5 minutes away,
# and fewer candles are worth fetching.
TICKER_DEFAULTS: Final[Mapping[str, TickerDefaults]] = {
    "BTC-USD": TickerDefaults(),
    "ETH-USD": TickerDefaults(),
    "SOL-USD": TickerDefaults(),
    "BNB-USD": TickerDefaults(),
    "XRP-USD": TickerDefaults(),
    "ADA-USD": TickerDefaults(max_points=30_000, minute_horizon=5),
    "DOGE-USD": TickerDefaults(max_points=30_000, minute_horizon=5),
}
DEFAULT_TICKERS: Final = tuple(TICKER_DEFAULTS)
_TICKER: Final = re.compile(r"[A-Z0-9]{2,15}-USD")


@dataclass(frozen=True, slots=True)
class Range:
    """Inclusive bounds and default of a whole-number parameter."""

    low: int
    high: int
    default: int | None
    unit: str


PARAMETER_RANGES: Final[Mapping[str, Range]] = {
    "max_points": Range(1_000, 100_000, 50_000, "candles"),
    "train_window": Range(2_000, 100_000, 0, "candles"),
    "minute_horizon": Range(1, 60, 1, "minutes"),
    "long_horizon_steps": Range(1, 100, 9, "5-minute steps"),
    "intraday_days": Range(1, 70, None, "days"),
    "refresh": Range(3, 60, 3, "seconds"),
}


def parse_ticker(text: object) -> str:
    """Return a ticker such as ``BTC-USD``; accepts lower case and surrounding blanks."""
    ticker = str(text).strip().upper()
    if not _TICKER.fullmatch(ticker):
        raise ParameterError(
            "ticker",
            f"ticker: {str(text)[:24]!r} is not a pair such as BTC-USD: "
            "2 to 15 letters or digits, then -USD.",
        )
    return ticker


def parse_whole_number(name: str, value: object) -> int:
    """Return `value` as an int within the range of parameter `name`.

    Raises
    ------
    ParameterError
        Not a whole number, or outside the range; the sentence names both.
    """
    bounds = PARAMETER_RANGES[name]
    allowed = f"a whole number from {bounds.low:,} to {bounds.high:,} ({bounds.unit})"
    try:
        number = int(str(value).replace(",", "").strip())
    except ValueError:
        number = None
    if number is None or not bounds.low <= number <= bounds.high:
        given = str(value).strip()[:24] or "nothing"
        raise ParameterError(name, f"{name} must be {allowed}, not {given}.")
    return number


@dataclass(frozen=True, slots=True)
class ForecastSpec:
    """What a page asks to be forecast. Build it with `parse` where input is not trusted.

    Attributes
    ----------
    ticker : str
        ``BTC-USD``.
    max_points : int
        1-minute candles kept and trained on, newest first to be kept.
    train_window : int
        Newest candles a model trains on; 0 means all of `max_points`.
    minute_horizon : int
        Steps of one minute ahead.
    long_horizon_steps : int
        Steps of five minutes ahead; 9 is 45 minutes.
    intraday_days : int or None
        Days of 1-minute candles to use; None leaves it to `max_points`.
    """

    ticker: str = "BTC-USD"
    max_points: int = 50_000
    train_window: int = 0
    minute_horizon: int = 1
    long_horizon_steps: int = 9
    intraday_days: int | None = None

    @classmethod
    def parse(cls, values: Mapping[str, object]) -> ForecastSpec:
        """Build a spec from untrusted text; blanks mean what is usual for the ticker.

        Raises
        ------
        ParameterError
            Names the field and its allowed range.
        """
        given = {k: v for k, v in values.items() if v is not None and str(v).strip() != ""}
        ticker = parse_ticker(given.get("ticker", cls().ticker))
        known = cls.usual(ticker).to_dict()
        for name in ("max_points", "minute_horizon", "long_horizon_steps", "intraday_days"):
            if name in given:
                known[name] = parse_whole_number(name, given[name])
        window = given.get("train_window", 0)
        if str(window).strip() != "0":
            known["train_window"] = _parse_window(window, known["max_points"])
        return cls(**known)

    @classmethod
    def usual(cls, ticker: str) -> ForecastSpec:
        """Return what is forecast of `ticker` where nothing else is asked."""
        return cls(ticker, **asdict(TICKER_DEFAULTS.get(ticker, TickerDefaults())))

    @classmethod
    def from_text(cls, text: str) -> ForecastSpec:
        """Parse ``BTC-USD`` or ``BTC-USD?minute_horizon=5``."""
        ticker, _, query = text.partition("?")
        return cls.parse({**dict(parse_qsl(query, keep_blank_values=True)), "ticker": ticker})

    @property
    def non_defaults(self) -> dict[str, str]:
        """Parameters besides the ticker that differ from what is usual for it, as text."""
        default = ForecastSpec.usual(self.ticker)
        return {
            f.name: str(getattr(self, f.name))
            for f in fields(self)
            if getattr(self, f.name) != getattr(default, f.name)
        }

    def to_text(self) -> str:
        """Inverse of `from_text`; defaults are left out."""
        query = urlencode(self.non_defaults)
        return f"{self.ticker}?{query}" if query else self.ticker

    @property
    def key(self) -> str:
        """Name for files and cache keys: the ticker, plus a hash where a parameter differs."""
        return _key_of(self)

    def horizon_minutes(self, horizon: Horizon) -> int:
        """Minutes from issue to target."""
        if horizon == "minute":
            return self.minute_horizon
        return self.long_horizon_steps * LONG_BAR_MINUTES

    @property
    def rows_wanted(self) -> int:
        """1-minute candles to keep: `max_points`, or fewer where `intraday_days` says so."""
        if self.intraday_days is None:
            return self.max_points
        return min(self.max_points, self.intraday_days * 1_440)

    def to_dict(self) -> dict[str, Any]:
        """Plain values, as for JSON."""
        return asdict(self)


@lru_cache(maxsize=256)  # every tick asks for it several times
def _key_of(spec: ForecastSpec) -> str:
    if not spec.non_defaults:
        return spec.ticker
    digest = hashlib.sha256(spec.to_text().encode()).hexdigest()[:10]
    return f"{spec.ticker}-{digest}"


def _parse_window(value: object, max_points: int) -> int:
    bounds = PARAMETER_RANGES["train_window"]
    allowed = f"0 (all) or a whole number from {bounds.low:,} to max_points ({max_points:,})"
    try:
        window = int(str(value).replace(",", "").strip())
    except ValueError:
        window = -1
    if window and not bounds.low <= window <= max_points:
        given = str(value).strip()[:24]
        raise ParameterError("train_window", f"train_window must be {allowed}, not {given}.")
    return window
