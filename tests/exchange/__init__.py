"""A local exchange that speaks Binance's protocol, for tests and for running the app without it.

It serves recorded or made minutes under a clock of its own: what has begun is served, the
minute under way moves inside its final low and high and becomes exactly the recorded one.
Its rules come from Binance's documentation, not from the code under test, and ccxt checks it.
"""

from tests.exchange.exchange import LocalExchange

__all__ = ["LocalExchange"]
