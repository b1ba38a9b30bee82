"""What anybody needs to use the pages: names, structure, a keyboard, room and contrast."""

from pathlib import Path

import pytest
from playwright.sync_api import FileChooser, Page, expect
from sim.faces import photo
from support.person_at_page import agree, load_receipt, open_consent
from support.world import BASE, World

pytestmark = pytest.mark.browser

# What axe's first rules look for, on what is visible now.
_FAULTS = """() => {
  const faults = [], seen = (e) => e.checkVisibility() && e.getClientRects().length > 0;
  if (!document.documentElement.lang) faults.push("no lang");
  if (!document.title.trim()) faults.push("no title");
  if ([...document.querySelectorAll("h1")].filter(seen).length !== 1) faults.push("not one h1");
  if (!document.querySelector("main")) faults.push("no main");
  const ids = [...document.querySelectorAll("[id]")].map((e) => e.id);
  for (const id of ids) if (ids.filter((other) => other === id).length > 1) faults.push(`id ${id} twice`);
  for (const e of document.querySelectorAll("button, a, input, summary, video, [role=region]")) {
    const label = e.labels && e.labels.length > 0 ? e.labels[0].textContent.trim() : "";
    const named = e.getAttribute("aria-label") || e.getAttribute("aria-labelledby") || e.textContent.trim() || label;
    if (seen(e) && !named) faults.push(`no name: ${e.outerHTML.slice(0, 80)}`);
  }
  for (const e of document.querySelectorAll("img:not([alt])")) faults.push(`no alt: ${e.outerHTML}`);
  for (const name of ["aria-labelledby", "aria-describedby", "for"]) {
    for (const e of document.querySelectorAll(`[${name}]`)) {
      if (!document.getElementById(e.getAttribute(name))) faults.push(`${name} leads nowhere: ${e.outerHTML}`);
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


def check(page: Page) -> None:
    assert page.evaluate(_FAULTS) == []
    for scheme in ("light", "dark"):
        page.emulate_media(color_scheme="light" if scheme == "light" else "dark")
        assert page.evaluate(_FAINT) == [], scheme
    page.set_viewport_size({"width": 320, "height": 640})
    assert page.evaluate("document.documentElement.scrollWidth") == 320
    page.set_viewport_size({"width": 1280, "height": 800})


@pytest.mark.parametrize("path", ["/", "/docs", "/me", "/consent", "/grant", "/unseal", "/plan"])
def test_page_is_named_structured_and_readable(page: Page, at_sim: World, path: str) -> None:
    assert at_sim.http.get(path).status_code == 200
    page.goto(BASE + path)
    expect(page.locator("main")).to_be_visible()
    check(page)


def test_every_step_of_a_consent_is_named_structured_and_readable(page: Page, at_sim: World, tmp_path: Path) -> None:
    gallery = at_sim.gallery()
    open_consent(page, at_sim.pending(gallery, "ann", photo("ann")))
    page.locator("#yes").click()
    check(page)
    receipt = agree(page, tmp_path)
    check(page)
    at_sim.identify(at_sim.station(gallery), photo("ann", 2))
    load_receipt(page, receipt)
    expect(page.locator("#held")).to_be_visible()
    expect(page.locator("#log-list")).to_be_visible()
    page.locator("#log-list summary").click()
    check(page)
    page.locator("#withdraw").click()
    check(page)
    page.locator("#really").click()
    expect(page.locator("#gone")).to_be_visible()
    check(page)


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
