"""The doctor: every exchange, the disk, the shared cache and the engine in one table.

Nothing is started, and nothing stays behind in the artifacts but what an exchange says of
a limit, which must hold for every process.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from core.clock import Clock
from core.domain import DEFAULT_TICKERS, Diagnosis, EngineStatus, Finding
from core.exchanges.doctor import ALL_WITHIN_S, examine_hosts
from core.exchanges.examined import Examined, examined
from core.exchanges.reach import examine_histories, known_history
from core.forecasting.deployment import (
    examine_cache,
    examine_disk,
    examine_engine,
    examine_ledger,
    read_status,
)
from core.settings import Settings

# core.models.training.MIN_CLEAN_ROWS, which brings scikit-learn along.
ROWS_TO_TRAIN: Final = 5_000


def diagnose(settings: Settings, clock: Clock) -> Diagnosis:
    """Examine everything, within 8 s of asking exchanges in all.

    Every exchange is asked, also one that ``MARKET_SOURCE`` does not allow: one call to
    each host, and one for an old page of candles to each exchange that answered.
    """
    begin = clock.monotonic()
    exchanges = examined(settings, clock)
    hosts = examine_hosts(exchanges, clock, ALL_WITHIN_S)
    left_s = ALL_WITHIN_S - (clock.monotonic() - begin)
    histories = examine_histories(
        _answering(exchanges, hosts), _ticker(settings), _rows(settings), ROWS_TO_TRAIN, left_s
    )
    status = read_status(settings.run_dir)
    here = [*_here(settings, status), examine_engine(status, clock.now())]
    return Diagnosis(clock.now(), (*hosts, *histories, *here))


def engine_diagnosis(settings: Settings, clock: Clock) -> Diagnosis:
    """Examine what the engine publishes for Model Health, at the price of a call to each host.

    Only exchanges that ``MARKET_SOURCE`` allows are asked. The engine does not judge
    itself: whoever reads this adds `core.forecasting.deployment.examine_engine`.
    """
    exchanges = examined(settings, clock, allowed_only=True)
    hosts = examine_hosts(exchanges, clock, ALL_WITHIN_S)
    known = [known_history(v, _rows(settings), ROWS_TO_TRAIN) for v in _answering(exchanges, hosts)]
    return Diagnosis(clock.now(), (*hosts, *known, *_here(settings, read_status(settings.run_dir))))


def serves_live(diagnosis: Diagnosis) -> bool:
    """Tell whether an exchange answers and what is kept here can be kept."""
    sound = all(
        finding.verdict != "failure"
        for finding in diagnosis.findings
        if finding.subject in ("disk", "cache")
    )
    return sound and bool(answering(diagnosis))


def answering(diagnosis: Diagnosis) -> list[str]:
    """Return the hosts that answered well, by the subject of their row."""
    return [
        finding.subject
        for finding in diagnosis.findings
        if finding.status == 200 and finding.verdict != "failure"
    ]


def _here(settings: Settings, status: EngineStatus | None) -> list[Finding]:
    disk, cache = examine_disk(settings.artifact_dir), examine_cache(settings.run_dir)
    return [disk, cache, examine_ledger(settings, status)]


def _answering(exchanges: Sequence[Examined], hosts: Sequence[Finding]) -> list[Examined]:
    """Return the exchanges of which a host answered, that host to be asked first."""
    rows = iter(hosts)
    found = []
    for exchange in exchanges:
        verdicts = {url: next(rows).verdict for url in exchange.provider.base_urls}
        first = next((url for url, verdict in verdicts.items() if verdict != "failure"), None)
        if first is not None:
            exchange.provider.prefer(first)
            found.append(exchange)
    return found


def _rows(settings: Settings) -> int:
    return max((spec.rows_wanted for spec in settings.watch), default=50_000)


def _ticker(settings: Settings) -> str:
    return settings.watch[0].ticker if settings.watch else DEFAULT_TICKERS[0]
