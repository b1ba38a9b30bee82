"""Rule S1 for many people at once: each of them stays pending, unknown to the matcher, until they act themselves."""

import inspect

import pytest
from sim.faces import photo
from support.again import LOG, dump, restarted, who
from support.importing import Bringing
from support.surface import commands, operations
from support.world import World

from visavis.client import Visavis
from visavis.flows import entries, imports

NAMES = ("ann", "bea", "cec")


@pytest.fixture
def staff(world: World) -> Bringing:
    staff = Bringing.opened(world, world.gallery())
    for name in NAMES:
        staff.brought(name, photo(name), photo(name, 2))
    return staff


def test_s1_everybody_an_import_brings_is_pending(world: World, staff: Bringing) -> None:
    for table in ("subjects", "enrolments"):
        assert [row for row in dump(world)[table] if "PENDING" not in row] == []
    assert world.sql("SELECT count(*) FROM subjects WHERE public_key IS NOT NULL") == [(0,)]
    assert world.sql("SELECT count(*) FROM receipts WHERE countersignature IS NOT NULL") == [(0,)]
    assert staff.numbers()["pending"] == 3


def test_s1_nobody_an_import_brings_is_known_to_the_matcher(world: World, staff: Bringing) -> None:
    station = world.station(staff.gallery)
    assert [who(world, station, photo(name, 3)) for name in NAMES] == [None] * 3
    world.services.live.load()
    assert [world.verify(station, photo(name), name)["decision"] for name in NAMES] == ["NO_MATCH"] * 3
    with restarted(world) as again:
        assert again.http.get("/readyz").json()["subjects"] == 0


def test_s1_each_link_makes_its_own_person_known_and_nobody_else(world: World, staff: Bringing) -> None:
    station = world.station(staff.gallery)
    assert world.countersign(staff.links()["bea"]).status_code == 200
    assert [who(world, station, photo(name, 3)) for name in NAMES] == [None, "bea", None]


def test_s1_reading_the_links_agrees_to_nothing(world: World, staff: Bringing) -> None:
    before = dump(world)
    for form in ("application/json", "text/csv", "application/pdf"):
        assert staff.ask("GET", "/links", headers={"Accept": form}).status_code == 200
    after = dump(world)
    assert {name for name in after if after[name] != before[name]} == {"readings", *LOG}


def test_s1_an_import_brings_nobody_back(world: World, staff: Bringing) -> None:
    station = world.station(staff.gallery)
    agreed = world.countersign(staff.links()["ann"]).json()
    assert world.api("POST", f"/v1/subjects/{agreed['subject_id']}/withdrawal").status_code == 204
    for of in (staff, Bringing.opened(world, staff.gallery, name="again")):
        of.brought("ann", photo("ann"), photo("ann", 2))
    assert who(world, station, photo("ann", 3)) is None
    assert world.sql("SELECT count(*) FROM subjects") == [(2,)]


def test_s1_what_an_import_keeps_is_sealed_with_the_persons_own_key(world: World, staff: Bringing) -> None:
    links = staff.links()
    stored = world.files()
    for name, link in links.items():
        assert link.encode() not in stored
        assert f"{name} 0.jpg".encode() not in stored
    assert world.countersign(links["ann"]).status_code == 200
    with world.services.store.write() as tx:
        (subject,) = [row for row in tx.subjects.find() if row.public_key is not None]
        tx.subject_keys.remove(id=subject.id)
    refused = staff.ask("GET", "/links")
    assert refused.status_code != 200, "without the key nothing of the entry can be read"


def test_s1_entries_moved_between_people_do_not_open(world: World, staff: Bringing) -> None:
    (one, sealed_one), (two, sealed_two) = world.sql("SELECT id, sealed FROM import_entries ORDER BY id LIMIT 2")
    with world.services.store.write() as tx:
        entry = tx.import_entries.get(one)
        tx.import_entries.change(type(entry)(**{**_fields(entry), "sealed": sealed_two}))
    assert sealed_one != sealed_two
    assert two != one
    assert staff.ask("GET", "/links").json()["code"] == "seal_broken"


def _fields(entry: object) -> dict[str, object]:
    return {name: getattr(entry, name) for name in type(entry).__slots__}  # type: ignore[attr-defined] # slots by construction


def test_s1_no_door_command_or_method_of_imports_takes_an_answer_for_the_person(world: World) -> None:
    words = {"countersignature", "receipt", "consent", "agree", "yes", "state", "active", "public_key"}
    doors = [(path, operation) for _, path, operation in operations(world) if "/imports" in path]
    assert len(doors) == 7
    schemas = world.app.openapi()["components"]["schemas"]
    for path, operation in doors:
        for content in operation.get("requestBody", {}).get("content", {}).values():
            fields = schemas[content["schema"]["$ref"].rpartition("/")[2]]["properties"]
            assert not words & set(fields), path
    for path, command in commands():
        if path.startswith("visavis import"):
            assert not words & {option.strip("-") for p in command.params for option in p.opts}, path
    for name in ("open_import", "bring", "missing", "import_links", "import_table", "import_sheets"):
        assert not words & set(inspect.signature(getattr(Visavis, name)).parameters), name


def test_s1_the_flow_of_imports_has_no_way_to_agree() -> None:
    """It knows no countersignature, and everything it enrols goes through the one flow that stores."""
    for module in (imports, entries):
        source = inspect.getsource(module)
        assert "countersign" not in source
        assert "ACTIVE" not in source
        assert "references.add" not in source
