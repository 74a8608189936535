"""What an exchange refused and for how long: shared by processes, and kept over restarts."""

from __future__ import annotations

import json
import logging
import threading
import uuid
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, Final, Literal, get_args

from filelock import FileLock

from core.clock import Clock

log = logging.getLogger(__name__)

Kind = Literal["limited", "banned", "restricted", "forbidden"]
# The longest ban an exchange documents is three days, and a reopening is spread by a second.
LONGEST_WAIT_S: Final = 3 * 86_400.0
_LONGEST_KEPT_S: Final = LONGEST_WAIT_S + 1.0
_LOCK_TIMEOUT_S: Final = 5.0
_SCHEMA: Final = 1
# Beyond this our wall clock was set since the refusal was written down.
_PARTING: Final = timedelta(seconds=1)

Stamp = tuple[int, int, int] | None


@dataclass(frozen=True, slots=True)
class Refusal:
    """One refusal: `wait_s` seconds from `since` (aware, UTC).

    `name` stays when it is dated anew, so that no process counts its wait twice.
    """

    name: str
    kind: Kind
    sentence: str
    since: datetime
    wait_s: float

    @property
    def until(self) -> datetime:
        return self.since + timedelta(seconds=self.wait_s)


class GateMemory:
    """Refusals in force, by what they are of: the exchange, a host family, a host. Thread-safe.

    Within a process a refusal ends by the monotonic clock, so that setting the wall clock
    moves nothing. A process that reads it from the file counts what is left by the wall
    clock, never more than was asked; one dated in the future (the clock was set back) is
    dated anew. The file is read again only when it has changed. Where it cannot be read or
    written, that is logged and this process keeps to what it knows.

    Parameters
    ----------
    clock : Clock
    path : Path or None
        A small JSON file, replaced whole under a lock beside it; None for none. A damaged
        one is renamed and read as empty.
    """

    def __init__(self, clock: Clock, path: Path | None = None) -> None:
        self._clock = clock
        self._path = path
        self._lock = threading.Lock()
        self._held: dict[str, Refusal] = {}
        self._ends: dict[str, float] = {}
        self._stamp: Stamp = None

    def standing(self, key: str) -> Refusal | None:
        """Return the refusal of `key` that is in force, dated to end by the wall clock of now."""
        with self._lock:
            self._refresh()
            return self._standing(key)

    def keep(self, key: str, kind: Kind, sentence: str, wait_s: float) -> Refusal:
        """Note a refusal from now on; return it, or one already in force for longer."""
        now = self._clock.now()
        refusal = Refusal(uuid.uuid4().hex, kind, sentence, now, min(wait_s, _LONGEST_KEPT_S))
        with self._lock:
            self._adopt({key: refusal})
            if self._path is not None:
                self._merge(self._path)
            return self._standing(key) or refusal

    def _standing(self, key: str) -> Refusal | None:
        refusal = self._held.get(key)
        if refusal is None or (left_s := self._left_s(refusal)) <= 0:
            return None
        ends = self._clock.now() + timedelta(seconds=left_s)
        return replace(refusal, since=refusal.since + _parted(ends - refusal.until))

    def _refresh(self) -> None:
        """Take over what another process wrote since the file was last looked at."""
        if self._path is None:
            return
        stamp = _stamp_of(self._path)
        if stamp == self._stamp:
            return
        self._stamp = stamp
        try:
            settled = self._adopt(_read(self._path))
        except ValueError:
            settled = False
        except OSError as error:
            log.warning("%s cannot be read: %s", self._path, error)
            return
        if not settled:
            self._merge(self._path)

    def _adopt(self, refusals: Mapping[str, Refusal]) -> bool:
        """Take over refusals that last longer than those held.

        Returns
        -------
        bool
            False where one was dated in the future: the file then needs its new date.
        """
        now, monotonic, settled = self._clock.now(), self._clock.monotonic(), True
        for key, refusal in refusals.items():
            asked_s = min((refusal.until - now).total_seconds(), refusal.wait_s)
            left_s = self._ends.setdefault(refusal.name, monotonic + asked_s) - monotonic
            if refusal.since > now:
                since = now + timedelta(seconds=left_s - refusal.wait_s)
                refusal, settled = replace(refusal, since=since), False
            held = self._held.get(key)
            if held is None or held.name == refusal.name or left_s > self._left_s(held):
                self._held[key] = refusal
        self._forget_the_past()
        return settled

    def _forget_the_past(self) -> None:
        self._held = {k: r for k, r in self._held.items() if self._left_s(r) > 0}
        # Ends of what is over stay for a while: a file not yet rewritten may still tell of it.
        oldest = self._clock.monotonic() - _LONGEST_KEPT_S
        self._ends = {name: end for name, end in self._ends.items() if end > oldest}

    def _left_s(self, refusal: Refusal) -> float:
        return self._ends[refusal.name] - self._clock.monotonic()

    def _merge(self, path: Path) -> None:
        """Write what is held, together with what others wrote, in one step."""
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            with FileLock(path.with_suffix(".lock"), timeout=_LOCK_TIMEOUT_S):
                self._adopt(_read_or_set_aside(path))
                _write(path, self._held)
                self._stamp = _stamp_of(path)
        except OSError as error:
            log.warning("%s cannot be kept; only this process knows of it: %s", path, error)


