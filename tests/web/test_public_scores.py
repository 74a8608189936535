"""Model Health tells what the ledger says, in figures, words and rows, or why it cannot."""

from __future__ import annotations

import csv
import io
import json
import math
import re
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any, get_args

import pytest
from plotly.io.json import to_json_plotly

from components import scores
from components.formatting import epoch_ms
from components.score_charts import (
    EVENT_WORDS,
    gained_figure,
    mae_figure,
    moves_figure,
    skill_figure,
)
from core.domain import (
    EVENTS_SHOWN,
    SCORE_RANGES,
    Coverage,
    Curve,
    Direction,
    Event,
    EventKind,
    ForecastSpec,
    Moves,
    PublicScore,
    Score,
    SkillRecord,
)
from core.ledger.database import database_url
from core.ledger.events import Noted, append_events
from tests.ledgers import fill_ledger, last_minute
from tests.web.conftest import NOW, Site

SPEC = ForecastSpec()
OUTPUT = "health-scores.children"
CHOICE = {"horizon": "long", "range": "24h"}
ASSETS = Path(__file__).resolve().parents[2] / "assets"


@pytest.fixture(name="scored")
def _scored(published: Site) -> Site:
    url = database_url("", published.settings.artifact_dir)
    engine = fill_ledger(url, [SPEC], 1_600, last_minute(NOW), "live", "binance")
    trained = Event(NOW - timedelta(hours=3), "promotion", "Better by 0.2 %.", "long")
    with engine.begin() as connection:
        append_events(connection, [Noted(trained, "live", "binance", SPEC.to_text())])
    return published


def painted(site: Site, choice: Any = None, spec: str = "BTC-USD") -> dict[str, Any]:
    answer = site.call(
        OUTPUT,
        {"health-need.data": {"v": 1}, "health-spec.data": spec, "health-choice.data": choice},
    )
    assert answer.status_code == 200
    found: dict[str, Any] = answer.json["response"]
    return found


def read(site: Site) -> PublicScore:
    snapshot = site.store.snapshot(SPEC)
    assert snapshot is not None
    found = site.service.public_score(snapshot, "long", "24h")
    assert found is not None
    return found


def test_the_page_shows_the_scores_of_the_ledger(scored: Site) -> None:
    answer, found = painted(scored, CHOICE), read(scored)
    shown = found.shown
    assert shown is not None
    table = json.dumps(answer["health-scores"], ensure_ascii=False)
    assert f'"data-value": "{shown.record.skill}"' in table
    assert f'"data-value": "{shown.mae_random_walk}"' in table
    skill, _, _, moves = answer["health-figures"]["data"]["figures"]
    assert "annotations" not in skill["layout"]
    drawn = next(trace for trace in skill["data"] if trace["uid"] == "skill")
    assert drawn["x"] == found.curve.time
    assert drawn["y"][-1] == pytest.approx(100 * (found.curve.skill[-1] or 0), abs=1e-3)
    assert moves["data"][0]["x"] == found.moves.said
    assert "Better by 0.2" in json.dumps(answer["health-events"])
    marks = next(trace for trace in skill["data"] if trace["uid"] == "events")
    assert len(marks["x"]) == 1
    words = json.dumps(answer["health-ledger-note"], ensure_ascii=False)
    assert f"{shown.n:,} forecasts of the last 24 h, as published" in words


def test_coverage_is_shown_beside_the_promise(scored: Site) -> None:
    strips = json.dumps(painted(scored, CHOICE)["health-coverage"], ensure_ascii=False)
    shown = read(scored).shown
    assert shown is not None
    for band in shown.coverage:
        assert f"{band.level:.0%} promised, {band.rate:.1%} of {band.n:,} came" in strips


def test_a_page_without_a_ledger_says_so(published: Site) -> None:
    answer = painted(published, CHOICE)
    assert "There is no ledger yet" in json.dumps(answer["health-scores"])
    answered = answer["health-figures"]["data"]
    assert (answered["v"], answered["figures"]) == (None, [])  # the page asks again


def test_scores_name_what_they_are_of(scored: Site) -> None:
    answered, snapshot = (
        painted(scored, CHOICE)["health-figures"]["data"],
        scored.store.snapshot(SPEC),
    )
    assert snapshot is not None
    assert {name: answered[name] for name in ("v", "spec", "choice")} == {
        "v": snapshot.version,
        "spec": "BTC-USD",
        "choice": CHOICE,
    }


def test_nothing_of_the_other_market_is_shown(scored: Site) -> None:
    scored.publisher.market, scored.publisher.provider = "simulated", "simulated"
    scored.publish()
    words = json.dumps(painted(scored, CHOICE)["health-ledger-note"])
    assert "No forecast of the last 24 h has met its outcome yet" in words


@pytest.mark.parametrize("choice", [None, "long", {"horizon": 7, "range": "1y"}])
def test_a_choice_that_is_none_of_ours_is_the_default(scored: Site, choice: Any) -> None:
    words = json.dumps(painted(scored, choice)["health-ledger-note"])
    assert "of the last 24 h" in words


