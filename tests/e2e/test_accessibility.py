"""What anybody needs to use the pages: names, structure, a keyboard, room and contrast."""

import re
from collections.abc import Sequence
from datetime import timedelta
from itertools import product
from pathlib import Path
from typing import Final, Literal

import pytest
from fastapi.routing import APIRoute
from PIL import Image
from playwright.sync_api import FileChooser, Page, expect
from sim.faces import NOBODY, photo
from support.axe import violations
from support.enrol_page import choose, fates, go_on_to_photos, invited, open_invitation, send
from support.person_at_page import agree, load_receipt, open_consent
from support.pseudo import spoken
from support.world import BASE, World

from visavis.web import pages

pytestmark = pytest.mark.browser

Scheme = Literal["light", "dark"]
BOTH: Final[Sequence[Scheme]] = ("light", "dark")
WIDTHS: Final = (320, 1280)
LONG: Final = "/docs"
PAGES: Final = sorted({route.path for route in pages.router.routes if isinstance(route, APIRoute)} - {LONG})
"""Every page there is, those to come among them."""

# What axe does not look for.
_FAULTS = """() => {
  const faults = [], seen = (e) => e.checkVisibility() && e.getClientRects().length > 0;
  if ([...document.querySelectorAll("h1")].filter(seen).length !== 1) faults.push("not one h1");
  const ids = [...document.querySelectorAll("[id]")].map((e) => e.id);
  for (const id of ids) if (ids.filter((other) => other === id).length > 1) faults.push(`id ${id} twice`);
  for (const name of ["aria-labelledby", "aria-describedby", "for"]) {
    for (const e of document.querySelectorAll(`[${name}]`)) {
      const ids = e.getAttribute(name).split(" ");
      if (!ids.every((id) => document.getElementById(id))) faults.push(`${name} leads nowhere: ${e.outerHTML}`);
    }
  }
  if (document.querySelector("script:not([src]), style, [style], [onclick]")) faults.push("inline script or style");
  return faults;
}"""

# Contrast of every visible text with the nearest ground that is painted (WCAG 2.2, 1.4.3).
_FAINT = """() => {
  const parse = (c) => (c.match(/[\\d.]+/g) ?? []).map(Number);
  const light = ([r, g, b]) => [r, g, b].map((v) => (v /= 255) <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4)
    .reduce((sum, v, i) => sum + v * [0.2126, 0.7152, 0.0722][i], 0);
  const faint = [];
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  for (let node = walker.nextNode(); node; node = walker.nextNode()) {
    const e = node.parentElement;
    if (!node.textContent.trim() || !e.checkVisibility() || e.closest("noscript, .skip, svg")) continue;
    let ground = e;
    while (ground && (parse(getComputedStyle(ground).backgroundColor)[3] ?? 1) === 0) ground = ground.parentElement;
    const [a, b] = [getComputedStyle(e).color, getComputedStyle(ground).backgroundColor].map((c) => light(parse(c)));
    const ratio = (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
    if (ratio < 4.5) faint.push(`${ratio.toFixed(2)} ${node.textContent.trim().slice(0, 40)}`);
  }
  return faint;
}"""


def check(page: Page, *, asked: Sequence[tuple[int, Scheme]] = ((1280, "light"),)) -> None:
    """No fault that axe knows of at the widths and in the light of ``asked``, and none that we know of in any."""
    assert page.evaluate(_FAULTS) == []
    for width in WIDTHS:
        page.set_viewport_size({"width": width, "height": 800})
        assert page.evaluate("document.documentElement.scrollWidth") == width
        for scheme in BOTH:
            page.emulate_media(color_scheme=scheme)
            if (width, scheme) in asked:
                assert violations(page) == [], (width, scheme)
    for scheme in BOTH:
        page.emulate_media(color_scheme=scheme)
        assert page.evaluate(_FAINT) == [], scheme


def untranslated(page: Page) -> list[str]:
    """What is said outside the brackets of the strange language, but for what its own language is named for."""
    said: str = page.evaluate("""() => {
      const copy = document.querySelector("body").cloneNode(true);
      for (const e of copy.querySelectorAll("script, noscript, [lang], code, pre, .brand")) e.remove();
      return [copy.textContent, ...[...copy.querySelectorAll("[aria-label]")].map((e) => e.ariaLabel)].join("\\n");
    }""")
    return re.findall(r"[A-Za-z]{3,}", re.sub(r"⟧[^⟦⟧]*⟦", "", re.sub(r"⟧[^⟦⟧]*⟦", "", said)))


@pytest.mark.parametrize("path", PAGES)
def test_page_is_named_structured_and_readable(page: Page, at_sim: World, path: str) -> None:
    assert at_sim.http.get(path).status_code == 200
    page.goto(BASE + path)
    expect(page.locator("main")).to_be_visible()
    check(page)


@pytest.mark.slow
@pytest.mark.parametrize("language", ["en", "de", "x-rtl"])
@pytest.mark.parametrize("path", PAGES)
def test_page_is_as_good_in_every_language_size_and_light(page: Page, at_sim: World, path: str, language: str) -> None:
    with spoken():
        assert at_sim.http.get(path).status_code == 200
        page.goto(f"{BASE}{path}?lang={language}")
        expect(page.locator("main")).to_be_visible()
        check(page, asked=list(product(WIDTHS, BOTH)))


@pytest.mark.slow  # axe needs half a minute for a page of this length
@pytest.mark.parametrize("scheme", BOTH)
def test_the_reference_is_named_structured_and_readable(page: Page, at_sim: World, scheme: Scheme) -> None:
    assert at_sim.http.get(LONG).status_code == 200
    page.goto(BASE + LONG)
    check(page, asked=[(1280, scheme)])


