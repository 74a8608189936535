"""Cues in a real browser: what is said, the rule's form, and one firing for each cue."""

from __future__ import annotations

import json
import random
import re
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect

from callbacks.cues import cue_part
from core.domain import CueRule, ForecastSpec, cost_aware
from core.errors import ParameterError
from core.forecasting.service import View
from tests.browser.conftest import Observed, Servers
from tests.browser.rig import PATH, Rig
from tests.browser.site import PATIENCE_MS, Site, invest, open_live
from tests.web.recorded_cues import HORIZONS, RULES, Moment, moments, naive_side

AT_ONCE = "0,0.5,0.5,live"
ONCE_A_FORECAST = "0,0.5,0.5,issue"
COST_AWARE = cost_aware(20).to_text()
NEVER = "5,3,3,live"
DIRECTIONAL = "0,1,1,issue"

# Firings are noted from the first script on; those of earlier loads are kept apart.
NOTE_CUES = """
  window.cues = [];
  document.addEventListener("pulse:cue", (event) => window.cues.push(event.detail));
  window.ticks = 0;
  window.played = 0;
  new MutationObserver((changes) => {
    for (const change of changes) for (const node of change.addedNodes)
      if (node.className === "cue-play") window.played += 1;
  }).observe(document, { childList: true, subtree: true });
  const wait = setInterval(() => {
    if (!window.pulse || !pulse.show) return;
    clearInterval(wait);
    const show = pulse.show;
    pulse.show = (tick, holdings) => { show(tick, holdings); window.ticks += 1; };
  }, 5);
"""

# Forecasts that outlast a test, so that none expires in the middle of it.
SPEC = ForecastSpec(minute_horizon=60)


@pytest.fixture(scope="module")
def deployment(serve: Servers, tmp_path_factory: pytest.TempPathFactory) -> tuple[str, Path]:
    artifacts = tmp_path_factory.mktemp("artifacts")
    environment = {"ARTIFACT_DIR": str(artifacts), "ENGINE": "external", "WATCH": SPEC.to_text()}
    return serve(environment), artifacts / "run"


@pytest.fixture
def site(site: Site) -> Site:
    site.publisher.spec = SPEC
    site.publish()
    site.publisher.publish_live(datetime.now(UTC))
    return site


def keep_rule(page: Page, rule: str) -> None:
    """Let `page` open as one of a reader who chose `rule` some time ago."""
    wish = json.dumps(json.dumps({"v": 1, "cue": rule}))
    page.add_init_script(
        f"if (!localStorage.preferences) localStorage.setItem('preferences', {wish});{NOTE_CUES}"
    )


def cell(page: Page) -> Any:
    return page.locator(".cell-cue")


def is_judged(page: Page) -> None:
    expect(cell(page)).to_have_attribute("data-judged", "yes")


def next_ticks(page: Page, count: int) -> None:
    seen = page.evaluate("window.ticks")
    page.wait_for_function("(n) => window.ticks >= n", arg=seen + count, timeout=30_000)


def fired(page: Page) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = page.evaluate("window.cues")
    return found


def sides(page: Page) -> list[str]:
    return [cue["side"] for cue in fired(page)]


def reader(browser: Browser, **options: Any) -> Iterator[Page]:
    with browser.new_context(viewport={"width": 1440, "height": 900}, **options) as context:
        opened = context.new_page()
        opened.set_default_timeout(PATIENCE_MS)
        yield opened


@pytest.fixture
def still_page(browser: Browser) -> Iterator[Page]:
    """A reader who asked for less motion."""
    yield from reader(browser, reduced_motion="reduce")


@pytest.fixture
def phone(browser: Browser) -> Iterator[Page]:
    with browser.new_context(
        viewport={"width": 390, "height": 844}, has_touch=True, color_scheme="light"
    ) as context:
        yield context.new_page()


