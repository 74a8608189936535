"""The numbers of the simulated market: its coins, and which draws of chance it follows.

Scales resemble Binance spot in spring 2026. The draws were chosen for `DEFAULT_SEED` and the
clustered flavour: daily ones so that no coin's price leaves a factor of 5 from 2025 to 2030,
minute ones so that the sample lag-1 autocorrelation of every coin's 1-minute returns is below
0.01 in size over any 50,000 minutes until mid 2032. The true autocorrelation is 0 in every
draw, but its sample error is about 0.006, so unchosen draws pass 0.01 now and then. One small
number per factor and half-year is far too little knowledge to forecast a minute's sign with.
Prices have enough decimals that rounding adds no autocorrelation of its own.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from core.exchanges.simulated_coins import CoinTraits
from core.exchanges.simulated_paths import FactorTraits

DEFAULT_SEED: Final = 20_260_101

_DAY_DRAWS: Final = {
    "market": 2,
    "BTC-USD": 0,
    "ETH-USD": 0,
    "SOL-USD": 0,
    "BNB-USD": 0,
    "XRP-USD": 2,
    "ADA-USD": 1,
    "DOGE-USD": 8,
}
_MINUTE_DRAWS: Final = {
    "market": (33, 164, 212, 69, 3, 1115, 4, 246, 553, 187, 172, 75, 49, 43, 1777, 35, 34),
    "BTC-USD": (6, 9, 2, 0, 5, 21, 6, 3, 3, 9, 55, 3, 0, 7, 9, 9, 0),
    "ETH-USD": (0, 58, 3, 19, 40, 27, 5, 20, 24108, 7, 14, 409, 4, 3, 16, 3, 16),
    "SOL-USD": (2, 2, 6, 16, 4, 35, 0, 8, 14, 19, 388, 0, 0, 16, 42, 0, 4),
    "BNB-USD": (9, 12, 3, 3, 20, 5, 8, 0, 2, 0, 3, 5, 7, 5, 19, 0, 3),
    "XRP-USD": (2, 6, 7, 6, 8, 14, 2, 3, 9, 6, 9, 320, 24, 20, 333, 9, 1),
    "ADA-USD": (2, 45, 5, 16, 6, 3, 1, 3, 1, 55, 1, 1, 4, 19, 83, 3, 8),
    "DOGE-USD": (5, 22, 0, 27, 1, 32, 3, 20, 36, 7, 13, 2, 1, 38, 30, 1, 3),
}


def _traits(name: str, daily_volatility: float) -> FactorTraits:
    return FactorTraits(daily_volatility, _DAY_DRAWS[name], _MINUTE_DRAWS[name])


WHOLE_MARKET: Final = _traits("market", 0.0200)
# Price (USD), decimals, turnover (USD a minute), beta, own daily volatility.
COINS: Final[Mapping[str, CoinTraits]] = MappingProxyType(
    {
        "BTC-USD": CoinTraits(80_000.0, 2, 900_000.0, 1.00, _traits("BTC-USD", 0.0115)),
        "ETH-USD": CoinTraits(2_500.0, 2, 450_000.0, 1.25, _traits("ETH-USD", 0.0150)),
        "SOL-USD": CoinTraits(120.0, 3, 170_000.0, 1.25, _traits("SOL-USD", 0.0185)),
        "BNB-USD": CoinTraits(650.0, 3, 60_000.0, 0.85, _traits("BNB-USD", 0.0120)),
        "XRP-USD": CoinTraits(1.8, 5, 90_000.0, 1.00, _traits("XRP-USD", 0.0160)),
        "ADA-USD": CoinTraits(0.5, 5, 30_000.0, 1.25, _traits("ADA-USD", 0.0185)),
        "DOGE-USD": CoinTraits(0.2, 6, 50_000.0, 1.30, _traits("DOGE-USD", 0.0195)),
    }
)
