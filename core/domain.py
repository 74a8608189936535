"""Frozen values that every room shares: specs, forecasts, snapshots, quotes, positions.

Times are aware `datetime` in UTC. Prices and amounts are USD. A *candle* is closed
unless said otherwise, and is known by its open time.

A frame of candles (`CANDLE_COLUMNS`) is a `pandas.DataFrame` indexed by `open_time`
(tz-aware UTC, strictly ascending) with float columns `open, high, low, close, volume`
(volume in units of the coin). Missing minutes are missing rows.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields
from datetime import datetime
from functools import lru_cache
from typing import Any, Final, Literal
from urllib.parse import parse_qsl, urlencode

from core.errors import ParameterError

Market = Literal["live", "simulated"]
Horizon = Literal["minute", "long"]
HORIZONS: Final[tuple[Horizon, ...]] = ("minute", "long")
CANDLE_COLUMNS: Final = ("open", "high", "low", "close", "volume")
LONG_BAR_MINUTES: Final = 5
DEFAULT_TICKERS: Final = (
    "BTC-USD",
    "ETH-USD",
    "SOL-USD",
    "BNB-USD",
    "XRP-USD",
    "ADA-USD",
    "DOGE-USD",
)
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
        """Build a spec from untrusted text, e.g. a query string; blanks mean the default.

        Raises
        ------
        ParameterError
            Names the field and its allowed range.
        """
        given = {k: v for k, v in values.items() if v is not None and str(v).strip() != ""}
        known: dict[str, Any] = {"ticker": parse_ticker(given.get("ticker", cls().ticker))}
        for name in ("max_points", "minute_horizon", "long_horizon_steps", "intraday_days"):
            if name in given:
                known[name] = parse_whole_number(name, given[name])
        window = given.get("train_window", 0)
        if str(window).strip() != "0":
            known["train_window"] = _parse_window(window, known.get("max_points", cls().max_points))
        return cls(**known)

    @classmethod
    def from_text(cls, text: str) -> ForecastSpec:
        """Parse ``BTC-USD`` or ``BTC-USD?minute_horizon=5``."""
        ticker, _, query = text.partition("?")
        return cls.parse({**dict(parse_qsl(query, keep_blank_values=True)), "ticker": ticker})

    @property
    def non_defaults(self) -> dict[str, str]:
        """Parameters besides the ticker that differ from the default, as text."""
        default = ForecastSpec(ticker=self.ticker)
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


@dataclass(frozen=True, slots=True)
class Quote:
    """The last price of a ticker; `time` is the exchange's clock when it was asked."""

    ticker: str
    price: float
    time: datetime
    provider: str
    market: Market


@dataclass(frozen=True, slots=True)
class Interval:
    """A band: the price is promised to end inside with probability `level`."""

    level: float
    low: float
    high: float


@dataclass(frozen=True, slots=True)
class Forecast:
    """One forecast, made from closed candles only.

    Attributes
    ----------
    horizon : Horizon
    issued_at : datetime
        The instant the last candle used had closed.
    target_time : datetime
        The instant whose price is forecast.
    price_at_issue : float
        Close of the last candle used; also what "the price stays" forecasts.
    point : float
    band : Interval or None
        The 80 % band; None where too little is known.
    """

    horizon: Horizon
    issued_at: datetime
    target_time: datetime
    price_at_issue: float
    point: float
    band: Interval | None

    @property
    def random_walk(self) -> float:
        """The forecast of "the price stays"."""
        return self.price_at_issue


@dataclass(frozen=True, slots=True)
class Losses:
    """Errors of price forecasts in USD (`mse` in USD squared); `r2` of the price level."""

    mae: float
    mse: float
    rmse: float
    r2: float


@dataclass(frozen=True, slots=True)
class TailScore:
    """Losses on the last `n` out-of-sample forecasts, beside those of the random walk."""

    n: int
    model: Losses
    random_walk: Losses

    @property
    def skill(self) -> float:
        """``1 - MAE / MAE of the random walk``; 0 where the price never moved."""
        if self.random_walk.mae == 0:
            return 0.0
        return 1.0 - self.model.mae / self.random_walk.mae