def _parted(difference: timedelta) -> timedelta:
    """Return how far the wall clock was set, zero for what is only rounding."""
    return difference if abs(difference) > _PARTING else timedelta(0)


def _stamp_of(path: Path) -> Stamp:
    try:
        stat = path.stat()
    except OSError:
        return None
    return stat.st_ino, stat.st_mtime_ns, stat.st_size


def _read_or_set_aside(path: Path) -> dict[str, Refusal]:
    try:
        return _read(path)
    except ValueError as error:
        taken = len(list(path.parent.glob(f"{path.stem}.damaged-*.json")))
        aside = path.replace(path.with_name(f"{path.stem}.damaged-{taken + 1}.json"))
        log.warning("%s is damaged (%s); it is set aside as %s.", path, error, aside.name)
        return {}


def _read(path: Path) -> dict[str, Refusal]:
    """Read the file; a missing one holds nothing. A damaged one raises ValueError."""
    try:
        content = json.loads(path.read_bytes())
    except FileNotFoundError:
        return {}
    if not isinstance(content, dict) or content.get("schema") != _SCHEMA:
        raise ValueError("not a gate's memory")
    refusals = content.get("refusals")
    if not isinstance(refusals, dict):
        raise ValueError("it holds no refusals")
    return {key: _refusal_from(row) for key, row in refusals.items()}


def _refusal_from(row: Any) -> Refusal:
    if not isinstance(row, dict) or row.get("kind") not in get_args(Kind):
        raise ValueError("a refusal of no known kind")
    name, sentence, since = row.get("name"), row.get("sentence"), row.get("since")
    if not (isinstance(name, str) and isinstance(sentence, str) and isinstance(since, str)):
        raise ValueError("a refusal without words or time")
    wait_s, time = row.get("wait_s"), datetime.fromisoformat(since)
    if time.tzinfo is None or not isinstance(wait_s, (int, float)):
        raise ValueError("a refusal without an end")
    if not 0 < wait_s <= _LONGEST_KEPT_S:
        raise ValueError(f"a wait of {wait_s} s")
    return Refusal(name, row["kind"], sentence, time, float(wait_s))


def _write(path: Path, refusals: Mapping[str, Refusal]) -> None:
    rows = {k: asdict(r) | {"since": r.since.isoformat()} for k, r in refusals.items()}
    fresh = path.with_suffix(".json.new")
    fresh.write_text(json.dumps({"schema": _SCHEMA, "refusals": rows}, indent=1))
    fresh.replace(path)
