"""What can come in between when somebody enrols at home: no camera, no server, another window, a reload."""

import hashlib
import json
from pathlib import Path
from typing import Any, Final

import pytest
from playwright.sync_api import Browser, Page, Route, expect
from sim.faces import photo
from support.again import who
from support.browser import Traffic, at_world
from support.enrol_page import (
    choose,
    fates,
    go_on_to_photos,
    invited,
    open_invitation,
    press_take,
    send,
    sent_through,
)
from support.world import BASE, World

pytestmark = pytest.mark.browser
slow = pytest.mark.slow

PHOTOS: Final = "/v1/consent/photos"


@pytest.fixture
def gallery(world: World) -> str:
    return world.gallery(text="We open the door.\n\nThen we forget.")


_WITHOUT: Final = {
    "refused": ("NotAllowedError", "The browser did not allow the camera."),
    "missing": ("NotFoundError", "No camera was found."),
    "in use": ("NotReadableError", "Another program is using the camera."),
}


@slow
@pytest.mark.parametrize("camera", sorted(_WITHOUT))
def test_without_a_camera_a_file_does_as_well(
    page: Page, at_sim: World, gallery: str, phone_photos: list[Path], camera: str
) -> None:
    error, words = _WITHOUT[camera]
    page.add_init_script(
        "if (navigator.mediaDevices) navigator.mediaDevices.getUserMedia ="
        f" () => Promise.reject(new DOMException('', '{error}'))"
    )
    open_invitation(page, invited(at_sim, gallery))
    go_on_to_photos(page)
    page.get_by_role("button", name="Turn the camera on").click()
    expect(page.locator("visavis-capture")).to_contain_text(words)
    page.locator("#photos summary").click()
    expect(page.locator("#photos details")).to_contain_text("Or ask Acme to take them with you")
    choose(page, *phone_photos[:1])
    page.locator("#enough").click()
    expect(page.locator("#check")).to_be_visible()


@slow
def test_a_camera_that_is_unplugged_loses_no_photo(page: Page, at_sim: World, gallery: str) -> None:
    open_invitation(page, invited(at_sim, gallery))
    go_on_to_photos(page)
    page.get_by_role("button", name="Turn the camera on").click()
    press_take(page)
    expect(page.locator(".strip img")).to_have_count(1)
    page.evaluate("""() => {
      const video = document.querySelector("visavis-capture").shadowRoot.querySelector("video");
      video.srcObject.getTracks()[0].dispatchEvent(new Event("ended"));
    }""")
    expect(page.locator("visavis-capture")).to_contain_text("The camera is gone.")
    page.locator("#enough").click()
    expect(page.locator(".photo")).to_have_count(1)


@pytest.mark.usefixtures("shown_faces")
@slow
def test_a_link_that_is_over_says_so_at_every_step(
    page: Page, at_sim: World, gallery: str, phone_photos: list[Path]
) -> None:
    over = page.get_by_role("heading", name="This link is over")
    page.goto(f"{BASE}/enrol#nothing")
    expect(over).to_be_visible()
    page.goto("about:blank")
    page.goto(f"{BASE}/enrol")
    expect(over).to_be_visible()
    open_invitation(page, secret := invited(at_sim, gallery))
    go_on_to_photos(page)
    choose(page, *phone_photos)
    assert at_sim.link("POST", "/v1/consent/refusal", secret).is_success  # in another window
    page.locator("#send").click()
    expect(over).to_be_visible()


@pytest.mark.usefixtures("shown_faces")
@slow
def test_a_server_that_is_away_costs_nothing_but_a_second_press(
    page: Page, at_sim: World, traffic: Traffic, gallery: str, phone_photos: list[Path]
) -> None:
    open_invitation(page, invited(at_sim, gallery))
    go_on_to_photos(page)
    choose(page, *phone_photos)
    calls: list[str] = []

    def away(route: Route) -> None:
        calls.append(route.request.url)
        if len(calls) == 1:
            route.fallback()
        else:
            route.abort()

    page.route(f"**{PHOTOS}", away)
    page.locator("#send").click()
    expect(page.locator("#check-problem")).to_contain_text("The server did not answer.")
    assert fates(page) == ["taken", "waits", "waits"]
    page.unroute(f"**{PHOTOS}", away)
    send(page)
    assert fates(page) == ["taken"] * 3
    page.locator("#to-sign").click()
    page.route("**/countersignature", lambda route: route.abort())
    page.locator("#yes").click()
    expect(page.locator("#sign-problem")).to_contain_text("The server did not answer.")
    page.unroute("**/countersignature")
    page.locator("#yes").click()
    expect(page.locator("#agreed")).to_be_visible()
    traffic.complaints.clear()  # the browser logs what did not arrive


