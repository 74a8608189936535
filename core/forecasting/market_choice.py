"""Which market this deployment follows, kept through every restart of its engine."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

from core.clock import Clock
from core.domain import Market
from core.exchanges.base import Provider
from core.exchanges.select import choose_provider
from core.forecasting.supervision import BOOT_VARIABLE
from core.settings import Settings


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
    if remembered == "simulated":
        settings = replace(settings, market_source="simulated")
    held_real = remembered == "live" or holds_real_candles(settings.artifact_dir)
    provider, reason = choose_provider(settings, clock, held_real)
    if remembered == "simulated":
        reason = "The simulated market was chosen at start-up; restart the server to look again."
    if boot:
        _remember(settings.run_dir, boot, provider.market)
    return provider, reason


def holds_real_candles(artifact_dir: Path) -> bool:
    """Tell whether this deployment ever stored a real candle."""
    return any(path.stat().st_size > 0 for path in artifact_dir.glob("*_history*.csv"))


def _remembered(run_dir: Path, boot: str) -> Market | None:
    """Return the market chosen earlier in this boot, None where there is none."""
    if not boot:
        return None
    try:
        known = json.loads((run_dir / "market.json").read_text(encoding="utf-8"))
    except (FileNotFoundError, ValueError):
        return None
    if not isinstance(known, dict) or known.get("boot") != boot:
        return None
    return "simulated" if known.get("market") == "simulated" else "live"


def _remember(run_dir: Path, boot: str, market: Market) -> None:
    run_dir.mkdir(parents=True, exist_ok=True)
    fresh = run_dir / "market.json.new"
    fresh.write_text(json.dumps({"boot": boot, "market": market}), encoding="utf-8")
    fresh.replace(run_dir / "market.json")
