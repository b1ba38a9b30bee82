"""Pages in another language: what they say, what they leave as it was signed, and how one is chosen."""

import json
import zipfile
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, Route, expect
from sim.faces import photo
from support.axe import violations
from support.browser import at_world
from support.person_at_page import agree, load_receipt, open_consent, save_receipt
from support.pictures import Look
from support.world import BASE, World

from visavis.consent.sentences import ENGLISH, GERMAN

pytestmark = pytest.mark.browser


@pytest.mark.slow
def test_a_person_chooses_a_language_and_keeps_the_link(page: Page, at_sim: World) -> None:
    gallery = at_sim.gallery(target=0.0005)
    open_consent(page, at_sim.pending(gallery, "ann", photo("ann")))
    page.get_by_role("link", name="Deutsch").click()
    expect(page.get_by_role("heading", name="Darf Acme Ihr Gesicht erkennen?")).to_be_visible()
    expect(page).to_have_title("Darf Acme Ihr Gesicht erkennen? · Visavis")
    asked = page.locator("#ask")
    for words in ("höchstens 1 von 2.000", "(90 Tage)", "Fassung 1, Englisch", "Recht: Niederlande (NL)"):
        expect(asked).to_contain_text(words)
    signed = page.locator("[data-field=statement]")
    expect(signed).to_have_text(ENGLISH.person)
    expect(signed).to_have_attribute("lang", "en")
    page.locator("#yes").click()
    expect(page.locator("#agree-problem")).to_contain_text("Setzen Sie zuerst das Häkchen")
    page.get_by_role("checkbox").check()
    page.locator("#yes").click()
    expect(page.get_by_role("heading", name="Bewahren Sie jetzt Ihren Beleg auf.")).to_be_focused()
    expect(page.get_by_role("img", name="Ihr QR-Code")).to_be_visible()


def test_whoever_reads_german_agrees_in_german(page: Page, at_sim: World, look: Look) -> None:
    gallery = at_sim.gallery(language="de", text="Wir öffnen die Tür, wenn unsere Station Sie erkennt.")
    asked = at_sim.pending(gallery, "ann", photo("ann"))
    open_consent(page, asked, query="?lang=de")
    expect(page.locator("#text")).to_have_attribute("lang", "de")
    signed = page.locator("[data-field=statement]")
    expect(signed).to_have_text(GERMAN.person)
    expect(signed).to_have_attribute("lang", "de")
    expect(page.locator("[data-field=methods]")).to_have_text(" ".join(GERMAN.methods[1:]))
    look("consent-german")
    page.get_by_role("checkbox").check()
    page.locator("#yes").click()
    expect(page.get_by_role("heading", name="Bewahren Sie jetzt Ihren Beleg auf.")).to_be_focused()
    assert at_sim.sql("SELECT state FROM subjects") == [("ACTIVE",)]  # the server took that sentence


@pytest.mark.slow
def test_a_choice_without_a_script_holds_on_the_next_page(browser: Browser, world: World) -> None:
    context = browser.new_context(java_script_enabled=False, locale="de-AT")
    page = context.new_page()
    at_world(page, world)
    page.goto(f"{BASE}/plan?people=250")
    expect(page.get_by_role("button", name="Ausrechnen")).to_be_visible()
    page.get_by_role("link", name="English").click()
    expect(page.get_by_role("button", name="Work it out")).to_be_visible()
    expect(page.locator("#people")).to_have_value("250")
    page.get_by_role("link", name="About").click()
    expect(page.get_by_role("heading", name="Recognised, because you asked to be.")).to_be_visible()
    context.close()


@pytest.mark.slow
def test_a_refusal_is_in_the_language_of_the_page_or_says_that_it_is_english(
    page: Page, at_sim: World, tmp_path_factory: pytest.TempPathFactory
) -> None:
    open_consent(page, at_sim.pending(at_sim.gallery(), "ann", photo("ann")), query="?lang=de")
    page.get_by_role("checkbox").check()
    page.locator("#yes").click()
    receipt = save_receipt(page, tmp_path_factory.mktemp("receipt"))
    answers = iter([
        {"code": "rate_limited", "detail": "Slow.", "mend": "Wait."},
        {"code": "of_a_later_release", "detail": "No such thing.", "mend": "Look again."},
    ])  # fmt: skip

    def refuse(route: Route) -> None:
        route.fulfill(status=429, json={**next(answers), "request_id": "0123"})

    page.route("**/v1/me", refuse)
    problem = page.locator("#problem")
    load_receipt(page, receipt)
    expect(problem).to_contain_text("Es kamen zu viele Anfragen auf einmal.")
    expect(problem).to_contain_text("Anfrage 0123")
    expect(problem.locator("[lang]")).to_have_count(0)
    load_receipt(page, receipt)
    expect(problem.locator("[lang=en]")).to_have_text(["No such thing.", "Look again."])


@pytest.mark.slow
@pytest.mark.parametrize(
    ("code", "tag", "press", "words"),
    [
        ("en", "en-GB", "Download everything", "Your face was compared with everybody enrolled"),
        ("de", "de", "Alles herunterladen", "Ihr Gesicht wurde verglichen, mit allen Aufgenommenen"),
    ],
)
def test_what_is_downloaded_is_in_the_language_of_the_page_and_readable(
    page: Page, at_sim: World, tmp_path: Path, look: Look, code: str, tag: str, press: str, words: str
) -> None:
    """The browser here prefers English: what counts is the language that the page is in."""
    gallery = at_sim.gallery()
    open_consent(page, at_sim.pending(gallery, "ann", photo("ann")))
    receipt = agree(page, tmp_path)
    at_sim.identify(at_sim.station(gallery), photo("ann", 2))
    load_receipt(page, receipt, address=f"{BASE}/me?lang={code}")
    with page.expect_download() as download:
        page.get_by_role("button", name=press).click()
    download.value.save_as(tmp_path / "all.zip")
    with zipfile.ZipFile(tmp_path / "all.zip") as archive:
        html, data = archive.read("about-you.html").decode(), json.loads(archive.read("about-you.json"))
    assert data["kept"][1]["why"] == "You are recognised by them."
    page.goto("about:blank")
    page.set_content(html)
    expect(page.locator("html")).to_have_attribute("lang", tag)
    expect(page.locator("main")).to_contain_text(words)
    assert violations(page) == []
    if code == "de":
        look("archive-german")
