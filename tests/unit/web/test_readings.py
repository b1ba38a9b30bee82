"""Whoever reads about people with an API key says why, and leaves a record."""

from datetime import timedelta
from typing import Any
from urllib.parse import quote

import pytest
from sim.breaking_store import Fault
from sim.faces import photo
from support.again import run
from support.breaking import breaking
from support.surface import operations
from support.world import Device, Person, World

from visavis.model.access import ReadingKind

NO_PERSONAL_DATA = {
    "/v1/purposes", "/v1/purposes/{purpose_id}", "/v1/galleries", "/v1/galleries/{gallery_id}", "/v1/stations",
    "/v1/stations/{station_id}", "/v1/api-keys", "/v1/imports/{import_id}", "/v1/keys", "/metrics",
}  # fmt: skip
"""What an operator reads that is about nobody: texts, counts, devices and keys."""
ELSEWHERE = {"/v1/erasures/{subject_id}", "/v1/exports/{export_id}", "/v1/exports", "/v1/accounts"}
"""About nobody who is here, and of a gallery; both have tests of their own."""


UNNAMED = "/v1/subjects/{subject_id}?with_name=false"
"""The same door, without the name."""


class Door:
    """A gallery in which there is something of everything that can be read."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.gallery = world.gallery()
        self.station: Device = world.station(self.gallery)
        self.ann: Person = world.active(self.gallery, "ann", photo("ann"))
        world.active(self.gallery, "double", photo("ann", 2))
        world.identify(self.station, photo("ann", 3))
        invited = world.made("/v1/personal-sessions", {"subject_id": self.ann.subject_id, "attended": True})
        opening = {"link_secret": invited["link"].partition("session=")[2]}
        world.as_person(self.ann, "POST", "/v1/personal-sessions/opening", json=opening)
        self.session = invited["session_id"]
        path = f"/v1/personal-sessions/{self.session}/verify"
        world.as_person(self.ann, "POST", path, files={"photo": photo("stranger")})
        opened = world.made(f"/v1/galleries/{self.gallery}/imports", {"name": "autumn"}, status=200)
        self.imported = opened["id"]
        bring = f"/v1/imports/{self.imported}/entries"
        world.api("POST", bring, files={"photos": photo("bea")}, data={"external_reference": "bea"})

    @property
    def ways(self) -> dict[str, tuple[str, str, dict[str, Any], str, bool]]:
        """Template: method, path, body, the kind of the record and whether it is about one person."""
        gallery, lookup = self.gallery, {"external_reference": "ann", "reason": "a test"}
        return {
            "/v1/subjects/{subject_id}": ("GET", f"/v1/subjects/{self.ann.subject_id}", {}, "subject", True),
            UNNAMED: ("GET", f"/v1/subjects/{self.ann.subject_id}?with_name=false", {}, "unnamed", True),
            "/v1/subjects/{subject_id}/archive": (
                "POST", f"/v1/subjects/{self.ann.subject_id}/archive", {}, "archive", True,
            ),
            "/v1/subjects/{subject_id}/credentials": (
                "POST", f"/v1/subjects/{self.ann.subject_id}/credentials", {}, "credentials", True,
            ),
            "/v1/galleries/{gallery_id}/subjects/lookup": (
                "POST", f"/v1/galleries/{gallery}/subjects/lookup", {"json": lookup}, "lookup", True,
            ),
            "/v1/galleries/{gallery_id}/subjects": ("GET", f"/v1/galleries/{gallery}/subjects", {}, "subjects", False),
            "/v1/galleries/{gallery_id}/look-alikes": (
                "GET", f"/v1/galleries/{gallery}/look-alikes", {}, "look_alikes", False,
            ),
            "/v1/decisions": ("GET", f"/v1/decisions?gallery_id={gallery}", {}, "decisions", False),
            "/v1/personal-sessions/{session_id}": (
                "GET", f"/v1/personal-sessions/{self.session}", {}, "decisions", True,
            ),
            "/v1/reviews": ("GET", "/v1/reviews", {}, "reviews", False),
            "/v1/imports/{import_id}/refusals": ("GET", f"/v1/imports/{self.imported}/refusals", {}, "import", False),
            "/v1/imports/{import_id}/links": ("GET", f"/v1/imports/{self.imported}/links", {}, "import", False),
            "/v1/readings": ("GET", f"/v1/readings?gallery_id={gallery}", {}, "readings", False),
        }  # fmt: skip


@pytest.fixture
def door(world: World) -> Door:
    return Door(world)


def records(world: World) -> list[tuple[Any, ...]]:
    return run(world, "SELECT id, kind, read_by, gallery_id, purpose_id, subject_id FROM readings")


def told(world: World, gallery: str) -> list[dict[str, Any]]:
    items: list[dict[str, Any]] = world.api("GET", f"/v1/readings?gallery_id={gallery}&limit=200").json()["items"]
    return sorted(items, key=lambda item: str(item["read_at"]))


def test_every_door_through_which_an_operator_reads_is_one_of_these(world: World, door: Door) -> None:
    reading = {
        path
        for method, path, operation in operations(world)
        if method == "GET" and any("api key" in way for way in operation.get("security", []))
    }
    posted = {template for template, way in door.ways.items() if way[0] == "POST"}
    assert reading == (set(door.ways) | NO_PERSONAL_DATA | ELSEWHERE) - posted - {UNNAMED}
    # What somebody reads about themselves: test_my_data_without_a_receipt.py.
    assert {kind.value for kind in ReadingKind} - {"own"} == {way[3] for way in door.ways.values()}


def test_every_reading_leaves_one_record_and_its_reason(world: World, door: Door) -> None:
    purpose = world.api("GET", f"/v1/galleries/{door.gallery}").json()["purpose_id"]
    key_id = world.secret.split(".")[1]
    for template, (method, path, body, kind, one) in door.ways.items():
        before = set(records(world))
        answer = world.api(method, path, **body)
        assert answer.is_success, (template, answer.text)
        (left,) = set(records(world)) - before
        subject = door.ann.subject_id if one else None
        assert left[1:] == (kind, key_id, door.gallery, purpose, subject), template
        (shown,) = [item for item in told(world, door.gallery) if item["id"] == left[0]]
        assert (shown["reason"], shown["key_name"]) == ("a test", "first"), template


def test_without_a_reason_nothing_is_read(world: World, door: Door) -> None:
    bare = {"Authorization": f"Bearer {world.secret}"}
    before = records(world)
    for template, (method, path, body, _, _) in door.ways.items():
        body = {"json": {"external_reference": "ann"}} if body else {}  # noqa: PLW2901 -- the same call without a reason
        refused = world.http.request(method, path, headers=bare, **body)
        assert (refused.status_code, refused.json()["code"]) == (422, "reason_missing"), template
        assert "ann" not in refused.text
    assert records(world) == before


def test_what_needs_no_reason_says_nothing_about_anybody(world: World, door: Door) -> None:
    world.api("GET", f"/v1/subjects/{door.ann.subject_id}")
    purpose = world.api("GET", f"/v1/galleries/{door.gallery}").json()["purpose_id"]
    ids = {"gallery_id": door.gallery, "station_id": door.station.id, "purpose_id": purpose}
    people = {str(row[0]) for row in run(world, "SELECT id FROM subjects")} | {"ann", "double", "bea"}
    before = records(world)
    for path in sorted(NO_PERSONAL_DATA):
        at = path.format(**ids, import_id=door.imported)
        answer = world.http.get(at, headers={"Authorization": f"Bearer {world.secret}"})
        assert answer.status_code == 200, path
        assert not [person for person in people if f'"{person}"' in answer.text], path
    assert records(world) == before


REASONS: list[tuple[str | bytes, str | None]] = [
    ("dispute of 3 November", "dispute of 3 November"),
    ("  spaces around  ", "spaces around"),
    (quote("Überprüfung, 100 %"), "Überprüfung, 100 %"),
    ("100% sure", "100% sure"),
    ("x" * 200, "x" * 200),
    (quote("ü" * 200), "ü" * 200),
    ("", None),
    ("   ", None),
    ("x" * 201, None),
    ("%0A", None),
    ("%00", None),
    ("%1b%5b2J", None),
    ("%E2%80%AE reversed", None),
    ("%ff", None),
    ("Überprüfung".encode("latin-1"), None),
    ("Überprüfung".encode(), None),
]
"""What is sent in the header, and what is kept; None: it is refused."""


def test_a_reason_is_1_to_200_printable_characters(world: World, door: Door) -> None:
    for sent, kept in REASONS:
        raw = sent if isinstance(sent, bytes) else sent.encode()
        answer = world.http.get(
            f"/v1/subjects/{door.ann.subject_id}",
            headers=[(b"Authorization", f"Bearer {world.secret}".encode()), (b"Visavis-Reason", raw)],
        )
        world.clock.move(seconds=1)
        if kept is None:
            assert (answer.status_code, answer.json()["code"]) == (422, "reason_missing"), sent
        else:
            assert answer.status_code == 200, sent
            assert world.as_person(door.ann, "GET", "/v1/me").json()["readings"][-1]["reason"] == kept


def test_the_person_sees_who_looked_when_what_and_why(world: World, door: Door) -> None:
    assert world.as_person(door.ann, "GET", "/v1/me").json()["readings"] == []
    desk = world.made("/v1/api-keys", {"name": "front desk", "scopes": ["operate"]})
    headers = {"Authorization": f"Bearer {desk['secret']}", "Visavis-Reason": "they asked at the desk"}
    world.api("GET", f"/v1/subjects/{door.ann.subject_id}", headers=headers)
    world.clock.move(minutes=5)
    lookup = {"external_reference": "ann", "reason": "they lost their card"}
    world.api("POST", f"/v1/galleries/{door.gallery}/subjects/lookup", json=lookup)
    world.api("GET", f"/v1/galleries/{door.gallery}/subjects")
    readings = world.as_person(door.ann, "GET", "/v1/me").json()["readings"]
    assert [{name: one[name] for name in ("kind", "key_name", "reason")} for one in readings] == [
        {"kind": "subject", "key_name": "front desk", "reason": "they asked at the desk"},
        {"kind": "lookup", "key_name": "first", "reason": "they lost their card"},
    ]
    assert readings[0]["read_at"] < readings[1]["read_at"]
    before = records(world)
    world.as_person(door.ann, "GET", "/v1/me")
    assert records(world) == before, "looking at oneself is not recorded"


def test_looking_for_a_name_that_nobody_has_is_recorded_without_the_name(world: World, door: Door) -> None:
    """Else names could be tried out unseen."""
    before = set(records(world))
    lookup = {"external_reference": "a colleague", "reason": "curious"}
    answer = world.api("POST", f"/v1/galleries/{door.gallery}/subjects/lookup", json=lookup)
    assert (answer.status_code, answer.json()["code"]) == (404, "not_found")
    (left,) = set(records(world)) - before
    assert (left[1], left[3], left[5]) == ("lookup", door.gallery, None)
    assert b"colleague" not in world.files()


def test_reasons_are_sealed_and_end_with_the_person(world: World, door: Door) -> None:
    headers = {"Visavis-Reason": "QUARREL-WITH-NEIGHBOUR"}
    world.api("GET", f"/v1/subjects/{door.ann.subject_id}", headers=headers)
    world.api("GET", f"/v1/decisions?gallery_id={door.gallery}", headers=headers)
    assert b"QUARREL" not in world.files()
    assert [row for row in records(world) if row[5] == door.ann.subject_id]
    world.as_person(door.ann, "POST", "/v1/me/withdrawal")
    assert not [row for row in records(world) if row[5] == door.ann.subject_id]
    assert [item["kind"] for item in told(world, door.gallery)] == ["decisions"]


def test_records_are_kept_as_long_as_decisions(world: World, door: Door) -> None:
    world.api("GET", f"/v1/galleries/{door.gallery}/subjects")
    world.clock.move(days=89)
    world.services.withdraw.purge()
    assert [row[1] for row in records(world)] == ["subjects"]
    world.clock.move(days=1)
    world.services.withdraw.purge()
    assert records(world) == []


def test_nobody_lists_records_by_person_or_across_galleries(world: World, door: Door) -> None:
    other = Door(world)
    world.api("GET", f"/v1/galleries/{other.gallery}/subjects")
    assert {item["gallery_id"] for item in told(world, door.gallery)} <= {door.gallery}
    for query in ("", f"subject_id={door.ann.subject_id}", f"gallery_id={door.gallery}&purpose_id=pur_{'a' * 26}"):
        assert world.api("GET", f"/v1/readings?{query}").status_code == 422, query
    (parameters,) = [op["parameters"] for _, path, op in operations(world) if path == "/v1/readings"]
    assert {one["name"] for one in parameters} == {"gallery_id", "purpose_id", "after", "limit", "Visavis-Reason"}


def test_document_checks_are_read_by_purpose(world: World) -> None:
    purpose = world.purpose(target_kind="fmr", target=1e-4)
    world.document_check(world.station(purpose_id=purpose), photo("x"), photo("x", 2))
    world.gallery(purpose)
    assert world.api("GET", f"/v1/decisions?purpose_id={purpose}").status_code == 200
    (left,) = records(world)
    assert left[1:] == ("decisions", world.secret.split(".")[1], None, purpose, None)
    (item,) = world.api("GET", f"/v1/readings?purpose_id={purpose}").json()["items"]
    assert (item["kind"], item["gallery_id"], item["reason"]) == ("decisions", None, "a test")


TAMPERED = {
    "the reader": "UPDATE readings SET read_by = 'key_x' WHERE subject_id = '{}'",
    "the time": "UPDATE readings SET read_at = '2020-01-01 00:00:00.000000' WHERE subject_id = '{}'",
    "the kind": "UPDATE readings SET kind = 'lookup' WHERE subject_id = '{}'",
    "the reason": "UPDATE readings SET sealed_reason = x'00' WHERE subject_id = '{}'",
}


def test_a_record_that_was_edited_shows_it(world: World, door: Door) -> None:
    for what, statement in TAMPERED.items():
        world.api("GET", f"/v1/subjects/{door.ann.subject_id}")
        (shown,) = world.as_person(door.ann, "GET", "/v1/me").json()["readings"]
        assert (shown["key_name"], shown["reason"]) == ("first", "a test")
        run(world, statement, door.ann.subject_id)
        (shown,) = world.as_person(door.ann, "GET", "/v1/me").json()["readings"]
        assert (shown["key_name"], shown["reason"]) == (None, None), what
        run(world, "DELETE FROM readings")


def test_a_record_moved_to_somebody_else_does_not_open(world: World, door: Door) -> None:
    bea = world.active(door.gallery, "bea2", photo("bea2"))
    world.api("GET", f"/v1/subjects/{door.ann.subject_id}")
    run(world, "UPDATE readings SET subject_id = '{}' WHERE subject_id = '{}'", bea.subject_id, door.ann.subject_id)
    (shown,) = world.as_person(bea, "GET", "/v1/me").json()["readings"]
    assert shown["reason"] is None


@pytest.mark.parametrize("fault", list(Fault))
def test_no_record_no_answer(world: World, door: Door, fault: Fault) -> None:
    store = breaking(world)
    for template, (method, path, body, _, _) in door.ways.items():
        for number in (1, 2):  # the record, and the commit
            store.arm(number, fault)
            answer = world.api(method, path, **body)
            assert store.broke, template
            assert answer.status_code == 500, template
            assert door.ann.subject_id not in answer.text
            assert "ann" not in answer.text
    store.arm(0, fault)


def test_an_operator_sees_what_is_held_and_not_who_looked(world: World, door: Door) -> None:
    assert "readings" not in world.api("GET", f"/v1/subjects/{door.ann.subject_id}").json()
    for scope in ("enrol", "operate"):
        key = world.made("/v1/api-keys", {"name": scope, "scopes": [scope]})
        headers = {"Authorization": f"Bearer {key['secret']}"}
        refused = world.api("GET", f"/v1/readings?gallery_id={door.gallery}", headers=headers)
        assert refused.json()["code"] == "scope_missing"


def test_without_the_name_nothing_says_who_it_is(world: World, door: Door) -> None:
    path = f"/v1/subjects/{door.ann.subject_id}"
    unnamed = world.api("GET", path, params={"with_name": "false"})
    world.clock.move(seconds=1)
    named = world.api("GET", path)
    assert (unnamed.json()["external_reference"], named.json()["external_reference"]) == (None, "ann")
    assert {**unnamed.json(), "external_reference": "ann"} == named.json()
    assert '"ann"' not in unnamed.text
    seen = world.as_person(door.ann, "GET", "/v1/me").json()["readings"]
    assert [one["kind"] for one in seen] == ["unnamed", "subject"], "the person sees whether they were named"


def test_decisions_are_told_of_one_station_and_one_stretch_of_time(world: World, door: Door) -> None:
    side = world.station(door.gallery)
    world.clock.move(seconds=1)
    since = world.clock.now().isoformat()
    world.identify(side, photo("ann", 4))
    until = (world.clock.now() + timedelta(microseconds=1)).isoformat()
    world.identify(side, photo("ann", 5))
    world.identify(door.station, photo("ann", 6))

    def told(**asked: str) -> list[str]:
        params = {"gallery_id": door.gallery, **asked}
        items = world.api("GET", "/v1/decisions", params=params).json()["items"]
        return [one["station_id"] for one in items if one["kind"] == "identify"]

    assert sorted(told()) == sorted([door.station.id, side.id, side.id, door.station.id])
    assert told(station_id=side.id) == [side.id] * 2
    assert told(since=since, until=until) == [side.id]
    assert told(until=since) == [door.station.id]
    assert told(station_id=door.station.id, since=until) == [door.station.id]
    assert told(station_id=f"sta_{'a' * 26}") == []
    other = world.station(world.gallery())
    assert told(station_id=other.id) == [], "a station of another gallery brings nothing of it"
    refused = world.api("GET", "/v1/decisions", params={"gallery_id": door.gallery, "since": "2027-01-01T00:00:00"})
    assert (refused.status_code, refused.json()["code"]) == (422, "request_invalid"), "a time without a zone"
