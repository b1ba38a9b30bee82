"""What the log says about somebody is for them: with their key they find all of it, and nobody else finds any."""

import json
import re
from itertools import combinations
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from sim.faces import photo
from support.logged import entries_of
from support.own_log import at_simulated_time, looking, published, receipt_of
from support.world import Device, Person, World

from visavis.audit.checkpoint import Trust
from visavis.audit.leaf import Entry
from visavis.audit.note import read_key
from visavis.audit.verify import Audit
from visavis.client import OwnLog, Receipt, VisavisProblem
from visavis.model.access import Scope
from visavis.model.audit import LIFECYCLE, Event

pytestmark = pytest.mark.usefixtures(at_simulated_time.__name__)

__all__ = ["at_simulated_time"]

LOG = ["/v1/me/log", "/v1/me/log/0"]


@pytest.fixture
def gallery(world: World) -> str:
    return world.gallery()


@pytest.fixture
def station(world: World, gallery: str) -> Device:
    return world.station(gallery)


@pytest.fixture
def ann(world: World, gallery: str) -> tuple[Receipt, Person]:
    return receipt_of(world, gallery, "ann", photo("ann"))


@pytest.fixture
def bob(world: World, gallery: str) -> tuple[Receipt, Person]:
    return receipt_of(world, gallery, "bob", photo("bob"))


def look(world: World, receipt: Receipt) -> OwnLog:
    published(world)
    with looking(world, receipt) as person:
        return person.log()


def events(found: OwnLog) -> list[str]:
    return [own.entry.event.value for own in found.entries]


def test_a_person_finds_who_looked_when_for_what_and_with_what_result(
    world: World, gallery: str, station: Device, ann: tuple[Receipt, Person]
) -> None:
    receipt, person = ann
    seen = world.identify(station, photo("ann", 2))
    world.pin(station, "ann", person.pin)
    world.identify(station, photo("stranger"))
    why = {"Visavis-Reason": "asked at the desk"}
    assert world.api("GET", f"/v1/subjects/{person.subject_id}", headers=why).status_code == 200
    found = look(world, receipt)
    assert events(found) == ["offer", "grant", "enrol", "credential", "decision", "decision", "reading"]
    assert all(own.proven for own in found.entries)
    face, pin, reading = found.entries[-3:]
    assert (face.entry.fields["outcome"], face.entry.fields["means"]) == ("MATCH", "face")
    assert (face.details["decision"], face.details["station"]) == (seen["decision_id"], station.id)
    assert face.details["station_name"].startswith("station")
    assert face.details["gallery"] == gallery
    assert pin.entry.fields["means"] == "pin"
    assert (pin.at - face.at).total_seconds() == 3
    assert (reading.details["by"], reading.details["reason"]) == ("first", "asked at the desk")


def test_a_check_of_ones_own_is_there_as_well(world: World, ann: tuple[Receipt, Person]) -> None:
    receipt, person = ann
    invited = world.made("/v1/personal-sessions", {"subject_id": person.subject_id, "attended": True})
    link = {"link_secret": invited["link"].partition("session=")[2]}
    session = world.as_person(person, "POST", "/v1/personal-sessions/opening", json=link).json()["session_id"]
    path = f"/v1/personal-sessions/{session}/verify"
    assert world.as_person(person, "POST", path, files={"photo": photo("bob")}).json()["decision"] == "NO_MATCH"
    opened, decided = look(world, receipt).entries[-2:]
    assert (opened.entry.event, opened.entry.fields["kind"]) == (Event.SESSION, "personal")
    assert decided.entry.fields["outcome"] == "NO_MATCH"
    assert opened.entry.fields["session"] == decided.entry.fields["session"] != session


def test_nobody_else_gets_a_persons_entries(
    world: World, station: Device, ann: tuple[Receipt, Person], bob: tuple[Receipt, Person]
) -> None:
    published(world)
    keys = [world.made("/v1/api-keys", {"name": scope.value, "scopes": [scope.value]})["secret"] for scope in Scope]
    stranger = Ed25519PrivateKey.generate()
    for path in LOG:
        answers = [world.http.get(path)]
        answers += [world.http.get(path, headers={"Authorization": f"Bearer {key}"}) for key in (*keys, world.secret)]
        answers += [world.at(station, "GET", path), world.link("GET", path, "x" * 32)]
        answers += [world.signed(ann[0].subject_id, stranger, "GET", path)]
        answers += [world.signed(ann[0].subject_id, bob[0].signing_key, "GET", path)]
        for answer in answers:
            assert (answer.status_code, answer.json()["code"]) == (401, "signature_refused")
    ours = {item["entry"] for item in world.as_person(ann[1], "GET", LOG[0]).json()["items"]}
    theirs = {item["entry"] for item in world.as_person(bob[1], "GET", LOG[0]).json()["items"]}
    assert ours
    assert theirs
    assert not ours & theirs


