"""One request to one host: past the gate, the pacing and the budget, and its refusal read."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final, Generic, TypeVar

from core.errors import ExchangeError, Forbidden, Restricted
from core.exchanges.access import Access
from core.exchanges.budget import Pacing, WeightBudget
from core.exchanges.statuses import (
    Complaint,
    Limit,
    Reply,
    complaint_of,
    error_of_status,
    limit_of,
)
from core.exchanges.transport import Transport

T = TypeVar("T")


def _no_codes(_reply: Reply, _complaint: Complaint) -> None:
    """Leave every refusal to its HTTP status."""


@dataclass(frozen=True, slots=True)
class Request(Generic[T]):
    """What is asked, of whichever host, how its answer is read, and what it weighs."""

    path: str
    params: Mapping[str, str]
    read: Callable[[Reply], T]
    weight: int


@dataclass(frozen=True, slots=True)
class Manners:
    """How an exchange tells of refusals, limits and use.

    Attributes
    ----------
    read_code : callable
        Tells errors apart by the exchange's own code before the HTTP status does.
    read_limit : callable
        Tells which answers, whatever their status, close the gate and for how long.
    weight_header : str
        Header of the request weight used in this minute; empty where there is none.
    """

    read_code: Callable[[Reply, Complaint], ExchangeError | None] = _no_codes
    read_limit: Callable[[Reply], Limit | None] = limit_of
    weight_header: str = ""


AS_STANDARD: Final = Manners()
"""By HTTP status and ``Retry-After`` only."""


class Sender:
    """Sends requests when they may be sent, and notes what the answers tell. Thread-safe."""

    def __init__(
        self,
        access: Access,
        pacing: Pacing,
        budget: WeightBudget,
        transport: Transport,
        manners: Manners,
    ) -> None:
        self._access: Final = access
        self._pacing: Final = pacing
        self._budget: Final = budget
        self._transport: Final = transport
        self._manners: Final = manners

    def send(self, url: str, request: Request[T], until: float) -> T:
        """Send `request` to the host at `url`, once, and return what is read in the answer.

        Parameters
        ----------
        url : str
            Base address of the host.
        until : float
            Reading of `Clock.monotonic` after which it is given up.

        Raises
        ------
        RateLimited, Banned, OverBudget, Restricted, Forbidden
            Nothing was sent; or, but for `OverBudget`, that was the answer, and from now
            on it holds for every caller.
        ExchangeError
            See `core.exchanges.transport.Transport.get`; or the answer is another refusal,
            or not what `request.read` can read.
        """
        self._pacing.take(until)
        self._budget.take(request.weight, until)
        self._access.check()  # while this call waited, another may have been told to stop
        if (refusal := self._access.refusal(url)) is not None:
            raise refusal
        reply = self._transport.get(url, request.path, request.params, until)
        self._note_weight(reply)
        if (error := self._error_of(reply)) is not None:
            if isinstance(error, (Restricted, Forbidden)):
                self._access.set_aside(url, error)
            raise error
        return request.read(reply)

    def _error_of(self, reply: Reply) -> ExchangeError | None:
        if (limit := self._manners.read_limit(reply)) is not None:
            return self._access.close(limit.kind, limit.said, limit.wait_s, limit.until)
        if reply.status == 200:
            return None
        complaint = complaint_of(reply)
        if reply.status in (403, 451):
            return error_of_status(reply, complaint)
        return self._manners.read_code(reply, complaint) or error_of_status(reply, complaint)

    def _note_weight(self, reply: Reply) -> None:
        header = self._manners.weight_header
        text = reply.headers.get(header, "") if header else ""
        if text.isascii() and text.isdigit():
            self._budget.note(int(text), reply.sent_at, reply.received_at)
