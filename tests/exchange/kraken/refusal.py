"""What Kraken refuses: status 200 and a list of errors."""

from __future__ import annotations


class Refusal(Exception):
    """An error such as ``EQuery:Unknown asset pair``."""

    def __init__(self, error: str) -> None:
        super().__init__(error)
        self.error = error


def unknown_pair() -> Refusal:
    return Refusal("EQuery:Unknown asset pair")


def invalid_arguments() -> Refusal:
    return Refusal("EGeneral:Invalid arguments")
