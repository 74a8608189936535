"""Candles from a file somebody hands us, as on the command line."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd

from core.domain import CANDLE_COLUMNS
from core.errors import HistoryError
from core.history.cleaning import check_candles


def read_candle_file(path: Path) -> pd.DataFrame:
    """Read closed 1-minute candles from a CSV, gzip allowed.

    Parameters
    ----------
    path : Path
        Header ``open_time,open,high,low,close,volume`` (further columns are ignored);
        `open_time` in epoch milliseconds UTC.

    Returns
    -------
    pandas.DataFrame
        See `core.domain.CANDLE_COLUMNS`; ascending, the last row of an open time wins.

    Raises
    ------
    HistoryError
        The file is missing, of another shape, or breaks a rule of the schema.
    """
    types = {"open_time": np.int64, **dict.fromkeys(CANDLE_COLUMNS, np.float64)}
    try:
        table = pd.read_csv(path, usecols=list(types), dtype=types)
    except FileNotFoundError:
        raise HistoryError(f"{path} does not exist.") from None
    except (ValueError, OSError, EOFError, pd.errors.ParserError) as error:
        raise HistoryError(
            f"{path} is not a candle file (open_time,open,high,low,close,volume): {error}"
        ) from error
    opens = pd.to_datetime(table["open_time"], unit="ms", utc=True)
    index = pd.DatetimeIndex(opens, name="open_time").as_unit("us")
    candles = table[list(CANDLE_COLUMNS)].set_axis(index)
    candles = candles[~candles.index.duplicated(keep="last")].sort_index()
    if candles.empty:
        raise HistoryError(f"{path} holds no candle.")
    try:
        check_candles(candles)
    except HistoryError as error:
        raise HistoryError(f"{path}: {error}") from None
    return candles
