"""Rule S1 against somebody who can write to the database: what they put there makes nobody known."""

import hashlib
from collections.abc import Callable
from dataclasses import dataclass

import pytest
import sqlalchemy as sa
from joserfc.jwk import OKPKey
from sim.faces import photo
from support.again import restarted, run, who
from support.world import Device, Person, World

from visavis.consent.receipt import countersign, countersigned_by

TEN_YEARS = "'2036-01-01 00:00:00.000000'"


@dataclass(frozen=True)
class Scene:
    """Ann agreed; Eve did not, and neither did Ann to the photos of Eve that somebody enrolled under her name."""

    world: World
    gallery: str
    station: Device
    ann: Person
    eve: str
    second_batch: str

    def id_of(self, table: str, subject: str, which: int = 0) -> str:
        rows = run(self.world, "SELECT id FROM \"{}\" WHERE subject_id = '{}' ORDER BY created_at, id", table, subject)
        return str(rows[which][0])

    def batch(self, subject: str) -> str:
        return self.id_of("enrolments", subject)

    def receipt_of(self, enrolment: str) -> str:
        return str(run(self.world, "SELECT id FROM receipts WHERE enrolment_id = '{}'", enrolment)[0][0])


@pytest.fixture
def scene(world: World) -> Scene:
    gallery = world.gallery()
    station = world.station(gallery)
    ann = world.active(gallery, "ann", photo("ann"))
    eve = world.enrol(gallery, "eve", photo("eve")).json()["subject_id"]
    second = world.enrol(gallery, "ann", photo("eve", 2)).json()["enrolment_id"]
    return Scene(world, gallery, station, ann, eve, second)


def make_active(scene: Scene, subject: str, key: str) -> None:
    run(scene.world, "UPDATE subjects SET state = 'ACTIVE', public_key = {} WHERE id = '{}'", key, subject)
    run(scene.world, "UPDATE enrolments SET state = 'ACTIVE' WHERE subject_id = '{}'", subject)


def anns_key(scene: Scene) -> str:
    return "(SELECT public_key FROM subjects WHERE id = '{}')".format(scene.ann.subject_id)  # noqa: UP032, S608 -- UP032 would have S608 back


def states_set(scene: Scene) -> None:
    make_active(scene, scene.eve, "x'" + "11" * 32 + "'")


def countersignature_copied(scene: Scene) -> None:
    make_active(scene, scene.eve, anns_key(scene))
    rec = scene.receipt_of(scene.batch(scene.ann.subject_id))
    run(
        scene.world,
        "UPDATE receipts SET countersignature = (SELECT countersignature FROM receipts WHERE id = '{}') "
        "WHERE subject_id = '{}'",
        rec,
        scene.eve,
    )


def receipt_copied(scene: Scene) -> None:
    countersignature_copied(scene)
    rec = scene.receipt_of(scene.batch(scene.ann.subject_id))
    run(
        scene.world,
        "UPDATE receipts SET offer = (SELECT offer FROM receipts WHERE id = '{}') WHERE subject_id = '{}'",
        rec,
        scene.eve,
    )


def countersigned_by_the_vandal(scene: Scene) -> None:
    key = OKPKey.generate_key("Ed25519")
    rec = scene.receipt_of(scene.batch(scene.eve))
    offer = str(run(scene.world, "SELECT offer FROM receipts WHERE id = '{}'", rec)[0][0])
    signed = countersign(offer, subject_key=key, now=scene.world.clock.now())
    raw = countersigned_by(signed, offer=offer)
    run(scene.world, "UPDATE receipts SET countersignature = '{}' WHERE id = '{}'", signed, rec)
    make_active(scene, scene.eve, f"x'{raw.hex()}'")


def reference_moved_to_another_person(scene: Scene) -> None:
    ann, batch = scene.ann.subject_id, scene.batch(scene.ann.subject_id)
    run(
        scene.world,
        "UPDATE \"references\" SET subject_id = '{}', enrolment_id = '{}' WHERE subject_id = '{}'",
        ann,
        batch,
        scene.eve,
    )


def reference_moved_to_an_agreed_batch(scene: Scene) -> None:
    batch = scene.batch(scene.ann.subject_id)
    run(
        scene.world,
        "UPDATE \"references\" SET enrolment_id = '{}' WHERE enrolment_id = '{}'",
        batch,
        scene.second_batch,
    )