@dataclass(frozen=True, slots=True)
class ModelCard:
    """What is known of the model behind one horizon's forecast.

    Attributes
    ----------
    model_id : str
        Short hash of the stored file, or ``random-walk``.
    trained : bool
        False where the random walk stands in; `reason` then says why.
    shrinkage : float
        Share of the model's forecast return that is published, 0 (random walk) to 1.
    rows : int
        Clean rows it was fitted on.
    train_start, train_end : datetime or None
        Open time of the first row and target time of the last row used for fitting.
    """

    horizon: Horizon
    model_id: str
    trained: bool
    reason: str
    trained_at: datetime
    rows: int
    train_start: datetime | None
    train_end: datetime | None
    shrinkage: float
    tail: TailScore | None


@dataclass(frozen=True, slots=True)
class Retrain:
    """One finished training, for the history on Model Health."""

    at: datetime
    horizon: Horizon
    model_id: str
    rows: int
    seconds: float
    cause: str
    tail: TailScore | None


@dataclass(frozen=True, slots=True)
class Snapshot:
    """All that one spec's readers need, published whole after each closed candle.

    `version` grows with every publication of the spec. `price` is the close of the last
    candle, `as_of` the instant it closed. `rows` counts candles held, `gaps` the missing
    minutes among them. `change_24h` is a fraction, None with less than 24 h of candles.
    """

    version: int
    spec: ForecastSpec
    market: Market
    provider: str
    as_of: datetime
    price: float
    low_24h: float
    high_24h: float
    change_24h: float | None
    rows: int
    gaps: int
    first_open: datetime
    forecasts: Mapping[Horizon, Forecast]
    models: Mapping[Horizon, ModelCard]
    retrains: tuple[Retrain, ...] = ()
    next_training: datetime | None = None


@dataclass(frozen=True, slots=True)
class TailTrace:
    """Recent out-of-sample forecasts of one horizon, oldest first, equal lengths.

    `target` is epoch milliseconds; `actual` is None where not yet known.
    """

    issued: list[int]
    target: list[int]
    point: list[float]
    low: list[float]
    high: list[float]
    price_at_issue: list[float]
    actual: list[float | None]


@dataclass(frozen=True, slots=True)
class Series:
    """What the chart draws: the newest candles and the predicted tails.

    `close_time` is epoch milliseconds of each candle's close (open + 60 s); the other
    lists run parallel to it. A missing minute is a row of None in all price lists.
    """

    version: int
    close_time: list[int]
    open: list[float | None]
    high: list[float | None]
    low: list[float | None]
    close: list[float | None]
    volume: list[float | None]
    tails: Mapping[Horizon, TailTrace]


Stage = Literal["waiting", "fetching", "training", "ready", "failed"]


@dataclass(frozen=True, slots=True)
class Progress:
    """What the engine is doing for one spec. `done` of `total` in `unit`; total 0 if unknown."""

    stage: Stage
    done: int = 0
    total: int = 0
    unit: str = ""
    message: str = ""


@dataclass(frozen=True, slots=True)
class EngineStatus:
    """The engine's heartbeat and what it knows of the exchange.

    `reason` says in a sentence why this market and provider were chosen; `trouble` is
    empty while the exchange answers, and otherwise a sentence saying what is wrong.
    """

    pid: int
    started_at: datetime
    beat_at: datetime
    market: Market
    provider: str
    reason: str
    weight_used: int | None
    weight_limit: int | None
    clock_offset_ms: float | None
    trouble: str = ""
    served: tuple[str, ...] = ()
    progress: Mapping[str, Progress] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Position:
    """A simulated holding. `price` is what was paid per unit, in USD."""

    market: Market
    ticker: str
    units: float
    invested: float
    price: float
    bought_at: datetime


@dataclass(frozen=True, slots=True)
class Trade:
    """One simulated trade; `profit` is realised profit in USD, None for a purchase."""

    market: Market
    side: Literal["buy", "sell"]
    ticker: str
    units: float
    price: float
    amount: float
    time: datetime
    quote_time: datetime
    provider: str
    profit: float | None
