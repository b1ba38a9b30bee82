"""What a person does at the pages, in a real browser, over the real doors of a simulated server."""

from pathlib import Path

import pytest
from playwright.sync_api import Page, Route, expect
from sim.faces import photo
from support.browser import Traffic
from support.person_at_page import agree, load_receipt, open_consent, read_json, save_receipt
from support.pictures import Look
from support.world import BASE, World

pytestmark = pytest.mark.browser


def test_person_agrees_and_is_recognised(page: Page, at_sim: World, tmp_path: Path, look: Look) -> None:
    gallery = at_sim.gallery()
    station = at_sim.station(gallery)
    secret = at_sim.pending(gallery, "ann", photo("ann"))
    assert at_sim.identify(station, photo("ann", 2))["decision"] == "NO_MATCH"
    open_consent(page, secret)
    look("consent")
    receipt = read_json(agree(page, tmp_path))
    decision = at_sim.identify(station, photo("ann", 2))
    assert (decision["decision"], decision["subject"]["subject_id"]) == ("MATCH", receipt["subject_id"])
    assert receipt["server"] == BASE
    expect(page.locator("#saved")).to_contain_text("Saved as visavis-receipt-")
    look("consent-agreed")


def test_page_tells_what_is_asked_before_it_asks(page: Page, at_sim: World) -> None:
    gallery = at_sim.gallery(target=0.001, text="Erster Absatz.\n\n<b>Zweiter</b> & dritter.", language="de")
    open_consent(page, at_sim.pending(gallery, "ann", photo("ann")))
    text = page.locator("#text")
    expect(text).to_have_text("Erster Absatz.\n\n<b>Zweiter</b> & dritter.")
    expect(text).to_have_attribute("lang", "de")
    short = page.locator("#ask")
    for words in ("Acme", "privacy@acme.example", "90 days", "at most 1 in 1,000", "Version 1, German"):
        expect(short).to_contain_text(words)


def test_s7_both_answers_are_as_large_and_neither_is_given_for_the_person(page: Page, at_sim: World) -> None:
    open_consent(page, at_sim.pending(at_sim.gallery(), "ann", photo("ann")))
    for width in (320, 390, 1280):
        page.set_viewport_size({"width": width, "height": 800})
        yes, no = (page.locator(f"#{name}").bounding_box() for name in ("yes", "no"))
        assert yes is not None
        assert no is not None
        assert (yes["width"], yes["height"]) == (no["width"], no["height"])
    looks = "(id) => { const s = getComputedStyle(document.getElementById(id));"
    looks += " return [s.backgroundColor, s.color, s.fontSize, s.borderColor]; }"
    assert page.evaluate(looks, "yes") == page.evaluate(looks, "no")
    expect(page.get_by_role("checkbox")).not_to_be_checked()


def test_s1_yes_without_the_tick_agrees_to_nothing(page: Page, at_sim: World, traffic: Traffic, look: Look) -> None:
    secret = at_sim.pending(at_sim.gallery(), "ann", photo("ann"))
    open_consent(page, secret)
    page.locator("#yes").click()
    expect(page.locator("#agree-problem")).to_contain_text("Tick the box first")
    expect(page.get_by_role("checkbox")).to_be_focused()
    look("consent-not-ticked", "section[aria-labelledby=answer]")
    assert not [request for request in traffic.requests if request.method == "POST"]
    assert at_sim.link("GET", "/v1/consent", secret).json()["waiting"]


def test_s1_private_key_never_leaves_the_browser(page: Page, at_sim: World, traffic: Traffic, tmp_path: Path) -> None:
    open_consent(page, at_sim.pending(at_sim.gallery(), "ann", photo("ann")))
    receipt = agree(page, tmp_path)
    load_receipt(page, receipt)
    expect(page.locator("#held")).to_be_visible()
    private = read_json(receipt)["private_key"]["d"]
    sent = traffic.sent()
    assert read_json(receipt)["countersignature"].encode() in sent
    assert private.encode() not in sent
    assert private.encode() not in at_sim.files()
    stored = "[localStorage.length, sessionStorage.length, document.cookie]"
    assert page.evaluate(stored) == [0, 0, ""]


@pytest.mark.slow
def test_no_request_leaves_the_origin(page: Page, at_sim: World, traffic: Traffic, tmp_path: Path) -> None:
    open_consent(page, at_sim.pending(at_sim.gallery(), "ann", photo("ann")))
    receipt = agree(page, tmp_path)
    load_receipt(page, receipt)
    expect(page.locator("#held")).to_be_visible()
    for path in ("/", "/docs", "/grant", "/consent"):
        page.goto(BASE + path)
    assert traffic.origins() == {BASE}


