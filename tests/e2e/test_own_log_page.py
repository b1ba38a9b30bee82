"""The part of the person's page that shows what the log says about them, over the doors of a simulated server."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page, Route, expect
from sim.faces import photo
from support.browser import Traffic
from support.own_log import published
from support.person_at_page import agree, load_receipt, open_consent, read_json
from support.world import World

pytestmark = [pytest.mark.browser, pytest.mark.slow]


@pytest.fixture
def receipt(page: Page, at_sim: World, tmp_path: Path) -> Path:
    """Somebody agreed, was recognised once and looked up once."""
    gallery = at_sim.gallery()
    open_consent(page, at_sim.pending(gallery, "ann", photo("ann")))
    kept = agree(page, tmp_path)
    at_sim.identify(at_sim.station(gallery), photo("ann", 2))
    why = {"Visavis-Reason": "<b>asked</b> at the desk"}
    at_sim.api("GET", f"/v1/subjects/{read_json(kept)['subject_id']}", headers=why)
    published(at_sim)
    return kept


def changed(page: Page, world: World, path: str, lie: Callable[[Any], Any]) -> None:
    """Let somebody between the page and the server change what it answers."""

    def answer(route: Route) -> None:
        headers = {k: v for k, v in route.request.headers.items() if k not in {"host", "connection", "content-length"}}
        route.fulfill(json=lie(world.http.get(path, headers=headers).json()))

    page.route(f"**{path}", answer)


def test_person_reads_who_looked_and_that_it_is_proven(page: Page, receipt: Path, at_sim: World) -> None:
    load_receipt(page, receipt)
    expect(page.locator("#log-status")).to_have_text(
        "Checked here, in your browser: 6 entries are proven to be in the public log."
    )
    entries = page.locator("#log-entries li")
    expect(entries).to_have_count(6)
    expect(entries.nth(1)).to_contain_text("You agreed")
    expect(entries.nth(4)).to_contain_text("Your face was compared with everybody enrolled: Recognised")
    expect(entries.nth(4)).to_contain_text("At station")
    expect(entries.nth(5)).to_contain_text("By first: <b>asked</b> at the desk")
    expect(page.locator("#log-entries .proven")).to_have_count(6)
    expect(page.locator("#log-unpinned")).to_be_hidden()
    expect(page.locator("#log-problem")).to_be_empty()
    assert at_sim.services.publisher.published is not None


@pytest.mark.slow
def test_the_log_itself_is_asked_for_without_a_name(page: Page, receipt: Path, at_sim: World, traffic: Traffic) -> None:
    load_receipt(page, receipt)
    expect(page.locator("#log-list")).to_be_visible()
    public = [request for request in traffic.requests if "/log/" in request.url and "/v1/" not in request.url]
    assert public
    for request in public:
        assert not {"signature", "signature-input", "cookie"} & set(request.headers)
    assert at_sim is not None


@pytest.mark.slow
def test_an_entry_that_waits_is_not_called_proven(page: Page, receipt: Path, at_sim: World) -> None:
    def unpublished(answer: Any) -> Any:
        answer["items"][-1]["proof"] = None
        return answer

    before = at_sim.http.get("/log/checkpoint").text
    subject = read_json(receipt)["subject_id"]
    at_sim.api("GET", f"/v1/subjects/{subject}")
    page.route("**/log/checkpoint", lambda route: route.fulfill(body=before))
    changed(page, at_sim, "/v1/me/log", unpublished)
    load_receipt(page, receipt)
    expect(page.locator("#log-status")).to_contain_text("1 entry is not published yet")
    expect(page.locator("#log-entries li").last).to_contain_text("Not published yet")
    expect(page.locator("#log-entries li").last.locator(".proven")).to_have_count(0)


def test_what_does_not_check_out_is_said_and_nothing_is_shown(
    page: Page, receipt: Path, at_sim: World, tmp_path: Path
) -> None:
    def lie(answer: Any) -> Any:
        answer["items"][4]["details"]["station_name"] = "Elsewhere"
        return answer

    changed(page, at_sim, "/v1/me/log", lie)
    load_receipt(page, receipt)
    problem = page.locator("#log-problem")
    expect(problem).to_contain_text("does not say what the server says that it says")
    expect(problem).to_contain_text("Save what the server sent and show it to an auditor")
    expect(page.locator("#log-list")).to_be_hidden()
    expect(page.locator(".proven")).to_have_count(0)
    expect(page.locator("#held h1")).to_be_visible()
    with page.expect_download() as download:
        page.get_by_role("button", name="Save what the server sent").click()
    download.value.save_as(tmp_path / "evidence.json")
    kept = read_json(tmp_path / "evidence.json")
    assert kept["pages"][0]["items"][4]["details"]["station_name"] == "Elsewhere"
    assert kept["checkpoint"] == at_sim.http.get("/log/checkpoint").text


@pytest.mark.slow
def test_another_key_than_on_the_day_of_the_consent_is_refused(page: Page, receipt: Path, at_sim: World) -> None:
    other = "faces.example/log+18605599+AddamAGCsQq31Uv+08lkBzoO4XLz2qYjJa8CGmj3B1Ea"
    changed(page, at_sim, "/v1/me/log", lambda answer: {**answer, "log_key": other})
    load_receipt(page, receipt)
    expect(page.locator("#log-problem")).to_contain_text("another key than on the day you agreed")
    expect(page.locator("#log-list")).to_be_hidden()


def saved_again(page: Page, to: Path) -> dict[str, Any]:
    expect(page.locator("#log-list")).to_be_visible()
    page.locator("#log-list summary").click()
    with page.expect_download() as download:
        page.get_by_role("button", name="Save my receipt again").click()
    download.value.save_as(to)
    return read_json(to)


@pytest.mark.slow
def test_a_receipt_saved_again_knows_how_the_log_begins(
    page: Page, receipt: Path, at_sim: World, tmp_path: Path
) -> None:
    load_receipt(page, receipt)
    kept = saved_again(page, tmp_path / "again.json")
    assert kept == {**read_json(receipt), "log_checkpoint": at_sim.http.get("/log/checkpoint").text}
    at_sim.api("GET", f"/v1/subjects/{kept['subject_id']}")
    published(at_sim)
    load_receipt(page, tmp_path / "again.json")
    expect(page.locator("#log-status")).to_contain_text("7 entries are proven")
    origin, size, root, *rest = kept["log_checkpoint"].split("\n")
    another = "\n".join([origin, size, f"{'A' * (len(root) - 1)}=", *rest])
    receipt.write_text(json.dumps({**kept, "log_checkpoint": another}))
    load_receipt(page, receipt)
    expect(page.locator("#log-problem")).to_contain_text("another story than it told you before")


@pytest.mark.slow
def test_a_receipt_from_before_says_so_and_can_be_mended(
    page: Page, receipt: Path, at_sim: World, tmp_path: Path
) -> None:
    old = {name: value for name, value in read_json(receipt).items() if not name.startswith("log")}
    receipt.write_text(json.dumps(old))
    load_receipt(page, receipt)
    expect(page.locator("#log-unpinned")).to_contain_text("Save your receipt again")
    mended = saved_again(page, tmp_path / "mended.json")
    assert mended["log_key"] == at_sim.http.get("/log/key").text.strip()
