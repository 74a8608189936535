"""What Coinbase refuses: a status and ``{"message": "..."}``."""

from __future__ import annotations


class Refusal(Exception):
    """An answer other than 200."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status = status
        self.message = message
