"""The console's sections about purposes, and about what custodians are asked."""

import json
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect
from sim.faces import photo
from support.console_page import at_console, opened
from support.exporting import Quorum
from support.pictures import Look
from support.world import PURPOSE, World

pytestmark = pytest.mark.browser


@pytest.mark.slow
def test_a_purpose_is_stated_reworded_and_ended(page: Page, at_sim: World, look: Look) -> None:
    at_console(page, at_sim, "admin", at="purposes")
    opened(page, "purposes")
    page.get_by_role("link", name="State a new purpose").click()
    page.get_by_label("What it is called").fill("Side door")
    page.get_by_role("button", name="State it").click()
    expect(page.locator("#purpose-new-form [role=alert]")).to_contain_text("Fill this in")
    expect(page.get_by_label("Who is responsible")).to_be_focused()
    page.get_by_label("Who is responsible").fill("Acme")
    page.get_by_label("How to reach them").fill("privacy@acme.example")
    page.get_by_label("Whose law applies").fill("NL")
    page.get_by_label("Text that people read").last.fill("We open the side door.")
    page.get_by_role("button", name="State it").click()
    page.locator("dialog").get_by_role("button", name="State it").click()
    expect(page.locator("#purpose-title")).to_have_text("Side door")
    expect(page.locator("#content")).not_to_contain_text("At least as strict as")
    (stated,) = at_sim.api("GET", "/v1/purposes").json()["items"]
    assert (stated["target_kind"], stated["target"], stated["retention_days"]) == ("fpir", 0.01, 365)
    page.get_by_role("button", name="Take the new wording").click()
    expect(page.locator("#purpose-reword [role=alert]")).to_contain_text("Change the text")
    page.locator("#purpose-words").fill("We open the side door, and nothing else.")
    page.get_by_role("button", name="Take the new wording").click()
    page.locator("dialog").get_by_role("button", name="Take the new wording").click()
    expect(page.locator("#purpose-texts details")).to_have_count(2)
    look("console-purpose")
    page.get_by_role("button", name="End it").click()
    expect(page.locator("dialog")).to_contain_text("everybody in its galleries is destroyed")
    page.get_by_role("button", name="End the purpose").click()
    expect(page.locator("#purpose-acts")).to_be_hidden()
    assert at_sim.api("GET", f"/v1/purposes/{stated['id']}").json()["ends_at"] is not None
    assert [text["version"] for text in at_sim.api("GET", f"/v1/purposes/{stated['id']}").json()["texts"]] == [1, 2]


@pytest.mark.slow
def test_an_auditor_sees_purposes_and_changes_none(page: Page, at_sim: World) -> None:
    purpose = at_sim.made("/v1/purposes", {**PURPOSE, "target": 0.001})["id"]
    at_console(page, at_sim, "auditor", at=f"purposes/{purpose}")
    expect(page.locator("#purpose-title")).to_have_text(str(PURPOSE["name"]))
    strict = page.locator("#content").get_by_text("At least as strict as")
    expect(strict.locator("xpath=..")).to_contain_text("NIST SP 800-63A, looking for one among many")
    expect(page.locator("#purpose-acts")).to_be_hidden()
    page.goto(page.url.replace(purpose, "new"))
    expect(page.locator("#purpose-new")).to_be_hidden()


@pytest.mark.slow
def test_a_custodian_hands_in_what_was_signed_elsewhere(page: Page, at_sim: World, tmp_path: Path, look: Look) -> None:
    quorum = Quorum.over(at_sim)
    gallery = at_sim.gallery()
    at_sim.active(gallery, "ann", photo("ann"))
    export = quorum.asked(gallery)
    at_console(page, at_sim, "custodian", at="approvals")
    opened(page, "approvals")
    card = page.locator("#approvals > section")
    expect(card).to_contain_text(quorum.recipient)
    expect(card).to_contain_text("0 of 3 approved")
    with page.expect_download() as download:
        card.get_by_role("button", name="Save the request").click()
    request = tmp_path / download.value.suggested_filename
    download.value.save_as(request)
    assert request.read_text() == export["document"], "byte by byte what is signed"
    approval = tmp_path / "approval.json"
    for wrong in ("", "{}", json.dumps(quorum.word(1, export)).replace("key", "cay")):
        approval.write_text(wrong)
        card.locator("input[type=file]").set_input_files(approval)
        card.get_by_role("button", name="Approve").click()
        expect(card.locator("[role=alert]")).to_contain_text("Choose the file")
    approval.write_text(json.dumps(quorum.word(1, export)))
    card.locator("input[type=file]").set_input_files(approval)
    card.get_by_role("button", name="Approve").click()
    expect(card).to_contain_text("1 of 3 approved")
    expect(card).to_contain_text("custodian 1")
    look("console-custodians")
    card.locator("input[type=file]").set_input_files(approval)
    card.get_by_role("button", name="Approve").click()
    expect(card.locator("[role=alert]")).not_to_be_empty()
    (waits,) = at_sim.api("GET", "/v1/exports").json()["items"]
    assert [one["name"] for one in waits["approvals"]] == ["custodian 1"]
