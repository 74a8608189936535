"""The rule of cues: when it fires, on what price, and how far it is from firing."""

from __future__ import annotations

import math
from datetime import UTC, datetime, timedelta

import pytest

from core.cues import judge
from core.domain import (
    DIRECTIONAL,
    REFERENCE,
    CueRule,
    Forecast,
    Horizon,
    Losses,
    ModelCard,
    TailScore,
    cost_aware,
)
from core.errors import ParameterError

NOW = datetime(2026, 4, 21, 12, 0, 20, tzinfo=UTC)
ISSUED = NOW.replace(second=0)


def forecast(horizon: Horizon, point: float, at_issue: float = 100.0) -> Forecast:
    minutes = 1 if horizon == "minute" else 45
    return Forecast(horizon, ISSUED, ISSUED + timedelta(minutes=minutes), at_issue, point, None)


def card(horizon: Horizon, mae: float | None = 0.5, typical: float = 0.6) -> ModelCard:
    tail = None
    if mae is not None:
        losses = [Losses(m, m * m, m, 0.0) for m in (mae, typical)]
        tail = TailScore(100, losses[0], losses[1])
    return ModelCard(horizon, "id", True, "", ISSUED, 10, None, None, 1.0, tail)


def buy(rule: CueRule, point: float, live: float = 100.0, mae: float | None = 0.5, **more):
    return judge("buy", rule, forecast("long", point), card("long", mae), live, NOW, **more)


def sell(rule: CueRule, point: float, live: float = 100.0, bought_at: float | None = None):
    return judge("sell", rule, forecast("minute", point), card("minute"), live, NOW, bought_at)


@pytest.mark.parametrize(("point", "fires"), [(150.5, False), (150.51, True), (101.0, False)])
def test_reference_buys_half_as_much_again_above_the_live_price(point: float, fires: bool) -> None:
    cue = buy(REFERENCE, point)
    assert cue.fires is fires
    assert cue.bar == 150.0
    assert cue.gap == pytest.approx(150.5 - point)
    assert cue.moves_to_go == pytest.approx((150.5 - point) / 0.6)


def test_reference_follows_the_live_price_and_the_others_do_not() -> None:
    assert buy(REFERENCE, 101.0, live=110.0).reference == 110.0
    assert buy(DIRECTIONAL, 101.0, live=110.0).reference == 100.0
    assert buy(cost_aware(20), 101.0, live=110.0).bar == pytest.approx(100.2)


def test_selling_compares_with_what_was_paid() -> None:
    cue = sell(REFERENCE, 121.0, bought_at=100.0)
    assert (cue.fires, cue.stands_in, cue.bar) == (True, False, 120.0)
    assert not sell(REFERENCE, 120.5, bought_at=100.0).fires


def test_with_nothing_bought_another_price_stands_in() -> None:
    cue = sell(REFERENCE, 121.0, live=105.0)
    assert (cue.reference, cue.stands_in) == (105.0, True)
    assert sell(DIRECTIONAL, 121.0, live=105.0).reference == 100.0


def test_directional_fires_on_the_sign_alone() -> None:
    assert buy(DIRECTIONAL, 100.001).fires
    assert not buy(DIRECTIONAL, 100.0).fires
    assert sell(DIRECTIONAL, 90.1, bought_at=90.0).fires


def test_cost_aware_asks_for_cost_and_error_to_be_earned() -> None:
    rule = cost_aware(20)
    assert not buy(rule, 100.7).fires
    assert buy(rule, 100.701).fires


def test_no_cue_of_what_is_over_or_never_scored() -> None:
    late = NOW + timedelta(minutes=45)
    card_ = card("long")
    assert judge("buy", DIRECTIONAL, forecast("long", 101.0), card_, 100.0, late) == "expired"
    assert buy(DIRECTIONAL, 101.0, mae=None) == "unscored"


def test_a_price_that_never_moved_is_endlessly_far() -> None:
    still = card("long", typical=0.0)
    cue = judge("buy", REFERENCE, forecast("long", 101.0), still, 100.0, NOW)
    assert cue.moves_to_go == math.inf


@pytest.mark.parametrize(
    ("rule", "preset", "text"),
    [
        (REFERENCE, "reference", "1,1.5,1.2,live"),
        (DIRECTIONAL, "directional", "0,1,1,issue"),
        (cost_aware(20), "cost-aware", "1,1.002,1.002,issue"),
        (cost_aware(0), "cost-aware", "1,1,1,issue"),
        (cost_aware(500), "cost-aware", "1,1.05,1.05,issue"),
        (cost_aware(0.1), "cost-aware", "1,1.00001,1.00001,issue"),
        (CueRule(1.0, 1.06, 1.06, "issue"), "custom", "1,1.06,1.06,issue"),
        (CueRule(2.0, 1.01, 1.0, "issue"), "custom", "2,1.01,1,issue"),
    ],
)
def test_a_rule_has_a_name_and_a_text(rule: CueRule, preset: str, text: str) -> None:
    assert (rule.preset, rule.to_text()) == (preset, text)
    assert CueRule.parse(text) == rule


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("", "cue must be three numbers and live or issue."),
        ("6,1,1,live", "mae_weight must be a number from 0 to 5, not 6."),
        ("1,nan,1,live", "buy_factor must be a number from 0.5 to 3, not nan."),
        ("1,1, ,live", "sell_factor must be a number from 0.5 to 3, not nothing."),
        ("1_0,1,1,live", "mae_weight must be a number from 0 to 5, not 1_0."),
        ("1,inf,1,live", "buy_factor must be a number from 0.5 to 3, not inf."),
        ("1,1,1,past", "against must be live or issue, not past."),
    ],
)
def test_a_bad_rule_is_refused_by_name_and_range(text: str, sentence: str) -> None:
    with pytest.raises(ParameterError, match=sentence):
        CueRule.parse(text)
