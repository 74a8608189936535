"""Live: the tick, and what a new snapshot brings."""

from __future__ import annotations

from typing import Any

from dash import Dash, Input, Output, State, html, no_update

from callbacks.answers import plain, same_for_all
from callbacks.clientside import script
from callbacks.crowd import Crowd
from callbacks.ticks import Tick, fitted, live_tick, market_of
from callbacks.visitors import client_address, read_spec_text
from components import cards, ids
from components.charts import continues, live_figure, live_step, session_cutoff
from components.formatting import moment
from components.ids import of
from core.domain import HORIZONS, ForecastSpec, Horizon, Series, Snapshot, TailTrace
from core.forecasting.service import ForecastService, View
from core.portfolio.stored import holdings_from_stored
from core.settings import EngineMode, Settings

PAGE = "live"


def register(app: Dash, service: ForecastService, settings: Settings) -> None:
    """Register the tick and the repainting of Live."""
    register_tick(app, service, settings, PAGE)

    @app.callback(
        Output(of(PAGE, "paint"), "data"),
        *(Output(of(PAGE, f"forecast-{horizon}"), "children") for horizon in HORIZONS),
        Output(of(PAGE, "training"), "children"),
        Output(of(PAGE, "subtitle"), "children"),
        Input(of(PAGE, "need"), "data"),
        State(of(PAGE, "spec"), "data"),
        prevent_initial_call=True,
    )
    def paint(need: object, spec_text: object) -> Any:
        spec = read_spec_text(spec_text)
        view = service.view(spec, client_address()) if spec else None
        series = service.series(spec) if spec else None
        if view is None or view.snapshot is None or series is None or not series.close_time:
            return (no_update,) * 5
        if view.switching and view.snapshot.version != series.version:
            return (no_update,) * 5  # the candles of the new provider, the forecasts of the old
        if view.snapshot.version == series.version == _announced(need):
            same_for_all()
        return render_paint(view.snapshot, series, need)

    app.clientside_callback(
        script("liveFigure"),
        Output(of(PAGE, "chart"), "figure"),
        Input(of(PAGE, "paint"), "data"),
        prevent_initial_call=True,
    )


def register_tick(app: Dash, service: ForecastService, settings: Settings, page: str) -> None:
    """Register the one interval-driven callback of a page with a position."""
    crowd = Crowd()

    @app.callback(
        Output(of(page, "tick"), "data"),
        Input(of(page, "interval"), "n_intervals"),
        Input(ids.HOLDINGS, "data"),
        State(of(page, "spec"), "data"),
    )
    @plain
    def tick(_ticks: object, holdings: object, spec_text: object) -> Any:
        spec = read_spec_text(spec_text)
        if spec is None:
            return no_update
        view = service.view(spec, client_address())
        answer = read_tick(service, view, settings.engine, holdings)
        turns_s = crowd.turns_s()
        return fitted({**answer, "turns": turns_s}) if turns_s else answer

    app.clientside_callback(
        script("tick"),
        Output(of(page, "need"), "data"),
        Output(ids.MARKET, "data", allow_duplicate=True),
        Input(of(page, "tick"), "data"),
        State(of(page, "need"), "data"),
        State(ids.HOLDINGS, "data"),
        prevent_initial_call=True,
    )


def read_tick(service: ForecastService, view: View, engine: EngineMode, stored: object) -> Tick:
    """Return the tick of a page for the holdings that its browser keeps."""
    holdings = holdings_from_stored(stored)
    market = market_of(view)
    held = holdings.get(market) if market else None
    quote = view.quote
    if held is not None and held.ticker != view.spec.ticker:
        quote = service.quote(held.ticker)
    return live_tick(view, engine, holdings, quote)


def render_paint(snapshot: Snapshot, series: Series, need: object) -> tuple[Any, ...]:
    """Return (chart data, minute cell, long cell, training sentence, chart subtitle)."""
    cells = [render_cell(snapshot, horizon) for horizon in HORIZONS]
    subtitle = coverage_sentence(series.tails.get("long"))
    return render_chart(snapshot, series, need), *cells, render_training(snapshot), subtitle


def render_chart(snapshot: Snapshot, series: Series, need: object) -> dict[str, Any]:
    """Return the whole figure, or only what is new where the drawn chart can be extended.

    `need` is what the browser holds: ``{"since": last candle drawn, "cutoff": left end,
    "provider": whose candles}``. No line ever goes from one provider's candles to another's.
    """
    since, cutoff = _drawn(need, series, snapshot.provider)
    known = {"v": snapshot.version, "last": series.close_time[-1], "provider": snapshot.provider}
    if since is not None:
        # The same for every page, whenever it was opened: what lies left of its view is hidden.
        step = live_step(snapshot, series, series.close_time[0], since)
        return {"kind": "step", **known, **step}
    if snapshot.version != series.version:
        known["provider"] = ""  # not certain whose candles these are: the next paint is whole too
    cutoff = session_cutoff(series) if cutoff is None else cutoff
    figure = live_figure(snapshot, series, cutoff)
    return {"kind": "full", **known, "cutoff": cutoff, "figure": figure}


def _announced(need: object) -> object:
    """Return the version that the page was told of; None where it does not say."""
    return need.get("v") if isinstance(need, dict) else None


def _drawn(need: object, series: Series, provider: str) -> tuple[int | None, int | None]:
    """Return (since, cutoff): the first where the drawn chart can be extended, else the second."""
    if not isinstance(need, dict):
        return None, None
    since, cutoff = (v if type(v) is int else None for v in (need.get("since"), need.get("cutoff")))
    if since is not None and continues(series, since) and need.get("provider") == provider:
        return since, None
    return None, cutoff if cutoff is not None and cutoff <= series.close_time[-1] else None


def render_cell(snapshot: Snapshot, horizon: Horizon) -> list[Any]:
    """Return the content of one forecast's cell."""
    forecast, model = snapshot.forecasts.get(horizon), snapshot.models.get(horizon)
    if forecast is None or model is None:
        return cards.missing_cell(snapshot.spec, horizon)
    revised = forecast.issued_at in snapshot.revised
    return cards.forecast_cell(snapshot.spec, forecast, model, revised)


def render_training(snapshot: Snapshot) -> list[Any]:
    """Return when each model was trained, on what, and when the next training is due."""
    lines = [_trained(snapshot.spec, model) for model in snapshot.models.values()]
    if snapshot.next_training is not None:
        lines.append(html.Div(["Next training ", moment(snapshot.next_training, "date")]))
    return lines


def _trained(spec: ForecastSpec, model: Any) -> html.Div:
    label = cards.forecast_label(spec, model.horizon)
    if not model.trained:
        return html.Div(f"{label}: no change, {model.reason}")
    weight = f"{model.shrinkage:.0%}".replace("%", "\u202f%")
    rows = f", {model.rows:,} rows, weight of the model {weight}"
    return html.Div([f"{label}: trained ", moment(model.trained_at, "date"), rows])


def coverage_sentence(tail: TailTrace | None) -> str:
    """Return how often the price ended inside the band that was drawn for it."""
    met = [] if tail is None else [i for i, a in enumerate(tail.actual) if a is not None]
    if tail is None or not met:
        return "Forecasts at the time they are for"
    inside = sum(tail.low[i] <= (tail.actual[i] or 0.0) <= tail.high[i] for i in met)
    share = f"{inside / len(met):.0%}".replace("%", "\u202f%")
    return (
        f"{share} of the last {len(met)} out-of-sample forecasts ended inside their 80\u202f% band"
    )
