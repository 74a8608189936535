"""Reading a query as strictly as Binance does."""

from __future__ import annotations

import json
import re
from collections.abc import Collection, Mapping

from tests.exchange.binance import refusals

Params = Mapping[str, str]
_SYMBOL = re.compile(r"[A-Z0-9_.&-]{1,50}")
_SYMBOL_RANGE = r"^[\w\-._&&[^a-z]]{1,50}$"
_SYMBOLS_RANGE = r'^\[("[\w\-._&&[^a-z]]{1,50}"(,"[\w\-._&&[^a-z]]{1,50}"){0,}){0,1}\]$'
_LARGEST_MS = 10**14
_WHOLE = re.compile(r"[0-9]{1,20}")
_WHOLE_RANGE = "^[0-9]{1,20}$"


def read_params(
    sent: list[tuple[str, str]], known: Collection[str], mandatory: Collection[str]
) -> Params:
    """Return the parameters, or refuse duplicates, empty, unknown and missing ones."""
    params = dict(sent)
    if len(params) < len(sent):
        raise refusals.duplicate_parameter()
    for name, value in params.items():
        if name in known and value == "":
            raise refusals.empty_parameter(name)
    for name in mandatory:
        if name not in params:
            raise refusals.missing_parameter(name)
    read = sum(name in known for name in params)
    if read < len(params):
        raise refusals.unread_parameters(read, len(params))
    return params


def whole_number(params: Params, name: str) -> int | None:
    """Return a number written in digits only, None where it was not sent."""
    text = params.get(name)
    if text is None:
        return None
    if not _WHOLE.fullmatch(text):
        raise refusals.illegal_characters(name, _WHOLE_RANGE)
    return int(text)


def instant(params: Params, name: str, *, up: bool) -> int | None:
    """Return a time in epoch ms; one in microseconds is rounded up or down to whole ms.

    Binance takes either; 1e14 parts them: as ms it is in the year 5138, as us in 1973.
    """
    value = whole_number(params, name)
    if value is None or value <= _LARGEST_MS:
        return value
    return -(-value // 1000) if up else value // 1000


def one_symbol(params: Params) -> str:
    symbol = params["symbol"]
    if not _SYMBOL.fullmatch(symbol):
        raise refusals.illegal_characters("symbol", _SYMBOL_RANGE)
    return symbol


def symbols_asked(params: Params) -> list[str] | None:
    """Return what `symbol` or `symbols` names, None where neither was sent."""
    if "symbol" in params and "symbols" in params:
        raise refusals.invalid_combination()
    if "symbol" in params:
        return [one_symbol(params)]
    if "symbols" not in params:
        return None
    symbols = _symbol_list(params["symbols"])
    if len(set(symbols)) < len(symbols):
        raise refusals.repeated_symbol()
    return symbols


def _symbol_list(text: str) -> list[str]:
    refusal = refusals.illegal_characters("symbols", _SYMBOLS_RANGE)
    if re.search(r"\s", text):
        raise refusal
    try:
        symbols = json.loads(text)
    except ValueError:
        raise refusal from None
    if not isinstance(symbols, list) or not symbols:
        raise refusal
    if not all(isinstance(s, str) and _SYMBOL.fullmatch(s) for s in symbols):
        raise refusal
    return symbols
