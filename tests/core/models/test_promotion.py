"""A challenger takes over unless it is worse on what neither model has seen."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any, cast

import pytest

from core.domain import ForecastSpec
from core.models.promotion import MIN_COMMON, succeed
from core.models.trained import TrainedModel
from tests.core.models.stubs import KnownError
from tests.made import START, made_candles

CANDLES = made_candles(1_000)
NOW = START + timedelta(minutes=1_000)
DAY = timedelta(days=1)


def made(model_id: str, size: float, **changes: Any) -> TrainedModel:
    values: dict[str, Any] = {"trained_at": NOW, "train_end": NOW - timedelta(minutes=100)}
    return cast(TrainedModel, KnownError(model_id, size, **{**values, **changes}))


def champion(size: float = 10.0, **changes: Any) -> TrainedModel:
    before = {"trained_at": NOW - DAY, "train_end": NOW - timedelta(minutes=500)}
    return made("0ld0000", size, **{**before, **changes})


def test_a_better_model_takes_over():
    decision = succeed(champion(10.0), made("new0000", 9.0), CANDLES)
    assert decision.promoted
    assert decision.n == 100
    assert (decision.mae, decision.champion_mae) == pytest.approx((9.0, 10.0))
    assert decision.champion_id == "0ld0000"
    assert decision.version == "20260301T164000Z-new0000"
    assert decision.sentence == (
        "Promoted, not worse: 10.0% less error than the champion "
        "on 100 forecasts that neither had seen."
    )


def test_a_worse_model_is_kept_out_with_its_extra_error():
    decision = succeed(champion(10.0), made("new0000", 10.1), CANDLES)
    assert not decision.promoted
    assert decision.extra_error == pytest.approx(0.01)
    assert decision.sentence.startswith("Kept out: 1.0% more error than the champion on 100")


def test_an_equal_model_takes_over():
    decision = succeed(champion(10.0), made("new0000", 10.0), CANDLES)
    assert decision.promoted
    assert "as much error" in decision.sentence


@pytest.mark.parametrize(("extra", "promoted"), [(1.0, True), (2.0, False)])
def test_what_chance_explains_keeps_nobody_out(extra: float, promoted: bool):
    """One standard error of 100 forecasts is a tenth of the noise: 1 is one, 2 are two."""
    noisy = made("new0000", 50.0 + extra, noise=0.2)
    decision = succeed(champion(50.0), noisy, CANDLES)
    assert decision.z is not None
    assert decision.promoted == (decision.z <= 1.645) == promoted


def test_the_random_walks_error_stands_beside():
    decision = succeed(champion(), made("new0000", 9.0), CANDLES)
    moves = CANDLES["close"].diff().abs().iloc[-100:]
    assert decision.random_walk_mae == pytest.approx(moves.mean())


@pytest.mark.parametrize("later", ["champion", "challenger"])
def test_forecasts_that_one_of_them_has_seen_do_not_count(later: str):
    early, late = NOW - timedelta(minutes=300), NOW - timedelta(minutes=60)
    ends = (late, early) if later == "champion" else (early, late)
    decision = succeed(
        champion(train_end=ends[0]), made("new0000", 9.0, train_end=ends[1]), CANDLES
    )
    assert decision.n == 60


def test_candles_before_the_contest_change_nothing():
    changed = CANDLES.copy()
    changed.iloc[:-180] *= 1.5
    pair = champion(), made("new0000", 9.0)
    assert succeed(*pair, changed).z == succeed(*pair, CANDLES).z


@pytest.mark.parametrize(
    ("before", "words"),
    [
        (None, "The first model of this forecast."),
        (champion(0.0, trained_at=NOW - 3 * DAY), "The champion was older than 72 h."),
        (champion(0.0, spec=ForecastSpec("ETH-USD")), "The champion forecast something else."),
        (
            champion(0.0, train_end=NOW - timedelta(minutes=MIN_COMMON - 1)),
            "Only 29 forecasts are new to both: too few to compare.",
        ),
    ],
)
def test_without_a_contest_the_newer_model_takes_over(before: TrainedModel | None, words: str):
    decision = succeed(before, made("new0000", 99.0), CANDLES)
    assert decision.promoted
    assert decision.sentence == f"Promoted without contest. {words}"
    assert (decision.n, decision.champion_id) == (100, "")
    assert decision.mae == pytest.approx(99.0)


def test_a_champion_that_cannot_be_loaded_is_said():
    decision = succeed(None, made("new0000", 9.0), CANDLES, without_contest="It was damaged.")
    assert decision.sentence == "Promoted without contest. It was damaged."


def test_a_longer_setting_lets_an_older_champion_compete():
    old = champion(1.0, trained_at=NOW - 3 * DAY)
    assert not succeed(old, made("new0000", 9.0), CANDLES, expire_after=4 * DAY).promoted


def test_hardly_any_candles_are_no_error():
    model = made("new0000", 9.0, train_end=None)
    for rows in (0, 1, 5):
        decision = succeed(None, model, CANDLES.iloc[:rows])
        assert decision.promoted
        assert (decision.n, decision.mae, decision.random_walk_mae) == (0, None, None)


def test_the_time_of_a_decision_is_that_of_the_training():
    assert succeed(None, made("new0000", 9.0), CANDLES).at == datetime.fromisoformat(
        NOW.isoformat()
    )
