"""What fails to be painted is asked for again."""

from __future__ import annotations

from playwright.sync_api import Page, Route, expect

from tests.browser.site import Site

PAINT = "health-tail.children"


def test_model_health_asks_again_for_what_did_not_come(page: Page, site: Site) -> None:
    failed: list[str] = []

    def injure(route: Route) -> None:
        body = route.request.post_data or ""
        if PAINT in body and not failed:
            failed.append(body)
            route.fulfill(status=500, body="out of order")
        else:
            route.continue_()

    page.route("**/_dash-update-component*", injure)
    page.goto(f"{site.url}/model-health")
    expect(page.locator("#health-tail table")).to_be_visible()
    assert len(failed) == 1


def test_what_is_painted_is_asked_for_once_a_version(page: Page, site: Site) -> None:
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.post_data or ""))
    page.goto(f"{site.url}/model-health")
    expect(page.locator("#health-tail table")).to_be_visible()
    ticks = len([body for body in asked if "health-tick.data" in body])
    with page.expect_request(lambda request: "health-tick.data" in (request.post_data or "")):
        pass
    with page.expect_request(lambda request: "health-tick.data" in (request.post_data or "")):
        pass
    assert len([body for body in asked if "health-tick.data" in body]) >= ticks + 2
    assert len([body for body in asked if PAINT in body]) == 1
