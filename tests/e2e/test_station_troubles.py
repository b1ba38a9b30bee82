"""What goes wrong at a tablet, and whom it must not fall upon: late answers, clocks that are set, pages that died."""

import re
from datetime import UTC, datetime, timedelta

import pytest
from playwright.sync_api import Page, Route, expect
from sim.faces import photo
from support.browser import at_world
from support.tablet import paired
from support.world import BASE, Person, World

pytestmark = pytest.mark.browser


def to_their_data(page: Page, ann: Person) -> None:
    """Face and PIN, and the data are opened on the tablet itself."""
    page.locator("#my-data").click()
    page.locator("#data-name").fill("ann")
    page.locator("#data-pin").fill(ann.pin)
    page.get_by_role("button", name="Next: your face").click()
    page.locator("#data-here").click()
    expect(page.locator("#held")).to_be_visible()


@pytest.mark.usefixtures("shown_faces")
def test_what_somebody_said_of_themselves_falls_on_nobody_who_comes_later(page: Page, at_sim: World) -> None:
    page.clock.install()
    gallery, _ = paired(page, at_sim)
    bob = at_sim.active(gallery, "bob", photo("bob"))
    held: list[Route] = []
    page.route(re.compile(r".*/not-me$"), lambda route: held.append(route))  # noqa: PLW0108 -- Playwright marks what it calls
    page.locator("#face").click()
    with page.expect_request(re.compile(r".*/not-me$")):
        page.locator("#not-me").click()
    page.clock.run_for(16_000)  # the answer of the server does not come, and the next person does
    expect(page.locator("#idle")).to_be_visible()
    at_sim.clock.move(seconds=5)
    page.locator("#no-face").click()
    page.locator("#by-pin").click()
    page.locator("#pin-name").fill("bob")
    page.locator("#pin-digits").fill(bob.pin)
    held[0].fulfill(status=204)
    page.clock.run_for(1_000)
    expect(page.locator("#pin-name")).to_have_value("bob")
    page.locator("#pin-form button").first.click()
    expect(page.locator("#answer-title")).to_contain_text("bob")
    assert at_sim.api("GET", f"/v1/galleries/{gallery}/look-alikes").json()["items"] == []


@pytest.mark.usefixtures("shown_faces")
@pytest.mark.parametrize("minutes", [-3, 2])
def test_a_tablet_whose_clock_is_set_goes_on(page: Page, at_sim: World, minutes: int) -> None:
    """A device without a battery for its clock begins so: the network tells it the time after the page has begun."""
    page.clock.install()
    paired(page, at_sim)
    now = datetime.fromtimestamp(int(page.evaluate("() => Date.now()")) / 1000, UTC)
    page.clock.set_system_time(now + timedelta(minutes=minutes))
    page.locator("#face").click()
    expect(page.locator("#answer-title")).to_contain_text("ann")


def test_a_key_that_is_known_again_serves_again_by_itself(page: Page, at_sim: World) -> None:
    page.clock.install()
    paired(page, at_sim)
    station = re.compile(r".*/v1/station$")
    page.route(station, lambda route: route.fulfill(status=401, json={"code": "signature_refused", "status": 401}))
    page.clock.run_for(61_000)
    expect(page.locator("#foreign")).to_be_visible()
    page.unroute(station)
    page.clock.run_for(61_000)
    expect(page.locator("#idle")).to_be_visible()


@pytest.mark.usefixtures("shown_faces")
def test_a_page_that_died_leaves_no_check_open_in_the_way_of_the_next(page: Page, at_sim: World) -> None:
    paired(page, at_sim)
    page.route(re.compile(r".*/identify$"), lambda _: None)
    with page.expect_request(re.compile(r".*/identify$")):
        page.locator("#face").click()
    other = page.context.new_page()
    at_world(other, at_sim)
    page.close(run_before_unload=False)
    other.goto(f"{BASE}/station")
    expect(other.locator("#idle")).to_be_visible()
    at_sim.clock.move(seconds=5)
    other.locator("#face").click()
    expect(other.locator("#answer-title")).to_contain_text("ann")


@pytest.mark.usefixtures("shown_faces")
def test_a_server_that_cannot_look_at_faces_yet_says_so_and_the_other_way_is_there(page: Page, at_sim: World) -> None:
    paired(page, at_sim)
    said = {"code": "gallery_loading", "status": 503, "detail": "It is not in memory.", "mend": "Try again."}
    page.route(re.compile(r".*/identify$"), lambda route: route.fulfill(status=503, json=said))
    page.locator("#face").click()
    expect(page.locator("#look-problem")).to_contain_text("PIN")
    expect(page.locator("#look-problem [lang]")).to_have_count(0)
    expect(page.locator("#look-other-way")).to_be_visible()


@pytest.mark.usefixtures("shown_faces")
def test_who_withdraws_at_the_tablet_leaves_nothing_there_and_it_serves_the_next(page: Page, at_sim: World) -> None:
    page.clock.install()
    _, ann = paired(page, at_sim)
    to_their_data(page, ann)
    page.locator("#withdraw").click()
    page.locator("#really").click()
    expect(page.locator("#gone")).to_be_visible()
    assert not page.locator("#held").inner_html()
    assert re.search(r"\bann\b", str(page.locator("body").text_content())) is None
    expect(page.locator("#gone-to-station")).to_be_visible()
    page.clock.run_for(21_000)
    page.wait_for_url(f"{BASE}/station")
    expect(page.locator("#idle")).to_be_visible()


@pytest.mark.usefixtures("shown_faces")
def test_no_file_of_a_person_is_saved_on_the_tablet(page: Page, at_sim: World) -> None:
    _, ann = paired(page, at_sim)
    to_their_data(page, ann)
    expect(page.locator("#download")).to_be_hidden()
    expect(page.locator("#download-elsewhere")).to_be_visible()
    expect(page.locator("#keep-checked")).to_be_hidden()


def test_a_phone_whose_clock_is_wrong_opens_its_visit(page: Page, at_sim: World) -> None:
    gallery = at_sim.gallery()
    ann, station = at_sim.active(gallery, "ann", photo("ann")), at_sim.station(gallery)
    path = f"/v1/sessions/{at_sim.session(station, 'verify')}/own-data"
    form = {"external_reference": "ann", "pin": ann.pin}
    link = at_sim.at(station, "POST", path, files={"photo": photo("ann", 2)}, data=form).json()["me_link"]
    page.clock.install(time=datetime.now(UTC) + timedelta(minutes=11))
    page.goto(link)
    expect(page.locator("#held")).to_be_visible()
    page.clock.run_for(3_000)
    expect(page.locator("#held")).to_be_visible()
    page.clock.run_for(601_000)
    expect(page.locator("#visit-over")).to_be_visible()