def test_far_from_firing_the_cell_says_how_far_in_percent_and_moves(page: Page, site: Site) -> None:
    keep_rule(page, CueRule().to_text())
    open_live(page, site)
    is_judged(page)
    expect(cell(page).locator(".cue-word")).to_contain_text("No cue")
    expect(cell(page).locator(".pill")).to_have_text("Reference")
    buy, sell = cell(page).locator(".meter").all()
    expect(buy).to_contain_text("needs +50")
    expect(buy.locator(".moves")).to_have_text(re.compile(r"^18\d moves of 0\.2\d\s%$"))
    expect(buy.locator(".moves")).to_have_attribute("title", re.compile("45-minute move is 0.2"))
    expect(sell).to_contain_text("needs +20")
    expect(cell(page).locator(".cue-note")).to_have_text("Nothing bought: live price stands in")
    invest(page)
    expect(cell(page).locator(".cue-note")).to_have_text("")
    assert fired(page) == []


def test_within_reach_the_cell_says_how_many_dollars(page: Page, site: Site) -> None:
    keep_rule(page, COST_AWARE)
    open_live(page, site)
    is_judged(page)
    snapshot = site.publisher.store.snapshot(site.publisher.spec)
    assert snapshot is not None
    forecast, model = snapshot.forecasts["long"], snapshot.models["long"]
    assert model.tail is not None
    gap = 1.002 * forecast.price_at_issue - (forecast.point - model.tail.model.mae)
    buy = cell(page).locator(".meter").first
    expect(buy).to_contain_text(f"{gap:,.0f} USD to go")
    moves = gap / model.tail.random_walk.mae
    expect(buy).to_contain_text(f"{moves:.1f} usual moves")
    width = float(buy.locator("i").evaluate("e => parseFloat(e.style.getPropertyValue('--p'))"))
    assert width == pytest.approx(100 * (1 - moves / 4), abs=1.5)
    expect(buy.locator("i")).to_have_attribute("data-kind", "far")


def test_a_cue_fires_once_with_balloons_and_snow_that_go_away(
    page: Page, observed: Observed, site: Site
) -> None:
    keep_rule(page, AT_ONCE)
    open_live(page, site)
    expect(cell(page).locator(".cue-word")).to_contain_text("▲ BUY")
    expect(cell(page).locator(".cue-word")).to_contain_text("▼ SELL")
    expect(cell(page)).to_have_attribute("data-cue", "buy-sell")
    next_ticks(page, 3)
    assert sides(page) == ["buy", "sell"]
    assert {cue["spec"] for cue in fired(page)} == {SPEC.to_text()}
    assert all(cue["price"] > 0 and cue["candle"] > 0 for cue in fired(page))
    assert page.evaluate("window.played") == 2
    expect(page.locator(".cue-play")).to_have_count(0)
    page.reload()
    expect(cell(page).locator(".cue-word")).to_contain_text("▲ BUY")
    next_ticks(page, 2)
    assert fired(page) == []
    assert observed.complaints == []


def test_pieces_fly_behind_the_text_and_take_no_clicks(page: Page, site: Site) -> None:
    keep_rule(page, NEVER)
    open_live(page, site)
    is_judged(page)
    page.evaluate(
        "document.dispatchEvent(new CustomEvent('pulse:cue', { detail: { side: 'buy' } }))"
    )
    layer = page.locator(".cue-play")
    expect(layer).to_have_attribute("data-side", "buy")
    expect(layer.locator(".balloon")).to_have_count(6)
    style = layer.evaluate(
        "e => [getComputedStyle(e).pointerEvents, Number(getComputedStyle(e).zIndex),"
        " Number(getComputedStyle(document.querySelector('.cue-word')).zIndex)]"
    )
    assert style[0] == "none"
    assert style[1] < style[2]
    expect(layer).to_have_count(0)


def test_no_balloons_under_reduced_motion_but_the_word(still_page: Page, site: Site) -> None:
    keep_rule(still_page, AT_ONCE)
    open_live(still_page, site)
    expect(cell(still_page).locator(".cue-word")).to_contain_text("▲ BUY")
    assert sides(still_page) == ["buy", "sell"]
    assert still_page.evaluate("window.played") == 0


def test_against_the_price_at_issue_it_fires_once_a_forecast(page: Page, site: Site) -> None:
    keep_rule(page, ONCE_A_FORECAST)
    open_live(page, site)
    expect(cell(page).locator(".cue-word")).to_contain_text("▲ BUY")
    next_ticks(page, 2)
    first = fired(page)
    assert [cue["side"] for cue in first] == ["buy", "sell"]
    invest(page)  # another price to compare with, the same forecast
    expect(page.locator("#live-order-message")).to_contain_text("Bought")
    next_ticks(page, 1)
    assert fired(page) == first
    site.publish(minutes=1)
    page.wait_for_function("window.cues.length >= 4", timeout=30_000)
    next_ticks(page, 1)
    second = fired(page)[2:]
    assert [cue["side"] for cue in second] == ["buy", "sell"]
    assert {cue["candle"] for cue in second} == {first[0]["candle"] + 60_000}


