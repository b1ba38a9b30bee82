"""Retention runs by itself: of every table it is said what ends it, and it does."""

from datetime import timedelta
from typing import Any

from sim.faces import photo
from support.again import dump
from support.told import somebody
from support.world import World

from visavis.adapters.sql import tables
from visavis.flows.kept import KEPT, Ends, kept
from visavis.flows.leftovers import ENDED_KEYS, UNUSED_SESSIONS
from visavis.flows.record import SERVERS_OPENINGS
from visavis.model.purpose import MAX_RETENTION_DAYS

FOR_EVER = {"log_entries", "log_head", "generations", "server"}
"""What an installation cannot do without; none of it is about anybody."""


def filled(world: World) -> dict[str, int]:
    """How many rows each table has."""
    return {name: len(rows) for name, rows in dump(world).items() if rows}


def furnish(world: World) -> str:
    """Something in every table that people, stations and programs fill."""
    one = somebody(world)
    world.enrol(one.gallery, "eve", photo("eve"))
    world.made(f"/v1/galleries/{one.gallery}/without-face", {"external_reference": "wim"})
    world.api("GET", f"/v1/galleries/{one.gallery}/subjects")
    leaver = world.active(one.gallery, "leaver", photo("leaver"))
    world.as_person(leaver, "POST", "/v1/me/withdrawal")
    world.api("DELETE", f"/v1/stations/{world.station(one.gallery).id}")
    made = world.made("/v1/api-keys", {"name": "old", "scopes": ["operate"]})
    world.api("DELETE", f"/v1/api-keys/{made['id']}")
    # What goes with nobody: a name that nobody has, an answer that speaks of nobody.
    world.pin(one.station, "nobody", "000001")
    once = {"Idempotency-Key": "once"}
    world.api("POST", "/v1/galleries", json={"name": "x", "purpose_id": world.purpose()}, headers=once)
    world.clock.move(seconds=3)
    world.session(one.station)
    now = f"{world.clock.now():%Y-%m-%d %H:%M:%S}"
    world.sql(f"INSERT INTO exports VALUES ('exp_x', '{one.gallery}', 'ASKED', x'00', x'00', '{now}', '{now}')")  # noqa: S608 -- our own names
    return str(world.api("GET", f"/v1/galleries/{one.gallery}").json()["purpose_id"])


def test_every_table_says_what_ends_it() -> None:
    """Whoever adds a table says here until when its rows are kept."""
    assert set(tables.metadata.tables) == {one.table for one in KEPT}
    assert {one.table for one in KEPT if one.ends is Ends.NEVER} == FOR_EVER
    assert not [one.table for one in KEPT if one.ends is Ends.NEVER and one.is_about_people]
    assert not [one.table for one in KEPT if not (one.what and one.why and one.until)]


def test_in_time_nothing_is_left_of_anybody(world: World) -> None:
    """Nobody does anything but wait. What is left when all times are over is about nobody."""
    furnish(world)
    before = filled(world)
    assert {"tombstones", "reviews", "tries", "readings", "nonces", "answered", "imports", "sessions"} <= set(before)
    ends = max(timedelta(days=MAX_RETENTION_DAYS), SERVERS_OPENINGS) + timedelta(days=31)
    world.clock.move(seconds=ends.total_seconds())
    world.services.withdraw.purge()
    world.clock.move(days=31)  # those who are erased today leave tombstones
    world.services.withdraw.purge()
    left = filled(world)
    assert {name for name in left if kept(name).ends is not Ends.WITH_PURPOSE} <= {*FOR_EVER, "api_keys"}
    assert [row[1] for row in dump(world)["api_keys"]] == ["first"], "the key that is in use stays"


def test_when_its_purpose_has_ended_nothing_is_left_at_all(world: World) -> None:
    purpose = furnish(world)
    assert world.api("POST", f"/v1/purposes/{purpose}/end", json={}).status_code == 200
    world.services.withdraw.purge()
    left = filled(world)
    assert not {"subjects", "subject_keys", "references", "receipts", "enrolments", "credentials", "reviews"} & set(
        left
    )
    assert {"purposes", "purpose_texts", "galleries", "decisions", "stations"} <= set(left), "decisions are counts now"
    world.clock.move(days=MAX_RETENTION_DAYS + 40)
    for _ in range(3):  # decisions, then stations and galleries, then the purpose
        world.services.withdraw.purge()
    anothers = {"purposes", "purpose_texts", "galleries", "gallery_keys", "bar_moves"}
    assert set(filled(world)) <= {*FOR_EVER, "api_keys", *anothers}
    assert [row[0] for row in world.sql("SELECT name FROM galleries")] == ["x"], "another purpose's"
    assert world.sql(f"SELECT * FROM purposes WHERE id = '{purpose}'") == []  # noqa: S608 -- our own names