def own_receipt_copied_to_another_batch(scene: Scene) -> None:
    rec = scene.receipt_of(scene.batch(scene.ann.subject_id))
    run(
        scene.world,
        "UPDATE receipts SET (offer, countersignature) = "
        "(SELECT offer, countersignature FROM receipts WHERE id = '{}') WHERE enrolment_id = '{}'",
        rec,
        scene.second_batch,
    )
    run(scene.world, "UPDATE enrolments SET state = 'ACTIVE' WHERE id = '{}'", scene.second_batch)


def own_receipt_moved_to_another_batch(scene: Scene) -> None:
    batch = scene.batch(scene.ann.subject_id)
    run(scene.world, "DELETE FROM receipts WHERE enrolment_id = '{}'", scene.second_batch)
    run(scene.world, "UPDATE receipts SET enrolment_id = '{}' WHERE enrolment_id = '{}'", scene.second_batch, batch)
    run(scene.world, "UPDATE enrolments SET state = 'PENDING' WHERE id = '{}'", batch)
    run(scene.world, "UPDATE enrolments SET state = 'ACTIVE' WHERE id = '{}'", scene.second_batch)


def subject_key_copied(scene: Scene) -> None:
    receipt_copied(scene)
    run(
        scene.world,
        "UPDATE subject_keys SET wrapped = (SELECT wrapped FROM subject_keys WHERE id = '{}') WHERE id = '{}'",
        scene.ann.subject_id,
        scene.eve,
    )


@pytest.mark.parametrize(
    "vandalise",
    [
        states_set,
        countersignature_copied,
        receipt_copied,
        countersigned_by_the_vandal,
        reference_moved_to_another_person,
        reference_moved_to_an_agreed_batch,
        own_receipt_copied_to_another_batch,
        own_receipt_moved_to_another_batch,
        subject_key_copied,
    ],
)
def test_s1_nothing_written_by_sql_makes_an_unasked_face_known(
    scene: Scene, vandalise: Callable[[Scene], None]
) -> None:
    vandalise(scene)
    assert who(scene.world, scene.station, photo("eve")) is None
    scene.world.services.live.load()
    assert who(scene.world, scene.station, photo("eve")) is None
    assert who(scene.world, scene.station, photo("eve", 2)) is None
    assert scene.world.verify(scene.station, photo("eve", 2), "ann")["decision"] != "MATCH"
    assert scene.world.verify(scene.station, photo("eve"), "eve")["decision"] != "MATCH"


def test_s1_the_database_refuses_an_active_person_without_a_key(scene: Scene) -> None:
    for state in ("ACTIVE", "HELD"):
        with pytest.raises(sa.exc.IntegrityError, match="s1_agreed_has_key"):
            run(scene.world, "UPDATE subjects SET state = '{}' WHERE id = '{}'", state, scene.eve)


def test_s1_the_database_refuses_two_receipts_for_one_enrolment(scene: Scene) -> None:
    with pytest.raises(sa.exc.IntegrityError, match="UNIQUE"):
        scene.world.sql(
            "INSERT INTO receipts SELECT 'rec_x', enrolment_id, subject_id, offer, '', expires_at FROM receipts"
        )


def gone_from(scene: Scene) -> None:
    assert who(scene.world, scene.station, photo("ann", 3)) is None
    assert scene.world.verify(scene.station, photo("ann", 3), "ann")["decision"] == "NO_MATCH"


@pytest.mark.parametrize(
    "statement",
    [
        "DELETE FROM receipts WHERE countersignature IS NOT NULL",
        "UPDATE receipts SET countersignature = NULL",
        "UPDATE receipts SET countersignature = substr(countersignature, 1, 300)",
        "UPDATE receipts SET offer = replace(offer, 'a', 'b')",
        "UPDATE receipts SET countersignature = 'W1tb.e30.AA'",
        "UPDATE subjects SET public_key = x'" + "22" * 32 + "' WHERE public_key IS NOT NULL",
        "UPDATE subjects SET state = 'HELD' WHERE state = 'ACTIVE'",
        "UPDATE enrolments SET state = 'HELD' WHERE state = 'ACTIVE'",
        "DELETE FROM subject_keys",
    ],
)
def test_s1_consent_is_read_again_in_every_decision(scene: Scene, statement: str) -> None:
    assert who(scene.world, scene.station, photo("ann", 3)) == "ann"
    scene.world.sql(statement)
    gone_from(scene)
    scene.world.services.live.load()
    gone_from(scene)


