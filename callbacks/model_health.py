"""Model Health: the tick, and the tables and charts of a new snapshot."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from dash import Dash, Input, Output, State, no_update

from callbacks.answers import plain
from callbacks.clientside import script
from callbacks.ticks import Tick, health_tick
from callbacks.visitors import client_address, read_spec_text
from components import ids, tables
from components.doctor import doctor_table
from components.ids import of
from components.importance import importance_panel
from core.domain import HORIZONS, Diagnosis, Snapshot
from core.forecasting.deployment import examine_engine
from core.forecasting.service import ForecastService, View
from core.settings import Settings

PAGE = "health"
_PARTS = ("tail", "models", "drivers", "promotions", "retrains", "reason")


def register(app: Dash, service: ForecastService, settings: Settings) -> None:
    """Register the tick and the repainting of Model Health."""

    @app.callback(
        Output(of(PAGE, "tick"), "data"),
        Input(of(PAGE, "interval"), "n_intervals"),
        State(of(PAGE, "spec"), "data"),
    )
    @plain
    def tick(_ticks: object, spec_text: object) -> Any:
        spec = read_spec_text(spec_text)
        if spec is None:
            return no_update
        view = service.view(spec, client_address())
        return looked_anew(health_tick(view, settings.engine, service.diagnosis()), view)

    # A page that opens asks at once: what is needed is said with the first tick.
    @app.callback(
        *(Output(of(PAGE, part), "children") for part in _PARTS),
        Output(of(PAGE, "paint"), "data"),
        Input(of(PAGE, "need"), "data"),
        State(of(PAGE, "spec"), "data"),
    )
    def paint(_need: object, spec_text: object) -> Any:
        spec = read_spec_text(spec_text)
        view = service.view(spec, client_address()) if spec else None
        if view is None or view.snapshot is None:
            return (no_update,) * (len(_PARTS) + 1)
        return *render_paint(view, view.snapshot), {"v": view.snapshot.version, "spec": spec_text}

    @app.callback(
        Output(of(PAGE, "doctor"), "children"),
        Input(of(PAGE, "looked"), "data"),
        State(of(PAGE, "spec"), "data"),
    )
    def show_doctor(_looked: object, spec_text: object) -> Any:
        spec = read_spec_text(spec_text)
        if spec is None:
            return no_update
        return render_doctor(service.diagnosis(), service.view(spec, client_address()))

    _register_scripts(app)


def _register_scripts(app: Dash) -> None:
    asked = [State(of(PAGE, part), "data") for part in ("spec", "choice")]
    shown = [State(of(PAGE, part), "data") for part in ("paint", "figures")]
    app.clientside_callback(
        script("healthTick"),
        Output(of(PAGE, "need"), "data"),
        Output(ids.MARKET, "data", allow_duplicate=True),
        Input(of(PAGE, "tick"), "data"),
        State(of(PAGE, "need"), "data"),
        State(ids.HOLDINGS, "data"),
        *shown,
        *asked,
        prevent_initial_call=True,
    )
    # An answer to the page before may come to this one, which has the same ids.
    app.clientside_callback(
        script("healthAnswered"),
        Output(of(PAGE, "whole"), "data"),
        Input(of(PAGE, "paint"), "data"),
        Input(of(PAGE, "figures"), "data"),
        State(of(PAGE, "need"), "data"),
        *asked,
        prevent_initial_call=True,
    )
    app.clientside_callback(
        script("looked"),
        Output(of(PAGE, "looked"), "data"),
        Input(of(PAGE, "tick"), "data"),
        State(of(PAGE, "looked"), "data"),
        prevent_initial_call=True,
    )


def render_paint(view: View, snapshot: Snapshot) -> tuple[Any, ...]:
    """Return (tail, models, drivers, promotions, retrains, reason)."""
    models = [snapshot.models[h] for h in HORIZONS if h in snapshot.models]
    return (
        tables.tail_table(snapshot.spec, models),
        tables.models_table(snapshot),
        importance_panel(snapshot),
        tables.promotions_table(snapshot),
        tables.retrains_table(snapshot.spec, snapshot.retrains),
        engine_sentences(view),
    )


def render_doctor(diagnosis: Diagnosis | None, view: View) -> list[Any]:
    """Return the doctor's table, the engine judged now: one that is dead cannot judge itself."""
    if diagnosis is None:
        return doctor_table(None)
    engine = examine_engine(view.status, view.now)
    return doctor_table(replace(diagnosis, findings=(*diagnosis.findings, engine)))


def looked_anew(tick: Tick, view: View) -> Tick:
    """Return `tick` with another mark while the engine is silent, so that its row is redrawn."""
    if view.engine_alive or "looked" not in tick:
        return tick
    return {**tick, "looked": f"{tick['looked']} silent"}


def engine_sentences(view: View) -> str:
    """Return why this market and provider, and what is wrong with it if something is."""
    if view.status is None:
        return ""
    said = (view.status.reason, view.status.degraded, view.status.trouble)
    return " ".join(dict.fromkeys(sentence for sentence in said if sentence))
