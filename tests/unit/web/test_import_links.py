"""The links of an import in each of their forms."""

import csv
import io

import pytest
from sim.faces import photo
from support.importing import Bringing
from support.pdf import code_of, drawn_codes, pages
from support.world import World


@pytest.fixture
def staff(world: World) -> Bringing:
    staff = Bringing.opened(world, world.gallery())
    for name in ("=cmd|' /C calc'!A0", "Zo\u00e9, x", "ann", "\u5c71"):
        staff.brought(name, photo("p"))
        world.clock.move(seconds=1)
    return staff


def test_the_table_has_every_link_and_no_formula(staff: Bringing) -> None:
    answer = staff.ask("GET", "/links", headers={"Accept": "text/csv"})
    assert answer.headers["content-type"] == "text/csv; charset=utf-8; header=present"
    header, *rows = csv.reader(io.StringIO(answer.content.decode(), newline=""))
    assert header == ["number", "external_reference", "consent_link", "expires_at"]
    assert [row[:2] for row in rows] == [
        ["1", "'=cmd|' /C calc'!A0"],
        ["2", "Zo\u00e9, x"],
        ["3", "ann"],
        ["4", "\u5c71"],
    ]
    for _, _, link, _ in rows:
        assert staff.world.link("GET", "/v1/consent", link.partition("#")[2]).json()["waiting"] is True


def test_the_sheets_have_every_link_once(staff: Bringing) -> None:
    answer = staff.ask("GET", "/links", headers={"Accept": "application/pdf"})
    assert answer.headers["content-type"] == "application/pdf"
    listed = [row["consent_link"] for row in staff.ask("GET", "/links").json()["items"]]
    assert [code for page in pages(answer.content) for code in drawn_codes(page)] == [code_of(link) for link in listed]


@pytest.mark.parametrize("form", ["text/csv", "application/pdf"])
def test_what_does_not_fit_is_said_to_follow(staff: Bringing, form: str) -> None:
    first = staff.ask("GET", "/links?limit=3", headers={"Accept": form})
    rest = staff.ask("GET", f"/links?limit=3&after={first.headers['visavis-next']}", headers={"Accept": form})
    assert first.content != rest.content
    assert "visavis-next" not in rest.headers


@pytest.mark.parametrize("form", ["text/csv", "application/pdf", "application/json"])
def test_who_has_answered_is_in_none_of_them(world: World, staff: Bringing, form: str) -> None:
    link = staff.links()["ann"]
    assert world.countersign(link).status_code == 200
    content = staff.ask("GET", "/links", headers={"Accept": form}).content
    assert link.encode() not in content
    if form == "application/pdf":
        assert sum(len(drawn_codes(page)) for page in pages(content)) == 3


@pytest.mark.parametrize("form", ["text/csv", "application/pdf", "application/json"])
def test_no_form_is_read_without_a_reason_or_by_another_key(world: World, staff: Bringing, form: str) -> None:
    path = f"/v1/imports/{staff.id}/links"
    assert world.api("GET", path, headers={"Accept": form, "Visavis-Reason": ""}).json()["code"] == "reason_missing"
    key = world.made("/v1/api-keys", {"name": "k", "scopes": ["enrol"]})["secret"]
    headers = {"Accept": form, "Authorization": f"Bearer {key}", "Visavis-Reason": "x"}
    assert world.api("GET", path, headers=headers).json()["code"] == "scope_missing"
    assert world.sql("SELECT count(*) FROM readings") == [(0,)]


def test_an_entry_is_never_answered_with_its_link(staff: Bringing) -> None:
    answer = staff.bring("new", photo("new"))
    assert staff.links()["new"] not in answer.text
    assert "consent" not in answer.text


def test_imports_have_a_pace_of_their_own(world: World, staff: Bringing) -> None:
    """Bringing people neither waits for the pace of other calls nor uses it up."""
    rates = type(world.services.rates)(calls_per_minute=2, failures_per_minute=100)
    object.__setattr__(world.services, "rates", rates)
    codes = [staff.bring("ann", photo("p")).status_code for _ in range(21)]
    assert codes == [200] * 20 + [429]
    assert [staff.ask("GET").status_code for _ in range(3)] == [200, 200, 429]
