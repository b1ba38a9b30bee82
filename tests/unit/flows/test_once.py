"""Idempotency keys: one act, one answer, sealed, and gone with the person."""

import threading
from typing import Any

import httpx2
from sim.faces import photo
from support.world import PURPOSE, World


def keyed(world: World, key: str, **changed: Any) -> httpx2.Response:
    return world.api("POST", "/v1/purposes", json={**PURPOSE, **changed}, headers={"Idempotency-Key": key})


def test_the_same_write_again_is_answered_as_before(world: World) -> None:
    first, again = keyed(world, "k"), keyed(world, "k")
    assert first.status_code == again.status_code == 201
    assert first.json() == again.json()
    assert world.sql("SELECT count(*) FROM purposes") == [(1,)]


def test_another_write_under_the_same_key_is_refused(world: World) -> None:
    keyed(world, "k")
    other = keyed(world, "k", name="another")
    assert (other.status_code, other.json()["code"]) == (409, "idempotency_mismatch")
    gallery = {"name": "g", "purpose_id": world.sql("SELECT id FROM purposes")[0][0]}
    elsewhere = world.api("POST", "/v1/galleries", json=gallery, headers={"Idempotency-Key": "k"})
    assert elsewhere.json()["code"] == "idempotency_mismatch"


def test_a_refusal_is_not_remembered(world: World) -> None:
    assert keyed(world, "k", retention_days=0).status_code == 422
    assert keyed(world, "k").status_code == 201


def test_each_caller_has_keys_of_their_own(world: World) -> None:
    keyed(world, "k")
    other = world.made("/v1/api-keys", {"name": "x", "scopes": ["admin"]})["secret"]
    headers = {"Idempotency-Key": "k", "Authorization": f"Bearer {other}"}
    response = world.http.post("/v1/purposes", json={**PURPOSE, "name": "another"}, headers=headers)
    assert response.status_code == 201


def test_after_a_day_a_key_is_new(world: World) -> None:
    keyed(world, "k")
    world.clock.move(hours=24)
    assert keyed(world, "k").json()["code"] == "already_exists"
    world.services.withdraw.purge()
    assert world.sql("SELECT * FROM answered") == []


def test_many_at_once_are_one(world: World) -> None:
    gallery, answers = world.gallery(), []

    def send() -> None:
        answers.append(world.enrol(gallery, "ann", photo("ann"), headers={"Idempotency-Key": "k"}).json())

    threads = [threading.Thread(target=send) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert all(answer == answers[0] for answer in answers)
    assert len(answers) == 6


def test_what_is_remembered_is_sealed_and_goes_with_the_person(world: World) -> None:
    gallery = world.gallery()
    answer = world.enrol(gallery, "ann", photo("ann"), headers={"Idempotency-Key": "k"}).json()
    link = answer["consent_link"].partition("#")[2]
    assert link.encode() not in world.files()
    assert len(world.sql("SELECT * FROM answered")) == 1
    world.api("POST", f"/v1/subjects/{answer['subject_id']}/withdrawal")
    assert world.sql("SELECT * FROM answered") == []
    again = world.enrol(gallery, "ann", photo("ann"), headers={"Idempotency-Key": "k"}).json()
    assert again["subject_id"] != answer["subject_id"]


def test_an_answer_that_was_edited_or_moved_is_not_given(world: World) -> None:
    keyed(world, "k")
    keyed(world, "l", name="another")
    world.sql("UPDATE answered SET sealed_answer = (SELECT sealed_answer FROM answered LIMIT 1)")
    codes = {keyed(world, "k").json().get("code"), keyed(world, "l", name="another").json().get("code")}
    assert "seal_broken" in codes


def test_a_withdrawal_may_be_sent_again(world: World) -> None:
    ann = world.active(world.gallery(), "ann", photo("ann"))
    path = f"/v1/subjects/{ann.subject_id}/withdrawal"
    responses = [world.api("POST", path, headers={"Idempotency-Key": "k"}) for _ in range(2)]
    assert [(r.status_code, r.content) for r in responses] == [(204, b"")] * 2
    assert world.api("POST", path).status_code == 404


def test_keys_that_are_none_are_refused(world: World) -> None:
    for key in ("x" * 101, "a b"):
        assert keyed(world, key).json()["code"] == "request_invalid"
