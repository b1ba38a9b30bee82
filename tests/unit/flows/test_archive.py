"""Everything that is held about one person: nothing of it is forgotten, and nothing in it is anybody else's."""

import json
import re
from html.parser import HTMLParser
from typing import Any

import pytest
from sim.faces import photo
from support.again import dump
from support.own_log import published
from support.told import Somebody, document_of, files_of, operators_archive, own_archive
from support.world import World

from visavis.adapters.sql import tables
from visavis.flows.kept import KEPT, PERSON, Kept, kept, shown

TABLES = tables.metadata.tables


@pytest.fixture(scope="module")
def own(shared: World, ann: Somebody) -> dict[str, bytes]:
    published(shared)
    return files_of(own_archive(shared, ann))


@pytest.fixture(scope="module")
def told(own: dict[str, bytes]) -> dict[str, Any]:
    document: dict[str, Any] = json.loads(own["about-you.json"])
    return document


def test_every_table_is_shown_or_withheld_for_a_reason_or_about_nobody() -> None:
    """Whoever adds a table says here what it holds, and whether the person it is about is shown it."""
    assert set(TABLES) == {one.table for one in KEPT}
    assert len({one.table for one in KEPT}) == len(KEPT)


def test_a_table_that_names_a_subject_is_not_about_nobody() -> None:
    naming = {name for name, table in TABLES.items() if {"subject_id", "other_subject_id"} & set(table.columns.keys())}
    naming |= {
        name
        for name, table in TABLES.items()
        for key in table.foreign_keys
        if key.column.table.name in {"subjects", "enrolments", "receipts"}
    }
    assert naming <= {one.table for one in PERSON}


@pytest.mark.parametrize("one", list(shown()), ids=lambda one: one.table)
def test_every_column_of_what_is_shown_is_told_or_said_not_to_be(one: Kept) -> None:
    columns = set(TABLES[one.table].columns.keys())
    assert columns == {*one.fields, *one.unshown}
    assert not set(one.fields) & set(one.unshown)
    secret = {name for name in one.fields if name.endswith(("_hash", "_tag")) or name.startswith("sealed")}
    assert not secret


def rows_about(world: World, subject_id: str) -> dict[str, list[dict[str, Any]]]:
    """Every row that names somebody, by table."""
    found: dict[str, list[dict[str, Any]]] = {}
    for name, rows in dump(world).items():
        columns = TABLES[name].columns.keys()
        mine = [dict(zip(columns, row, strict=True)) for row in rows if subject_id in {str(value) for value in row}]
        if mine:
            found[name] = mine
    return found


def test_every_row_that_names_the_person_is_in_it(shared: World, ann: Somebody, told: dict[str, Any]) -> None:
    """The database is asked, not the registry: a row that names somebody and is not shown is found here."""
    text = json.dumps(told)
    about = rows_about(shared, ann.person.subject_id)
    expected = {"subjects", "references", "receipts", "enrolments", "credentials", "sessions", "readings"}
    assert set(about) >= expected | {"decisions", "import_entries", "subject_keys"}
    for name, rows in about.items():
        if kept(name).section is None:
            assert kept(name).withheld, name
        elif "id" in kept(name).fields:
            assert [row["id"] for row in rows if row["id"] not in text] == [], name


@pytest.mark.parametrize("one", list(shown()), ids=lambda one: one.table)
def test_every_section_has_something_of_somebody_who_has_everything(told: dict[str, Any], one: Kept) -> None:
    section = told[str(one.section)]
    section = section["entries"] if one.section == "log" else section
    assert section
    first = section[0] if isinstance(section, list) else section
    if one.section != "log":
        assert set(one.fields) <= set(first)
    why = next(told_why for told_why in told["kept"] if told_why["section"] == one.section)
    assert set(why) == {"section", "what", "why", "until"}


