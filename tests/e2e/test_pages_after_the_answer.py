"""What a person does at the pages once they answered, and when an answer gets lost."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest
import segno
from joserfc.jwk import OKPKey
from playwright.sync_api import Dialog, Page, Route, expect
from sim.faces import photo
from support.browser import Traffic
from support.pdf import files_inside, unpacked
from support.person_at_page import agree, load_receipt, open_consent, read_json, save_receipt
from support.pictures import Look
from support.world import BASE, World

from visavis.client import Receipt, check_archive

pytestmark = pytest.mark.browser


@pytest.mark.slow
def test_leaving_without_saving_the_receipt_is_warned_of(page: Page, at_sim: World, tmp_path: Path) -> None:
    warned: list[str] = []

    def leave(dialog: Dialog) -> None:
        warned.append(dialog.type)
        dialog.accept()

    page.on("dialog", leave)
    open_consent(page, at_sim.pending(at_sim.gallery(), "ann", photo("ann")))
    page.get_by_role("checkbox").check()
    page.locator("#yes").click()
    expect(page.locator("#agreed")).to_be_visible()
    page.reload()
    assert warned == ["beforeunload"]
    open_consent(page, at_sim.pending(at_sim.gallery(), "ann", photo("ann")))
    agree(page, tmp_path)
    page.reload()
    assert warned == ["beforeunload"]


@pytest.mark.parametrize("status", [500, 502, 504])
@pytest.mark.parametrize("then", ["leave", "no"])
@pytest.mark.slow
def test_answer_that_broke_after_it_was_stored_does_not_lose_the_key(
    page: Page, at_sim: World, tmp_path: Path, status: int, then: str
) -> None:
    warned: list[str] = []

    def leave(dialog: Dialog) -> None:
        warned.append(dialog.type)
        dialog.accept()

    def break_after(route: Route) -> None:
        sent = route.request.post_data_json
        assert at_sim.link("POST", "/v1/consent/countersignature", secret, json=sent).is_success
        route.fulfill(status=status, body="a proxy's own page")

    page.on("dialog", leave)
    secret = at_sim.pending(at_sim.gallery(), "ann", photo("ann"))
    open_consent(page, secret)
    page.route("**/v1/consent/countersignature", break_after, times=1)
    page.get_by_role("checkbox").check()
    page.locator("#yes").click()
    expect(page.locator("#problem")).not_to_be_empty()
    if then == "leave":
        page.reload()
        assert warned == ["beforeunload"]
    else:
        page.get_by_role("button", name="No, use a PIN instead").click()
        expect(page.locator("#agreed")).to_be_visible()
        load_receipt(page, save_receipt(page, tmp_path))
        expect(page.locator("#held")).to_contain_text("You agreed to be recognised.")


@pytest.mark.slow
def test_refused_answer_leaves_nothing_to_keep(page: Page, at_sim: World) -> None:
    warned: list[str] = []

    def leave(dialog: Dialog) -> None:
        warned.append(dialog.type)
        dialog.accept()

    page.on("dialog", leave)
    open_consent(page, at_sim.pending(at_sim.gallery(), "ann", photo("ann")))
    page.route("**/v1/consent/countersignature", lambda route: route.fulfill(status=429, json={"code": "too_many"}))
    page.get_by_role("checkbox").check()
    page.locator("#yes").click()
    expect(page.locator("#problem")).not_to_be_empty()
    page.reload()
    assert warned == []


@pytest.mark.parametrize("agreed_before", [True, False])
def test_declined_page_says_only_what_is_true_of_the_person(page: Page, at_sim: World, agreed_before: bool) -> None:  # noqa: FBT001 -- pytest passes by name
    gallery = at_sim.gallery()
    if agreed_before:
        at_sim.active(gallery, "ann", photo("ann"))
    else:
        at_sim.made(f"/v1/galleries/{gallery}/without-face", {"external_reference": "ann"})
    open_consent(page, at_sim.pending(gallery, "ann", photo("ann", 2)))
    page.get_by_role("button", name="No, use a PIN instead").click()
    declined = page.locator("#declined")
    expect(declined).to_contain_text("If you agreed to anything earlier, it stays as it is until you withdraw.")
    expect(declined).not_to_contain_text("What you agreed to")
    expect(declined).to_contain_text("stay as they were")


@pytest.mark.slow
def test_person_sees_all_and_takes_it_along(page: Page, at_sim: World, tmp_path: Path, look: Look) -> None:
    gallery = at_sim.gallery(retention_days=500)
    station = at_sim.station(gallery)
    open_consent(page, at_sim.pending(gallery, "ann", photo("ann")))
    receipt = agree(page, tmp_path)
    at_sim.identify(station, photo("ann", 2))
    load_receipt(page, receipt)
    held = page.locator("#held")
    for words in ("ann", "Acme", "sim-1", "Recognised", "You agreed to be recognised."):
        expect(held).to_contain_text(words)
    with page.expect_download() as download:
        page.get_by_role("button", name="Download everything").click()
    download.value.save_as(tmp_path / "all.zip")
    assert download.value.suggested_filename.startswith("visavis-about-")
    checked = check_archive((tmp_path / "all.zip").read_bytes(), receipt=Receipt.load(receipt))
    assert (checked.document["subject"]["name"], checked.document["readings"]) == ("ann", [])
    assert checked.document["decisions"][0]["outcome"] == "MATCH"
    expect(held).to_contain_text("Nobody so far.")
    headers = {"Visavis-Reason": "<b>asked</b> at the desk"}
    at_sim.api("GET", f"/v1/subjects/{checked.subject_id}", headers=headers)
    load_receipt(page, receipt)
    for words in ("first", "Everything held about you", "<b>asked</b> at the desk"):
        expect(page.locator("#readings")).to_contain_text(words)
    offer = page.locator("#new-photos")
    expect(offer).to_be_hidden()
    at_sim.clock.move(days=365)
    load_receipt(page, receipt)
    expect(offer).to_contain_text("ask the people who enrolled you to take new ones")
    look("my-data")


@pytest.mark.slow
def test_device_with_a_wrong_clock_signs_by_that_of_the_server(page: Page, at_sim: World, tmp_path: Path) -> None:
    open_consent(page, at_sim.pending(at_sim.gallery(), "ann", photo("ann")))
    receipt = agree(page, tmp_path)
    at_sim.clock.move(seconds=3600)
    load_receipt(page, receipt)
    expect(page.locator("#held")).to_be_visible()


def test_person_withdraws_in_two_steps_and_is_gone(page: Page, at_sim: World, tmp_path: Path, look: Look) -> None:
    gallery = at_sim.gallery()
    station = at_sim.station(gallery)
    open_consent(page, at_sim.pending(gallery, "ann", photo("ann")))
    receipt = agree(page, tmp_path)
    load_receipt(page, receipt)
    page.get_by_role("button", name="Withdraw", exact=True).click()
    page.get_by_role("button", name="Keep everything").click()
    assert at_sim.identify(station, photo("ann", 2))["decision"] == "MATCH"
    page.get_by_role("button", name="Withdraw", exact=True).click()
    page.get_by_role("button", name="Withdraw now").click()
    expect(page.get_by_role("heading", name="It is gone")).to_be_visible()
    expect(page.locator("#gone")).to_contain_text("the server does not know it any more")
    look("my-data-withdrawn")
    assert at_sim.identify(station, photo("ann", 2))["decision"] == "NO_MATCH"
    load_receipt(page, receipt)
    expect(page.locator("#problem")).to_contain_text("nothing is held any more")
    look("my-data-nothing-held")


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"no", "not JSON"),
        (b"{}", "not a Visavis receipt"),
        (b'{"visavis_receipt": 1}', "not a Visavis receipt"),
    ],
)
def test_file_that_is_no_receipt_is_answered_kindly(
    page: Page, at_sim: World, traffic: Traffic, tmp_path: Path, content: bytes, words: str
) -> None:
    wrong = tmp_path / "wrong.json"
    wrong.write_bytes(content)
    load_receipt(page, wrong)
    expect(page.locator("#problem")).to_contain_text(words)
    assert not [request for request in traffic.requests if "/v1/" in request.url]
    assert at_sim is not None


@pytest.mark.slow
def test_receipt_of_another_server_says_where_to_go(page: Page, at_sim: World, tmp_path: Path) -> None:
    open_consent(page, at_sim.pending(at_sim.gallery(), "ann", photo("ann")))
    receipt = agree(page, tmp_path)
    receipt.write_text(receipt.read_text().replace(BASE, "https://elsewhere.example"))
    load_receipt(page, receipt)
    expect(page.locator("#problem")).to_contain_text("Open https://elsewhere.example/me")


def test_holder_grants_one_document_check(page: Page, at_sim: World, traffic: Traffic, look: Look) -> None:
    station = at_sim.station(purpose_id=at_sim.purpose(target_kind="fmr", target=0.001))
    opened = at_sim.at(station, "POST", "/v1/sessions", json={"kind": "document_check"}).json()
    path = f"/v1/sessions/{opened['session_id']}/document-check"
    page.goto(opened["grant_link"])
    expect(page.locator("#text")).to_contain_text("We open the door for you.")
    look("document-check")
    page.locator("#yes").click()
    expect(page.locator("#agree-problem")).to_contain_text("Tick the box first")
    page.get_by_role("checkbox").check()
    page.get_by_role("button", name="Yes, compare them once").click()
    expect(page.locator("#granted")).to_be_visible()
    pictures = {"portrait": photo("ann"), "document": photo("ann", 2)}
    assert at_sim.at(station, "POST", path, files=pictures).json()["decision"] == "MATCH"
    assert b'"d"' not in traffic.sent()


def test_holder_who_says_no_grants_nothing(page: Page, at_sim: World) -> None:
    station = at_sim.station(purpose_id=at_sim.purpose(target_kind="fmr", target=0.001))
    opened = at_sim.at(station, "POST", "/v1/sessions", json={"kind": "document_check"}).json()
    page.goto(opened["grant_link"])
    page.get_by_role("button", name="No, do not compare").click()
    expect(page.locator("#refused")).to_be_visible()
    path = f"/v1/sessions/{opened['session_id']}/document-check"
    pictures = {"portrait": photo("ann"), "document": photo("ann", 2)}
    assert at_sim.at(station, "POST", path, files=pictures).json()["code"] == "session_not_granted"


def test_grant_link_that_is_over_gets_a_kind_page(page: Page, at_sim: World) -> None:
    station = at_sim.station(purpose_id=at_sim.purpose(target_kind="fmr", target=0.001))
    opened = at_sim.at(station, "POST", "/v1/sessions", json={"kind": "document_check"}).json()
    at_sim.clock.move(seconds=121)
    page.goto(opened["grant_link"])
    expect(page.get_by_role("heading", name="This link is over")).to_be_visible()


@pytest.mark.slow
def test_the_code_of_a_receipt_opens_my_data_and_its_key_stays_in_the_browser(
    page: Page, at_sim: World, traffic: Traffic, tmp_path: Path
) -> None:
    """What the QR code says is read by another program; the address is opened as a telephone would."""
    open_consent(page, at_sim.pending(at_sim.gallery(), "ann", photo("ann")))
    receipt = read_json(agree(page, tmp_path))
    page.locator("#agreed details summary").first.click()
    expect(page.locator("#receipt-code svg")).to_be_visible()
    address = f"{BASE}/me#key={receipt['subject_id']}.{receipt['private_key']['d']}"
    drawn = page.locator("#receipt-code path").get_attribute("d")
    rows = segno.make(address, error="m", boost_error=False, mode="byte").symbol_size()[0] - 8
    assert page.locator("#receipt-code svg").get_attribute("viewBox") == f"-4 -4 {rows + 8} {rows + 8}"
    assert drawn
    page.goto("about:blank")
    page.goto(address)
    expect(page.locator("#held")).to_contain_text("You agreed to be recognised.")
    assert page.url == f"{BASE}/me"
    assert str(receipt["private_key"]["d"]).encode() not in traffic.sent()
    page.locator("#withdraw").click()
    page.locator("#really").click()
    expect(page.locator("#gone")).to_contain_text("the server does not know it any more")


@pytest.mark.parametrize("change", [lambda d: d[:-1], lambda d: d[:-1] + chr(ord(d[-1]) ^ 1), lambda d: d + "x"])
@pytest.mark.slow
def test_a_code_of_which_a_character_got_lost_opens_nothing(
    page: Page, at_sim: World, traffic: Traffic, change: Callable[[str], str]
) -> None:
    key = OKPKey.generate_key("Ed25519").as_dict(private=True)["d"]
    assert at_sim.gallery()
    page.goto(f"{BASE}/me#key=sub_{'a' * 26}.{change(str(key))}")
    expect(page.locator("#problem")).to_contain_text("not read as a whole")
    assert not [request for request in traffic.requests if "/v1/" in request.url]


@pytest.mark.slow
def test_the_receipt_as_a_pdf_has_the_receipt_inside_and_writes_any_script(
    page: Page, at_sim: World, traffic: Traffic, tmp_path: Path
) -> None:
    gallery = at_sim.gallery(name="Ποια πόρτα", text="Wir öffnen die Tür.\n\nنفتح لك الباب.\n\n" + "lang " * 900)
    open_consent(page, at_sim.pending(gallery, "ann", photo("ann")))
    page.get_by_role("checkbox").check()
    page.get_by_role("button", name="Yes, recognise my face").click()
    with page.expect_download() as download:
        page.get_by_role("button", name="Save it as a PDF").click()
    kept = tmp_path / download.value.suggested_filename
    download.value.save_as(kept)
    assert kept.name.endswith(".pdf")
    (inside,) = files_inside(kept.read_bytes())
    assert not [drawn for drawn in unpacked(kept.read_bytes()) if b"3F3F" in drawn], "a script is written as ???"
    receipt = json.loads(inside)
    assert receipt["visavis_receipt"] == 1
    assert receipt["private_key"]["d"]
    assert traffic.origins() == {BASE}
    (tmp_path / "receipt.json").write_bytes(inside)
    load_receipt(page, tmp_path / "receipt.json")
    expect(page.locator("#held")).to_contain_text("You agreed to be recognised.")