@pytest.mark.usefixtures("shown_faces")
@slow
def test_back_goes_one_step_back_and_reload_finds_what_was_sent(
    page: Page, at_sim: World, gallery: str, phone_photos: list[Path]
) -> None:
    secret = invited(at_sim, gallery)
    sent_through(page, secret, *phone_photos)
    page.locator("#to-sign").click()
    for step in ("check", "photos", "ask"):
        page.go_back()
        expect(page.locator(f"#{step}")).to_be_visible()
    expect(page.get_by_role("checkbox")).to_be_checked()
    reloaded(page)
    expect(page.locator("#held")).to_contain_text("3 photos that were sent from this tab wait at the server.")
    page.locator("#held-over").click()
    expect(page.locator("visavis-capture")).to_be_visible()
    expect(page.locator("#held")).to_be_hidden()
    assert at_sim.link("GET", "/v1/consent", secret).json()["photos"]["held"] == 0
    assert kept_in(page) is None


def reloaded(page: Page) -> None:
    """Load the page anew, read and tick again, and go on to the photos."""
    page.reload()
    page.get_by_role("checkbox").check()
    page.locator("#go-on").click()
    expect(page.locator("#held")).to_be_visible()


def kept_in(page: Page) -> Any:
    """All that the tab keeps."""
    kept = page.evaluate("JSON.stringify(sessionStorage)")
    return json.loads(json.loads(kept)["visavis-photos-sent"]) if kept != "{}" else None


@pytest.mark.usefixtures("shown_faces")
def test_what_was_sent_is_signed_after_a_reload(
    page: Page, at_sim: World, gallery: str, phone_photos: list[Path]
) -> None:
    station, secret = at_sim.station(gallery), invited(at_sim, gallery)
    sent_through(page, secret, *phone_photos[:2])
    # The tab keeps digests: neither a photo nor the link.
    kept = kept_in(page)
    assert kept["link"] == hashlib.sha256(secret.encode()).hexdigest()
    assert {len(digest) for digest in kept["digests"]} == {64}
    assert (len(kept["digests"]), sorted(kept)) == (2, ["digests", "link"])
    reloaded(page)
    page.locator("#held-on").click()
    expect(page.locator("#check h1")).to_have_text("What was sent before")
    expect(page.locator("#check-lead")).to_contain_text("Start over if somebody else used this tab.")
    # There is room for one more, and it joins those from before.
    page.locator("#add").click()
    choose(page, phone_photos[2])
    page.locator("#enough").click()
    send(page)
    page.locator("#to-sign").click()
    expect(page.locator("#sign-lead")).to_contain_text("3 photos have arrived.")
    page.locator("#yes").click()
    expect(page.locator("#agreed")).to_be_visible()
    assert at_sim.sql('SELECT count(*) FROM "references"') == [(3,)]
    assert who(at_sim, station, photo("ann", 2)) is not None
    assert kept_in(page) is None


@pytest.mark.usefixtures("shown_faces")
def test_s1_photos_that_another_browser_exchanged_are_refused_after_a_reload_too(
    page: Page, at_sim: World, gallery: str, phone_photos: list[Path]
) -> None:
    secret = invited(at_sim, gallery)
    sent_through(page, secret, phone_photos[0])
    assert at_sim.link("DELETE", PHOTOS, secret).status_code == 204
    assert at_sim.link("POST", PHOTOS, secret, files={"photos": photo("eve")}).json()["held"] == 1
    reloaded(page)
    page.locator("#held-on").click()
    page.locator("#to-sign").click()
    page.locator("#yes").click()
    expect(page.locator("#sign-problem")).to_contain_text("somebody else has your link")
    assert at_sim.sql("SELECT countersignature FROM receipts") == [(None,)]