def test_it_says_what_is_held(ann: Somebody, told: dict[str, Any]) -> None:
    assert told["subject"]["name"] == "<script>ann & 'bob'</script>"
    assert told["subject"]["id"] == ann.person.subject_id
    (first, second) = told["templates"]
    assert first["length"] == len(first["numbers"]) == 128
    assert first["model_id"] == second["model_id"] == "sim-1"
    assert sum(number**2 for number in first["numbers"]) == pytest.approx(1, abs=1e-3)
    agreed = next(one for one in told["receipts"] if one["countersignature"])
    assert agreed["record"]["pii_processing"]["privacy_notice"]["text"].startswith("We open the door")
    assert {one["state"] for one in told["enrolments"]} == {"CONSENTED", "PENDING"}
    assert (told["other_way"]["pin"], told["other_way"]["qr"]) == (True, True)
    assert [one["failures"] for one in told["wrong_tries"]] == [1, 1]
    assert sorted(one["outcome"] for one in told["decisions"]) == ["MATCH", "NO_MATCH"]
    assert {one["kind"] for one in told["sessions"]} == {"personal", "identify"}
    assert ("first", "asked at the desk") in {(one["key_name"], one["reason"]) for one in told["readings"]}
    (brought,) = told["imports"]
    assert (brought["name"], brought["stored"], brought["refused"]) == ("autumn", 1, 1)
    assert [refusal["photo"] for refusal in brought["refusals"]] == ["2.jpg"]
    assert told["stations"] == {ann.station.id: "station 3"}
    events = [json.loads(one["entry"])["event"] for one in told["log"]["entries"]]
    assert events[:4] == ["offer", "grant", "enrol", "credential"]
    assert {"decision", "reading", "session"} <= set(events)
    assert all(one["proof"] for one in told["log"]["entries"])
    assert told["left_out"] == []


def test_the_numbers_are_those_that_are_stored(shared: World, told: dict[str, Any]) -> None:
    """Turned by the gallery's key: the same photo elsewhere gives others (unlinkable galleries)."""
    elsewhere = shared.active(shared.gallery(), "ann", photo("ann"))
    other = document_of(shared.as_person(elsewhere, "GET", "/v1/me/archive"))
    mine, theirs = (one["templates"][0] for one in (told, other))
    assert mine["gallery_key_version"] == theirs["gallery_key_version"] == 1
    likeness = sum(a * b for a, b in zip(mine["numbers"], theirs["numbers"], strict=True))
    assert abs(likeness) < 0.5


def test_it_has_no_secret_in_it(shared: World, ann: Somebody) -> None:
    for answer in (own_archive(shared, ann), operators_archive(shared, ann)):
        whole = b"\n".join(files_of(answer).values())
        secrets = [ann.person.pin, ann.person.qr, ann.person.qr.rpartition(".")[2], ann.receipt.private_key["d"]]
        assert not [text for text in secrets if text.encode() in whole]
        assert b"consent#" not in whole
    waiting = shared.sql("SELECT count(*) FROM enrolments WHERE link_hash IS NOT NULL")
    assert waiting >= [(1,)], "there is a link that must not be in it"


def test_s3_it_does_not_tell_who_looks_like_somebody(shared: World, ann: Somebody) -> None:
    """Her double is held, and there is a review about both; neither learns of the other."""
    held = shared.sql("SELECT id FROM subjects WHERE state = 'HELD'")
    reviews = shared.sql("SELECT id FROM reviews")
    assert (len(held), len(reviews)) == (1, 1)
    for answer in (own_archive(shared, ann), operators_archive(shared, ann)):
        whole = b"\n".join(files_of(answer).values())
        assert b"HELD" not in whole
        assert str(held[0][0]).encode() not in whole
        assert str(reviews[0][0]).encode() not in whole
        assert b"probable_duplicate" not in whole


def test_s6_no_operator_gets_the_numbers_of_a_template(shared: World, ann: Somebody) -> None:
    """There is no call that hands out references, one person at a time either: that would be bulk, with patience."""
    theirs, own = document_of(operators_archive(shared, ann)), document_of(own_archive(shared, ann))
    assert [set(one) for one in own["templates"]] == [{*one, "numbers"} for one in theirs["templates"]]
    assert theirs["log"]["entries"] == []
    assert [one["section"] for one in theirs["left_out"]] == ["templates", "log"]
    numbers = [str(number) for number in own["templates"][0]["numbers"] if abs(number) > 1e-3]
    whole = b"\n".join(files_of(operators_archive(shared, ann)).values()).decode()
    assert [number for number in numbers if number in whole] == []


def test_what_an_operator_takes_away_is_recorded_and_seen(world: World) -> None:
    ann = world.active(world.gallery(), "ann", photo("ann"))
    path = f"/v1/subjects/{ann.subject_id}/archive"
    first = document_of(world.api("POST", path, headers={"Visavis-Reason": "they asked"}))
    assert first["readings"][-1]["kind"] == "archive"
    assert (first["readings"][-1]["reason"], first["made_for"]) == ("they asked", "the operator, on the person's word")
    seen = world.as_person(ann, "GET", "/v1/me").json()["readings"]
    assert [(one["kind"], one["reason"]) for one in seen] == [("archive", "they asked")]
    refused = world.api("POST", path, headers={"Visavis-Reason": ""})
    assert refused.json()["code"] == "reason_missing"
    nobody = world.api("POST", f"/v1/subjects/sub_{'a' * 26}/archive")
    assert (nobody.status_code, nobody.json()["code"]) == (404, "not_found")