def test_the_address_chooses_horizon_and_range() -> None:
    assert scores.read_choice({"horizon": "long", "range": "7d"}) == ("long", "7d", "")
    horizon, name, said = scores.read_choice({"horizon": "week", "range": "1y"})
    assert (horizon, name) == ("minute", "24h")
    assert "horizon must be one of minute, long, not week." in said
    assert "range must be one of 1h, 24h, 7d, 30d, not 1y." in said
    links = to_json_plotly(scores.choices(SPEC, "minute", "24h", {"ticker": "BTC-USD"}))
    assert "?ticker=BTC-USD&range=30d" in links
    assert "24 h, shown" in links


def lines(site: Site, query: str) -> list[dict[str, str]]:
    answer = site.client.get(f"/ledger.csv?{query}")
    assert answer.status_code == 200
    assert "attachment" in answer.headers["Content-Disposition"]
    return list(csv.DictReader(io.StringIO(answer.text)))


def test_figures_are_those_of_the_exported_rows(scored: Site) -> None:
    """The independent way: a slow loop over the text that anybody can download."""
    rows = lines(scored, "spec=BTC-USD&range=24h")
    mine = [r for r in rows if r["horizon"] == "long" and r["actual"] and r["revision"] == "0"]
    errors = [abs(float(r["actual"]) - float(r["point"])) for r in mine]
    stays = [abs(float(r["actual"]) - float(r["price"])) for r in mine]
    hits = [
        (float(r["actual"]) > float(r["price"])) == (float(r["point"]) > float(r["price"]))
        for r in mine
    ]
    inside = [float(r["lo90"]) <= float(r["actual"]) <= float(r["hi90"]) for r in mine]
    shown = read(scored).shown
    assert shown is not None
    assert shown.n == len(mine)
    assert shown.mae == pytest.approx(math.fsum(errors) / len(mine))
    assert shown.mae_random_walk == pytest.approx(math.fsum(stays) / len(mine))
    assert shown.record.skill == pytest.approx(1 - math.fsum(errors) / math.fsum(stays))
    assert shown.direction.rate == pytest.approx(sum(hits) / len(hits))
    assert shown.coverage[2].rate == pytest.approx(sum(inside) / len(inside))


@pytest.mark.parametrize(
    ("query", "status", "said"),
    [
        ("spec=nothing", 400, "ticker"),
        ("spec=BTC-USD%3Fminute_horizon%3D99", 400, "minute_horizon"),
        ("spec=BTC-USD&range=1y", 400, "range must be one of 1h, 24h, 7d, 30d, not 1y."),
        ("spec=ETH-USD", 404, "ETH-USD is not served now."),
    ],
)
def test_an_export_that_cannot_be_had_says_why(
    scored: Site, query: str, status: int, said: str
) -> None:
    answer = scored.client.get(f"/ledger.csv?{query}")
    assert answer.status_code == status
    assert said in answer.text


def test_exports_take_turns(scored: Site) -> None:
    address = "/ledger.csv?spec=BTC-USD&range=30d"
    first = scored.client.get(address, buffered=False)
    second = scored.client.get(address)
    assert second.status_code == 503
    assert "ask again in a minute" in second.text
    first.close()
    assert scored.client.get(address).status_code == 200


def test_an_export_without_a_ledger_says_so(published: Site) -> None:
    answer = published.client.get("/ledger.csv?spec=BTC-USD")
    assert (answer.status_code, "There is no ledger yet" in answer.text) == (503, True)


def score(skill: float, reach: float, rate: float = 0.9, n_eff: float = 100.0) -> Score:
    return Score(
        n_eff=n_eff,
        mae=1.0,
        mae_random_walk=1.0,
        record=SkillRecord(n=900, minutes=900.0, skill=skill, reach=reach),
        direction=Direction(0, 0.0, math.nan, math.nan, math.nan),
        coverage=(Coverage(0.9, 900, n_eff, rate, 0.83, 0.95),),
    )


@pytest.mark.parametrize(
    ("skill", "reach", "verdict"),
    [
        (0.02, 0.01, "better"),
        (-0.02, 0.01, "worse"),
        (0.02, 0.03, "not yet significant"),
        (0.02, math.nan, "too few yet"),
    ],
)
def test_verdicts(skill: float, reach: float, verdict: str) -> None:
    assert scores.verdict_pill(score(skill, reach).record)[1] == verdict


@pytest.mark.parametrize(
    ("rate", "words"), [(0.9, "as promised"), (0.8, "too narrow"), (0.99, "too wide")]
)
def test_coverage_in_words(rate: float, words: str) -> None:
    assert words in to_json_plotly(scores.coverage_strips(score(0.0, 0.1, rate)))


def test_a_few_independent_forecasts_judge_no_band() -> None:
    strips = to_json_plotly(scores.coverage_strips(score(0.0, 0.1, 1.0, n_eff=40.0)))
    assert "too few yet" in strips
    assert "too wide" not in strips


