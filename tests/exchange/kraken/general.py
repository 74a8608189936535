"""The clock, the state of the system, and what is listed."""

from __future__ import annotations

from collections.abc import Mapping
from email.utils import format_datetime
from typing import Any

from tests.exchange.floor import View
from tests.exchange.kraken.pairs import Pair, find, pairs
from tests.exchange.market_clock import from_ms


def time(view: View, _params: Mapping[str, str]) -> Any:
    return {
        "unixtime": view.time_ms // 1000,
        "rfc1123": format_datetime(from_ms(view.time_ms), usegmt=True),
    }


def system_status(view: View, _params: Mapping[str, str]) -> Any:
    timestamp = from_ms(view.time_ms).isoformat(timespec="seconds").replace("+00:00", "Z")
    return {"status": "online", "timestamp": timestamp}


def assets(view: View, _params: Mapping[str, str]) -> Any:
    names = {pair.coin_key: pair.coin for pair in pairs(view)}
    names |= {pair.money_key: pair.money for pair in pairs(view)}
    return {key: _asset(name, 4 if name == "USD" else 10) for key, name in names.items()}


def asset_pairs(view: View, params: Mapping[str, str]) -> Any:
    asked = params.get("pair")
    shown = pairs(view) if asked is None else [find(view, name)[0] for name in asked.split(",")]
    return {pair.key: _describe(view, pair) for pair in shown}


def _asset(name: str, decimals: int) -> dict[str, Any]:
    return {
        "aclass": "currency",
        "altname": name,
        "decimals": decimals,
        "display_decimals": 5,
        "status": "enabled",
    }


def _describe(view: View, pair: Pair) -> dict[str, Any]:
    series = view.series[pair.asked]
    traded = view.statuses[pair.asked] == "TRADING"
    return {
        "altname": pair.asked,
        "wsname": pair.slashed,
        "aclass_base": "currency",
        "base": pair.coin_key,
        "aclass_quote": "currency",
        "quote": pair.money_key,
        "lot": "unit",
        "cost_decimals": 5,
        "pair_decimals": series.decimals,
        "lot_decimals": 8,
        "lot_multiplier": 1,
        "leverage_buy": [],
        "leverage_sell": [],
        "fees": [[0, 0.4]],
        "fees_maker": [[0, 0.25]],
        "fee_volume_currency": "ZUSD",
        "margin_call": 80,
        "margin_stop": 40,
        "ordermin": "0.0001",
        "costmin": "0.5",
        "tick_size": f"{series.tick:.{series.decimals}f}",
        "status": "online" if traded else "cancel_only",
    }
