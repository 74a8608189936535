"""Live vs predicted in a real browser: every tool, every mark, and what travels for a candle."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, Response, expect

from tests.browser.conftest import Observed
from tests.browser.site import DRAWN, POINTS, Site, invest, open_live, points
from tests.web.published import epoch_ms

CHART = "document.querySelector('#live-chart .js-plotly-plot')"
LAYOUT = f"{CHART}.layout"
HOUR = 3_600_000
# Quiet minutes and a hole, where a test may want them.
QUIET, MISSING = (520, 521), (500, 501, 502)


def trace(uid: str) -> str:
    return f"{CHART}.data.find(t => t.uid === '{uid}')"


def tool(page: Page, wish: str, value: str) -> Any:
    return page.locator(f"[data-wish={wish}][data-value='{value}']")


def choose(page: Page, wish: str, value: str) -> None:
    tool(page, wish, value).click()
    expect(tool(page, wish, value)).to_have_attribute("aria-pressed", "true")
    expect(page.locator(f"[data-wish={wish}][aria-pressed=true]")).to_have_count(1)
    # The button is pressed before the chart is drawn: a pointer would meet the old one.
    page.wait_for_function(f"{LAYOUT}.meta.shown.split(',').includes('{value}')")


def x_range(page: Page) -> list[float]:
    """Return the ends of what is seen, in milliseconds (plotly keeps what was dragged as text)."""
    ends: list[float] = page.evaluate(
        f"{CHART}._fullLayout.xaxis.range.map(end => {CHART}._fullLayout.xaxis.r2c(end))"
    )
    return ends


def y_range(page: Page) -> list[float]:
    ends: list[float] = page.evaluate(f"{CHART}._fullLayout.yaxis.range")
    return ends


def last_candle(page: Page) -> int:
    return int(page.evaluate(f"{LAYOUT}.meta.last"))


def drag(page: Page, by: int, until: str = "true") -> None:
    """Move the chart along time, once `until` is true after the press."""
    box = page.locator("#live-chart .nsewdrag").first.bounding_box()
    assert box is not None
    x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
    page.mouse.move(x, y)
    page.mouse.down()
    page.wait_for_function(until)
    page.mouse.move(x + by, y, steps=4)
    page.mouse.up()


def hover(page: Page, time: int) -> str:
    """Point at what closed at `time`; return what the chart says of it."""
    at = page.evaluate(
        f"""time => {{ const gd = {CHART}, axis = gd._fullLayout.xaxis;
          const box = gd.getBoundingClientRect();
          return [box.x + axis._offset + axis.d2p(time), box.y + gd._fullLayout.yaxis._offset + 40];
        }}""",
        time,
    )
    page.mouse.move(at[0] - 30, at[1])
    page.mouse.move(*at, steps=3)
    # On its way the pointer met other minutes, whose words may still be there.
    page.wait_for_function(
        f"({CHART}._hoverdata || []).some(p => p.data.x[p.pointNumber] === {time})"
    )
    label = page.locator("#live-chart .hoverlayer .legend")
    expect(label).to_be_visible()
    lines: list[str] = label.evaluate(
        """node => [...node.querySelectorAll("text")].flatMap(text => {
          const parts = [...text.querySelectorAll("tspan.line")].map(line => line.textContent);
          return parts.length ? parts : [text.textContent]; })"""
    )
    return "\n".join(lines)


@pytest.fixture(autouse=True)
def plain_site(site: Site) -> Iterator[None]:
    yield
    site.publisher.missing = site.publisher.quiet = ()


def test_each_range_is_seen_from_its_minute_on(page: Page, site: Site) -> None:
    open_live(page, site)
    last = last_candle(page)
    assert x_range(page)[0] == last - 8 * HOUR
    ring = f"{trace('minute')}.visible !== false && {trace('minute')}.x[0] > {last}"
    assert page.evaluate(f"{trace('minute')}.visible") is False
    for minutes in (15, 60, 180, 480):
        choose(page, "minutes", str(minutes))
        page.wait_for_function(f"{LAYOUT}.xaxis.range[0] === {last - 60_000 * minutes}")
        if minutes > 60:
            assert not page.evaluate(ring)
    choose(page, "minutes", "1440")
    page.wait_for_function(f"{LAYOUT}.xaxis.range[0] === {LAYOUT}.meta.cutoff")


def test_the_next_minutes_marker_is_seen_in_short_views_until_its_time(
    page: Page, site: Site
) -> None:
    site.publish(minutes=2)  # so that its time is ahead for as long as this test lasts
    open_live(page, site)
    seen = f"{trace('minute')}.visible !== false"
    assert not page.evaluate(seen)
    choose(page, "minutes", "15")
    page.wait_for_function(seen)
    choose(page, "minutes", "60")
    page.wait_for_function(seen)
    choose(page, "minutes", "180")
    page.wait_for_function(f"!({seen})")
    site.publish()


def test_the_price_axis_fits_or_spans_two_percent(page: Page, site: Site) -> None:
    open_live(page, site)
    low, high = y_range(page)
    fan = page.evaluate(f"[...{trace('fan-95-low')}.y, ...{trace('fan-95-high')}.y]")
    price = page.evaluate(f"{trace('price')}.y")
    live = page.evaluate(f"{trace('live')}.y")
    least, most = min([*fan, *price, *live]), max([*fan, *price, *live])
    assert (low, high) == pytest.approx(
        (least - 0.08 * (most - least), most + 0.08 * (most - least)), rel=1e-4
    )
    choose(page, "scale", "two")
    page.wait_for_function(f"{LAYOUT}.yaxis.range[1] / {LAYOUT}.yaxis.range[0] > 1.04")
    low, high = y_range(page)
    assert high / low == pytest.approx(1.02 / 0.98)
    shown = page.evaluate("pulse.seen.tick.price")
    assert (low + high) / 2 == pytest.approx(shown, rel=1e-3)
    page.reload()
    page.wait_for_function(DRAWN, arg="live-chart")
    expect(tool(page, "scale", "two")).to_have_attribute("aria-pressed", "true")
    page.wait_for_function(f"{LAYOUT}.yaxis.range[1] / {LAYOUT}.yaxis.range[0] > 1.04")


def test_the_tools_are_reached_by_keyboard(page: Page, site: Site) -> None:
    open_live(page, site)
    tool(page, "minutes", "480").focus()
    for _ in range(3):
        page.keyboard.press("Tab")
    expect(tool(page, "draw", "candles")).to_be_focused()
    page.keyboard.press("Enter")
    expect(tool(page, "draw", "candles")).to_have_attribute("aria-pressed", "true")


@pytest.mark.parametrize("drawn", ["line", "candles"])
def test_a_candle_extends_what_is_drawn_without_a_whole_figure(
    page: Page, observed: Observed, site: Site, drawn: str
) -> None:
    answers: list[dict[str, Any]] = []

    def note(response: Response) -> None:
        if response.ok and "live-paint" in (response.request.post_data or "")[:200]:
            answers.append(response.json()["response"]["live-paint"]["data"])

    open_live(page, site)
    choose(page, "draw", drawn)
    before = points(page, "live-chart")
    assert before["price"] == before["candles"] == before["volume"] == 481
    page.on("response", note)
    for minute in (1, 2):
        site.publish(minutes=minute)
        page.wait_for_function(f"({POINTS})('live-chart').price === {481 + minute}")
        after = points(page, "live-chart")
        assert after["candles"] == after["volume"] == 481 + minute
        assert page.evaluate(f"{trace('candles')}.close.length") == 481 + minute
    assert [answer["kind"] for answer in answers] == ["step", "step"]
    assert all("figure" not in answer for answer in answers)
    assert page.evaluate(f"{trace('candles')}.visible") is (drawn == "candles")
    series = site.publisher.series(site.began + timedelta(minutes=2))
    for column in ("open", "high", "low", "close"):
        told = page.evaluate(f"{trace('candles')}.{column}")
        assert told == getattr(series, column)[-483:]
    assert page.evaluate(f"{trace('price')}.y") == series.close[-483:]
    assert observed.complaints == []
    site.publish()


def test_candles_are_told_apart_without_colour_and_volume_stands_below(
    page: Page, site: Site
) -> None:
    open_live(page, site)
    assert page.locator("#live-chart .boxlayer path").count() == 0
    choose(page, "draw", "candles")
    choose(page, "minutes", "60")
    expect(page.locator("#live-chart .boxlayer path.box").first).to_be_attached()
    fills = page.evaluate(f"['increasing', 'decreasing'].map(k => {trace('candles')}[k].fillcolor)")
    surface = page.evaluate("pulse.charts.token('--surface')")
    assert fills[0] == surface
    assert fills[1] == page.evaluate("pulse.charts.token('--ch-down')")
    band, plot = page.evaluate(f"[{CHART}._fullLayout.yaxis2._length, {CHART}._fullLayout._size.h]")
    assert 0 < band / plot <= 0.18
    page.wait_for_function(f"{trace('live')}.x.length >= 2")  # the quote since the last candle


def test_a_pan_before_the_first_tick_is_kept_until_a_double_click(page: Page, site: Site) -> None:
    open_live(page, site)
    page.evaluate("pulse.prefs.set({ paused: true })")
    page.wait_for_function(f"{CHART}.dataset.watched")
    drag(page, -120)
    page.wait_for_function(f"typeof {LAYOUT}.xaxis.range[0] === 'string'")  # moved by hand
    moved = x_range(page)
    assert moved[0] > last_candle(page) - 8 * HOUR
    page.evaluate("pulse.prefs.set({ paused: false })")
    ticks = "window.ticks = 0; const show = pulse.show; pulse.show = (...a) => { show(...a); "
    page.evaluate(f"() => {{ {ticks} window.ticks += 1; }}; }}")
    page.wait_for_function("window.ticks >= 2")
    assert x_range(page) == moved
    site.publish(minutes=1)
    page.wait_for_function(f"({POINTS})('live-chart').price === 482")
    assert x_range(page) == moved
    choose(page, "draw", "candles")
    assert x_range(page) == moved
    box = page.locator("#live-chart .nsewdrag").first.bounding_box()
    assert box is not None
    page.mouse.dblclick(box["x"] + 200, box["y"] + 60)
    page.wait_for_function(f"{LAYOUT}.xaxis.range[0] === {last_candle(page) - 8 * HOUR}")
    site.publish()


def test_a_chart_that_is_about_to_be_resized_can_be_dragged(page: Page, site: Site) -> None:
    open_live(page, site)
    page.wait_for_function(f"{CHART}.dataset.watched")
    before = x_range(page)
    page.evaluate(f"""() => addEventListener("mousedown", () => {{
      Plotly.Plots.resize({CHART}).then(() => {{ window.resized = true; }});
    }}, true)""")
    drag(page, -120, until="window.resized")
    page.wait_for_function(f"typeof {LAYOUT}.xaxis.range[0] === 'string'")
    assert x_range(page)[0] > before[0]


def moves_by_hand(page: Page) -> None:
    """Move the chart along time, then again when dcc.Graph has drawn what the first one moved."""
    drag(page, -120)
    page.wait_for_function(f"typeof {LAYOUT}.xaxis.range[0] === 'string'")
    drag(page, 60)


def test_a_chart_that_is_moved_keeps_its_price_axis(page: Page, site: Site) -> None:
    open_live(page, site)
    page.wait_for_function(f"{CHART}.dataset.watched")
    choose(page, "scale", "two")
    page.wait_for_function(f"{LAYOUT}.yaxis.range[1] / {LAYOUT}.yaxis.range[0] > 1.04")
    chosen = y_range(page)
    moves_by_hand(page)
    assert y_range(page) == pytest.approx(chosen, rel=1e-9)
    box = page.locator("#live-chart .nsewdrag").first.bounding_box()
    assert box is not None
    page.mouse.dblclick(box["x"] + 200, box["y"] + 60)
    page.wait_for_function(f"{LAYOUT}.xaxis.range[0] === {last_candle(page) - 8 * HOUR}")
    choose(page, "scale", "fit")
    page.wait_for_function(f"{LAYOUT}.yaxis.range[1] / {LAYOUT}.yaxis.range[0] < 1.04")
    fitted = y_range(page)
    moves_by_hand(page)
    assert y_range(page) == pytest.approx(fitted, rel=1e-9)


COUNT_FIGURES = """() => {
  window.figures = 0; window.ticks = 0;
  const { dash_clientside } = window, { set_props } = dash_clientside, { show } = pulse;
  dash_clientside.set_props = (id, props) => {
    if ("figure" in props) window.figures += 1;
    set_props(id, props);
  };
  pulse.show = (tick, holdings) => { show(tick, holdings); window.ticks += 1; };
}"""


@pytest.mark.parametrize("minutes", [0, -9])
def test_ticks_hand_no_whole_figure_on(page: Page, site: Site, minutes: int) -> None:
    """Also where the span of time without candles grows with each of them."""
    site.publish(minutes=minutes)
    open_live(page, site)
    if minutes:
        page.wait_for_function(f"{LAYOUT}.shapes.some(shape => shape.name === 'stale')")
    page.evaluate(COUNT_FIGURES)
    page.wait_for_function("window.ticks >= 4")
    assert page.evaluate("window.figures") == 0
    site.publish()


def test_time_without_candles_is_marked_on_a_chart_that_is_moved(page: Page, site: Site) -> None:
    site.publish(minutes=-9)
    open_live(page, site)
    page.wait_for_function(f"{LAYOUT}.shapes.some(shape => shape.name === 'stale')")
    moves_by_hand(page)
    assert page.evaluate(f"{LAYOUT}.shapes.some(shape => shape.name === 'stale')")
    assert page.evaluate(f"{LAYOUT}.annotations[0].text").startswith("last candle")
    site.publish()


PAINTED = f"""() => {{ const gd = {CHART};
  const {{ shapes, xaxis }} = gd._fullLayout, price = gd._fullData.find(t => t.uid === "price");
  return [gd.layout.font.color, shapes[0].line.color, xaxis.tickfont.color, price.line.color]; }}"""


def test_a_chart_that_is_moved_keeps_the_theme_that_was_chosen(page: Page, site: Site) -> None:
    open_live(page, site)
    page.wait_for_function(f"{CHART}.dataset.watched")
    before = page.evaluate(PAINTED)
    page.locator("#theme").click()
    page.locator("#theme").click()
    expect(page.locator("html")).to_have_attribute("data-theme", "light")
    counts = points(page, "live-chart")
    chosen = page.evaluate(PAINTED)
    assert all(old != new for old, new in zip(before, chosen, strict=True))
    moves_by_hand(page)
    assert page.evaluate(PAINTED) == chosen
    after = points(page, "live-chart")
    page.wait_for_function(f"({POINTS})('live-chart').live > {after['live']}")
    assert {**after, "live": 0} == {**counts, "live": 0}
    assert page.evaluate(PAINTED) == chosen


VIEW = "{0}._fullLayout.xaxis.range.map(end => {0}._fullLayout.xaxis.r2l(end))"


def seen_minutes(page: Page) -> float:
    view = page.evaluate(VIEW.format(CHART))
    return float(view[1] - view[0]) / 60_000


def becomes(page: Page, condition: str) -> None:
    page.wait_for_function(
        f"(() => {{ const view = {VIEW.format(CHART)};"
        f" const wide = (view[1] - view[0]) / 60000; return {condition}; }})()"
    )


def test_volume_is_not_cut_where_more_time_is_seen(page: Page, site: Site) -> None:
    open_live(page, site)
    choose(page, "minutes", "15")
    shown = f"Math.max(...{trace('volume')}.y.slice(-15))"
    assert page.evaluate(f"{LAYOUT}.yaxis2.range[1] === {shown}")
    for _ in range(8):
        page.keyboard.press("-")
    becomes(page, "wide > 400")
    most = f"Math.max(...{trace('volume')}.y)"
    page.wait_for_function(f"{CHART}._fullLayout.yaxis2.range[1] === {most}")
    assert page.evaluate(f"{most} > {shown}")


def test_keys_and_wheel_zoom_time_until_a_double_click(page: Page, site: Site) -> None:
    open_live(page, site)
    wide = seen_minutes(page)
    pressed = page.locator("[data-wish=minutes][aria-pressed=true]")
    expect(pressed).to_have_text("8 h")
    page.keyboard.press("+")
    becomes(page, f"Math.abs(wide - {wide / 1.5}) < 1")
    expect(pressed).to_have_count(0)
    page.keyboard.press("-")
    becomes(page, f"Math.abs(wide - {wide}) < 1")
    box = page.locator("#live-chart .nsewdrag").first.bounding_box()
    assert box is not None
    page.mouse.move(box["x"] + 0.25 * box["width"], box["y"] + 0.5 * box["height"])
    left = page.evaluate(VIEW.format(CHART))[0]
    top = page.evaluate("scrollY")
    page.keyboard.down("Control")
    page.mouse.wheel(0, -300)
    page.keyboard.up("Control")
    becomes(page, f"wide < {0.6 * wide}")
    under = left + 0.25 * wide * 60_000  # the time under the pointer stays there
    view = page.evaluate(VIEW.format(CHART))
    assert view[0] + 0.25 * (view[1] - view[0]) == pytest.approx(under, abs=120_000)
    assert page.evaluate("scrollY") == top
    count = page.evaluate(POINTS, "live-chart")["price"]
    site.publish(minutes=1)
    page.wait_for_function(f"({POINTS})('live-chart').price === {count + 1}")
    assert page.evaluate(VIEW.format(CHART)) == pytest.approx(view, abs=1_000)
    page.locator("#live-chart .nsewdrag").first.dblclick()
    becomes(page, f"wide > {0.9 * wide}")
    expect(pressed).to_have_text("8 h")
    page.mouse.wheel(0, 200)  # alone it moves the page
    page.wait_for_function("scrollY > 0")
    assert seen_minutes(page) > 0.9 * wide


def test_two_fingers_zoom_time(browser: Browser, site: Site) -> None:
    with browser.new_context(
        viewport={"width": 390, "height": 844}, is_mobile=True, has_touch=True
    ) as context:
        phone = context.new_page()
        open_live(phone, site)
        wide = seen_minutes(phone)
        area = phone.locator("#live-chart .nsewdrag").first
        area.scroll_into_view_if_needed()
        box = area.bounding_box()
        assert box is not None
        middle, y = box["x"] + 0.5 * box["width"], box["y"] + 0.5 * box["height"]
        touch = phone.context.new_cdp_session(phone)

        def fingers(kind: str, apart: float, count: int = 2) -> None:
            points = [
                {"x": middle - apart, "y": y, "id": 0},
                {"x": middle + apart, "y": y, "id": 1},
            ]
            touch.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": points[:count]})

        fingers("touchStart", 20, 1)
        fingers("touchStart", 20)
        for apart in (30, 40, 50, 60):
            fingers("touchMove", apart)
        fingers("touchEnd", 60, 0)
        becomes(phone, f"Math.abs(wide - {wide / 3}) < {wide / 30}")
        assert phone.evaluate("visualViewport.scale") == 1


def test_a_range_that_is_pressed_already_follows_again(page: Page, site: Site) -> None:
    open_live(page, site)
    page.wait_for_function(f"{CHART}.dataset.watched")
    drag(page, -150)
    page.wait_for_function(f"typeof {LAYOUT}.xaxis.range[0] === 'string'")  # moved by hand
    tool(page, "minutes", "480").click()
    page.wait_for_function(f"{LAYOUT}.xaxis.range[0] === {last_candle(page) - 8 * HOUR}")


def test_the_session_begins_once_for_pages_and_reloads(page: Page, site: Site) -> None:
    open_live(page, site)
    cutoff = f"{LAYOUT}.meta.cutoff"
    first = page.evaluate(cutoff)
    assert first == last_candle(page) - 8 * HOUR
    site.publish(minutes=3)
    page.reload()
    page.wait_for_function(DRAWN, arg="live-chart")
    page.wait_for_function(f"({POINTS})('live-chart').price === 484")
    assert page.evaluate(cutoff) == first
    page.get_by_role("link", name="Portfolio").first.click()
    expect(page.locator(".page-root")).to_have_attribute("data-page", "portfolio")
    page.get_by_role("link", name="Live").first.click()
    page.wait_for_function(DRAWN, arg="live-chart")
    assert page.evaluate(cutoff) == first
    choose(page, "minutes", "1440")
    page.wait_for_function(f"{LAYOUT}.xaxis.range[0] === {first}")
    site.publish()


@pytest.mark.parametrize("stored", ["[", "7", '{"BTC-USD": "x"}', '{"BTC-USD": -1}'])
def test_a_damaged_memory_of_the_session_begins_it_anew(
    page: Page, observed: Observed, site: Site, stored: str
) -> None:
    page.add_init_script(f"sessionStorage.setItem('session-cutoffs', {json.dumps(stored)})")
    open_live(page, site)
    assert page.evaluate(f"{LAYOUT}.meta.cutoff") == last_candle(page) - 8 * HOUR
    assert observed.complaints == []


def test_the_words_of_a_minute_come_in_their_order(browser: Browser, site: Site) -> None:
    with browser.new_context(
        viewport={"width": 1440, "height": 900}, timezone_id="Asia/Kolkata"
    ) as context:
        page = context.new_page()
        open_live(page, site)
        choose(page, "minutes", "180")
        tail = site.publisher.series(site.began).tails["long"]
        target, actual = tail.target[-3], tail.actual[-3]
        assert actual is not None
        lines = hover(page, target).split("\n")
        utc = datetime.fromtimestamp(target / 1000, UTC)
        local = utc + timedelta(hours=5, minutes=30)
        assert lines[0].strip() == f"{local.day} {local:%b %H:%M}"
        assert lines[1] == f"({utc:%H:%M} UTC)"
        assert lines[2] == f"{actual:,.2f}"
        assert lines[3].startswith("Volume ")
        assert lines[4] == f"Forecast {tail.point[-3]:,.2f}"
        assert lines[5] == f"80\u202f% band {tail.low[-3]:,.2f} – {tail.high[-3]:,.2f}"
        error = actual - round(tail.point[-3], 2)
        assert lines[6] == f"Error {error:+,.2f}".replace("-", "−")
        spike = page.locator("#live-chart .spikeline").first
        expect(spike).to_be_attached()
        colours = page.evaluate(f"[{LAYOUT}.xaxis.spikecolor, pulse.charts.token('--ch-zero')]")
        assert colours[0] == colours[1]


def test_minutes_without_trades_and_missing_ones_are_said(page: Page, site: Site) -> None:
    site.publisher.quiet, site.publisher.missing = QUIET, MISSING
    site.publish(minutes=5)  # a version of its own: answers about one are kept for a while
    open_live(page, site)
    choose(page, "minutes", "60")
    series = site.publisher.series(site.began + timedelta(minutes=5))
    assert "no trades" in hover(page, series.close_time[QUIET[0]])
    assert "no trades" not in hover(page, series.close_time[QUIET[1] + 5])
    assert page.evaluate(f"{trace('price')}.y.filter(v => v === null).length") == len(MISSING)
    (span,) = page.evaluate(f"{LAYOUT}.shapes.filter(s => s.type === 'rect')")
    assert span["x0"] == series.close_time[MISSING[0] - 1]
    assert span["x1"] == series.close_time[MISSING[-1]]
    assert page.evaluate(f"{trace('price')}.connectgaps") is False
    expect(page.locator(".leg-live").get_by_text("No candles")).to_be_visible()
    site.publisher.quiet = site.publisher.missing = ()
    site.publish()


def test_minutes_that_come_later_are_drawn_on_an_open_page(page: Page, site: Site) -> None:
    site.publisher.missing = MISSING
    site.publish(minutes=6)
    open_live(page, site)
    page.wait_for_function(f"{CHART}.dataset.watched")
    holes = f"{trace('price')}.y.filter(v => v === null).length"
    assert page.evaluate(holes) == len(MISSING)
    drag(page, -120)
    page.wait_for_function(f"typeof {LAYOUT}.xaxis.range[0] === 'string'")  # moved by hand
    moved = x_range(page)
    site.publisher.missing = ()
    site.publish(minutes=7)
    page.wait_for_function(f"{holes} === 0")
    page.wait_for_function(f"!{LAYOUT}.shapes.some(shape => shape.type === 'rect')")
    assert x_range(page) == moved
    site.publish()


def test_no_line_crosses_time_in_which_no_price_was_heard(page: Page, site: Site) -> None:
    site.publish(minutes=-9)
    open_live(page, site)
    page.wait_for_function(f"{trace('live')}.y.length >= 3")
    assert page.evaluate(f"{trace('live')}.y[1]") is None
    assert page.evaluate(f"{trace('live')}.connectgaps") is False
    expect(page.locator(".leg-live").get_by_text("No candles")).to_be_visible()
    site.publish()


def stored_trade(site: Site, **changes: Any) -> dict[str, Any]:
    price = site.publisher.snapshot(site.began).price
    at = epoch_ms(site.began - timedelta(minutes=40))
    trade = {
        "market": "live",
        "side": "buy",
        "ticker": "BTC-USD",
        "units": 0.0994,
        "price": price,
        "amount": 0.0994 * price,
        "time": at,
        "quote_time": at,
        "provider": "binance",
        "profit": None,
    }
    return {**trade, **changes}


def test_own_trades_of_these_candles_are_marked(page: Page, site: Site) -> None:
    kept = [
        stored_trade(site),
        stored_trade(site, side="sell", profit=1.0),
        stored_trade(site, provider="coinbase"),
        stored_trade(site, market="simulated", provider="simulated"),
        stored_trade(site, ticker="ETH-USD"),
    ]
    log = json.dumps(json.dumps({"v": 1, "list": kept}))
    page.add_init_script(f"localStorage.setItem('trades', {log})")
    open_live(page, site)
    page.wait_for_function(f"{trace('buys')}.x.length === 1")
    bought = page.evaluate(f"(({{x, y, customdata}}) => [x, y, customdata])({trace('buys')})")
    price = kept[0]["price"]
    words = f"bought 0.0994 BTC at {price:,.2f}"
    assert bought == [[kept[0]["time"]], [price], [words]]
    assert page.evaluate(f"{trace('sells')}.customdata") == [words.replace("bought", "sold")]
    symbols = page.evaluate(
        f"['buys', 'sells'].map(u => {CHART}.data.find(t => t.uid === u).marker.symbol)"
    )
    assert symbols == ["triangle-up", "triangle-down"]
    expect(page.locator("#live-chart .scatterlayer .point[d]").first).to_be_attached()
    choose(page, "minutes", "60")
    assert words in hover(page, kept[0]["time"] - kept[0]["time"] % 60_000 + 60_000)


def test_a_trade_is_on_the_chart_at_once_and_asks_the_server_nothing(
    page: Page, site: Site
) -> None:
    open_live(page, site)
    legend = page.locator(".leg-live")
    expect(legend.get_by_text("Bought")).to_be_hidden()
    painted: list[str] = []
    page.on(
        "request",
        lambda sent: painted.append(sent.url) if "live-paint" in (sent.post_data or "") else None,
    )
    invest(page)
    page.wait_for_function(f"{trace('buys')}.x.length === 1")
    expect(legend.get_by_text("Bought")).to_be_visible()
    expect(legend.get_by_text("Sold")).to_be_hidden()
    assert painted == []
    page.reload()
    page.wait_for_function(f"({DRAWN})('live-chart') && {trace('buys')}.x.length === 1")


def test_the_legend_names_what_is_drawn(page: Page, site: Site) -> None:
    open_live(page, site)
    legend = page.locator(".leg-live span:visible")
    common = ["Volume", "Forecast", "No change", "50, 80, 95 % ahead", "80 % band, 45 min before"]
    expect(legend).to_have_text(["Price", *common])
    choose(page, "draw", "candles")
    expect(legend).to_have_text(["Rise", "Fall", *common])
    expect(page.locator(".chart-panel details.how")).to_have_count(1)


def test_the_price_tag_covers_no_label_of_the_axis(page: Page, site: Site) -> None:
    open_live(page, site)
    tag = page.locator(".price-tag")
    expect(tag).to_be_visible()
    covered = """() => { const tag = document.querySelector(".price-tag").getBoundingClientRect();
      return [...document.querySelectorAll("#live-chart .ytick text")].filter(label => {
        const box = label.getBoundingClientRect();
        return label.style.visibility !== "hidden" && box.bottom > tag.top && box.top < tag.bottom;
      }).length; }"""
    for minutes in ("15", "60", "480"):
        choose(page, "minutes", minutes)
        page.wait_for_function(f"({covered})() === 0")
        assert page.locator("#live-chart .ytick text:visible").count() >= 2


@pytest.mark.parametrize("scheme", ["dark", "light"])
def test_the_tools_fit_a_phone_and_a_thumb(browser: Browser, site: Site, scheme: Any) -> None:
    with browser.new_context(
        viewport={"width": 390, "height": 844}, is_mobile=True, has_touch=True, color_scheme=scheme
    ) as context:
        page = context.new_page()
        open_live(page, site)
        expect(tool(page, "minutes", "180")).to_have_attribute("aria-pressed", "true")
        assert x_range(page)[0] == last_candle(page) - 3 * HOUR
        for button in page.locator(".chart-tools button").all():
            box = button.bounding_box()
            assert box is not None
            assert min(box["width"], box["height"]) >= 44
            assert box["x"] >= 0
            assert box["x"] + box["width"] <= 390
        tool(page, "draw", "candles").tap()
        tool(page, "minutes", "15").tap()
        page.wait_for_function(
            f"{trace('candles')}.visible && "
            f"{LAYOUT}.xaxis.range[0] === {last_candle(page) - 15 * 60_000}"
        )
        assert page.evaluate("document.documentElement.scrollWidth") <= 390
        up = page.evaluate(
            f"[{trace('candles')}.increasing.line.color, pulse.charts.token('--ch-up')]"
        )
        assert up[0] == up[1]