def test_after_a_purchase_what_was_paid_is_judged_under_a_rule_of_once_a_forecast(
    page: Page, site: Site
) -> None:
    keep_rule(page, COST_AWARE)
    open_live(page, site)
    note = cell(page).locator(".cue-note")
    expect(note).to_have_text("Nothing bought: price at issue stands in")
    invest(page)
    expect(page.locator("#live-order-message")).to_contain_text("Bought")
    expect(note).to_have_text("")
    next_ticks(page, 2)
    expect(note).to_have_text("")
    formula = page.locator(".cue-formula").nth(1)
    expect(formula).to_contain_text("what was paid")


def test_a_purchase_begins_another_question_of_selling(page: Page, site: Site) -> None:
    keep_rule(page, AT_ONCE)
    open_live(page, site)
    page.wait_for_function("window.cues.length >= 2", timeout=20_000)
    invest(page)
    page.wait_for_function("window.cues.length >= 3", timeout=20_000)
    next_ticks(page, 2)
    assert sides(page) == ["buy", "sell", "sell"]


def test_another_rule_starts_afresh_and_the_former_is_remembered(page: Page, site: Site) -> None:
    keep_rule(page, AT_ONCE)
    open_live(page, site)
    expect(cell(page).locator(".cue-word")).to_contain_text("▲ BUY")
    page.evaluate("rule => pulse.prefs.set({ cue: rule })", "0,0.6,0.6,live")
    page.wait_for_function("window.cues.length >= 4", timeout=20_000)
    page.evaluate("rule => pulse.prefs.set({ cue: rule })", NEVER)
    expect(cell(page).locator(".cue-word")).to_contain_text("No cue")
    page.evaluate("rule => pulse.prefs.set({ cue: rule })", AT_ONCE)
    expect(cell(page).locator(".cue-word")).to_contain_text("▲ BUY")
    next_ticks(page, 1)
    assert sides(page) == ["buy", "sell"] * 2


def test_no_cue_and_why_when_the_engine_is_silent_or_the_page_paused(
    page: Page, site: Site
) -> None:
    keep_rule(page, AT_ONCE)
    open_live(page, site)
    expect(cell(page).locator(".cue-word")).to_contain_text("▲ BUY")
    height = page.locator(".kpi").bounding_box()
    page.locator("#live-pause").click()
    expect(cell(page).locator(".cue-why")).to_have_text(
        "Paused: cues are judged again when the page goes on."
    )
    expect(cell(page).locator(".cue-word")).to_contain_text("No cue")
    assert page.locator(".kpi").bounding_box() == height
    page.locator("#live-pause").click()
    expect(cell(page).locator(".cue-word")).to_contain_text("▲ BUY")
    site.beating.clear()
    expect(cell(page).locator(".cue-why")).to_contain_text("The engine does not answer")
    expect(cell(page)).to_have_attribute("data-cue", "none")
    assert page.locator(".kpi").bounding_box() == height
    site.beating.set()
    expect(cell(page).locator(".cue-word")).to_contain_text("▲ BUY")
    assert sides(page) == ["buy", "sell"]


def test_an_expired_forecast_is_no_cue(page: Page, site: Site) -> None:
    keep_rule(page, AT_ONCE)
    open_live(page, site)
    expect(cell(page).locator(".cue-word")).to_contain_text("▼ SELL")
    site.publisher.said = {"clock_offset_ms": 3_600_000.0}  # an hour later for the exchange
    sell = cell(page).locator(".meter").nth(1)
    expect(cell(page).locator(".cue-why")).to_contain_text("too old to act on")
    site.publisher.said = {}
    expect(cell(page).locator(".cue-word")).to_contain_text("▼ SELL")
    page.evaluate("document.querySelector('[data-slot=delta-minute]').dataset.target = 1")
    expect(sell).to_contain_text("forecast expired")
    expect(cell(page).locator(".cue-word")).to_have_text("▲ BUY")
    expect(sell.locator("i")).to_have_attribute("data-kind", "none")
    assert sides(page) == ["buy", "sell"]