@pytest.mark.parametrize(
    ("skill", "reach", "words"),
    [
        (0.0, 0.0, "the same as no change."),
        (0.0, math.nan, "the same as no change, too few to tell more."),
        (0.02, 0.01, "2.00\u202f% better than no change, significant"),
        (-0.02, 0.03, "2.00\u202f% worse than no change, which chance may explain"),
        (0.02, math.nan, "2.00\u202f% better than no change, too few to tell more"),
    ],
)
def test_the_result_in_words(skill: float, reach: float, words: str) -> None:
    nothing = {h: dict.fromkeys(SCORE_RANGES) for h in ("minute", "long")}
    of = {**nothing, "minute": {**nothing["minute"], "24h": score(skill, reach)}}
    empty = Curve(timedelta(hours=3), *([] for _ in range(7)))
    found = PublicScore("minute", "24h", of, empty, Moves([], []), ())
    assert words in str(scores.shown_words(found).children)
    some = replace(found, unknown=3)
    assert "3 more have an outcome that will never be known" in str(scores.shown_words(some))


def test_the_interval_is_not_drawn_across_a_time_without_forecasts() -> None:
    low, high = [0.1, 0.1, None, None, 0.3], [0.3, 0.3, None, None, 0.5]
    known = [0.2, 0.2, None, None, 0.4]
    curve = Curve(timedelta(hours=3), [1, 2, 3, 4, 5], known, low, high, known, known, [0.0] * 5)
    below, above, line = skill_figure(curve, ())["data"]
    assert below["x"] == above["x"] == [1, 2, 2, 5, 5]
    assert below["y"][2:4] == above["y"][2:4] == [20.0, 40.0]
    assert line["y"] == [20.0, 20.0, None, None, 40.0]


def test_nothing_matured_is_said_everywhere() -> None:
    nothing = {h: dict.fromkeys(SCORE_RANGES) for h in ("minute", "long")}
    empty = Curve(timedelta(hours=3), *([] for _ in range(7)))
    found = PublicScore("minute", "24h", nothing, empty, None, ())
    assert "nothing matured yet" in to_json_plotly(scores.scores_table(found, SPEC))
    assert "No band has been tested yet" in to_json_plotly(scores.coverage_strips(found.shown))
    assert "Nothing happened" in to_json_plotly(scores.events_table((), SPEC))
    for figure in (skill_figure(empty, ()), mae_figure(empty)):
        (note,) = figure["layout"]["annotations"]
        assert note["text"] == "The first point needs 10 forecasts with their outcome"
    assert skill_figure(empty, ())["data"][2]["x"] == []
    for figure in (gained_figure(empty, ()), moves_figure(Moves([], []))):
        (note,) = figure["layout"]["annotations"]
        assert note["text"] == "No forecast has met its outcome yet"
        assert not figure["layout"]["xaxis"]["showticklabels"]  # plotly would make dates up
        assert not figure["layout"]["xaxis"]["showgrid"]  # through the words


@pytest.mark.parametrize(("span_ms", "room"), [(0, True), (60_000, True), (600_000, False)])
def test_few_forecasts_have_room_for_ticks_of_different_minutes(span_ms: int, room: bool) -> None:
    times = [epoch_ms(NOW), epoch_ms(NOW) + span_ms]
    curve = Curve(timedelta(hours=3), times, *([1.0, 2.0] for _ in range(6)))
    for figure in (skill_figure(curve, ()), mae_figure(curve), gained_figure(curve, ())):
        included = figure["layout"]["xaxis"].get("autorangeoptions", {}).get("include")
        assert (included is not None) == room
        assert not room or (included[1] - included[0], sum(included)) == (600_000, sum(times))


def test_events_that_are_not_all_there_are_said() -> None:
    events = tuple(Event(NOW, "engine", f"Start {n}.") for n in range(EVENTS_SHOWN))
    assert "The newest 200" in to_json_plotly(scores.events_table(events, SPEC))
    assert "The newest" not in to_json_plotly(scores.events_table(events[1:], SPEC))


def test_every_kind_of_event_has_a_word_and_a_sign(scored: Site) -> None:
    curve = read(scored).curve
    kinds = get_args(EventKind)
    events = [Event(NOW - timedelta(hours=1), kind, "A sentence. " * 9) for kind in kinds]
    marks = skill_figure(curve, events)["data"][-1]
    assert len(set(marks["marker"]["symbol"])) == len(kinds)
    assert all(
        word in text for word, text in zip(EVENT_WORDS.values(), marks["customdata"], strict=True)
    )
    assert all(len(line) <= 60 for text in marks["customdata"] for line in text.split("<br>"))
    old = [replace(event, at=NOW - timedelta(days=40)) for event in events]
    assert skill_figure(curve, old)["data"][-1]["uid"] == "skill"


def test_every_colour_is_a_token(scored: Site) -> None:
    tokens = set(re.findall(r"(--[a-z0-9-]+):", (ASSETS / "00-tokens.css").read_text()))
    figures = painted(scored, CHOICE)["health-figures"]["data"]["figures"]
    assert len(figures) == 4
    used = set(re.findall(r'"(--[a-z0-9-]+)"', json.dumps(figures)))
    assert used
    assert used <= tokens
    assert not re.findall(r"#[0-9a-fA-F]{3,8}\b", json.dumps(figures))
