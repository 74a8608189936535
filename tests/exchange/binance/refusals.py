"""What the exchange refuses, with Binance's codes and words."""

from __future__ import annotations

from typing import Any


class Refusal(Exception):
    """An answer other than 200: HTTP status, code and message."""

    def __init__(self, code: int, message: str, status: int = 400) -> None:
        super().__init__(message)
        self.status = status
        self.headers: dict[str, str] = {}
        self.body: dict[str, Any] = {"code": code, "msg": message}


def illegal_characters(name: str, legal: str) -> Refusal:
    return Refusal(
        -1100, f"Illegal characters found in parameter '{name}'; legal range is '{legal}'."
    )


def duplicate_parameter() -> Refusal:
    return Refusal(-1101, "Duplicate values for a parameter detected.")


def missing_parameter(name: str) -> Refusal:
    return Refusal(
        -1102, f"Mandatory parameter '{name}' was not sent, was empty/null, or malformed."
    )


def unread_parameters(read: int, sent: int) -> Refusal:
    return Refusal(
        -1104,
        f"Not all sent parameters were read; read '{read}' parameter(s) but was sent '{sent}'.",
    )


def empty_parameter(name: str) -> Refusal:
    return Refusal(-1105, f"Parameter '{name}' was empty.")


def invalid_interval() -> Refusal:
    return Refusal(-1120, "Invalid interval.")


def invalid_symbol() -> Refusal:
    return Refusal(-1121, "Invalid symbol.")


def invalid_combination() -> Refusal:
    return Refusal(-1128, "Combination of optional parameters invalid.")


def invalid_data(name: str) -> Refusal:
    return Refusal(-1130, f"Data sent for parameter '{name}' is not valid.")


def invalid_ticker_type() -> Refusal:
    return Refusal(-1139, "Invalid ticker type.")


def repeated_symbol() -> Refusal:
    return Refusal(-1151, "Symbol is present multiple times in the list.")


def too_much_weight(limit: int, retry_after_s: int) -> Refusal:
    refusal = Refusal(
        -1003,
        f"Too much request weight used; current limit is {limit} request weight per 1 MINUTE. "
        "Please use WebSocket Streams for live updates to avoid polling the API.",
        status=429,
    )
    refusal.headers["Retry-After"] = str(retry_after_s)
    return refusal


def banned(until_ms: int, retry_after_s: int) -> Refusal:
    refusal = Refusal(
        -1003,
        f"Way too much request weight used; IP banned until {until_ms}. "
        "Please use WebSocket Streams for live updates to avoid bans.",
        status=418,
    )
    refusal.headers["Retry-After"] = str(retry_after_s)
    return refusal