def test_a_query_does_not_move_a_signed_look(world: World, ann: tuple[Receipt, Person]) -> None:
    """A query is not covered by the signature, so it must not do anything."""
    receipt, person = ann
    plain = world.as_person(person, "GET", "/v1/me/log").json()
    request = world.http.build_request("GET", "/v1/me/log")
    del request
    moved = world.signed(
        person.subject_id, receipt.signing_key, "GET", "/v1/me/log", params={"after": "6", "limit": "1"}
    )
    assert moved.status_code in {200, 401}
    assert moved.status_code == 401 or moved.json()["items"] == plain["items"]


def test_a_long_log_comes_in_pages(world: World, ann: tuple[Receipt, Person], monkeypatch: pytest.MonkeyPatch) -> None:
    receipt, person = ann
    for _ in range(7):
        world.api("GET", f"/v1/subjects/{person.subject_id}")
    monkeypatch.setattr("visavis.web.routes.subjects._PAGE", 3)
    first = world.as_person(person, "GET", "/v1/me/log").json()
    assert len(first["items"]) == 3
    assert first["next"] == str(first["items"][-1]["index"])
    assert len(look(world, receipt).entries) == 11
    assert world.as_person(person, "GET", f"/v1/me/log/{2**62}").json()["items"] == []
    for odd in ("-1", "x", str(2**63), "1.5"):
        assert world.as_person(person, "GET", f"/v1/me/log/{odd}").status_code == 422


def test_no_entry_tells_whom_it_is_about(
    world: World, gallery: str, station: Device, ann: tuple[Receipt, Person], bob: tuple[Receipt, Person]
) -> None:
    for person in ("ann", "bob", "ann", "bob"):
        assert world.identify(station, photo(person, 2))["decision"] == "MATCH"
    with world.services.store.read() as tx:
        whole = b"\n".join(tx.log.entries(0, limit=10_000)).decode()
        purpose = tx.galleries.get(gallery).purpose_id
    for hidden in (*(one.subject_id for _, one in (ann, bob)), station.id, gallery, purpose):
        assert hidden not in whole
    # Among random characters three letters stand by chance.
    readable = re.sub(r'"(commitment|handle|session)":"[\w-]+"', "", whole.replace('"of":"station"', ""))
    for hidden in ("ann", "bob", "station"):
        assert hidden not in readable
    decisions = [entry for entry in entries_of(world.services.store) if entry.event is Event.DECISION]
    assert len(decisions) == 4
    assert not [entry for entry in decisions if set(entry.fields) != {"kind", "means", "outcome", "session"}]


def test_a_decision_shares_nothing_with_a_persons_life_or_with_another_decision(
    world: World, station: Device, ann: tuple[Receipt, Person]
) -> None:
    for _ in range(3):
        world.identify(station, photo("ann", 2))
    found = look(world, ann[0]).entries
    life = [own for own in found if own.entry.event in LIFECYCLE]
    decided = [own for own in found if own.entry.event is Event.DECISION]
    assert len({own.entry.fields["handle"] for own in life}) == 1
    assert len(decided) == 3
    for one, other in combinations(found, 2):
        if one in life and other in life:
            continue
        assert not _private(one.entry) & _private(other.entry)
        assert one.opened.salt != other.opened.salt


