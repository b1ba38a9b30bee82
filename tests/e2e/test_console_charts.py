"""What is written in a chart of the console can be read, on a narrow page too."""

import re
from itertools import combinations
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, Route, expect
from sim.faces import photo
from support.browser import at_world
from support.console_page import at_console
from support.world import BASE, World

pytestmark = pytest.mark.browser

_BOXES = """(chart) => [...chart.querySelectorAll("svg[role=img] text")].map((one) => {
  const { left, right, top, bottom } = one.getBoundingClientRect();
  return { text: one.textContent, left, right, top, bottom };
})"""


def overlap(one: dict[str, Any], other: dict[str, Any]) -> bool:
    """Whether two texts share room; boxes of text are a little higher than what is written."""
    sideways = min(one["right"], other["right"]) - max(one["left"], other["left"])
    upright = min(one["bottom"], other["bottom"]) - max(one["top"], other["top"])
    return bool(sideways > 0 and upright > 2)


@pytest.mark.slow
@pytest.mark.parametrize(("width", "language"), [(360, "en"), (360, "de"), (1280, "en")])
@pytest.mark.parametrize("references", [2, 9_000])
def test_no_name_in_a_chart_runs_into_another(
    browser: Browser, world: World, width: int, language: str, references: int
) -> None:
    gallery = world.gallery()
    world.active(gallery, "ann", photo("ann"))
    told = world.api("GET", f"/v1/galleries/{gallery}").json()
    sizes = [{"references": n, "per_comparison": 0.01 / n, "missed": 0.004 * k, "missed_low": 0.003 * k,
              "missed_high": 0.005 * k} for k, n in enumerate((1, 10, 100, 1_000, 10_000), start=1)]  # fmt: skip

    def almost_full(route: Route) -> None:
        route.fulfill(json={**told, "references": references, "capacity": 10_000, "max_fnmr": 0.02, "sizes": sizes})

    with browser.new_context(locale="en-GB", viewport={"width": width, "height": 900}) as context:
        page: Page = context.new_page()
        at_world(page, world)
        page.route(f"**/v1/galleries/{gallery}", almost_full)
        at_console(page, world, "auditor", at="rates")
        page.goto(f"{BASE}/console?lang={language}#/rates/{gallery}")
        chart = page.locator("#rates-size .chart")
        expect(chart.locator(".chart-name")).to_have_count(3)
        # Until the chart is as wide as its place.
        room = chart.evaluate("(chart) => Math.round(chart.getBoundingClientRect().width)")
        expect(chart.locator("svg[role=img]")).to_have_attribute("viewBox", re.compile(rf"^0 0 {room} "))
        boxes = chart.evaluate(_BOXES)
        assert [(a["text"], b["text"]) for a, b in combinations(boxes, 2) if overlap(a, b)] == []
        assert [box["text"] for box in boxes if box["left"] < 0 or box["right"] > width] == []
