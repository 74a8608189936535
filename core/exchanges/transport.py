"""One request, one whole answer: timeouts, a deadline and a size limit, nothing more."""

from __future__ import annotations

from collections.abc import Mapping
from http.cookiejar import DefaultCookiePolicy
from typing import Final, cast

import requests
import urllib3

from core.clock import Clock
from core.errors import BadAnswer, ExchangeTimeout, ExchangeUnavailable
from core.exchanges.access import host_of
from core.exchanges.connections import FollowedAdapter, Lifeline
from core.exchanges.daemon import in_thread
from core.exchanges.statuses import Reply

USER_AGENT: Final = "market-pulse/0.1"
# Prices of all pairs are about 200 kB, a page of candles about 200 kB.
_LARGEST_BODY: Final = 16 * 1024 * 1024
_CHUNK: Final = 64 * 1024
# As many connections as threads may reasonably ask at once; more would wait, not fail.
_CONNECTIONS: Final = 16


class Transport:
    """HTTP GET over one kept-alive session. Thread-safe.

    Parameters
    ----------
    clock : Clock
    timeouts : tuple of float
        Longest wait to connect, and longest silence while reading, in seconds.
    """

    def __init__(self, clock: Clock, timeouts: tuple[float, float] = (3.05, 10.0)) -> None:
        self._clock = clock
        self._timeouts = timeouts
        self._session = requests.Session()
        self._session.headers["User-Agent"] = USER_AGENT
        self._session.headers["Accept"] = "application/json"
        self._session.cookies.set_policy(DefaultCookiePolicy(allowed_domains=[]))
        adapter = FollowedAdapter(pool_maxsize=_CONNECTIONS)
        self._session.mount("https://", adapter)
        self._session.mount("http://", adapter)

    def get(self, base_url: str, path: str, params: Mapping[str, str], until: float) -> Reply:
        """Send one GET and read the whole answer; redirects are not followed.

        The exchange is talked to in a thread of its own: when the time is used up, the
        connection is cut and the caller goes on, whatever the look-up of the name, the
        handshake, the header or the body was waiting for.

        Parameters
        ----------
        until : float
            Reading of `Clock.monotonic` after which the answer is given up.

        Raises
        ------
        ExchangeTimeout, ExchangeUnavailable, BadAnswer
        """
        host, left_s = host_of(base_url), until - self._clock.monotonic()
        if left_s <= 0:
            raise ExchangeTimeout(f"{host} was not asked: the time for the call was used up.")
        lifeline = Lifeline()

        def talk() -> Reply:
            with lifeline.held():
                return self._exchange(base_url + path, params, host, left_s)

        try:
            return in_thread(talk, f"GET {host}").result(timeout=left_s)
        except TimeoutError:
            lifeline.cut()
            raise ExchangeTimeout(f"{host} gave no whole answer in time.") from None

    def _exchange(self, url: str, params: Mapping[str, str], host: str, left_s: float) -> Reply:
        """Talk to the exchange for as long as it keeps talking."""
        connect_s, read_s = (min(limit, left_s) for limit in self._timeouts)
        sent_at = self._clock.monotonic()
        try:
            with self._session.get(
                url,
                params=params,
                timeout=(connect_s, read_s),
                allow_redirects=False,
                stream=True,
            ) as response:
                body = _body(response, host)
        except (requests.Timeout, urllib3.exceptions.TimeoutError):
            raise ExchangeTimeout(f"{host} did not answer in time.") from None
        except (requests.RequestException, urllib3.exceptions.HTTPError) as error:
            raise ExchangeUnavailable(f"{host} gave no answer ({_cause(error)}).") from error
        received_at = self._clock.monotonic()
        return Reply(host, response.status_code, response.headers, body, sent_at, received_at)


def _body(response: requests.Response, host: str) -> bytes:
    body = bytearray()
    raw = cast(urllib3.HTTPResponse, response.raw)
    # read1 returns what has come; read would wait for a whole chunk.
    while chunk := raw.read1(_CHUNK, decode_content=True):
        body += chunk
        if len(body) > _LARGEST_BODY:
            raise BadAnswer(f"{host} sent more than {_LARGEST_BODY:,} bytes.")
    return bytes(body)


def _cause(error: BaseException) -> str:
    """Name what lies at the bottom of a chain of transport errors, in a few words."""
    bottom: BaseException = error
    while (deeper := _deeper(bottom)) is not None:
        bottom = deeper
    if isinstance(bottom, OSError) and bottom.strerror:
        return bottom.strerror.lower()
    return type(bottom).__name__


def _deeper(error: BaseException) -> BaseException | None:
    inside = (getattr(error, "reason", None), *error.args, error.__cause__, error.__context__)
    return next((e for e in inside if isinstance(e, BaseException)), None)
