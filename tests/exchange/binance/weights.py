"""Request weight per address and minute; 429 over the limit, 418 for those who go on."""

from __future__ import annotations

import math
import threading
from collections import defaultdict
from dataclasses import dataclass

from core.clock import Clock
from tests.exchange.binance import refusals
from tests.exchange.market_clock import to_ms

_MINUTE_MS = 60_000
# Binance does not say how often one may go on; these numbers are this exchange's.
_REFUSALS_BEFORE_BAN = 5
FIRST_BAN_S = 120
_LONGEST_BAN_S = 3 * 86_400


@dataclass
class _Account:
    minute: int = -1
    used: int = 0
    refused: int = 0
    bans: int = 0
    banned_until_ms: int = 0


class Budget:
    """Counts weight by the wall clock's minute. Thread-safe."""

    def __init__(self, clock: Clock, limit: int) -> None:
        self._clock = clock
        self.limit = limit
        self._lock = threading.Lock()
        self._accounts: defaultdict[str, _Account] = defaultdict(_Account)
        self._history: defaultdict[int, int] = defaultdict(int)

    def charge(self, address: str, weight: int) -> int:
        """Count a call, refused ones too, and return the weight used in this minute.

        Raises
        ------
        Refusal
            418 during a ban; 429 over the limit; the sixth 429 of a minute becomes a ban
            of 120 s, doubled with each further ban up to three days.
        """
        with self._lock:
            now_ms = to_ms(self._clock.now())
            account = self._accounts[address]
            if now_ms < account.banned_until_ms:
                raise self._banned(account, now_ms)
            if account.minute != now_ms // _MINUTE_MS:
                account.minute, account.used, account.refused = now_ms // _MINUTE_MS, 0, 0
            account.used += weight
            self._history[account.minute * _MINUTE_MS] += weight
            if account.used > self.limit:
                raise self._over_limit(account, now_ms)
            return account.used

    def ban(self, address: str, seconds: float) -> None:
        """Refuse every call of an address from now on for so long."""
        with self._lock:
            account = self._accounts[address]
            account.banned_until_ms = to_ms(self._clock.now()) + int(seconds * 1000)

    def used(self, address: str) -> int:
        """Return the weight `address` used in the minute it last called in."""
        with self._lock:
            return self._accounts[address].used

    def by_minute(self) -> dict[int, int]:
        """Return all weight counted, by the epoch ms its minute began."""
        with self._lock:
            return dict(self._history)

    def _over_limit(self, account: _Account, now_ms: int) -> refusals.Refusal:
        account.refused += 1
        if account.refused <= _REFUSALS_BEFORE_BAN:
            left_s = math.ceil((_MINUTE_MS - now_ms % _MINUTE_MS) / 1000)
            return refusals.too_much_weight(self.limit, left_s)
        ban_s = min(FIRST_BAN_S * 2**account.bans, _LONGEST_BAN_S)
        account.bans += 1
        account.banned_until_ms = now_ms + ban_s * 1000
        return self._banned(account, now_ms)

    def _banned(self, account: _Account, now_ms: int) -> refusals.Refusal:
        left_s = math.ceil((account.banned_until_ms - now_ms) / 1000)
        return refusals.banned(account.banned_until_ms, left_s)