def test_somebody_who_has_not_agreed_is_told_too(world: World) -> None:
    gallery = world.gallery()
    asked = world.enrol(gallery, "eve", photo("eve")).json()
    path = f"/v1/subjects/{asked['subject_id']}/archive"
    told = document_of(world.api("POST", path))
    assert (told["subject"]["state"], told["subject"]["public_key"]) == ("PENDING", None)
    assert [one["countersignature"] for one in told["receipts"]] == [None]
    wim = world.made(f"/v1/galleries/{gallery}/without-face", {"external_reference": "wim"})["subject_id"]
    told = document_of(world.api("POST", f"/v1/subjects/{wim}/archive"))
    assert (told["subject"]["state"], told["templates"]) == ("WITHOUT_FACE", [])


def test_a_template_that_is_damaged_does_not_keep_the_rest(world: World) -> None:
    ann = world.active(world.gallery(), "ann", photo("ann"))
    world.sql('UPDATE "references" SET sealed = zeroblob(600)')
    answer = world.as_person(ann, "GET", "/v1/me/archive")
    assert [one["numbers"] for one in document_of(answer)["templates"]] == [None]
    assert b"damaged" in files_of(answer)["about-you.html"]


class _Read(HTMLParser):
    """What a page would load, and what it says."""

    def __init__(self) -> None:
        super().__init__()
        self.names: set[str] = set()
        self.loads: list[tuple[str, str | None]] = []
        self.text = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.names.add(tag)
        self.loads += [(name, value) for name, value in attrs if name in {"src", "href", "srcset", "action", "style"}]
        self.loads += [(name, value) for name, value in attrs if name.startswith("on")]

    def handle_data(self, data: str) -> None:
        self.text += data


def test_the_page_loads_and_runs_nothing_and_believes_nobody(own: dict[str, bytes]) -> None:
    page = own["about-you.html"].decode()
    read = _Read()
    read.feed(page)
    assert read.loads == []
    assert not read.names & {"script", "link", "img", "iframe", "object", "embed", "form", "a", "base", "video"}
    assert "url(" not in page
    assert "@import" not in page
    assert "default-src 'none'" in page
    assert "<script>ann & 'bob'</script>" in read.text
    words = re.sub(r"\s+", " ", read.text)
    assert re.search(r"A template of 128 numbers, made on \d{1,2} \w+ \d{4} by sim-1", words)
    for said in (
        "We open the door for you.",
        "You agreed to be recognised.",
        "asked at the desk",
        "Your face was compared with everybody enrolled",
        "No photo: it is looked at in memory and forgotten",
        "30 days",
        "Acme",
        "privacy@acme.example",
    ):
        assert said in words, said


def test_an_operator_who_may_not_see_who_looked_does_not_here_either(shared: World, ann: Somebody) -> None:
    key = shared.made("/v1/api-keys", {"name": "desk", "scopes": ["operate"]})["secret"]
    headers = {"Authorization": f"Bearer {key}", "Visavis-Reason": "they asked"}
    answer = shared.api("POST", f"/v1/subjects/{ann.person.subject_id}/archive", headers=headers)
    told = document_of(answer)
    assert told["readings"] == []
    assert [one["section"] for one in told["left_out"]] == ["templates", "log", "readings"]
    page = files_of(answer)["about-you.html"].decode()
    assert "asked at the desk" not in page
    assert "Not in this file: who read what is held about you." in page
    enrolling = shared.made("/v1/api-keys", {"name": "door", "scopes": ["enrol", "admin"]})["secret"]
    refused = shared.api(
        "POST", f"/v1/subjects/{ann.person.subject_id}/archive", headers={"Authorization": f"Bearer {enrolling}"}
    )
    assert refused.json()["code"] == "scope_missing"


def test_one_archive_of_a_person_is_made_at_a_time(
    shared: World, ann: Somebody, monkeypatch: pytest.MonkeyPatch
) -> None:
    archives, meanwhile = shared.services.archives, []
    collected = archives._collected

    def busy(subject_id: str, **named: Any) -> Any:
        meanwhile.append(own_archive(shared, ann))
        return collected(subject_id, **named)

    monkeypatch.setattr(archives, "_collected", busy)
    assert own_archive(shared, ann).status_code == 200
    assert [(one.status_code, one.json()["code"]) for one in meanwhile] == [(429, "rate_limited")]