def test_the_database_without_the_root_key_does_not_tell_whose_openings_are_whose(
    world: World, station: Device, ann: tuple[Receipt, Person], bob: tuple[Receipt, Person]
) -> None:
    for person in ("ann", "bob"):
        world.identify(station, photo(person, 2))
    found = {one.subject_id: {own.index for own in look(world, receipt).entries} for receipt, one in (ann, bob)}
    rows = world.sql("SELECT id, tag, entry_index, sealed FROM log_openings ORDER BY entry_index")
    names = {column for column, *_ in world.sql("SELECT name FROM pragma_table_info('log_openings')")}
    assert names == {"id", "tag", "entry_index", "sealed", "expires_at"}
    tags = {
        subject: {bytes(tag) for _, tag, index, _ in rows if index in indexes} for subject, indexes in found.items()
    }
    assert [len(tags[one.subject_id]) for _, one in (ann, bob)] == [1, 1]
    assert not tags[ann[1].subject_id] & tags[bob[1].subject_id]
    everything = [bytes(part) if isinstance(part, bytes) else str(part).encode() for row in rows for part in row]
    for subject_id in found:
        assert not [part for part in everything if subject_id.encode() in part]
    sealed = [bytes(row[3]) for row in rows]
    for one, other in combinations(sealed, 2):
        assert not _runs(one) & _runs(other)
    elsewhere = [
        row
        for (table,) in world.sql("SELECT name FROM sqlite_master WHERE type = 'table'")
        for row in world.sql(f"SELECT * FROM '{table}'")  # noqa: S608 -- our own tables
        if table != "log_openings"
    ]
    for row in elsewhere:
        assert not [value for value in row if isinstance(value, bytes) and value in tags[ann[1].subject_id]]


def test_who_withdrew_leaves_nothing_that_opens_an_entry_and_a_tree_that_checks_out(
    world: World, station: Device, ann: tuple[Receipt, Person], bob: tuple[Receipt, Person]
) -> None:
    world.identify(station, photo("ann", 2))
    found = look(world, ann[0])
    indexes = {own.index for own in found.entries}
    entries = [own.text for own in found.entries]
    assert world.as_person(ann[1], "POST", "/v1/me/withdrawal").status_code == 204
    with pytest.raises(VisavisProblem, match="signature_refused"):
        look(world, ann[0])
    assert not indexes & {index for (index,) in world.sql("SELECT entry_index FROM log_openings")}
    size = published(world)
    with world.services.store.read() as tx:
        whole = tx.log.entries(0, limit=10_000)
    assert [whole[index] for index in sorted(indexes)] == entries
    folder = world.services.log_folder
    known = Audit(lambda path: (folder / path).read_bytes(), Trust(read_key(str(ann[0].log_key)))).run()
    assert known.checkpoint.size == size
    assert events(look(world, bob[0])) == ["offer", "grant", "enrol", "credential"]


def test_what_a_purposes_time_is_over_for_is_not_kept_for_the_person_either(
    world: World, station: Device, ann: tuple[Receipt, Person]
) -> None:
    """Decisions end with the purpose's retention, and what opens their entries with them."""
    world.identify(station, photo("ann", 2))
    world.sql("UPDATE log_openings SET expires_at = '2000-01-01 00:00:00' WHERE expires_at IS NOT NULL")
    world.services.withdraw.purge()
    assert events(look(world, ann[0])) == ["offer", "grant", "enrol", "credential"]


def test_the_key_of_the_log_is_pinned_when_somebody_agrees(world: World, ann: tuple[Receipt, Person]) -> None:
    shown = world.http.get("/log/key").text.strip()
    assert ann[0].log_key == shown
    assert world.as_person(ann[1], "GET", "/v1/me/log").json()["log_key"] == shown


def test_an_answer_about_oneself_has_this_form(world: World, ann: tuple[Receipt, Person]) -> None:
    published(world)
    answer: dict[str, Any] = world.as_person(ann[1], "GET", "/v1/me/log").json()
    assert set(answer) == {"items", "next", "log_key"}
    for item in answer["items"]:
        assert set(item) == {"index", "entry", "salt", "details", "proof"}
        assert item["details"]["subject"] == ann[1].subject_id
        assert item["proof"].startswith("c2sp.org/tlog-proof@v1\n")
        assert json.loads(item["entry"])["v"] == 1


def _private(entry: Entry) -> set[str]:
    """Every value of an entry that could be somebody's."""
    random = {value for name, value in entry.fields.items() if name in {"handle", "session"}}
    return {entry.commitment, *random}


def _runs(sealed: bytes, *, width: int = 8) -> set[bytes]:
    """Eight bytes by chance are the same once in 10**19; versions and key names at the front are the same in all."""
    body = sealed[24:]
    return {body[at : at + width] for at in range(len(body) - width + 1)}
