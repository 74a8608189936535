"""The composition root of the web: `create_app` builds it, `create_server` serves it.

Nothing imports this module; gunicorn's target is ``app:create_server()``.
"""

from __future__ import annotations

import tomllib
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any, Final

import dash
import flask_bootstrap
from dash import Dash, html
from dash.development.base_component import Component
from flask import Flask, Response, abort, jsonify, request, send_file
from flask_caching import Cache
from plotly.io.json import to_json_plotly
from werkzeug.middleware.proxy_fix import ProxyFix

from callbacks import opening, register_all
from callbacks.answers import QuickAnswers
from callbacks.conditions import condition
from callbacks.wellformed import read_callback
from components import shell
from core.clock import SystemClock
from core.domain import ForecastSpec
from core.forecasting.service import ForecastService, View
from core.forecasting.store import SnapshotStore
from core.ledger.database import database_url
from core.ledger.reader import LedgerReader
from core.settings import Settings

_ROOT: Final = Path(__file__).parent
_BOOTSTRAP: Final = (
    Path(flask_bootstrap.__file__).parent / "static/bootstrap5/css/bootstrap.min.css"
)
# A tick may be this much older than what is published: nobody sees it, and reads are saved.
_REUSE_S: Final = 0.25
# What belongs to one version of a snapshot stays true; most pages ask within seconds.
_ANSWER_REUSE_S: Final = 30.0
_YEAR: Final = "public, max-age=31536000, immutable"
_VERSION: Final[str] = tomllib.loads((_ROOT / "pyproject.toml").read_text("utf-8"))["project"][
    "version"
]
# The largest honest request carries the trade log, about 100 kB.
_LARGEST_REQUEST: Final = 1_000_000
# Dash's scripts that nothing here uses, left out: what they do before anything is shown
# keeps a slow phone busy. Every browser this app can run in has what the first would add.
_UNUSED_SCRIPTS: Final = ("/deps/polyfill@", "/dash/dash_table/")
_CALLBACK_PATH: Final = "/_dash-update-component"


class LeanDash(Dash):
    """Dash without what this application has no use for: some scripts, and a copy of all pages
    in every index, by which a browser would check callbacks. A test checks them here.
    """

    def _config(self) -> dict[str, Any]:
        config: dict[str, Any] = super()._config()
        del config["validation_layout"]
        return {**config, "suppress_callback_exceptions": True}

    def interpolate_index(self, scripts: str = "", **parts: str) -> str:
        """Return the index page; `scripts` has one tag a line."""
        used = [
            tag
            for tag in scripts.splitlines()
            if not any(unused in tag for unused in _UNUSED_SCRIPTS)
        ]
        return super().interpolate_index(scripts="\n".join(used), **parts)


def create_app(
    service: ForecastService,
    settings: Settings,
    server: Flask | None = None,
    reuse_s: float = 0.0,
) -> Dash:
    """Return the application over `service`; a second call gives an independent one.

    Parameters
    ----------
    server : Flask or None
        The Flask application to live in; a fresh one if None.
    reuse_s : float
        For how long an answer that is the same for all may be given again.
    """
    server = server or Flask("app")
    server.config["MAX_CONTENT_LENGTH"] = _LARGEST_REQUEST
    answers = QuickAnswers(reuse_s)
    answers.attach(server)
    app = LeanDash(
        "app",
        server=server,
        use_pages=True,
        pages_folder=str(_ROOT / "pages"),
        assets_folder=str(_ROOT / "assets"),
        title="Market Pulse",
        update_title=None,
        compress=True,
        serve_locally=True,
        index_string=shell.index(),
        external_stylesheets=[f"/vendor/bootstrap.min.css?v={_BOOTSTRAP.stat().st_mtime_ns}"],
        meta_tags=[
            {"name": "viewport", "content": "width=device-width, initial-scale=1"},
            {"name": "description", "content": "Live crypto forecasts that tell how good they are"},
        ],
        include_pages_meta=False,
        enable_mcp=False,
    )
    _set_default_spec(settings)
    app.layout = partial(opening.first_layout, service, settings)
    opening.attach(server)
    register_all(app, service, settings)
    _add_routes(server, service, settings)
    server.before_request(partial(_meet_callback, app, answers))
    server.after_request(_cache_fingerprinted)
    return app


