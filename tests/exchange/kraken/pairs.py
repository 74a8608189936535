"""Kraken's names: what is asked for and the key it is answered under differ."""

from __future__ import annotations

from dataclasses import dataclass

from tests.exchange.floor import View
from tests.exchange.kraken.refusal import invalid_arguments, unknown_pair
from tests.exchange.series import Series

# Old coins carry an X, money a Z; newer ones carry nothing. DOGE's pair is XDGUSD all the same.
_OLD_COINS = {"XBT": "XXBT", "ETH": "XETH", "XRP": "XXRP", "XDG": "XXDG"}
_OLD_PAIRS = ("XBT", "ETH", "XRP")
_MONEY, _MONEY_KEY = "USD", "ZUSD"


@dataclass(frozen=True)
class Pair:
    """One pair and its names; `asked` is the symbol the series is kept under, as ``XBTUSD``."""

    asked: str

    @property
    def coin(self) -> str:
        return self.asked.removesuffix(_MONEY)

    @property
    def coin_key(self) -> str:
        return _OLD_COINS.get(self.coin, self.coin)

    @property
    def money_key(self) -> str:
        return _MONEY_KEY

    @property
    def money(self) -> str:
        return _MONEY

    @property
    def key(self) -> str:
        """Return the name under which answers come: ``XXBTZUSD``, ``SOLUSD``."""
        return self.coin_key + _MONEY_KEY if self.coin in _OLD_PAIRS else self.asked

    @property
    def slashed(self) -> str:
        return f"{self.coin}/{_MONEY}"

    @property
    def names(self) -> tuple[str, ...]:
        """Return all names it may be asked by."""
        return (self.asked, self.key, self.slashed)


def pairs(view: View) -> list[Pair]:
    return [Pair(symbol) for symbol in view.series]


def find(view: View, name: str) -> tuple[Pair, Series]:
    """Return the pair of that name and its series; refuse an unknown one."""
    for pair in pairs(view):
        series = view.begun(pair.asked)
        if name in pair.names and series is not None:
            return pair, series
    raise unknown_pair()


def find_all(view: View, names: str | None) -> list[tuple[Pair, Series]]:
    """Return the pairs of a list with commas, all where None; one unknown name refuses all."""
    if names is not None:
        return [find(view, name) for name in names.split(",")]
    return [(p, s) for p in pairs(view) if (s := view.begun(p.asked)) is not None]


def one_pair(view: View, name: str | None) -> tuple[Pair, Series]:
    if not name:
        raise invalid_arguments()
    return find(view, name)
