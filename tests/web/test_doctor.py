"""The doctor's table on Model Health."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from core.domain import Diagnosis, Finding
from tests.web.conftest import NOW, Site

FINDINGS = (
    Finding(
        "binance, data-api.binance.vision",
        "failure",
        "It does not serve this place.",
        "Use another exchange, or a server elsewhere.",
        status=451,
        latency_ms=141.6,
    ),
    Finding("coinbase", "ok", "It answers.", "", 200, 88.2, -14.4, None),
    Finding("disk", "warning", "2 % is free.", "Free some space."),
)
SPEC = {"health-spec.data": "BTC-USD"}


def shown(site: Site) -> str:
    answer = site.call("health-doctor.children", SPEC)
    assert answer.status_code == 200
    return answer.get_data(as_text=True)


def test_before_the_engine_looked_it_says_so(published: Site) -> None:
    assert "The engine has not looked yet." in shown(published)


def test_every_finding_has_its_verdict_in_words_and_its_advice(published: Site) -> None:
    published.store.publish_diagnosis(Diagnosis(NOW - timedelta(minutes=3), FINDINGS))
    text = shown(published).encode().decode("unicode_escape")
    for word in ("failure", "warning", '"ok"', "451", "142 ms", "Free some space."):
        assert word in text
    assert "2026-04-21T12:38:08Z" in text
    assert text.count('"Tr"') == 1 + len(FINDINGS) + 1  # the head and the engine
    assert "doctor-table" in text


def test_it_is_shown_also_while_there_is_no_forecast(site: Site) -> None:
    site.store.publish_diagnosis(Diagnosis(NOW, FINDINGS))
    assert "data-api.binance.vision" in shown(site)


def test_the_engine_is_judged_by_its_newest_heartbeat(published: Site) -> None:
    published.store.publish_diagnosis(Diagnosis(NOW, FINDINGS))
    assert "s ago and follows Binance" in shown(published)
    published.clock.advance(60)
    text = shown(published)
    assert "beat last at 2026-04-21 12:41:08 UTC" in text
    assert "follows Binance" not in text


def test_without_a_heartbeat_it_says_how_to_start_an_engine(site: Site) -> None:
    site.store.publish_diagnosis(Diagnosis(NOW, FINDINGS))
    assert "No engine has beaten here yet." in shown(site)


def test_the_table_is_asked_for_again_when_the_engine_falls_silent(published: Site) -> None:
    published.store.publish_diagnosis(Diagnosis(NOW, FINDINGS))

    def looked() -> Any:
        answer = published.call("health-tick.data", SPEC)
        return answer.get_json()["response"]["health-tick"]["data"]["looked"]

    while_alive = looked()
    assert looked() == while_alive
    published.clock.advance(60)
    while_silent = looked()
    assert while_silent != while_alive
    published.publisher.publish_live(published.clock.now())
    assert looked() == while_alive


def test_a_page_without_a_spec_changes_nothing(published: Site) -> None:
    published.store.publish_diagnosis(Diagnosis(NOW, FINDINGS))
    assert "doctor-table" not in published.call("health-doctor.children", {}).get_data(as_text=True)
