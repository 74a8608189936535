"""The numbers of the simulated market: its coins, and which draws of chance it follows.

Scales resemble Binance spot in spring 2026. The draws were chosen, for `DEFAULT_SEED` and
the clustered flavour, so that every coin stays within a factor of 5 from 2025 to 2030 and so
that the sample lag-1 autocorrelation of its 1-minute returns is below 0.01 in size over every
50,000 minutes until the end of 2031. The true autocorrelation is 0 for any draw, but the
sample's standard error is about 0.006, so an unchosen draw passes 0.01 now and then. The
choice is one number per year and factor: over half a million minutes that is far too little
for anyone to forecast a sign with.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from core.exchanges.simulated_coins import CoinTraits
from core.exchanges.simulated_paths import FactorTraits

DEFAULT_SEED: Final = 20_260_101

WHOLE_MARKET: Final = FactorTraits(0.0200, 2)
COINS: Final[Mapping[str, CoinTraits]] = MappingProxyType(
    {
        "BTC-USD": CoinTraits(80_000.0, 2, 900_000.0, 1.00, FactorTraits(0.0115, 0)),
        "ETH-USD": CoinTraits(2_500.0, 2, 450_000.0, 1.25, FactorTraits(0.0150, 0)),
        "SOL-USD": CoinTraits(120.0, 2, 170_000.0, 1.25, FactorTraits(0.0185, 0)),
        "BNB-USD": CoinTraits(650.0, 2, 60_000.0, 0.85, FactorTraits(0.0120, 0)),
        "XRP-USD": CoinTraits(1.8, 4, 90_000.0, 1.00, FactorTraits(0.0160, 2)),
        "ADA-USD": CoinTraits(0.5, 5, 30_000.0, 1.25, FactorTraits(0.0185, 1)),
        "DOGE-USD": CoinTraits(0.2, 5, 50_000.0, 1.30, FactorTraits(0.0195, 8)),
    }
)
