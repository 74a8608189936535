"""Which market this deployment follows, kept through every restart of its engine."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from pathlib import Path

from core.clock import Clock
from core.domain import Market
from core.exchanges.base import Provider
from core.exchanges.select import choose_provider
from core.forecasting.supervision import BOOT_VARIABLE
from core.settings import Settings


@dataclass(frozen=True, slots=True)
class Choice:
    """What was chosen at the start of the server, and why, in a sentence."""

    market: Market
    reason: str


def choose_market(
    settings: Settings, clock: Clock, environ: Mapping[str, str] | None = None
) -> tuple[Provider, str]:
    """Choose the provider, never changing between real and simulated within one boot.

    A process without a boot name, such as the command line, chooses for itself alone.

    Parameters
    ----------
    settings : Settings
    clock : Clock
    environ : mapping, optional
        Where the supervisor's boot name is read; the process environment by default.

    Returns
    -------
    tuple of Provider and str
        The provider, and the reason in a sentence.
    """
    boot = (os.environ if environ is None else environ).get(BOOT_VARIABLE, "")
    remembered = _remembered(settings.run_dir, boot)
    if remembered is not None and remembered.market == "simulated":
        settings = replace(settings, market_source="simulated")
    held_real = remembered is not None or holds_real_candles(settings.artifact_dir)
    provider, reason = choose_provider(settings, clock, held_real)
    if remembered is not None and remembered.market == "simulated":
        reason = remembered.reason
    if boot:
        _remember(settings.run_dir, boot, Choice(provider.market, reason))
    return provider, reason


def holds_real_candles(artifact_dir: Path) -> bool:
    """Tell whether this deployment ever stored a real candle."""
    return any(path.stat().st_size > 0 for path in artifact_dir.glob("*_history*.csv"))


def _remembered(run_dir: Path, boot: str) -> Choice | None:
    """Return what was chosen earlier in this boot, None where there is nothing."""
    if not boot:
        return None
    try:
        known = json.loads((run_dir / "market.json").read_text(encoding="utf-8"))
    except (FileNotFoundError, ValueError):
        return None
    if not isinstance(known, dict) or known.get("boot") != boot:
        return None
    market: Market = "simulated" if known.get("market") == "simulated" else "live"
    return Choice(market, str(known.get("reason", "")))


def _remember(run_dir: Path, boot: str, choice: Choice) -> None:
    run_dir.mkdir(parents=True, exist_ok=True)
    fresh = run_dir / "market.json.new"
    fresh.write_text(json.dumps({"boot": boot, **asdict(choice)}), encoding="utf-8")
    fresh.replace(run_dir / "market.json")
