"""Every error the core raises, in one tree; each class says what its caller does about it.

MarketPulseError
├── SettingsError            stop at start-up; the sentence names the setting
├── ParameterError           show the sentence beside the field
├── ExchangeError            the exchange did not give what was asked
│   ├── ExchangeUnavailable  transport failed, 5xx, overload: retry, then next host
│   │   ├── ExchangeTimeout  the overall deadline was used up
│   │   └── CircuitOpen      nothing was sent: the host failed too often, probed at `retry_at`
│   ├── RateLimited          429: no call to this exchange until `retry_at`
│   │   ├── Banned           418: as rate limited, for longer
│   │   └── OverBudget       nothing was sent: our own budget, not a block by the exchange
│   ├── Restricted           451: this host family never answers from here
│   ├── Forbidden            403: a firewall refused; leave the host alone
│   ├── BadRequest           4xx with a code: our mistake, never retried
│   │   └── UnknownSymbol    the exchange does not list the pair
│   └── BadAnswer            200 of the wrong shape: a failure, never "no data"
├── HistoryError             candles on disk cannot be read or written
├── ModelError               a stored model cannot be used
│   ├── ModelDamaged         checksum or file broken: set aside and retrain
│   └── ModelForeign         other versions, features or spec: retrain
├── LedgerError              a forecast cannot be written down: it is not published
│   ├── LedgerUnavailable    the database did not take it: said, and tried again
│   └── LedgerLost           another engine writes by now: this one must stop
├── EvaluationLeak           a forecast was not out of sample: its evaluation is worthless
├── DemandRefused            a visitor's spec is not served; the sentence says why
├── TradeRefused             a simulated trade cannot be made; the sentence says why
└── EngineRunning            a second engine: exit at once
"""

from __future__ import annotations

from datetime import datetime


class MarketPulseError(Exception):
    """Root of the tree. The message is one sentence, fit for a person."""


class SettingsError(MarketPulseError):
    """A setting is malformed: start-up stops."""


class ParameterError(MarketPulseError):
    """A value is outside its range: shown beside the field `field`."""

    def __init__(self, field: str, message: str) -> None:
        super().__init__(message)
        self.field = field


class ExchangeError(MarketPulseError):
    """The exchange did not give what was asked. `retryable` tells whether a repeat may help."""

    retryable = False


class ExchangeUnavailable(ExchangeError):
    """Transport failure, 5xx or overload: retry with backoff, then the next host."""

    retryable = True


class ExchangeTimeout(ExchangeUnavailable):
    """No whole answer within the deadline."""


class CircuitOpen(ExchangeUnavailable):
    """Nothing was sent: the host failed too often in a row; it is probed at `retry_at`."""

    retryable = False

    def __init__(self, message: str, retry_at: datetime) -> None:
        super().__init__(message)
        self.retry_at = retry_at


class RateLimited(ExchangeError):
    """429: nothing is sent to this exchange before `retry_at` (aware, UTC)."""

    def __init__(self, message: str, retry_at: datetime) -> None:
        super().__init__(message)
        self.retry_at = retry_at


class Banned(RateLimited):
    """418: the address is banned until `retry_at`."""


class OverBudget(RateLimited):
    """Nothing was sent: the call passes our own budget until `retry_at`.

    The exchange has refused nothing, so this is no block.
    """


class Restricted(ExchangeError):
    """451: the exchange does not serve this place; the host family is not asked again."""


class Forbidden(ExchangeError):
    """403: a firewall refused; the host is left alone."""


class BadRequest(ExchangeError):
    """4xx with a code: our own mistake; never retried."""

    def __init__(self, message: str, code: int | None = None) -> None:
        super().__init__(message)
        self.code = code


class UnknownSymbol(BadRequest):
    """The exchange does not list the pair."""


class BadAnswer(ExchangeError):
    """An answer of the wrong shape. Never treated as "no data"."""

    retryable = True


class HistoryError(MarketPulseError):
    """Candles on disk cannot be read or written."""


class ModelError(MarketPulseError):
    """A stored model cannot be used: it is retrained."""


class ModelDamaged(ModelError):
    """The file is broken or its checksum differs."""


class ModelForeign(ModelError):
    """Made by other versions, for other features, another spec or another market."""


class LedgerError(MarketPulseError):
    """A forecast cannot be written to the ledger, so it is not published."""


class LedgerUnavailable(LedgerError):
    """The database did not take it; nothing was written. It is tried again."""


class LedgerLost(LedgerError):
    """Another engine has opened the chain since: this one publishes no more."""


class EvaluationLeak(MarketPulseError):
    """A forecast to be scored was issued, or aimed, inside its model's training window."""


class DemandRefused(MarketPulseError):
    """A visitor's spec is not served; the sentence says what is."""


class TradeRefused(MarketPulseError):
    """A simulated trade cannot be made; the sentence says why."""


class EngineRunning(MarketPulseError):
    """Another engine holds the lock of this artifact directory."""