def test_the_rule_is_chosen_and_edited_in_its_form(page: Page, site: Site) -> None:
    keep_rule(page, CueRule().to_text())
    open_live(page, site)
    open_form(page)
    for label, value in (("w, errors", "1"), ("b, to buy", "1.5"), ("s, to sell", "1.2")):
        expect(page.get_by_label(label)).to_have_value(value)
    page.get_by_role("button", name="Cost-aware").click()
    kept(page, COST_AWARE, "Cost-aware")
    cost = page.get_by_label("Cost of buying and selling")
    expect(cost).to_have_value("0.2")
    cost.fill("0.35")
    cost.press("Enter")
    kept(page, "1,1.0035,1.0035,issue", "Cost-aware")
    expect(page.get_by_label("b, to buy")).to_have_value("1.0035")
    page.get_by_role("button", name="Directional").click()
    kept(page, DIRECTIONAL, "Directional")
    page.get_by_label("b, to buy").fill("1.01")
    page.get_by_label("b, to buy").press("Tab")
    kept(page, "0,1.01,1,issue", "Custom")
    page.get_by_label("Compare with").select_option("live")
    kept(page, "0,1.01,1,live", "Custom")
    formula = page.locator(".cue-formula").first
    expect(formula).to_contain_text(
        "Buy when the 45-minute forecast is above 1.01 × the live price"
    )
    numbers = re.search(r"now ([\d,.]+) against ([\d,.]+)\.$", formula.inner_text())
    assert numbers is not None
    value, bar = (float(text.replace(",", "")) for text in numbers.groups())
    assert 0.9 < value / bar < 1.1
    page.reload()
    expect(cell(page).locator(".pill")).to_have_text("Custom")
    open_form(page)
    expect(page.get_by_label("b, to buy")).to_have_value("1.01")


def test_two_prices_that_read_the_same_are_told_apart(page: Page, site: Site) -> None:
    issue, point = 78_388.541, 78_388.544
    snapshot = site.publisher.snapshot(site.began)
    forecast = replace(snapshot.forecasts["long"], price_at_issue=issue, point=point)
    near = replace(snapshot, forecasts={**snapshot.forecasts, "long": forecast})
    site.publisher.store.publish(near, site.publisher.series(site.began))
    keep_rule(page, "0,1,1,issue")
    open_live(page, site)
    open_form(page)
    expect(page.locator(".cue-formula").first).to_contain_text(
        "now 78,388.54 against 78,388.54, above it by less than 0.01."
    )


def open_form(page: Page) -> None:
    page.locator("summary", has_text="Cue rule").click()


def kept(page: Page, rule: str, name: str) -> None:
    """Wait until `rule` is in force and stored, and the cell names it."""
    expect(cell(page).locator(".pill")).to_have_text(name)
    expect(page.get_by_role("button", name=name)).to_have_attribute("aria-pressed", "true")
    wait = "rule => JSON.parse(localStorage.getItem('preferences')).cue === rule"
    page.wait_for_function(wait, arg=rule)
    is_judged(page)


BAD_FIELDS = (
    ("w, errors", "6", "mae_weight must be a number from 0 to 5, not 6."),
    ("b, to buy", "0.4", "buy_factor must be a number from 0.5 to 3, not 0.4."),
    ("s, to sell", "", "sell_factor must be a number from 0.5 to 3, not nothing."),
)


def test_a_bad_field_gets_its_sentence_and_changes_nothing(page: Page, site: Site) -> None:
    keep_rule(page, DIRECTIONAL)
    open_live(page, site)
    open_form(page)
    for label, text, sentence in BAD_FIELDS:
        field = page.get_by_label(label)
        expect(field).not_to_have_value("")
        field.fill(text)
        field.press("Tab")
        expect(page.get_by_text(sentence)).to_be_visible()
        expect(field).to_have_class(re.compile("is-invalid"))
        stored = json.loads(page.evaluate("localStorage.getItem('preferences')"))
        assert stored["cue"] == DIRECTIONAL
        page.get_by_role("button", name="Directional").click()
        expect(page.get_by_text(sentence)).to_have_count(0)
        expect(field).not_to_have_class(re.compile("is-invalid"))