def create_server() -> Flask:
    """Read the environment and return the server that gunicorn runs."""
    settings = Settings.from_env()
    server = Flask("app")
    # Without a proxy in front anybody could forge the header; only the address is taken from it.
    server.wsgi_app = ProxyFix(  # type: ignore[method-assign]
        server.wsgi_app, x_for=settings.proxy_hops, x_proto=0, x_host=0
    )
    store = SnapshotStore.at(settings.run_dir, cache_backend(server, settings), _REUSE_S)
    ledger = LedgerReader(database_url(settings.database_url, settings.artifact_dir))
    service = ForecastService(store, SystemClock(), settings.watch, settings.max_specs, ledger)
    app = create_app(service, settings, server, _ANSWER_REUSE_S)
    _warm_up(app)
    return app.server


def _warm_up(app: Dash) -> None:
    """Do once, before gunicorn forks, what the first requests would do in every worker.

    Dash sets itself up at the first request, and parallel first ones would race. Encoding
    the first component imports numpy, which would stop a busy worker for 0.2 s.
    """
    app.server.test_client().get("/health")
    to_json_plotly(html.Div())


def cache_backend(server: Flask, settings: Settings) -> Any:
    """Return Flask-Caching's raw backend over the files that the engine writes.

    Never forgets: neither by age nor by number (its defaults delete snapshots silently).
    """
    directory = settings.run_dir / "cache"
    directory.mkdir(parents=True, exist_ok=True)
    cache = Cache(
        server,
        config={
            "CACHE_TYPE": "FileSystemCache",
            "CACHE_DIR": str(directory),
            "CACHE_DEFAULT_TIMEOUT": 0,
            "CACHE_THRESHOLD": 0,
        },
    )
    return cache.cache


def health(view: View, settings: Settings) -> tuple[dict[str, Any], int]:
    """Return the health report and its HTTP status: 200 while the engine lives."""
    state, _ = condition(view, settings.engine)
    words = {"ok": "ok", "simulated": "ok", "waiting": "starting", "preparing": "starting"}
    beat = view.now - view.status.beat_at if view.status else None
    report = {
        "status": words.get(state, "degraded"),
        "engine_beat_age_s": round(beat.total_seconds(), 1) if beat else None,
        "market": view.status.market if view.status else None,
        "provider": view.status.provider if view.status else None,
        "candle_age_s": round(view.candle_age.total_seconds(), 1) if view.candle_age else None,
        "version": _VERSION,
    }
    return report, 200 if view.engine_alive else 503


def _set_default_spec(settings: Settings) -> None:
    """Let the pages show the first watched spec where the address asks for none."""
    default = settings.watch[0] if settings.watch else ForecastSpec()
    for page in dash.page_registry.values():
        page["layout"] = partial(_lay_out, page["supplied_layout"], default)


def _lay_out(
    page: Callable[..., Component], default: ForecastSpec, /, **query: str | list[str]
) -> Component:
    """Return a page for an address; of what is given twice the first counts, as for its scripts."""
    once = {name: text if isinstance(text, str) else text[0] for name, text in query.items()}
    return page(default, **once)


def _add_routes(server: Flask, service: ForecastService, settings: Settings) -> None:
    @server.get("/health")
    def report_health() -> tuple[Response, int]:
        watched = settings.watch[0] if settings.watch else ForecastSpec()
        report, status = health(service.view(watched, "health"), settings)
        return jsonify(report), status

    @server.get("/vendor/bootstrap.min.css")
    def bootstrap() -> Response:
        answer = send_file(_BOOTSTRAP, mimetype="text/css")
        answer.headers["Cache-Control"] = _YEAR
        return answer


def _meet_callback(app: Dash, answers: QuickAnswers) -> Response | None:
    """Answer quickly what can be, and 400, not a traceback, what no page of ours asks."""
    if request.path != _CALLBACK_PATH or request.method != "POST":
        return None
    body = read_callback(app)
    if body is None:
        abort(400, "This is not a callback of this application.")
    return answers.find(app, body)


def _cache_fingerprinted(response: Response) -> Response:
    """Let browsers keep assets for a year: their address changes with their content."""
    if request.path.startswith("/assets/") and "m" in request.args:
        response.headers["Cache-Control"] = _YEAR
    return response