@pytest.mark.slow
def test_nothing_on_a_page_is_left_untranslated(page: Page, at_sim: World) -> None:
    with spoken():
        for path in PAGES:
            assert at_sim.http.get(path).status_code == 200
            page.goto(f"{BASE}{path}?lang=x-rtl")
            assert untranslated(page) == [], path
            assert page.evaluate("getComputedStyle(document.body).direction") == "rtl"


STEPS: Final = ["en", pytest.param("de", marks=pytest.mark.slow), pytest.param("x-rtl", marks=pytest.mark.slow)]


@pytest.mark.parametrize("language", STEPS)
@pytest.mark.slow
def test_every_step_of_a_consent_is_named_structured_and_readable(
    page: Page, at_sim: World, tmp_path: Path, language: str
) -> None:
    asked: list[tuple[int, Scheme]] = [(1280, "light")] if language == "en" else list(product(WIDTHS, BOTH))
    data = {
        "Acme",
        "Staff",
        "door",
        "privacy",
        "acme",
        "example",
        "ann",
        "visavis",
        "json",
        "gallery",
        "sim",
        "purpose",
    }

    def seen(part: str) -> None:
        expect(page.locator(part)).to_be_visible()
        check(page, asked=asked)
        if language == "x-rtl":
            assert [word for word in untranslated(page) if word.removeprefix("Acme") not in {"", *data}] == [], part

    with spoken():
        gallery = at_sim.gallery()
        open_consent(page, at_sim.pending(gallery, "ann", photo("ann")), query=f"?lang={language}")
        page.locator("#yes").click()
        seen("#ask")
        receipt = agree(page, tmp_path)
        seen("#agreed")
        at_sim.identify(at_sim.station(gallery), photo("ann", 2))
        load_receipt(page, receipt, address=f"{BASE}/me?lang={language}")
        expect(page.locator("#log-list")).to_be_visible()
        page.locator("#log-list summary").click()
        seen("#held")
        page.locator("#withdraw").click()
        seen("#sure")
        page.locator("#really").click()
        seen("#gone")


@pytest.mark.slow
@pytest.mark.parametrize("language", ["en", "de", "x-rtl"])
def test_every_step_of_enrolling_at_home_is_named_structured_and_readable(
    page: Page, at_sim: World, tmp_path: Path, language: str, shown_faces: list[bytes]
) -> None:
    day = at_sim.clock.now().date() + timedelta(days=30)
    for number, grey in enumerate((130, 90), start=1):
        Image.new("RGB", (640, 480), (grey, grey, grey)).save(tmp_path / f"{number}.jpg")
    shown_faces.append(NOBODY)
    with spoken():
        secret = invited(at_sim, at_sim.gallery(), guardian_until=day.isoformat())
        open_invitation(page, secret, query=f"?lang={language}")
        page.locator("#go-on").click()
        check(page)
        go_on_to_photos(page)
        page.locator("#photos summary").click()
        check(page)
        choose(page, tmp_path / "1.jpg", tmp_path / "2.jpg")
        page.locator("#enough").click()
        check(page)
        send(page)
        assert fates(page) == ["refused", "taken"]
        check(page)
        page.reload()
        go_on_to_photos(page)
        check(page)
        page.locator("#held-over").click()
        choose(page, tmp_path / "2.jpg")
        page.locator("#enough").click()
        send(page)
        page.locator("#to-sign").click()
        check(page)
        page.locator("#yes").click()
        expect(page.locator("#agreed")).to_be_visible()
        check(page)


@pytest.mark.slow
def test_consent_and_withdrawal_need_no_mouse(page: Page, at_sim: World, tmp_path: Path) -> None:
    def tab_to(selector: str) -> None:
        for _ in range(40):
            page.keyboard.press("Tab")
            if page.evaluate("(s) => document.activeElement.matches(s)", selector):
                style = "getComputedStyle(document.activeElement).outlineStyle"
                assert page.evaluate(style) != "none", f"no focus ring on {selector}"
                return
        pytest.fail(f"{selector} is not reached by the keyboard")

    def choose(chooser: FileChooser) -> None:
        chooser.set_files(tmp_path / "receipt.json")

    # From the start on: the browser needs a moment until it hands choosers over in place of showing them.
    page.on("filechooser", choose)
    open_consent(page, at_sim.pending(at_sim.gallery(), "ann", photo("ann")))
    tab_to("#agree")
    page.keyboard.press("Space")
    tab_to("#yes")
    page.keyboard.press("Enter")
    expect(page.locator("#agreed h1")).to_be_focused()
    tab_to("#save")
    with page.expect_download() as download:
        page.keyboard.press("Enter")
    download.value.save_as(tmp_path / "receipt.json")
    page.goto(f"{BASE}/me")
    tab_to("#file")
    page.keyboard.press("Enter")
    expect(page.locator("#held h1")).to_be_focused()
    tab_to("#withdraw")
    page.keyboard.press("Enter")
    tab_to("#really")
    page.keyboard.press("Enter")
    expect(page.locator("#gone h1")).to_be_focused()


@pytest.mark.slow
def test_docs_show_every_door_and_every_refusal(page: Page, at_sim: World) -> None:
    page.goto(f"{BASE}/docs")
    text = page.locator("main").inner_text()
    document = at_sim.http.get("/openapi.json").json()
    for path, doors in document["paths"].items():
        assert path in text
        for verb in doors:
            anchor = f"{verb}{path}".replace("/", "-").replace("{", "").replace("}", "")
            expect(page.locator(f"[id='{anchor}']")).to_be_attached()
    problem = at_sim.http.get("/v1/me").json()
    expect(page.locator(f"[id='{problem['type'].partition('#')[2]}']")).to_contain_text(problem["code"])