def test_a_bad_cost_left_in_its_field_does_not_hold_up_the_preset(page: Page, site: Site) -> None:
    keep_rule(page, cost_aware(35).to_text())
    open_live(page, site)
    open_form(page)
    cost = page.get_by_label("Cost of buying and selling")
    expect(cost).to_have_value("0.35")
    cost.fill("9")
    cost.press("Tab")
    sentence = page.get_by_text("cost must be a number from 0 to 5, not 9.")
    expect(sentence).to_be_visible()
    page.get_by_role("button", name="Cost-aware").click()
    expect(cost).to_have_value("0.35")
    expect(sentence).to_have_count(0)
    cost.fill("9")
    cost.press("Tab")
    page.get_by_role("button", name="Reference").click()
    kept(page, CueRule().to_text(), "Reference")
    page.get_by_role("button", name="Cost-aware").click()
    kept(page, COST_AWARE, "Cost-aware")
    expect(cost).to_have_value("0.2")
    expect(sentence).to_have_count(0)


def test_on_a_phone_the_cue_has_its_own_row_and_nothing_is_cut(phone: Page, site: Site) -> None:
    keep_rule(phone, COST_AWARE)
    open_live(phone, site)
    is_judged(phone)
    box, row = cell(phone).bounding_box(), phone.locator(".kpi").bounding_box()
    assert box is not None
    assert row is not None
    assert box["width"] == pytest.approx(row["width"], abs=1)
    cut = cell(phone).evaluate(
        "e => [...e.querySelectorAll('*')].filter(n => n.scrollWidth > n.clientWidth + 1"
        " && n.clientWidth && !n.closest('details:not([open]) > p')).length"
    )
    assert cut == 0
    expect(cell(phone).locator(".moves").first).to_be_visible()


RULE_TEXTS = (
    "",
    "1,1",
    "1,1,1,past",
    "6,1,1,live",
    "1,nan,1,live",
    "1,0x1,1,live",
    " 1 ,1,1, issue ",
)