def test_sessions_without_a_decision_end_after_a_day(world: World) -> None:
    station = world.station(world.gallery())
    world.session(station)
    world.clock.move(seconds=UNUSED_SESSIONS.total_seconds() + 100)
    world.services.withdraw.purge(thorough=False)
    assert filled(world).get("sessions") == 1
    world.clock.move(seconds=30)
    world.services.withdraw.purge(thorough=False)
    assert "sessions" not in filled(world)


def test_a_revoked_key_is_listed_for_ninety_days_or_as_long_as_something_names_it(world: World) -> None:
    gallery = world.gallery(retention_days=200)
    keys = [world.made("/v1/api-keys", {"name": name, "scopes": ["operate"]}) for name in ("reader", "other")]
    headers = {"Authorization": f"Bearer {keys[0]['secret']}", "Visavis-Reason": "x"}
    assert world.http.get(f"/v1/galleries/{gallery}/subjects", headers=headers).status_code == 200
    for key in keys:
        assert world.api("DELETE", f"/v1/api-keys/{key['id']}").status_code == 204

    def names() -> set[str]:
        world.services.withdraw.purge()
        world.services.api_keys.tidy()
        return {item["name"] for item in world.api("GET", "/v1/api-keys").json()["items"]}

    world.clock.move(seconds=ENDED_KEYS.total_seconds() - 100)
    assert names() == {"first", "reader", "other"}
    world.clock.move(seconds=200)
    assert names() == {"first", "reader"}
    world.clock.move(days=120)
    assert names() == {"first"}


def test_a_notice_of_look_alikes_ends_with_the_retention_and_a_held_enrolment_does_not(world: World) -> None:
    gallery = world.gallery(retention_days=30)
    ann = world.active(gallery, "ann", photo("ann"))
    bea = world.active(gallery, "bea", photo("bea"))
    first, second = sorted([ann.subject_id, bea.subject_id])
    world.sql(
        "INSERT INTO reviews (id, kind, gallery_id, subject_id, other_subject_id, enrolment_id, created_at) VALUES"  # noqa: S608 -- our own names
        f" ('rev_x', 'look_alike', '{gallery}', '{first}', '{second}', NULL, '{world.clock.now():%Y-%m-%d %H:%M:%S}')"
    )
    world.clock.move(days=20)
    world.services.withdraw.purge()
    again = [world.countersign(world.pending(gallery, p.reference, photo(p.reference, 2)), p.key) for p in (ann, bea)]
    assert [answer.status_code for answer in again] == [200, 200]
    assert filled(world)["reviews"] == 1
    world.clock.move(days=11)
    world.services.withdraw.purge()
    assert "reviews" not in filled(world)
    assert filled(world)["subjects"] == 2, "they renewed their consent"


def test_many_that_end_at_once_are_taken_out_some_at_a_time(world: World, monkeypatch: Any) -> None:
    monkeypatch.setattr("visavis.flows.withdraw.AT_ONCE", 2)
    gallery = world.gallery(retention_days=10)
    people = [world.active(gallery, name, photo(name)) for name in ("ann", "bea", "cem", "dov", "eve")]
    world.clock.move(days=10)
    begun: list[bool] = []
    write = world.services.store.write

    def counted(*, alone: bool = False) -> Any:
        begun.append(alone)
        return write(alone=alone)

    monkeypatch.setattr(world.services.store, "write", counted)
    purged = world.services.withdraw.purge(thorough=False)
    assert (purged.subjects, purged.enrolments) == (len(people), len(people))
    assert len(begun) >= 3
    assert not any(begun), "none that others have to wait for"


def test_who_answers_while_a_purge_looks_is_not_taken_out(world: World, monkeypatch: Any) -> None:
    """What was over when it was looked up is looked at again where it is taken out."""
    gallery = world.gallery()
    secret = world.pending(gallery, "ann", photo("ann"))
    world.clock.move(days=13, hours=23)
    withdraw = world.services.withdraw
    with world.services.store.read() as tx:
        waiting = {enrolment.id for enrolment in tx.enrolments.find()}
    assert world.countersign(secret).status_code == 200
    world.clock.move(hours=2)
    monkeypatch.setattr(withdraw, "_over", lambda **_: waiting)
    assert withdraw.purge(thorough=False).enrolments == 0
    assert world.sql("SELECT state FROM subjects") == [("ACTIVE",)]
