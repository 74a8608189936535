import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.domain import Quote
from core.portfolio.stored import (
    TRADES_KEPT,
    holdings_fault,
    holdings_from_stored,
    holdings_to_stored,
    trades_from_stored,
    trades_to_stored,
)
from core.portfolio.trading import buy

NOW = datetime(2026, 4, 21, 12, 0, 5, tzinfo=UTC)
QUOTE = Quote("BTC-USD", 80_000.0, NOW, "binance", "live")
POSITION, TRADE = buy(10_000.0, QUOTE, NOW, timedelta(seconds=10))

json_values = st.recursive(
    st.none() | st.booleans() | st.floats() | st.integers() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner),
    max_leaves=12,
)


def test_what_is_stored_reads_back() -> None:
    stored = json.loads(json.dumps(holdings_to_stored({"live": POSITION})))
    assert holdings_from_stored(stored) == {"live": POSITION}
    listed = json.loads(json.dumps(trades_to_stored([TRADE])))
    assert trades_from_stored({"v": 1, "list": listed}) == [TRADE]


@pytest.mark.parametrize(
    "change",
    [
        {"units": -1},
        {"units": True},
        {"units": "1"},
        {"price": float("nan")},
        {"invested": 0},
        {"invested": float("inf")},
        {"ticker": "<b>"},
        {"bought_at": 1e300},
        {"bought_at": None},
        {"provider": 7},
        {"provider": "=cmd()"},
        {"invested": 9_000.0},
    ],
)
def test_an_edited_position_reads_as_absent(change: dict[str, Any]) -> None:
    stored = holdings_to_stored({"live": POSITION})
    edited = {**stored, "live": {**stored["live"], **change}}
    assert holdings_from_stored(edited) == {}
    assert holdings_fault(edited) == "the position of the live market is not plausible"


def test_a_position_of_before_providers_were_kept_reads_as_of_none() -> None:
    stored = holdings_to_stored({"live": POSITION})
    del stored["live"]["provider"]
    assert holdings_from_stored(stored)["live"].provider == ""


@pytest.mark.parametrize(
    "stored", [None, holdings_to_stored({}), holdings_to_stored({"live": POSITION})]
)
def test_holdings_that_are_whole_have_no_fault(stored: Any) -> None:
    assert holdings_fault(stored) == ""


@pytest.mark.parametrize("stored", [7, [], {}, {"v": 2}])
def test_holdings_of_another_kind_or_version_have_one(stored: Any) -> None:
    assert "version 1" in holdings_fault(stored)


def test_trades_of_before_cues_traded_were_by_hand() -> None:
    row = trades_to_stored([TRADE])[0]
    assert row.pop("by") == "hand"
    assert trades_from_stored({"v": 1, "list": [row]}) == [TRADE]
    by_cue = trades_from_stored({"v": 1, "list": [{**row, "by": "cue"}]})
    assert [trade.by for trade in by_cue] == ["cue"]
    assert trades_from_stored({"v": 1, "list": [{**row, "by": "a bot"}]}) == []


def test_another_version_reads_as_absent() -> None:
    assert holdings_from_stored({**holdings_to_stored({"live": POSITION}), "v": 2}) == {}
    assert trades_from_stored({"v": 0, "list": trades_to_stored([TRADE])}) == []


def test_the_list_of_trades_is_bounded_and_skips_what_it_cannot_read() -> None:
    rows = trades_to_stored([TRADE] * (TRADES_KEPT + 5))
    rows[-1]["side"] = "short"
    assert len(trades_from_stored({"v": 1, "list": rows})) == TRADES_KEPT - 1


@settings(deadline=None)  # a busy machine is no fault
@given(json_values)
def test_no_value_of_the_browser_raises(value: Any) -> None:
    assert holdings_from_stored(value) == {}
    assert holdings_from_stored({"v": 1, "live": value, "simulated": value}) == {}
    assert trades_from_stored({"v": 1, "list": value}) == []
    assert trades_from_stored({"v": 1, "list": [value]}) == []