def made_texts(count: int) -> list[str]:
    draw = random.Random(8)

    def number(low: float, high: float, digits: int) -> str:
        wild = draw.choice(["", "-1", "x", "1e0", "+2", ".5", "3.", "1_0", "inf", "٣"])
        return wild if draw.random() < 0.15 else f"{draw.uniform(low, high):.{digits}f}"

    def text() -> str:
        numbers = [number(-0.2, 5.2, 2), number(0.4, 3.1, 5), number(0.4, 3.1, 5)]
        return ",".join([*numbers, draw.choice(["live", "issue", "issue", "then"])])

    near = [cost_aware(draw.uniform(-50, 600)).to_text() for _ in range(count // 5)]
    return [*RULE_TEXTS, *near, *(text() for _ in range(count))]


def read_rule(text: str) -> list[str] | None:
    try:
        rule = CueRule.parse(text)
    except ParameterError:
        return None
    return [rule.to_text(), rule.preset]


def test_the_browser_reads_rules_as_the_server_does(page: Page, site: Site) -> None:
    open_live(page, site)
    texts = made_texts(400)
    in_browser = page.evaluate(
        """texts => texts.map(text => { const rule = pulse.cues.parse(text);
             return rule && [pulse.cues.toText(rule), pulse.cues.presetOf(rule)]; })""",
        texts,
    )
    expected = [read_rule(text) for text in texts]
    assert {None, "cost-aware", "custom"} <= {e and e[1] for e in expected}
    assert dict(zip(texts, in_browser, strict=True)) == dict(zip(texts, expected, strict=True))


class SlowReader:
    """Fires as the rule's words say, from moments alone; for one rule and spec."""

    def __init__(self) -> None:
        self.held: dict[tuple[str, bool], bool] = {}
        self.decided: set[tuple[str, int, bool]] = set()
        self.fired: set[tuple[str, int]] = set()

    def meets(self, moment: Moment, candle: int) -> list[str]:
        return [side for side in HORIZONS if self._fires(moment, candle, side)]

    def _fires(self, moment: Moment, candle: int, side: str) -> bool:
        said = naive_side(moment, side)
        if moment.quote_age_s > 15 or isinstance(said, str):
            return False
        paid = side == "sell" and moment.paid is not None  # there is one position at most
        if moment.rule.endswith("issue"):
            first = (side, candle, paid) not in self.decided
            self.decided.add((side, candle, paid))
            return first and said.fires and self._is_first_firing(side, candle)
        before = self.held.get((side, paid), False)
        self.held[(side, paid)] = said.fires
        return said.fires and not before

    def _is_first_firing(self, side: str, candle: int) -> bool:
        known = (side, candle) in self.fired
        self.fired.add((side, candle))
        return not known


def market_view(site: Site) -> View:
    store = site.publisher.store
    status, snapshot = store.status(), store.snapshot(site.publisher.spec)
    assert status is not None
    return View(status.beat_at, SPEC, status, snapshot, None)


def test_firings_are_those_of_a_slow_reader(page: Page, site: Site) -> None:
    keep_rule(page, NEVER)
    open_live(page, site)
    is_judged(page)
    of = market_view(site)
    for rule in RULES:
        page.evaluate("rule => pulse.prefs.set({ cue: rule })", rule)
        page.wait_for_function("rule => pulse.cues.toText(pulse.cues.rule()) === rule", arg=rule)
        expected, ticks = recorded(of, rule)
        assert page.evaluate(TAKE, ticks) == expected, rule
        # the original's rule never fires, neither here nor on any recorded market
        assert (len(expected) > 1) is (rule != CueRule().to_text())
    kept_of_all = json.loads(page.evaluate("localStorage.getItem('cue-decisions')"))["list"]
    assert len(kept_of_all) <= 40


# Sent to the page at once, so that no tick of its own comes between.
TAKE = """ticks => { window.cues.length = 0; ticks.forEach(tick => pulse.cues.take(tick));
  return window.cues.map(cue => [cue.side, cue.candle]); }"""


def recorded(of: View, rule: str) -> tuple[list[list[Any]], list[dict[str, Any]]]:
    """Return the firings of a slow reader, and the ticks that the page gets."""
    slow, expected, ticks = SlowReader(), [], []
    for number, moment in enumerate(moments(300, seed=5, rule=rule)):
        candle = number // 3
        told = cue_part(moment.view(of), moment.holdings(), rule)
        ticks.append({**told, "market": "simulated", "candle": candle, "now": number, "price": 1})
        expected += [[side, candle] for side in slow.meets(moment, candle)]
    return expected, ticks


def test_a_tick_of_another_forecast_or_rule_is_not_taken(page: Page, site: Site) -> None:
    keep_rule(page, NEVER)
    open_live(page, site)
    is_judged(page)
    for spec, rule in ((ForecastSpec("ETH-USD"), NEVER), (ForecastSpec(), AT_ONCE)):
        tag = page.evaluate("text => pulse.cues.tagOf(text)", f"{spec.to_text()}|{rule}")
        side = [-0.5, 0.002, -200, 1]
        tick = {"cue": [side, side, tag], "market": "live", "candle": 1, "now": 1, "price": 1}
        page.evaluate("tick => pulse.cues.take(tick)", tick)
    assert fired(page) == []


def test_a_market_made_to_fire_does_so_once(rig: Rig, live: Page) -> None:
    """The whole way: exchange, engine, server, page."""
    keep_rule(live, AT_ONCE)
    # The first visit has left wishes of its own: the forecast it looked at.
    live.evaluate("localStorage.removeItem('preferences')")
    live.goto(rig.url + PATH)
    expect(cell(live).locator(".cue-word")).to_contain_text("▲ BUY", timeout=60_000)
    live.wait_for_function("window.cues.length >= 2", timeout=90_000)
    next_ticks(live, 3)
    assert sorted(sides(live)) == ["buy", "sell"]
    live.evaluate("rule => pulse.prefs.set({ cue: rule })", ONCE_A_FORECAST)
    live.evaluate("window.cues.length = 0")
    live.wait_for_function("new Set(window.cues.map(cue => cue.candle)).size >= 2", timeout=150_000)
    per_forecast = [(cue["side"], cue["candle"]) for cue in fired(live)]
    assert len(per_forecast) == len(set(per_forecast))
