"""Every candle issues in exactly one block, after all that its model was trained on."""

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.evaluation.splits import walk_forward_splits
from tests.core.features.series import candles


def _index(minutes: int, gaps: list[tuple[int, int]]) -> pd.DatetimeIndex:
    return pd.DatetimeIndex(candles(minutes, gaps=gaps).index)


@settings(deadline=None)
@given(
    minutes=st.integers(1, 900),
    refit=st.integers(1, 300),
    first=st.integers(1, 400),
    gaps=st.lists(st.tuples(st.integers(1, 800), st.integers(1, 200)), max_size=3),
)
def test_blocks_follow_each_other(
    minutes: int, refit: int, first: int, gaps: list[tuple[int, int]]
) -> None:
    index = _index(minutes, gaps)
    splits = walk_forward_splits(index, refit, first)
    issuing = [row for split in splits for row in range(split.test_start, split.test_end)]
    assert issuing == list(range(first - 1, len(index)))
    for split in splits:
        assert split.train_end == split.test_start + 1
        block = index[split.test_start : split.test_end]
        assert block[-1] - block[0] < pd.Timedelta(minutes=refit)


def test_refits_keep_to_the_clock_across_a_gap() -> None:
    index = _index(600, [(250, 130)])
    splits = walk_forward_splits(index, 100, 101)
    refits = [int((index[s.test_start] - index[0]) / pd.Timedelta(minutes=1)) for s in splits]
    assert refits == [100, 200, 380, 480, 580]


@pytest.mark.parametrize(("refit", "first"), [(0, 10), (10, 0)])
def test_nonsense_is_refused(refit: int, first: int) -> None:
    with pytest.raises(ValueError, match="at least 1"):
        walk_forward_splits(_index(50, []), refit, first)