@pytest.mark.slow
def test_link_secret_is_in_no_address(page: Page, at_sim: World, traffic: Traffic, tmp_path: Path) -> None:
    secret = at_sim.pending(at_sim.gallery(), "ann", photo("ann"))
    open_consent(page, secret)
    agree(page, tmp_path)
    assert not [r.url for r in traffic.requests if secret in r.url.partition("#")[0]]
    assert secret not in page.url


def test_person_declines_and_the_pin_works(page: Page, at_sim: World, look: Look) -> None:
    gallery = at_sim.gallery()
    station = at_sim.station(gallery)
    open_consent(page, at_sim.pending(gallery, "ann", photo("ann")))
    page.get_by_role("button", name="No, use a PIN instead").click()
    expect(page.locator("#declined h1")).to_be_visible()
    pin = page.locator("[data-pin]").inner_text()
    assert at_sim.pin(station, "ann", pin)["decision"] == "MATCH"
    assert at_sim.identify(station, photo("ann", 2))["decision"] == "NO_MATCH"
    assert at_sim.sql("SELECT count(*) FROM 'references'") == [(0,)]
    expect(page.get_by_role("img", name="Your QR code")).to_be_visible()
    look("consent-declined")


@pytest.mark.slow
def test_link_used_twice_gets_a_kind_page(page: Page, at_sim: World, tmp_path: Path, look: Look) -> None:
    secret = at_sim.pending(at_sim.gallery(), "ann", photo("ann"))
    open_consent(page, secret)
    agree(page, tmp_path)
    page.goto("about:blank")
    page.goto(f"{BASE}/consent#{secret}")
    expect(page.get_by_role("heading", name="This link is over")).to_be_visible()
    expect(page.locator("#problem")).to_be_empty()
    look("consent-over")


@pytest.mark.slow
def test_link_that_ends_while_it_is_read_agrees_to_nothing(page: Page, at_sim: World) -> None:
    open_consent(page, at_sim.pending(at_sim.gallery(), "ann", photo("ann")))
    at_sim.clock.move(seconds=15 * 86400)
    page.get_by_role("checkbox").check()
    page.locator("#yes").click()
    expect(page.get_by_role("heading", name="This link is over")).to_be_visible()


def test_offer_that_another_key_signed_is_not_shown(page: Page, at_sim: World) -> None:
    secret = at_sim.pending(at_sim.gallery(), "ann", photo("ann"))
    page.route("**/jwks.json", lambda route: route.fulfill(json={"keys": []}))
    page.goto(f"{BASE}/consent#{secret}")
    expect(page.locator("#problem")).to_contain_text("signature does not check out")
    expect(page.locator("#ask")).to_be_hidden()


@pytest.mark.slow
def test_answer_that_got_lost_does_not_lose_the_key(
    page: Page, at_sim: World, traffic: Traffic, tmp_path: Path
) -> None:
    secret = at_sim.pending(at_sim.gallery(), "ann", photo("ann"))
    open_consent(page, secret)
    lost: list[str] = []

    def lose(route: Route) -> None:
        sent = route.request.post_data_json
        lost.append(at_sim.link("POST", "/v1/consent/countersignature", secret, json=sent).text)
        route.abort()

    page.route("**/v1/consent/countersignature", lose, times=1)
    page.get_by_role("checkbox").check()
    page.locator("#yes").click()
    expect(page.locator("#problem")).to_contain_text("did not answer")
    page.wait_for_timeout(1100)  # a second try signs another time, unless the first signature is kept
    page.locator("#yes").click()
    expect(page.locator("#agreed")).to_be_visible()
    receipt = save_receipt(page, tmp_path)
    assert read_json(receipt)["countersignature"] in lost[0]
    load_receipt(page, receipt)
    expect(page.locator("#held")).to_contain_text("You agreed to be recognised.")
    traffic.complaints.clear()  # the lost answer is logged by the browser


@pytest.mark.slow
def test_new_photos_are_signed_with_the_key_of_the_earlier_receipt(page: Page, at_sim: World, tmp_path: Path) -> None:
    gallery = at_sim.gallery()
    open_consent(page, at_sim.pending(gallery, "ann", photo("ann")))
    first = agree(page, tmp_path)
    open_consent(page, at_sim.pending(gallery, "ann", photo("ann", 2)))
    page.get_by_role("checkbox").check()
    page.locator("#yes").click()
    expect(page.locator("#problem")).to_contain_text("another key")
    page.locator("#earlier-file").set_input_files(first)
    expect(page.locator("#earlier-said")).to_contain_text("Loaded")
    second = agree(page, tmp_path)
    assert read_json(second)["private_key"] == read_json(first)["private_key"]
    expect(page.locator("#agreed-other")).to_contain_text("stay as they were")
