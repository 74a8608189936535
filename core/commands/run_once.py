"""The pipeline once: candles, models, forecasts and their tail scores."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pandas as pd

from core.clock import Clock
from core.domain import HORIZONS, Forecast, ForecastSpec, Horizon, Market, ModelCard, Progress
from core.errors import EngineRunning, HistoryError
from core.exchanges.base import Provider
from core.forecasting.desk import SpecDesk
from core.forecasting.feed import TickerFeed
from core.forecasting.lock import engine_lock
from core.forecasting.market_choice import choose_market
from core.history.candle_file import read_candle_file
from core.history.cleaning import MINUTE, last_open
from core.history.csv_store import CsvStore
from core.history.sync import SyncPage
from core.settings import Settings

# Names that the original command line printed; scripts rely on them.
_JSON_NAMES: Mapping[Horizon, str] = {"minute": "minute", "long": "hour"}


@dataclass(frozen=True, slots=True)
class RunResult:
    """What one run found. `timings` are seconds by step; `notices` are sentences."""

    spec: ForecastSpec
    provider: str
    market: Market
    as_of: datetime
    latest_price: float
    forecasts: Mapping[Horizon, Forecast]
    models: Mapping[Horizon, ModelCard]
    timings: Mapping[str, float]
    notices: tuple[str, ...] = ()

    def to_json(self, amount: float | None = None) -> dict[str, Any]:
        """Return plain values under the original's keys and a few more.

        Parameters
        ----------
        amount : float, optional
            USD to value at both forecasts.
        """
        values: dict[str, Any] = {
            "ticker": self.spec.ticker,
            "latest_price": self.latest_price,
            "next_minute_price": self.forecasts["minute"].point,
            "next_hour_price": self.forecasts["long"].point,
        }
        for horizon, name in _JSON_NAMES.items():
            values |= _json_model(name, self.models[horizon], self.forecasts[horizon])
        values |= {
            "provider": self.provider,
            "market": self.market,
            "as_of": self.as_of.isoformat(),
            "spec": self.spec.to_dict(),
            "timings": {step: round(seconds, 3) for step, seconds in self.timings.items()},
            "notices": list(self.notices),
        }
        if amount is not None:
            values["investment"] = self.investment(amount)
        return values

    def investment(self, amount: float) -> dict[str, float]:
        """Return what `amount` USD buys now and what that is worth at both forecasts."""
        units = amount / self.latest_price
        return {
            "amount": amount,
            "units": units,
            "price": self.latest_price,
            "value_next_minute": units * self.forecasts["minute"].point,
            "value_next_hour": units * self.forecasts["long"].point,
        }


@dataclass(slots=True)
class _Run:
    """What a run carries from step to step."""

    spec: ForecastSpec
    clock: Clock
    on_progress: Callable[[Progress], None]
    timings: dict[str, float] = field(default_factory=dict)
    notices: list[str] = field(default_factory=list)

    @contextmanager
    def timed(self, step: str) -> Iterator[None]:
        started = time.perf_counter()
        yield
        self.timings[step] = time.perf_counter() - started


def run_from_file(
    spec: ForecastSpec, path: Path, clock: Clock, on_progress: Callable[[Progress], None]
) -> RunResult:
    """Run the pipeline on the candles of a file; nothing is stored.

    Raises
    ------
    HistoryError
        The file cannot be used, or is too short for any forecast.
    """
    run = _Run(spec, clock, on_progress)
    with run.timed("candles"):
        candles = read_candle_file(path).iloc[-spec.rows_wanted :]
    desk = SpecDesk(spec, "live", "file", None, clock, timedelta(days=1))
    return _forecast(run, desk, candles, float(candles["close"].iloc[-1]))


def run_live(
    spec: ForecastSpec,
    settings: Settings,
    clock: Clock,
    on_progress: Callable[[Progress], None],
    force_retrain: bool = False,
) -> RunResult:
    """Run the pipeline on the market that the settings choose.

    Where an engine runs on the same artifacts, it stays the only writer: this run then
    reads what is stored, fetches the rest, and keeps the result to itself.

    Raises
    ------
    ExchangeError, HistoryError
        No candles could be had.
    """
    run = _Run(spec, clock, on_progress)
    with run.timed("choose market"):
        venues, reason = choose_market(settings, clock)
    provider = venues.current
    run.notices.append(reason)
    try:
        lock = engine_lock(settings.run_dir)
    except EngineRunning:
        run.notices.append("An engine runs on these artifacts: this run stores nothing.")
        return _run_on(run, provider, settings, None, force_retrain)
    try:
        # What is on disk stays as it is while only it is looked at.
        directory = None if provider.name == "cache" else settings.files_of(provider.name)
        return _run_on(run, provider, settings, directory, force_retrain)
    finally:
        lock.release()


def _run_on(
    run: _Run, provider: Provider, settings: Settings, directory: Path | None, force: bool
) -> RunResult:
    spec = run.spec
    stored = CsvStore(settings.files_of(provider.name), spec.ticker, provider.market)
    feed = TickerFeed(provider, stored if directory else None, spec.ticker)
    if directory is None:
        feed.candles = stored.load(repair=False)
    with run.timed("candles"):
        provider.sync_clock()
        feed.start(spec.rows_wanted, lambda page: run.on_progress(_fetching(page)))
    if feed.refusal:
        raise HistoryError(feed.refusal)
    if feed.notice:
        run.notices.append(feed.notice)
    desk = SpecDesk(
        spec,
        provider.market,
        provider.name,
        directory,
        run.clock,
        timedelta(hours=settings.retrain_hours),
        timedelta(hours=settings.model_expiry_hours),
    )
    if not force:
        desk.load()
    with run.timed("quote"):
        price = provider.quotes([spec.ticker])[spec.ticker].price
    return _forecast(run, desk, feed.usable()[0], price)


def _forecast(run: _Run, desk: SpecDesk, candles: pd.DataFrame, price: float) -> RunResult:
    cause = desk.training_cause(None)
    if cause is not None:
        with run.timed("training"):
            desk.train(candles, cause, run.on_progress)
    with run.timed("forecast"):
        issued = {h: m.forecast(candles) for h, m in desk.models.items()}
        forecasts = {h: forecast for h, forecast in issued.items() if forecast is not None}
        if len(forecasts) < len(HORIZONS):
            raise HistoryError(f"{len(candles)} candles are too few: no 5-minute bar is whole.")
        cards = {h: m.card(m.tail(candles)[0]) for h, m in desk.models.items()}
    run.on_progress(Progress("ready"))
    return RunResult(
        spec=run.spec,
        provider=desk.provider,
        market=desk.market,
        as_of=last_open(candles) + MINUTE,
        latest_price=price,
        forecasts=forecasts,
        models=cards,
        timings=run.timings,
        notices=tuple(run.notices),
    )


def _fetching(page: SyncPage) -> Progress:
    return Progress("fetching", page.done, page.total, "candles")


def _json_model(name: str, card: ModelCard, forecast: Forecast) -> dict[str, Any]:
    """Return one model's part of the JSON, each key starting with `name`."""
    tail = card.tail
    band = forecast.band
    return {
        **{f"{name}_{k}": v for k, v in (asdict(tail.model) if tail else {}).items()},
        **{
            f"{name}_{k}_random_walk": v
            for k, v in (asdict(tail.random_walk) if tail else {}).items()
        },
        f"{name}_tail_forecasts": tail.n if tail else 0,
        f"{name}_skill": tail.skill if tail else None,
        f"{name}_trained": card.trained,
        f"{name}_reason": card.reason,
        f"{name}_rows": card.rows,
        f"{name}_shrinkage": card.shrinkage,
        f"{name}_standing_aside": forecast.standing_aside,
        f"{name}_issued_at": forecast.issued_at.isoformat(),
        f"{name}_target_time": forecast.target_time.isoformat(),
        f"{name}_band_80": [band.low, band.high] if band else None,
    }