def test_s1_a_later_date_in_the_database_does_not_lengthen_a_consent(scene: Scene) -> None:
    run(scene.world, "UPDATE receipts SET expires_at = {}", TEN_YEARS)
    run(scene.world, "UPDATE enrolments SET expires_at = {}", TEN_YEARS)
    scene.world.sql("UPDATE purposes SET retention_days = 1000")
    scene.world.clock.move(days=91)
    gone_from(scene)
    assert scene.world.services.withdraw.purge().subjects >= 1
    assert run(scene.world, "SELECT * FROM subjects WHERE id = '{}'", scene.ann.subject_id) == []


@pytest.mark.parametrize("at", [1, 5, 6, 20, 100])
def test_s1_a_sealed_reference_that_was_edited_is_left_out(scene: Scene, at: int) -> None:
    run(
        scene.world,
        "UPDATE \"references\" SET sealed = CAST(substr(sealed, 1, {}) || x'ee' || substr(sealed, {}) AS BLOB)",
        at - 1,
        at + 1,
    )
    with restarted(scene.world) as again:
        assert again.http.get("/readyz").json()["left_out"] == 1
        assert who(again, scene.station, photo("ann", 3)) is None


def test_s1_people_and_references_do_not_move_between_galleries(scene: Scene) -> None:
    world = scene.world
    with world.services.store.read() as tx:
        purpose = tx.galleries.get(scene.gallery).purpose_id
    other = world.gallery(purpose)
    station = world.station(other)
    world.active(other, "bea", photo("bea"))
    run(world, "UPDATE subjects SET gallery_id = '{}' WHERE id = '{}'", other, scene.ann.subject_id)
    world.services.live.load()
    assert who(world, station, photo("ann", 3)) is None
    gone_from(scene)
    assert who(world, station, photo("bea", 3)) == "bea"


def test_s1_a_gallery_given_another_purpose_knows_nobody(scene: Scene) -> None:
    world = scene.world
    other = world.purpose()
    run(world, "UPDATE galleries SET purpose_id = '{}' WHERE id = '{}'", other, scene.gallery)
    assert who(world, scene.station, photo("ann", 3)) is None


def test_s1_rows_copied_back_after_a_withdrawal_bring_nobody_back(scene: Scene) -> None:
    """As a restored backup would; the person's own purge then ends it for good."""
    world, ann = scene.world, scene.ann
    tables = ("subjects", "subject_keys", "enrolments", "receipts", "references", "credentials")
    for table in tables:
        run(world, 'CREATE TABLE backup_{} AS SELECT * FROM "{}"', table, table)
    assert world.as_person(ann, "POST", "/v1/me/withdrawal").status_code == 204
    for table in tables:
        run(world, 'INSERT OR IGNORE INTO "{}" SELECT * FROM backup_{}', table, table)
    world.services.live.load()
    gone_from(scene)
    assert world.pin(scene.station, "ann", ann.pin)["decision"] == "NO_MATCH"
    world.clock.move(seconds=3)
    path = f"/v1/sessions/{world.session(scene.station)}/qr"
    assert world.at(scene.station, "POST", path, json={"qr": ann.qr}).json()["decision"] == "NO_MATCH"
    assert world.services.withdraw.purge().subjects == 1
    assert run(world, "SELECT * FROM subjects WHERE id = '{}'", ann.subject_id) == []
    assert len(world.sql("SELECT * FROM tombstones")) == 1


def test_s1_a_link_that_a_vandal_made_up_opens_nothing(scene: Scene) -> None:
    link = "a link of the vandal's own, long enough"
    digest = hashlib.sha256(link.encode()).hexdigest()
    run(scene.world, "UPDATE enrolments SET link_hash = x'{}' WHERE id = '{}'", digest, scene.second_batch)
    assert scene.world.link("GET", "/v1/consent", link).json()["code"] == "link_unknown"
