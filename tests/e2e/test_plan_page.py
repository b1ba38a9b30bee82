"""The planner in a browser: sliders, the keyboard, and nothing at all without a script but the form."""

import re

import pytest
from playwright.sync_api import Browser, Page, expect
from support.browser import Traffic, at_world
from support.pictures import Look
from support.world import BASE, World

pytestmark = pytest.mark.browser

REFERENCES = "references compared with somebody who comes"


def fact(page: Page, what: str) -> str:
    return page.locator(".facts > div", has_text=what).first.locator("b").inner_text()


def test_a_slider_moves_the_number_and_what_follows_from_it(page: Page, at_sim: World, traffic: Traffic) -> None:
    assert at_sim.http.get("/plan").status_code == 200
    page.goto(f"{BASE}/plan")
    slider = page.get_by_role("slider", name="People in the gallery")
    expect(slider).to_have_attribute("aria-valuetext", "1000")
    slider.focus()
    slider.press("End")
    expect(page.locator("#people")).to_have_value("10000000000")
    expect(page.locator("#said")).to_contain_text("Not known.")
    assert fact(page, REFERENCES) == "10 billion"
    slider.press("Home")
    expect(page.locator("#people")).to_have_value("1")
    expect(page.locator("#said")).to_contain_text("This can be promised.")
    assert "people=1&" in page.url
    assert traffic.origins() == {BASE}


@pytest.mark.slow
def test_a_typed_number_moves_its_slider(page: Page, at_sim: World) -> None:
    assert at_sim.http.get("/plan").status_code == 200
    page.goto(f"{BASE}/plan")
    page.locator("#people").fill("1e5")
    expect(page.get_by_role("slider", name="People in the gallery")).to_have_value("500")
    expect(page.locator("#said")).to_contain_text("Not known.")
    page.locator("#people").fill("nonsense")
    expect(page.locator("#said")).to_contain_text("People in the gallery: a number")
    expect(page.locator("#people")).to_be_focused()


@pytest.mark.slow
def test_a_threshold_is_typed(page: Page, at_sim: World, look: Look) -> None:
    assert at_sim.http.get("/plan").status_code == 200
    page.goto(f"{BASE}/plan")
    slider = page.get_by_role("slider", name="Its value")
    expect(slider).to_be_visible()
    page.locator("#aim").select_option("threshold")
    expect(slider).to_be_hidden()
    page.locator("#value").fill("0.4")
    expect(page.locator("#result")).to_contain_text(re.compile("threshold.*0.4000", re.DOTALL))
    look("plan")


def test_without_a_script_the_form_does_the_same(browser: Browser, world: World) -> None:
    context = browser.new_context(java_script_enabled=False, locale="en-GB")
    page = context.new_page()
    at_world(page, world)
    page.goto(f"{BASE}/plan")
    assert page.get_by_role("slider").count() == 0
    page.locator("#people").fill("250")
    page.get_by_role("button", name="Work it out").press("Enter")
    expect(page).to_have_url(re.compile(r"people=250&"))
    assert fact(page, REFERENCES) == "250"
    context.close()
