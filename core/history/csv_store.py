"""One ticker's candles in one CSV file, appended to while the engine runs.

A line, once appended and synced, is never lost: the file only grows, a torn last line
(no newline at its end) is dropped, the last line of an open time wins, and compaction
replaces the file by an atomic rename.
"""

from __future__ import annotations

import contextlib
import io
import os
from pathlib import Path
from typing import Final

import numpy as np
import pandas as pd

from core.domain import CANDLE_COLUMNS, Market
from core.errors import HistoryError
from core.history.cleaning import check_candles, empty_candles, open_times

_HEADER: Final = ",".join(("open_time", *CANDLE_COLUMNS, "market", "provider")) + "\n"
_TIME_FORMAT: Final = "%Y-%m-%dT%H:%M:%SZ"
_COMPACT_ABOVE: Final = 1.2


class CsvStore:
    """The file ``<ticker>_history.csv`` of one world.

    Parameters
    ----------
    directory : Path
        Where the file lives; made when missing.
    ticker : str
    market : Market
        Written on every line, and demanded of every line read.
    """

    def __init__(self, directory: Path, ticker: str, market: Market) -> None:
        self.path = directory / f"{ticker}_history.csv"
        self.market: Market = market
        self._lines = 0

    def load(self, repair: bool = True) -> pd.DataFrame:
        """Return the stored candles, ascending, each open time once.

        Parameters
        ----------
        repair : bool
            Cut a torn last line off the file, which only its one writer may do.

        Raises
        ------
        HistoryError
            The file holds what this class never wrote; see `set_aside`.
        """
        try:
            content = self.path.read_bytes()
        except FileNotFoundError:
            return empty_candles()
        whole = content[: content.rfind(b"\n") + 1]
        if not whole and _HEADER.encode().startswith(content):
            candles = empty_candles()
        else:
            candles = self._parse(whole)
        if repair and len(whole) < len(content):
            os.truncate(self.path, len(whole))
        self._lines = len(candles)
        return candles[~candles.index.duplicated(keep="last")].sort_index()

    def provider(self) -> str | None:
        """Return the provider named on the newest line, None where nothing is stored."""
        try:
            last = self.path.read_bytes().rstrip(b"\n").rpartition(b"\n")[2].decode()
        except (FileNotFoundError, UnicodeDecodeError):
            return None
        name = last.rpartition(",")[2]
        return None if name in ("", "provider") else name

    def append(self, candles: pd.DataFrame, provider: str) -> None:
        """Add one line per candle and wait until they are on the disk."""
        if candles.empty:
            return
        lines = self._format(candles, provider)
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            size = self.path.stat().st_size if self.path.exists() else 0
            self._write(lines if size else _HEADER + lines, size)
        except OSError as error:
            raise HistoryError(f"{self.path.name} cannot be written: {error.strerror}.") from error
        self._lines += len(candles)

    def _write(self, lines: str, size: int) -> None:
        """Append to the file of `size` bytes; on failure leave it as it was."""
        try:
            with self.path.open("ab") as file:
                file.write(lines.encode())
                file.flush()
                os.fsync(file.fileno())
        except OSError:
            # Half a line in the middle would make the next start refuse the whole file.
            with contextlib.suppress(OSError):
                os.truncate(self.path, size)
            raise

    def compact(self, candles: pd.DataFrame, provider: str) -> bool:
        """Rewrite the file with `candles` where it has grown a fifth beyond them.

        Returns
        -------
        bool
            Whether the file was rewritten.

        Raises
        ------
        HistoryError
            It could not be; the file is as it was.
        """
        if self._lines <= _COMPACT_ABOVE * len(candles):
            return False
        try:
            self._rewrite(_HEADER + self._format(candles, provider))
        except OSError as error:
            raise HistoryError(
                f"{self.path.name} cannot be compacted: {error.strerror}."
            ) from error
        self._lines = len(candles)
        return True

    def _rewrite(self, content: str) -> None:
        """Replace the file as a whole; on failure leave it, and nothing beside it."""
        fresh = self.path.with_suffix(".csv.new")
        try:
            with fresh.open("wb") as file:
                file.write(content.encode())
                file.flush()
                os.fsync(file.fileno())
            fresh.replace(self.path)
        except OSError:
            with contextlib.suppress(OSError):
                fresh.unlink()
            raise

    def discard(self) -> None:
        """Delete the file; the candles can be fetched again."""
        self.path.unlink(missing_ok=True)
        self._lines = 0

    def set_aside(self) -> Path:
        """Rename a damaged file, keeping it for whoever wants to look; return its new path."""
        taken = len(list(self.path.parent.glob(f"{self.path.stem}.damaged-*.csv")))
        aside = self.path.with_name(f"{self.path.stem}.damaged-{taken + 1}.csv")
        self.path.replace(aside)
        self._lines = 0
        return aside

    def _parse(self, content: bytes) -> pd.DataFrame:
        if not content.startswith(_HEADER.encode()):
            raise HistoryError(f"{self.path.name} does not start with the expected header.")
        try:
            table = pd.read_csv(
                io.BytesIO(content),
                dtype=dict.fromkeys(CANDLE_COLUMNS, np.float64),
                on_bad_lines="error",
            )
            opens = pd.to_datetime(table["open_time"], format=_TIME_FORMAT, utc=True)
        except (ValueError, UnicodeDecodeError, pd.errors.ParserError) as error:
            raise HistoryError(f"{self.path.name} has a line that is no candle: {error}") from error
        if not (table["market"] == self.market).all():
            raise HistoryError(f"{self.path.name} holds candles that are not {self.market}.")
        index = pd.DatetimeIndex(opens, name="open_time").as_unit("us")
        candles = table[list(CANDLE_COLUMNS)].set_axis(index)
        try:
            check_candles(candles)
        except HistoryError as error:
            raise HistoryError(f"{self.path.name}: {error}") from None
        return candles

    def _format(self, candles: pd.DataFrame, provider: str) -> str:
        table = candles[list(CANDLE_COLUMNS)].assign(market=self.market, provider=provider)
        table.insert(0, "open_time", open_times(candles).strftime(_TIME_FORMAT))
        return str(table.to_csv(index=False, header=False, lineterminator="\n"))
