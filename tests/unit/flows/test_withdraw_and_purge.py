"""Withdrawal, and what time takes out by itself."""

import pytest
from sim.faces import photo
from support.again import dump, who
from support.world import Person, World


def rows_about(world: World, person: Person) -> set[str]:
    found = {name for name, rows in dump(world).items() if any(person.subject_id in map(str, row) for row in rows)}
    return found - {"nonces"}


def test_a_withdrawal_leaves_a_tombstone_and_counts(world: World) -> None:
    gallery = world.gallery()
    station = world.station(gallery)
    ann = world.active(gallery, "ann", photo("ann"))
    world.identify(station, photo("ann", 2))
    world.pin(station, "ann", "000001")
    world.made("/v1/personal-sessions", {"subject_id": ann.subject_id, "attended": True})
    assert {"subjects", "decisions", "sessions", "credentials"} <= rows_about(world, ann)
    assert world.as_person(ann, "POST", "/v1/me/withdrawal").status_code == 204
    assert rows_about(world, ann) == {"tombstones"}
    assert world.sql("SELECT outcome, subject_id FROM decisions ORDER BY decided_at") == [
        ("MATCH", None),
        ("NO_MATCH", None),
    ]
    assert world.sql("SELECT * FROM tries") == []
    assert world.as_person(ann, "GET", "/v1/me").json()["code"] == "signature_refused"


def test_a_withdrawn_person_may_come_again_as_somebody_new(world: World) -> None:
    gallery = world.gallery()
    station = world.station(gallery)
    ann = world.active(gallery, "ann", photo("ann"))
    world.as_person(ann, "POST", "/v1/me/withdrawal")
    again = world.active(gallery, "ann", photo("ann"))
    assert again.subject_id != ann.subject_id
    assert who(world, station, photo("ann", 2)) == "ann"


def test_tombstones_stay_for_the_backup_window_and_the_epoch_they_are_of(world: World) -> None:
    ann = world.active(world.gallery(), "ann", photo("ann"))
    world.as_person(ann, "POST", "/v1/me/withdrawal")
    world.clock.move(days=30)
    world.services.withdraw.purge()
    assert len(world.sql("SELECT * FROM tombstones")) == 1
    world.clock.move(days=1)
    world.services.withdraw.purge()
    assert world.sql("SELECT * FROM tombstones") == []


def test_a_consent_that_is_over_takes_the_person_out(world: World) -> None:
    gallery = world.gallery(retention_days=10)
    ann = world.active(gallery, "ann", photo("ann"))
    world.clock.move(days=10)
    purged = world.services.withdraw.purge()
    assert (purged.subjects, purged.enrolments) == (1, 1)
    assert rows_about(world, ann) == {"tombstones"}
    assert world.services.withdraw.purge().subjects == 0


def test_one_consent_that_is_over_leaves_the_other(world: World) -> None:
    gallery = world.gallery(retention_days=10)
    station = world.station(gallery)
    ann = world.active(gallery, "ann", photo("ann"))
    world.clock.move(days=5)
    assert world.countersign(world.pending(gallery, "ann", photo("ann", 2)), ann.key).status_code == 200
    world.clock.move(days=5)
    assert who(world, station, photo("ann", 3)) is None
    purged = world.services.withdraw.purge()
    assert (purged.subjects, purged.enrolments) == (0, 1)
    assert who(world, station, photo("ann", 3)) == "ann"
    assert world.sql('SELECT count(*) FROM "references"') == [(1,)]


def test_an_unanswered_later_link_leaves_the_person(world: World) -> None:
    gallery = world.gallery()
    station = world.station(gallery)
    world.active(gallery, "ann", photo("ann"))
    world.pending(gallery, "ann", photo("ann", 2))
    world.clock.move(days=14)
    assert world.services.withdraw.purge().subjects == 0
    assert world.sql('SELECT count(*) FROM "references"') == [(1,)]
    assert who(world, station, photo("ann", 3)) == "ann"


def test_people_without_a_face_stay_as_long_as_the_purpose_says(world: World) -> None:
    gallery = world.gallery(retention_days=30)
    world.made(f"/v1/galleries/{gallery}/without-face", {"external_reference": "wim"})
    world.pending(gallery, "wim", photo("wim"))
    world.clock.move(days=29)
    world.services.withdraw.purge()
    assert world.sql("SELECT state FROM subjects") == [("WITHOUT_FACE",)]
    world.clock.move(days=1)
    assert world.services.withdraw.purge().subjects == 1
    assert world.sql("SELECT * FROM subjects") == []


def test_decisions_and_sessions_end_with_the_retention(world: World) -> None:
    gallery = world.gallery(retention_days=10)
    station = world.station(gallery)
    world.identify(station, photo("stranger"))
    world.clock.move(seconds=3)
    world.session(station)
    world.clock.move(days=2)
    assert world.services.withdraw.purge().decisions == 0
    assert world.sql("SELECT state FROM sessions") == [("USED",)]
    world.clock.move(days=8)
    assert world.services.withdraw.purge().decisions == 1
    assert world.sql("SELECT * FROM sessions") == world.sql("SELECT * FROM decisions") == []


def test_a_purge_that_cannot_refresh_one_person_refreshes_the_others(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    gallery = world.gallery(retention_days=10)
    people = [world.active(gallery, name, photo(name)) for name in ("ann", "bea", "cem")]
    with world.services.store.read() as tx:
        index = world.services.live.index(tx.galleries.get(gallery))
    remove = index.remove_subject
    failed: list[str] = []

    def fails_once(subject_id: str) -> None:
        if not failed:
            failed.append(subject_id)
            raise RuntimeError
        remove(subject_id)

    monkeypatch.setattr(index, "remove_subject", fails_once)
    world.clock.move(days=10)
    with pytest.raises(RuntimeError):
        world.services.withdraw.purge()
    assert index.count() == len(people) - 2


def test_a_session_that_was_used_and_never_decided_goes_after_a_day(world: World) -> None:
    station = world.station(world.gallery())
    session_id = world.session(station)
    world.sql("UPDATE sessions SET state = 'USED'")
    world.clock.move(hours=23)
    world.services.withdraw.purge()
    assert world.sql("SELECT id FROM sessions") == [(session_id,)]
    world.clock.move(hours=2)
    world.services.withdraw.purge()
    assert world.sql("SELECT id FROM sessions") == []