@pytest.mark.usefixtures("shown_faces")
@slow
@pytest.mark.parametrize("how", ["another browser", "another link", "no", "the link is over"])
def test_what_was_sent_elsewhere_or_is_over_is_not_gone_on_with(
    browser: Browser, page: Page, at_sim: World, gallery: str, phone_photos: list[Path], how: str
) -> None:
    secret = invited(at_sim, gallery)
    sent_through(page, secret, phone_photos[0])
    if how == "another browser":
        with browser.new_context(locale="en-GB") as context:
            other = context.new_page()
            at_world(other, at_sim)
            open_invitation(other, secret)
            go_on_to_photos(other)
            expect(other.locator("#held")).to_contain_text("This page cannot tell whose it is")
            expect(other.locator("#held-on")).to_be_hidden()
        return
    if how == "another link":
        open_invitation(page, invited(at_sim, gallery, "bea"))
    elif how == "no":
        page.locator("#check-no").click()
        expect(page.locator("#declined")).to_be_visible()
    else:
        at_sim.clock.move(days=60)
        page.reload()
        expect(page.locator("#over")).to_be_visible()
    assert kept_in(page) is None


@pytest.mark.usefixtures("shown_faces")
@slow
def test_what_was_started_over_in_another_window_is_sent_again(
    page: Page, at_sim: World, gallery: str, phone_photos: list[Path]
) -> None:
    secret = invited(at_sim, gallery)
    sent_through(page, secret, *phone_photos)
    page.locator("#to-sign").click()
    assert at_sim.link("DELETE", PHOTOS, secret).status_code == 204
    page.locator("#yes").click()
    expect(page.locator("#check-problem")).to_contain_text("The server has no photo of you")
    send(page)
    page.locator("#to-sign").click()
    page.locator("#yes").click()
    expect(page.locator("#agreed")).to_be_visible()


@pytest.mark.usefixtures("shown_faces")
def test_s1_photos_that_somebody_else_put_in_their_place_are_not_agreed_to(
    page: Page, at_sim: World, gallery: str, phone_photos: list[Path]
) -> None:
    secret = invited(at_sim, gallery)
    sent_through(page, secret, phone_photos[0])
    page.locator("#to-sign").click()
    assert at_sim.link("DELETE", PHOTOS, secret).status_code == 204
    assert at_sim.link("POST", PHOTOS, secret, files={"photos": photo("eve")}).json()["held"] == 1
    page.locator("#yes").click()
    problem = page.locator("#sign-problem")
    expect(problem).to_contain_text("A photo waits that was not sent from this page.")
    expect(problem).to_contain_text("somebody else has your link")
    assert at_sim.sql("SELECT countersignature FROM receipts") == [(None,)]
    page.locator("#sign-over").click()
    expect(page.locator("#photos h1")).to_be_focused()
    expect(page.locator(".strip img")).to_have_count(0)
    choose(page, phone_photos[1])
    page.locator("#enough").click()
    send(page)
    page.locator("#to-sign").click()
    page.locator("#yes").click()
    expect(page.locator("#agreed")).to_be_visible()
    assert who(at_sim, at_sim.station(gallery), photo("eve", 2)) is None


@slow
def test_each_link_finds_the_page_that_it_is_for(page: Page, at_sim: World, gallery: str) -> None:
    page.goto(f"{BASE}/consent#{invited(at_sim, gallery)}", wait_until="commit")
    page.wait_for_url("**/enrol#*")
    expect(page.locator("#ask h1")).to_be_visible()
    page.goto("about:blank")
    page.goto(f"{BASE}/enrol#{at_sim.pending(gallery, 'bea', photo('bea'))}", wait_until="commit")
    page.wait_for_url("**/consent#*")
    expect(page.locator("#yes")).to_be_visible()


@slow
def test_a_page_that_cannot_load_the_camera_tries_again(
    page: Page, at_sim: World, traffic: Traffic, gallery: str
) -> None:
    open_invitation(page, invited(at_sim, gallery))
    page.route("**/capture/element.js", lambda route: route.abort())
    page.get_by_role("checkbox").check()
    page.locator("#go-on").click()
    expect(page.locator("#photos-problem")).to_contain_text("could not be loaded")
    page.unroute("**/capture/element.js")
    page.locator("#camera-again").click()
    expect(page.locator("visavis-capture")).to_be_visible()
    expect(page.locator("#photos-problem")).to_be_empty()
    traffic.complaints.clear()  # the browser logs what did not arrive
