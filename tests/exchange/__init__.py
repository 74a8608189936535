"""A local exchange for tests and for running the app without one: Binance, Coinbase or Kraken.

It serves recorded or made minutes under a clock of its own: what has begun is served, the
minute under way moves inside its final low and high and becomes exactly the recorded one.
Its rules come from the exchanges' documentation, not from the code under test; ccxt and
python-binance check it.
"""

from tests.exchange.exchange import LocalExchange

__all__ = ["LocalExchange"]
