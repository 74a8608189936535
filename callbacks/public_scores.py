"""Model Health: what the ledger says the published forecasts were worth."""

from __future__ import annotations

import os
from threading import BoundedSemaphore
from typing import Any, Final, cast

from dash import Dash, Input, Output, State, no_update
from flask import Flask, Response, request

from callbacks.answers import same_for_all
from callbacks.clientside import script
from callbacks.conditions import damage_sentence
from callbacks.visitors import client_address, read_spec_text
from components import scores, states
from components.ids import of
from components.score_charts import gained_figure, mae_figure, moves_figure, skill_figure
from core.domain import SCORE_RANGES, ForecastSpec, PublicScore, ScoreRange, Snapshot
from core.errors import LedgerError, ParameterError
from core.forecasting.service import ForecastService
from core.ledger.database import database_url
from core.ledger.durability import durability_warning
from core.settings import Settings

PAGE = "health"
EXPORT_PATH: Final = "/ledger.csv"
FIGURES: Final = ("skill", "mae", "gained", "moves")
_PARTS: Final = ("scores", "coverage", "events", "ledger-note")
# Each reads for seconds; who comes meanwhile is asked to come again.
_EXPORTS_AT_ONCE: Final = 1


def register(app: Dash, service: ForecastService, settings: Settings) -> None:
    """Register the repainting of the public scores, and the export of the ledger."""
    url = database_url(settings.database_url, settings.artifact_dir)
    warning = durability_warning(url, os.environ)

    # A page that opens asks at once: what is needed is said with the first tick.
    @app.callback(
        Output(of(PAGE, "figures"), "data"),
        *(Output(of(PAGE, part), "children") for part in _PARTS),
        Input(of(PAGE, "need"), "data"),
        State(of(PAGE, "spec"), "data"),
        State(of(PAGE, "choice"), "data"),
    )
    def paint(need: object, spec_text: object, choice: object) -> Any:
        spec = read_spec_text(spec_text)
        view = service.view(spec, client_address()) if spec else None
        snapshot = view.snapshot if view else None
        if view is None or snapshot is None:
            return (no_update,) * (1 + len(_PARTS))
        figures, *parts, words = answer_for(service, snapshot, choice)
        version = None if figures is None else snapshot.version  # None is asked for again
        if isinstance(need, dict) and need.get("v") == version:
            same_for_all()
        damage = damage_sentence(view.status) if view.status else ""
        notices = [states.notice(damage, "down")] if damage else []
        notices += [states.notice(warning)] if warning else []
        drawn = {"v": version, "spec": spec_text, "choice": choice, "figures": figures or []}
        return drawn, *parts, [words, *notices] if notices else words

    app.clientside_callback(
        script("figures"),
        *(Output(of(PAGE, f"chart-{name}"), "figure") for name in FIGURES),
        Input(of(PAGE, "figures"), "data"),
        State(of(PAGE, "spec"), "data"),
        State(of(PAGE, "choice"), "data"),
        prevent_initial_call=True,
    )
    _add_export(app.server, service)


def answer_for(service: ForecastService, snapshot: Snapshot, choice: object) -> tuple[Any, ...]:
    """Return the figures and the parts; why there are none in the place of each part.

    The figures are None where the ledger cannot be read now.
    """
    asked = choice if isinstance(choice, dict) else {}
    horizon, name, _ = scores.read_choice({k: str(v) for k, v in asked.items()})
    try:
        found = service.public_score(snapshot, horizon, name)
    except LedgerError as error:
        return None, *[states.notice(str(error))] * len(_PARTS)
    if found is None:
        notice = states.notice("No ledger is kept here, so nothing is scored in public.")
        return [], *[notice] * len(_PARTS)
    return render_scores(found, snapshot.spec)


def render_scores(found: PublicScore, spec: ForecastSpec) -> tuple[Any, ...]:
    """Return (`FIGURES`, table of scores, coverage, events, the same in words)."""
    figures = [
        skill_figure(found.curve, found.events),
        mae_figure(found.curve),
        gained_figure(found.curve, found.events),
        moves_figure(found.moves),
    ]
    for figure in figures:  # what was zoomed in one range is not the same place in another
        figure["layout"]["uirevision"] = f"{found.horizon} {found.range}"
    return (
        figures,
        scores.scores_table(found, spec),
        scores.coverage_strips(found.shown),
        scores.events_table(found.events, spec),
        scores.shown_words(found),
    )


def _add_export(server: Flask, service: ForecastService) -> None:
    turns = BoundedSemaphore(_EXPORTS_AT_ONCE)

    @server.get(EXPORT_PATH)
    def export() -> Response:
        try:
            spec = ForecastSpec.from_text(request.args.get("spec", ""))
        except ParameterError as error:
            return _sentence(str(error), 400)
        name = request.args.get("range", scores.DEFAULT_RANGE)
        if name not in SCORE_RANGES:
            return _sentence(
                f"range must be one of {', '.join(SCORE_RANGES)}, not {name[:24]}.", 400
            )
        snapshot = service.view(spec, client_address()).snapshot
        if snapshot is None:
            return _sentence(f"{spec.to_text()} is not served now.", 404)
        if not turns.acquire(blocking=False):
            return _sentence("Somebody else exports the ledger now; ask again in a minute.", 503)
        try:
            lines = service.ledger_lines(snapshot, cast(ScoreRange, name))
        except BaseException as error:
            turns.release()
            if isinstance(error, LedgerError):
                return _sentence(str(error), 503)
            raise
        answer = Response(lines, mimetype="text/csv")
        answer.call_on_close(turns.release)
        file = f"ledger-{spec.key}-{name}.csv"
        answer.headers["Content-Disposition"] = f'attachment; filename="{file}"'
        return answer


def _sentence(text: str, status: int) -> Response:
    return Response(f"{text}\n", status, mimetype="text/plain")
