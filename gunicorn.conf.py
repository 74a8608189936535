"""gunicorn: two workers by default, and the engine beside them.

Start with ``gunicorn app:create_server()``; every option is explained in docs/operations.md.
"""

import gc
import os
import resource
import sys
import uuid
from pathlib import Path

# As in the engine: threads of a worker that wait for each other beside a busy process turn the
# 30 ms of a page's scores into 500. It must be set before NumPy is loaded.
os.environ.setdefault("OMP_NUM_THREADS", "1")

from core.errors import SettingsError
from core.forecasting.supervision import Supervisor
from core.settings import Settings

try:
    _settings = Settings.from_env()
except SettingsError as error:
    sys.exit(f"Market Pulse: {error}")

bind = f"0.0.0.0:{_settings.port}"
workers = _settings.web_concurrency
worker_class = "worker.PromptWorker"
threads = 8


def _allow_open_files():
    """Raise the soft limit of open files to the hard one; return it, or a sane many."""
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    allowed = 65_536 if hard == resource.RLIM_INFINITY else min(hard, 65_536)
    resource.setrlimit(resource.RLIMIT_NOFILE, (allowed, hard))
    return allowed


# Every open tab keeps a connection; a worker that runs out of files dies.
worker_connections = max(50, min(4_000, _allow_open_files() - 200))
# Connections must outlive the pause between two ticks.
keepalive = 75
backlog = 2048
preload_app = True
timeout = 60
graceful_timeout = 5
control_socket_disable = True
loglevel = _settings.log_level
accesslog = None

# The first worker starts the engine; the others look once it has had time to take its lock.
_OTHERS_LOOK_AFTER_S = 3.0
# The lifeline and the name of this boot; None where somebody else runs the engine.
_engine_life: tuple[tuple[int, int], str] | None = None


def on_starting(server):
    """Open the lifeline before any worker is forked, so that all of them hold it."""
    if _settings.engine == "internal":
        server.engine_life = os.pipe(), uuid.uuid4().hex
    on_reload(server)


def on_reload(server):
    """Find the lifeline again after SIGHUP, which runs this file anew."""
    global _engine_life
    _engine_life = getattr(server, "engine_life", None)


def when_ready(server):
    """Say where to look."""
    server.log.info("Market Pulse is at http://127.0.0.1:%d", _settings.port)


def pre_fork(server, worker):
    """Leave what is loaded out of garbage collection, which would stop a worker for 40 ms."""
    gc.freeze()


def post_worker_init(worker):
    """Watch over the engine from every worker; threads may only start after the fork."""
    if _engine_life is not None:
        (reading, _), boot = _engine_life
        main_file = Path(__file__).with_name("main.py")
        first_look_s = 0.0 if worker.age == 1 else _OTHERS_LOOK_AFTER_S
        Supervisor(_settings.run_dir, main_file, reading, boot, first_look_s).start()
