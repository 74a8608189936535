"""The pointer to the champion, what is kept beside it, and the decisions."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from core.domain import DECISIONS_KEPT, Decision, ForecastSpec, standings
from core.models import champion, registry
from core.models.decisions import append_decision, decisions_path, read_decisions

SPEC = ForecastSpec()
AT = datetime(2026, 6, 1, tzinfo=UTC)


def stored(directory: Path, days: int) -> str:
    """Leave the files of a version, which only its pointer reads."""
    version = f"{AT + timedelta(days=days):%Y%m%dT%H%M%SZ}-a{days:06d}"
    folder = registry.folder_of(directory, SPEC, "minute")
    folder.mkdir(parents=True, exist_ok=True)
    for end in ("joblib", "json"):
        (folder / f"{version}.{end}").write_text("{}")
    return version


def promote(directory: Path, days: int) -> str:
    version = stored(directory, days)
    champion.promote(directory, SPEC, "minute", version)
    return version


def versions(directory: Path) -> list[str]:
    return registry.versions(directory, SPEC, "minute")


def test_nobody_is_champion_at_first(tmp_path: Path):
    assert champion.read_pointer(tmp_path, SPEC, "minute") is None


def test_the_pointer_remembers_who_was_champion_before(tmp_path: Path):
    first, second, third = (promote(tmp_path, day) for day in range(3))
    pointer = champion.read_pointer(tmp_path, SPEC, "minute")
    assert pointer == champion.Pointer(third, (second, first))


def test_rolling_back_twice_goes_back_twice(tmp_path: Path):
    first, second, _ = (promote(tmp_path, day) for day in range(3))
    champion.roll_back(tmp_path, SPEC, "minute", second)
    assert champion.read_pointer(tmp_path, SPEC, "minute") == champion.Pointer(second, (first,))
    champion.roll_back(tmp_path, SPEC, "minute", first)
    assert champion.read_pointer(tmp_path, SPEC, "minute") == champion.Pointer(first)
    with pytest.raises(ValueError, match="not champion before"):
        champion.roll_back(tmp_path, SPEC, "minute", second)


def test_a_return_and_a_new_champion_keep_the_order(tmp_path: Path):
    first, second = (promote(tmp_path, day) for day in range(2))
    champion.promote(tmp_path, SPEC, "minute", first)
    assert champion.read_pointer(tmp_path, SPEC, "minute") == champion.Pointer(first, (second,))


def test_five_versions_are_kept_and_the_champions_among_them(tmp_path: Path):
    first, second = (promote(tmp_path, day) for day in range(2))
    kept_out = [stored(tmp_path, day) for day in range(2, 12)]
    champion.prune(tmp_path, SPEC, "minute")
    assert versions(tmp_path) == [*reversed(kept_out[-3:]), second, first]
    assert len(list(registry.folder_of(tmp_path, SPEC, "minute").glob("*.json"))) == 6


@pytest.mark.parametrize(
    "content",
    [
        b"", b"{", b"[]", b"3", b'{"version": "x"}', b'{"version": "../x", "before": []}',
        b'{"version": "20260601T000000Z-a", "before": ["../x"]}', b"\xff\xfe",
    ],
)  # fmt: skip
def test_a_pointer_that_nobody_wrote_names_no_champion(tmp_path: Path, content: bytes):
    version = promote(tmp_path, 0)
    champion.pointer_path(tmp_path, SPEC, "minute").write_bytes(content)
    assert champion.read_pointer(tmp_path, SPEC, "minute") is None
    champion.promote(tmp_path, SPEC, "minute", version)
    assert champion.read_pointer(tmp_path, SPEC, "minute") == champion.Pointer(version)


def decided(number: int, promoted: bool = True) -> Decision:
    at = AT + timedelta(hours=number)
    return Decision(
        at=at,
        horizon="minute",
        version=f"{at:%Y%m%dT%H%M%SZ}-a{number:06d}",
        model_id=f"a{number:06d}",
        trained_at=at,
        rows=49_997,
        promoted=promoted,
        champion_id="b000000",
        n=100,
        mae=19.3,
        champion_mae=19.14,
        random_walk_mae=19.21,
        z=1.2,
        sentence="Said.",
    )


def test_decisions_are_read_as_they_were_written(tmp_path: Path):
    written = [decided(0), replace(decided(1, promoted=False), mae=None, z=None)]
    for one in written:
        append_decision(tmp_path, SPEC, one)
    assert read_decisions(tmp_path, SPEC, "minute") == tuple(written)
    assert read_decisions(tmp_path, SPEC, "long") == ()


def test_the_newest_decisions_are_read_however_long_the_file(tmp_path: Path):
    for number in range(3 * DECISIONS_KEPT):
        append_decision(tmp_path, SPEC, decided(number))
    read = read_decisions(tmp_path, SPEC, "minute")
    assert read == tuple(decided(n) for n in range(2 * DECISIONS_KEPT, 3 * DECISIONS_KEPT))


@pytest.mark.parametrize("garbage", [b"\xff\xfe\n", b"17\n", b"[]\n", b'{"at"', b'{"at": 3}\n'])
def test_garbage_among_the_decisions_is_passed_over(tmp_path: Path, garbage: bytes, caplog):
    append_decision(tmp_path, SPEC, decided(0))
    with decisions_path(tmp_path, SPEC, "minute").open("ab") as file:
        file.write(garbage)
    assert read_decisions(tmp_path, SPEC, "minute") == (decided(0),)
    assert "is no decision" in caplog.text


def test_standings_tell_champion_kept_out_and_replaced():
    decisions = [decided(0), decided(1, promoted=False), decided(2)]
    found = [(s.trained.model_id, s.place, s.replaced_at) for s in standings(decisions)]
    assert found == [
        ("a000002", "champion", None),
        ("a000001", "kept out", None),
        ("a000000", "replaced", decided(2).at),
    ]


def test_a_return_by_hand_gives_the_place_back_but_keeps_the_numbers():
    back = replace(
        decided(0), at=AT + timedelta(hours=5), by_hand=True, mae=None, sentence="Rolled back."
    )
    found = standings([decided(0), decided(2), back])
    assert [(s.trained.mae, s.place) for s in found] == [(19.3, "replaced"), (19.3, "champion")]
    assert found[0].replaced_at == back.at
    assert [one.by_hand for one in found] == ["", "Rolled back."]
