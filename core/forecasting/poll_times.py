"""When the exchange is asked for the newest candle: right after each close, then ever less."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Final

from core.history.cleaning import MINUTE

_FIRST_AFTER_CLOSE: Final = timedelta(milliseconds=400)
# An exchange that is late corrects a candle 5 to 20 s after its close.
_SECOND_AFTER_CLOSE: Final = timedelta(seconds=25)
_RETRY_PAUSES: Final = tuple(timedelta(seconds=s) for s in (0.7, 1, 1, 1.5, 2, 3, 5))
# Where a minute without trades has no candle, what did not come soon mostly never comes.
_QUIET_PAUSES: Final = (*_RETRY_PAUSES, *(timedelta(seconds=s) for s in (10, 15, 20)))


class PollTimes:
    """The times of one ticker's polls, all on the exchange's clock.

    Parameters
    ----------
    omits_empty_minutes : bool
        See `core.exchanges.base.Provider`.
    """

    def __init__(self, omits_empty_minutes: bool) -> None:
        self._pauses = _QUIET_PAUSES if omits_empty_minutes else _RETRY_PAUSES
        self._without_news = 0

    def after_answer(self, now: datetime, next_close: datetime, news: bool) -> datetime:
        """Return when to poll after an answer at `now`.

        Parameters
        ----------
        now : datetime
        next_close : datetime
            When the candle after the newest one held closes. Before it there are two polls,
            the second for a candle that is corrected late; after it they go on by growing
            pauses until the candle comes.
        news : bool
            Whether the answer brought anything.
        """
        if news:
            self._without_news = 0
        if now >= next_close:
            return self._retry(now, self._pauses)
        second = next_close - MINUTE + _SECOND_AFTER_CLOSE
        return second if now < second else next_close + _FIRST_AFTER_CLOSE

    def after_failure(self, now: datetime) -> datetime:
        """Return when to poll after a call that failed at `now`."""
        return self._retry(now, _RETRY_PAUSES)

    def _retry(self, now: datetime, pauses: tuple[timedelta, ...]) -> datetime:
        """Return the end of the next pause, though not later than right after the next close."""
        pause = pauses[min(self._without_news, len(pauses) - 1)]
        self._without_news += 1
        close = now.replace(second=0, microsecond=0) + MINUTE
        return min(now + pause, close + _FIRST_AFTER_CLOSE)
