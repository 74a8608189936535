"""Live: what a new snapshot brings, as a whole chart or the step since the last candle."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from dash import Dash, Input, Output, State, html, no_update

from callbacks.answers import same_for_all
from callbacks.clientside import script
from callbacks.visitors import client_address, read_spec_text
from components import cards, ids
from components.charts import candles, continues, digest, live_figure, live_step, session_cutoff
from components.formatting import moment
from components.ids import of
from components.training import newest_training
from core.domain import HORIZONS, ForecastSpec, Horizon, Series, Snapshot, TailTrace
from core.forecasting.service import ForecastService
from core.settings import Settings

PAGE = "live"


def register(app: Dash, service: ForecastService, _settings: Settings) -> None:
    """Register the repainting of Live."""

    outputs = (
        (of(PAGE, "paint"), "data"),
        *((of(PAGE, f"forecast-{horizon}"), "children") for horizon in HORIZONS),
        (of(PAGE, "training"), "children"),
        (of(PAGE, "subtitle"), "children"),
    )

    # A page that opens asks at once: what depends on `need` waits for the first tick.
    @app.callback(
        *(Output(*output, allow_duplicate=True) for output in outputs),
        Input(of(PAGE, "opened"), "data"),
        State(of(PAGE, "spec"), "data"),
        prevent_initial_call=True,
    )
    @app.callback(
        *(Output(*output) for output in outputs),
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
        if view.snapshot.provider != series.provider:
            return (no_update,) * 5  # the candles of the new provider, the forecasts of the old
        if view.snapshot.version == series.version == _announced(need):
            same_for_all()
        drawn, *rest = render_paint(view.snapshot, series, need)
        return {**drawn, "spec": spec_text}, *rest

    app.clientside_callback(
        script("open"),
        Output(of(PAGE, "opened"), "data"),
        Input(of(PAGE, "spec"), "data"),
    )

    app.clientside_callback(
        script("liveFigure"),
        Output(of(PAGE, "chart"), "figure"),
        Input(of(PAGE, "paint"), "data"),
        State(of(PAGE, "spec"), "data"),
        State(of(PAGE, "interval"), "id"),
        prevent_initial_call=True,
    )

    app.clientside_callback(
        script("tradeMarks"),
        Output(of(PAGE, "chart"), "figure", allow_duplicate=True),
        Input(ids.TRADES, "data"),
        prevent_initial_call="initial_duplicate",  # the log of earlier visits is there at once
    )


def render_paint(snapshot: Snapshot, series: Series, need: object) -> tuple[Any, ...]:
    """Return (chart data, minute cell, long cell, training sentence, chart subtitle)."""
    cells = [render_cell(snapshot, horizon) for horizon in HORIZONS]
    subtitle = coverage_sentence(series.tails.get("long"))
    return render_chart(snapshot, series, need), *cells, render_training(snapshot), subtitle


def render_chart(snapshot: Snapshot, series: Series, need: object) -> dict[str, Any]:
    """Return the whole figure, or only what is new where the drawn chart can be extended.

    `need` is what the browser holds: ``{"since": last candle drawn, "cutoff": where its
    session began, "provider": whose candles, "digest": of what lies before `since`}``. No line
    ever goes from one provider's candles to another's, and where the past is another by now
    (`digest`), all of it travels again.
    """
    since, cutoff = _drawn(need, series, snapshot.provider)
    known = {
        "v": snapshot.version,
        "last": series.close_time[-1],
        "provider": snapshot.provider,
        "market": snapshot.market,
        "digest": digest(series, series.close_time[-1]),
    }
    if since is not None:
        # The same for every page, whenever it was opened: what lies left of its view is hidden.
        step = live_step(snapshot, series, series.close_time[0], since)
        return {"kind": "step", **known, **step}
    opened = session_cutoff(series)
    cutoff = opened if cutoff is None else min(cutoff, opened)
    return {
        "kind": "full",
        **known,
        "cutoff": cutoff,
        "candles": candles(series, cutoff - 1),
        "figure": live_figure(snapshot, series, cutoff),
    }


def _announced(need: object) -> object:
    """Return the version that the page was told of; None where it does not say."""
    return need.get("v") if isinstance(need, dict) else None


def _drawn(need: object, series: Series, provider: str) -> tuple[int | None, int | None]:
    """Return (since, cutoff): the first where the drawn chart can be extended, else the second."""
    if not isinstance(need, dict):
        return None, None
    since, cutoff = (v if type(v) is int else None for v in (need.get("since"), need.get("cutoff")))
    same = need.get("provider") == provider
    if since is not None and same and continues(series, since) and _is_past(need, series, since):
        return since, None
    return None, cutoff if cutoff is not None and cutoff <= series.close_time[-1] else None


def _is_past(need: dict[str, Any], series: Series, since: int) -> bool:
    """Tell whether what the browser holds up to `since` is still what is held here."""
    known = need.get("digest")
    return known is None or known == digest(series, since)


def render_cell(snapshot: Snapshot, horizon: Horizon) -> list[Any]:
    """Return the content of one forecast's cell."""
    forecast, model = snapshot.forecasts.get(horizon), snapshot.models.get(horizon)
    if forecast is None or model is None:
        return cards.missing_cell(snapshot.spec, horizon)
    revised = forecast.issued_at in snapshot.revised
    return cards.forecast_cell(snapshot.spec, forecast, model, revised, snapshot.records)


def render_training(snapshot: Snapshot) -> list[Any]:
    """Return when each model was trained, on what, and when the next training is due."""
    lines = [_trained(snapshot.spec, model) for model in snapshot.models.values()]
    lines += newest_training(snapshot)
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


def coverage_sentence(tail: TailTrace | None) -> list[Any]:
    """Return how often the price ended inside the band, and since when bands are as issued."""
    met = [] if tail is None else [i for i, a in enumerate(tail.actual) if a is not None]
    if tail is None or not met:
        return ["Forecasts at the time they are for"]
    inside = sum(tail.low[i] <= (tail.actual[i] or 0.0) <= tail.high[i] for i in met)
    share = f"{inside / len(met):.0%}".replace("%", "\u202f%")
    replayed = (
        f"{share} of the last {len(met)} out-of-sample forecasts ended inside their 80\u202f% band"
    )
    if tail.issued_since is None:
        return [replayed]
    since = moment(datetime.fromtimestamp(tail.issued_since / 1_000, UTC), "date")
    if tail.issued_since > tail.target[met[-1]]:
        return [f"{replayed}; as issued from ", since, " on"]
    return [
        f"{share} of the last {len(met)} ended inside their 80\u202f% band; as issued since ",
        since,
        *([", replayed before"] if tail.target[0] < tail.issued_since else []),
    ]
