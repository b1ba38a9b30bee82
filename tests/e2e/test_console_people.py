"""The console's sections about people and cases, as whoever works at a desk uses them."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final, Literal

import pytest
from playwright.sync_api import Locator, Page, expect
from sim.faces import photo
from support.axe import violations
from support.console_page import at_console, opened
from support.enrol_page import invited
from support.exporting import Quorum
from support.logged import events
from support.pictures import Look
from support.world import Person, World

from visavis.client import check_archive
from visavis.flows.record import servers_openings

pytestmark = pytest.mark.browser

Scheme = Literal["light", "dark"]
BOTH: Final[Sequence[Scheme]] = ("light", "dark")
WHY: Final = "they asked at the desk"


def go(page: Page, section: str) -> None:
    """Open a section by its link in the navigation."""
    page.locator(f"#places a[href='#/{section}']").click()
    opened(page, section)


def opened_record(page: Page, why: str = WHY) -> None:
    """Open the record that the address names."""
    page.locator("#subject-reason").fill(why)
    page.get_by_role("button", name="Open the record").click()
    expect(page.locator("#subject-title")).to_be_focused()


def readings(world: World, person: Person) -> list[tuple[str, str]]:
    """What the person sees of who looked."""
    seen = world.as_person(person, "GET", "/v1/me").json()["readings"]
    return [(one["kind"], one["reason"]) for one in seen]


def doubled(world: World) -> tuple[str, Person, Person]:
    """A gallery, somebody in it, and an enrolment that looks like them."""
    gallery = world.gallery()
    ann = world.active(gallery, "ann smith", photo("ann"))
    world.clock.move(seconds=60)
    return gallery, ann, world.active(gallery, "a. smith", photo("ann", 5))


def waiting(world: World) -> list[dict[str, Any]]:
    items: list[dict[str, Any]] = world.api("GET", "/v1/reviews").json()["items"]
    return items


@pytest.mark.slow
def test_a_record_is_opened_with_a_reason_the_name_by_another_press_and_withdrawn_on_their_word(
    page: Page, at_sim: World, look: Look
) -> None:
    gallery = at_sim.gallery()
    ann = at_sim.active(gallery, "staff 4711", photo("ann"))
    at_console(page, at_sim, "operator", at="subjects")
    opened(page, "subjects")
    page.get_by_role("button", name="Show", exact=True).click()
    expect(page.locator("#subjects-form [role=alert]")).to_contain_text("Say why")
    expect(page.locator("#subjects-reason")).to_be_focused()
    assert "reading" not in events(at_sim)
    page.locator("#subjects-reason").fill("who has not answered yet")
    page.get_by_role("button", name="Show", exact=True).click()
    page.get_by_role("link", name=ann.subject_id).click()
    opened_record(page)
    content = page.locator("#content")
    expect(content).to_contain_text("Agreed; is recognised")
    look("console-person")
    expect(content).not_to_contain_text("4711")
    assert readings(at_sim, ann) == [("unnamed", WHY)]
    expect(page.locator("#subject-name")).to_contain_text("entered into the log")
    at_sim.clock.move(seconds=1)
    page.locator("#subject-name input").fill("to call them by telephone")
    page.get_by_role("button", name="Tell me the name").click()
    expect(page.locator("#subject-name")).to_contain_text("staff 4711")
    assert readings(at_sim, ann) == [("unnamed", WHY), ("subject", "to call them by telephone")]
    page.locator("summary").get_by_text("Withdraw for them").click()
    page.get_by_role("button", name="Withdraw for them").click()
    expect(page.locator("#subject-withdraw [role=alert]")).to_contain_text("Say why")
    page.locator("#subject-withdraw-reason").fill("asked at the desk")
    page.get_by_role("button", name="Withdraw for them").click()
    page.get_by_role("button", name="Go back").click()
    assert readings(at_sim, ann)
    page.get_by_role("button", name="Withdraw for them").click()
    page.locator("dialog").get_by_role("button", name="Withdraw").click()
    expect(page.locator("#subject-gone-title")).to_be_focused()
    expect(content).not_to_contain_text("4711")
    refused = at_sim.as_person(ann, "GET", "/v1/me")
    assert (refused.status_code, refused.json()["code"]) == (401, "signature_refused")
    with at_sim.services.store.read() as tx:
        [opening] = servers_openings(tx, keyring=at_sim.services.keyring, of=ann.subject_id.encode())
    assert opening.details["reason"] == "asked at the desk"


def test_a_case_is_decided_by_who_saw_both_people_and_says_why(page: Page, at_sim: World, look: Look) -> None:
    gallery, ann, double = doubled(at_sim)
    at_console(page, at_sim, "operator", at="reviews")
    opened(page, "reviews")
    page.locator("#reviews-reason").fill("the morning's cases")
    page.get_by_role("button", name="Show what waits").click()
    page.get_by_role("link", name="Somebody may be enrolled twice").click()
    expect(page.locator("#review-reason")).to_have_value("")  # the people see this one
    page.locator("#review-reason").fill("a question at the desk")
    page.get_by_role("button", name="Open the case").click()
    expect(page.locator("#review-title")).to_be_focused()
    content = page.locator("#content")
    expect(content).to_contain_text("Ask both people to the desk.")
    expect(page.locator("#review-sides > section")).to_have_count(2)
    expect(page.locator("#review-invited")).to_be_hidden()
    for person in (ann, double):
        expect(page.locator("#review-sides")).to_contain_text(person.subject_id)
        assert readings(at_sim, person) == [("unnamed", "a question at the desk")]
    expect(content).not_to_contain_text("smith")
    look("console-case")
    expect(page.locator("#section img, #section canvas, #section video")).to_have_count(0)
    page.get_by_role("button", name="Decide").click()
    expect(page.locator("#review-form [role=alert]")).to_contain_text("Choose what you saw")
    page.get_by_label("Two people who look alike").check()
    page.locator("#review-because").fill("both came, with their letters")
    page.get_by_role("button", name="Decide").click()
    expect(page.locator("#review-done-title")).to_be_focused()
    assert waiting(at_sim) == []
    assert at_sim.state(double.subject_id) == "ACTIVE"
    pairs = at_sim.api("GET", f"/v1/galleries/{gallery}/look-alikes").json()["items"]
    assert [one["source"] for one in pairs] == ["declared"]


@pytest.mark.slow
def test_a_case_says_that_the_photos_came_by_an_invitation(page: Page, at_sim: World) -> None:
    gallery = at_sim.gallery()
    at_sim.active(gallery, "ann", photo("ann"))
    link = invited(at_sim, gallery, "at home")
    at_sim.send(link, photo("ann", 6))
    at_sim.countersign(link)
    at_console(page, at_sim, "operator", at="reviews")
    opened(page, "reviews")
    page.locator("#reviews-reason").fill("the morning's cases")
    page.get_by_role("button", name="Show what waits").click()
    page.get_by_role("link", name="Somebody may be enrolled twice").click()
    page.locator("#review-reason").fill("a question at the desk")
    page.get_by_role("button", name="Open the case").click()
    expect(page.locator("#review-title")).to_be_focused()
    expect(page.locator("#review-invited")).to_contain_text("came by an invitation")


def test_a_case_that_somebody_else_decided_is_over_and_an_erasure_asks_first(page: Page, at_sim: World) -> None:
    _, _, double = doubled(at_sim)
    (review,) = waiting(at_sim)
    at_console(page, at_sim, "operator", at=f"reviews/{review['id']}")
    page.locator("#review-reason").fill(WHY)
    page.get_by_role("button", name="Open the case").click()
    page.get_by_label("One person, enrolled twice").check()
    page.locator("#review-because").fill("one person came")
    page.get_by_role("button", name="Decide").click()
    page.get_by_role("button", name="Go back").click()
    assert waiting(at_sim) == [review]
    page.get_by_role("button", name="Decide").click()
    page.get_by_role("button", name="Take it out").click()
    expect(page.locator("#review-done")).to_contain_text("taken out")
    assert at_sim.api("GET", f"/v1/subjects/{double.subject_id}").status_code == 404
    page.reload()
    page.locator("#review-reason").fill(WHY)
    page.get_by_role("button", name="Open the case").click()
    expect(page.locator("#review-over-title")).to_be_focused()


@pytest.mark.slow
def test_a_names_press_in_a_case_tells_one_person_only(page: Page, at_sim: World) -> None:
    _, ann, double = doubled(at_sim)
    (review,) = waiting(at_sim)
    at_console(page, at_sim, "operator", at=f"reviews/{review['id']}")
    page.locator("#review-reason").fill(WHY)
    page.get_by_role("button", name="Open the case").click()
    expect(page.locator("#review-title")).to_be_focused()
    at_sim.clock.move(seconds=1)
    page.locator(f"#name-{ann.subject_id}").fill("to invite them")
    page.get_by_role("button", name="Tell me the name: Who was here before").click()
    expect(page.locator("#review-sides")).to_contain_text("ann smith")
    expect(page.locator("#review-sides")).not_to_contain_text("a. smith")
    assert readings(at_sim, ann)[-1] == ("subject", "to invite them")
    assert readings(at_sim, double) == [("unnamed", WHY)]


@pytest.mark.slow
def test_somebody_at_the_desk_is_found_by_name_and_gets_a_new_pin(page: Page, at_sim: World) -> None:
    gallery = at_sim.gallery()
    ann = at_sim.active(gallery, "staff 4711", photo("ann"))
    at_console(page, at_sim, "operator", at="subjects")
    opened(page, "subjects")
    page.locator("#subjects-name").fill("nobody")
    page.locator("#subjects-find-reason").fill(WHY)
    page.get_by_role("button", name="Look up").click()
    expect(page.locator("#subjects-find [role=alert]")).to_contain_text("Nobody in this gallery")
    page.locator("#subjects-name").fill("staff 4711")
    page.get_by_role("button", name="Look up").click()
    expect(page.locator("#subject-title")).to_be_focused()
    expect(page.locator("#subject-name")).to_contain_text("staff 4711")
    assert readings(at_sim, ann) == [("lookup", WHY)]
    at_sim.clock.move(seconds=1)
    page.get_by_text("A file of everything that is held").click()
    page.locator("#subject-archive-reason").fill("they asked for it in writing")
    with page.expect_download() as download:
        page.get_by_role("button", name="Make the file").click()
    assert download.value.suggested_filename == f"{ann.subject_id}.zip"
    assert check_archive(Path(download.value.path()).read_bytes()).subject_id == ann.subject_id
    assert readings(at_sim, ann)[-1] == ("archive", "they asked for it in writing")
    page.locator("summary").get_by_text("New PIN and QR code").click()
    page.get_by_role("button", name="New PIN and QR code").click()
    expect(page.locator("#subject-credentials [role=alert]")).to_contain_text("Say why")
    at_sim.clock.move(seconds=1)
    page.locator("#subject-credentials-reason").fill("lost the card")
    page.get_by_role("button", name="New PIN and QR code").click()
    page.get_by_role("button", name="Make new ones").click()
    expect(page.locator("#subject-way-title")).to_be_focused()
    pin = str(page.locator("[data-pin]").text_content())
    assert readings(at_sim, ann)[-1] == ("credentials", "lost the card")
    station = at_sim.station(gallery)
    assert at_sim.pin(station, "staff 4711", ann.pin)["decision"] == "NO_MATCH"
    at_sim.clock.move(seconds=60)
    assert at_sim.pin(station, "staff 4711", pin)["decision"] == "MATCH"
    page.locator("#places a[href='#/subjects']").click()


@pytest.mark.slow
def test_decisions_of_a_station_and_a_day_have_no_names(page: Page, at_sim: World, look: Look) -> None:
    gallery = at_sim.gallery()
    ann = at_sim.active(gallery, "staff 4711", photo("ann"))
    front, side = at_sim.station(gallery), at_sim.station(gallery)
    at_sim.identify(front, photo("ann", 2))
    at_sim.identify(front, photo("stranger"))
    at_sim.pin(side, "staff 4711", ann.pin)
    page.clock.install(time=at_sim.clock.now())
    at_console(page, at_sim, "operator", at="decisions")
    opened(page, "decisions")
    rows = page.locator("#decisions tr")
    page.locator("#decisions-reason").fill("the day's figures")
    page.get_by_role("button", name="Show", exact=True).click()
    expect(page.locator("#decisions-title")).to_be_focused()
    expect(rows).to_have_count(3)
    expect(page.locator("#decisions-counts")).to_have_text("Recognised: 2 · Not recognised: 1")
    expect(rows.nth(0)).to_contain_text("PIN")
    expect(rows.nth(2)).to_contain_text("A comparison errs 1 in")
    look("console-decisions")
    expect(page.locator("#content")).not_to_contain_text("4711")
    page.locator("#decisions-station").select_option(side.id)
    page.get_by_role("button", name="Show", exact=True).click()
    expect(rows).to_have_count(1)
    page.locator("#decisions-station").select_option("")
    page.locator("#decisions-day").fill("2020-01-01")
    page.get_by_role("button", name="Show", exact=True).click()
    expect(page.locator("#decisions-none")).to_be_visible()
    page.locator("#decisions-day").fill("")
    page.get_by_role("button", name="Show", exact=True).click()
    expect(page.locator("#decisions-form [role=alert]")).to_contain_text("Choose a day")


ROLES: Final = {
    "admin": {"purposes", "approvals"},
    "operator": {"subjects", "reviews", "decisions"},
    "auditor": {"purposes", "approvals"},
    "custodian": {"approvals"},
    "caseworker": set(),
}
MINE: Final = {"subjects", "reviews", "decisions", "purposes", "approvals"}


@pytest.mark.slow
@pytest.mark.parametrize("role", ROLES)
def test_a_role_is_shown_the_sections_that_it_can_use_and_none_of_them_is_refused(
    page: Page, at_sim: World, role: str
) -> None:
    refused: list[str] = []
    page.on("response", lambda answer: refused.append(answer.url) if answer.status == 403 else None)
    at_sim.gallery()
    at_console(page, at_sim, role)
    links = page.locator("#places a").evaluate_all("links => links.map((link) => link.hash.slice(2))")
    assert set(links) & MINE == ROLES[role]
    for section in MINE & set(links):
        go(page, section)
        expect(page.locator("#section > [role=alert]").first).to_be_empty()
    for section in MINE - set(links):
        page.evaluate("(name) => (location.hash = `#/${name}`)", section)
        expect(page.locator("#section h1")).to_have_text("Nothing here for you")
    assert refused == []


@pytest.mark.slow
def test_somebody_for_one_gallery_sees_no_case_of_another(page: Page, at_sim: World) -> None:
    mine = at_sim.gallery()
    doubled(at_sim)
    at_console(page, at_sim, "operator", at="reviews", galleries=[mine])
    opened(page, "reviews")
    page.locator("#reviews-reason").fill(WHY)
    page.get_by_role("button", name="Show what waits").click()
    expect(page.locator("#reviews-none")).to_be_visible()
    go(page, "subjects")
    expect(page.locator("#subjects-gallery option")).to_have_count(1)


def checked(page: Page) -> None:
    """Nothing that axe knows of, in either light, and nothing wider than a telephone."""
    for scheme in BOTH:
        page.emulate_media(color_scheme=scheme)
        assert violations(page) == [], (page.url, scheme)
    page.set_viewport_size({"width": 320, "height": 800})
    assert page.evaluate("document.documentElement.scrollWidth") == 320, page.url
    page.set_viewport_size({"width": 1280, "height": 800})


@pytest.mark.slow
def test_every_section_is_named_structured_and_readable(page: Page, at_sim: World) -> None:
    gallery, ann, _ = doubled(at_sim)
    at_sim.identify(at_sim.station(gallery), photo("stranger"))
    quorum = Quorum.over(at_sim)
    quorum.approve(quorum.asked(gallery), 1)
    page.clock.install(time=at_sim.clock.now())
    at_console(page, at_sim, "admin", "operator", "custodian", at="purposes")
    opened(page, "purposes")
    checked(page)
    links = ("a[href='#/purposes/new']", "#purpose-new .back", "#purposes a")
    for link, seen in zip(links, ("#purpose-new-title", "#purposes", "#purpose-title"), strict=True):
        page.locator(link).click()
        expect(page.locator(seen)).to_be_visible()
        checked(page)
    page.get_by_role("button", name="End it").click()
    checked(page)
    page.get_by_role("button", name="Go back").click()
    go(page, "approvals")
    checked(page)
    go(page, "decisions")
    page.locator("#decisions-reason").fill(WHY)
    page.get_by_role("button", name="Show", exact=True).click()
    expect(page.locator("#decisions-title")).to_be_focused()
    checked(page)
    go(page, "reviews")
    page.locator("#reviews-reason").fill(WHY)
    page.get_by_role("button", name="Show what waits").click()
    checked(page)
    page.get_by_role("link", name="Somebody may be enrolled twice").click()
    checked(page)
    page.locator("#review-reason").fill(WHY)
    page.get_by_role("button", name="Open the case").click()
    expect(page.locator("#review-title")).to_be_focused()
    checked(page)
    go(page, "subjects")
    page.get_by_role("button", name="Show", exact=True).click()
    page.get_by_role("link", name=ann.subject_id).click()
    checked(page)
    opened_record(page)
    checked(page)


def tab_to(page: Page, place: Locator) -> None:
    """Go on by the keyboard until something has the focus, and see that it shows."""
    for _ in range(80):
        page.keyboard.press("Tab")
        if place.evaluate("(one) => one === document.activeElement"):
            assert page.evaluate("getComputedStyle(document.activeElement).outlineStyle") != "none"
            return
    pytest.fail("it is not reached by the keyboard")


@pytest.mark.slow
def test_a_case_and_a_withdrawal_need_no_mouse(page: Page, at_sim: World) -> None:
    _, ann, double = doubled(at_sim)
    at_console(page, at_sim, "operator", at="reviews")
    opened(page, "reviews")
    tab_to(page, page.locator("#reviews-reason"))
    page.keyboard.type("the morning's cases")
    page.keyboard.press("Enter")
    expect(page.locator("#reviews-title")).to_be_focused()
    tab_to(page, page.locator("#reviews a"))
    page.keyboard.press("Enter")
    expect(page.locator("#review-reason")).to_be_visible()
    tab_to(page, page.locator("#review-reason"))
    page.keyboard.type(WHY)
    page.keyboard.press("Enter")
    expect(page.locator("#review-title")).to_be_focused()
    tab_to(page, page.locator("#review-choice-activate"))
    page.keyboard.press("ArrowDown")
    tab_to(page, page.locator("#review-because"))
    page.keyboard.type("one person came")
    page.keyboard.press("Enter")
    expect(page.locator("#ask-first-title")).to_be_focused()
    page.keyboard.press("Escape")
    expect(page.locator("dialog")).to_have_count(0)
    page.locator("#review-because").press("Enter")
    expect(page.locator("#ask-first-title")).to_be_focused()
    tab_to(page, page.get_by_role("button", name="Take it out"))
    page.keyboard.press("Enter")
    expect(page.locator("#review-done-title")).to_be_focused()
    assert at_sim.api("GET", f"/v1/subjects/{double.subject_id}").status_code == 404
    page.evaluate("(id) => (location.hash = `#/subjects/gal/${id}`)", ann.subject_id)
    opened(page, "subjects")
    tab_to(page, page.locator("#subject-reason"))
    page.keyboard.type(WHY)
    page.keyboard.press("Enter")
    expect(page.locator("#subject-title")).to_be_focused()
    tab_to(page, page.locator("summary").get_by_text("Withdraw for them"))
    page.keyboard.press("Enter")
    tab_to(page, page.locator("#subject-withdraw-reason"))
    page.keyboard.type("asked at the desk")
    page.keyboard.press("Enter")
    expect(page.locator("#ask-first-title")).to_be_focused()
    tab_to(page, page.get_by_role("button", name="Withdraw", exact=True))
    page.keyboard.press("Enter")
    expect(page.locator("#subject-gone-title")).to_be_focused()
