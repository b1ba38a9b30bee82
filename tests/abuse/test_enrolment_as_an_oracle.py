"""Enrolment as an oracle.

Who: an enroller gone bad. What they have: an API key with `enrol`, photos of people who may or may not be in the
gallery, and names. What they must not get: from any answer, now or later, whether a face is there, is held for review,
has withdrawn or has said no (rule S3). That a name of their own is taken they can find out; the threat model says so.
"""

from collections.abc import Iterator

import httpx2
import pytest
from sim.faces import photo
from support.attackers import seen, told
from support.world import World

DRAWN = (
    "enrolment_id",
    "subject_id",
    "consent_link",
    "enrol_link",
    "receipt_id",
    "offer",
    "countersignature",
    "other_way",
)


@pytest.fixture
def gallery(world: World) -> str:
    return world.gallery()


@pytest.fixture
def peopled(world: World, gallery: str) -> str:
    """A gallery in which everything has happened to somebody."""
    world.active(gallery, "ann", photo("ann"))
    held = world.active(gallery, "double", photo("ann", 2))
    assert world.state(held.subject_id) == "HELD"
    gone = world.active(gallery, "gone", photo("gone"))
    assert world.as_person(gone, "POST", "/v1/me/withdrawal").status_code == 204
    assert world.link("POST", "/v1/consent/refusal", world.pending(gallery, "no", photo("no"))).status_code == 200
    world.pending(gallery, "waiting", photo("waiting"))
    world.made(f"/v1/galleries/{gallery}/without-face", {"external_reference": "faceless"})
    return gallery


PEOPLE = {
    "nobody was there": ("new", photo("new")),
    "their face is there": ("other", photo("ann", 3)),
    "that very photo is there": ("another", photo("ann")),
    "their face is held": ("third", photo("ann", 2)),
    "that name is there with that photo": ("ann", photo("ann")),
    "that name is there": ("ann", photo("ann", 4)),
    "that name is there with another face": ("ann", photo("stranger")),
    "that name is held": ("double", photo("ann", 2)),
    "that name withdrew": ("gone", photo("gone")),
    "that face withdrew": ("fourth", photo("gone")),
    "that name said no": ("no", photo("no")),
    "that face said no": ("fifth", photo("no")),
    "that name waits": ("waiting", photo("waiting")),
    "that face waits": ("sixth", photo("waiting")),
    "that name has no face": ("faceless", photo("seventh")),
}


def test_whoever_was_there_the_answer_is_the_same_to_the_byte(world: World, peopled: str) -> None:
    world.clock.move(days=10)
    answers = {why: seen(world.enrol(peopled, name, face), anew=DRAWN) for why, (name, face) in PEOPLE.items()}
    first = answers["nobody was there"]
    assert first[0] == 202
    assert {why for why, answer in answers.items() if answer != first} == set()


def links(world: World, gallery: str) -> Iterator[tuple[str, httpx2.Response]]:
    for why, (name, face) in PEOPLE.items():
        link = world.pending(gallery, name, face)
        yield why, world.link("GET", "/v1/consent", link)


def test_whoever_was_there_an_invitation_is_answered_the_same_and_takes_the_same_photos(
    world: World, peopled: str
) -> None:
    """Also through its link, which the enroller holds as well."""
    world.clock.move(days=10)
    answers, shown, sent = set(), set(), set()
    for name in ("new", "ann", "double", "gone", "no", "waiting", "faceless"):
        path, body = f"/v1/galleries/{peopled}/invitations", {"external_reference": name}
        for _ in range(2):
            answer = world.api("POST", path, json=body)
            answers.add(seen(answer, anew=DRAWN))
        link = answer.json()["enrol_link"].partition("#")[2]
        terms = world.link("GET", "/v1/consent", link).json()
        shown.add((len(terms["offer"]), terms["waiting"], terms["expires_at"], str(terms["photos"])))
        for face in ("ann", "stranger"):
            files = [("photos", (f"{number}.jpg", photo(face, number), "image/jpeg")) for number in range(2)]
            sent.add((face, seen(world.link("POST", "/v1/consent/photos", link, files=files))))
    assert (len(answers), len(shown), len(sent)) == (1, 1, 2)


def test_what_a_link_shows_depends_on_nobody_elses_face(world: World, peopled: str) -> None:
    """Whoever hands links out can open them: they show the purpose, and of the person that they answered before."""
    shown = {why: answer.json() for why, answer in links(world, peopled)}
    answered = {"that name is there with that photo", "that name is held"}
    assert {why for why, answer in shown.items() if not answer["waiting"]} == answered
    assert len({tuple(answer) for answer in shown.values()}) == 1
    assert len({len(answer["offer"]) for answer in shown.values()}) == 1
    assert len({answer["expires_at"] for answer in shown.values()}) == 1


def test_agreeing_in_a_forged_name_does_not_tell_that_the_face_is_there(world: World, peopled: str) -> None:
    """The enroller countersigns as somebody made up: once with a face that is there, once with one that is not."""
    known = world.countersign(world.pending(peopled, "made up", photo("ann", 5)))
    fresh = world.countersign(world.pending(peopled, "made down", photo("fresh")))
    assert world.state(known.json()["subject_id"]) == "HELD"
    assert world.state(fresh.json()["subject_id"]) == "ACTIVE"
    known_as, fresh_as = seen(known, anew=DRAWN), seen(fresh, anew=DRAWN)
    assert known_as == fresh_as


def test_the_made_up_person_sees_no_difference_in_what_is_held(world: World, peopled: str) -> None:
    known = world.active(peopled, "made up", photo("ann", 5))
    fresh = world.active(peopled, "made down", photo("fresh"))
    seen_by = [world.as_person(person, "GET", "/v1/me") for person in (known, fresh)]
    shapes = [
        {
            name: value if isinstance(value, bool | int) else type(value).__name__
            for name, value in answer.json().items()
        }
        for answer in seen_by
    ]
    assert shapes[0] == shapes[1]
    assert [answer.json()["state"] for answer in seen_by] == ["CONSENTED"] * 2
    again = [told(world.enrol(peopled, person.reference, photo("ann", 5))) for person in (known, fresh)]
    assert again == ["202"] * 2


def test_no_door_of_an_enrollers_key_shows_states_reviews_or_decisions(world: World, peopled: str) -> None:
    made = world.enrol(peopled, "made up", photo("ann", 5)).json()
    secret = world.made("/v1/api-keys", {"name": "enroller", "scopes": ["enrol"]})["secret"]
    reason = {"Authorization": f"Bearer {secret}", "Visavis-Reason": "curious"}
    for path in (
        "/v1/reviews",
        f"/v1/subjects/{made['subject_id']}",
        f"/v1/galleries/{peopled}/subjects",
        f"/v1/decisions?gallery_id={peopled}",
        f"/v1/galleries/{peopled}",
    ):
        assert told(world.http.get(path, headers=reason)) == "scope_missing", path
    asked = {"external_reference": "ann", "reason": "curious"}
    looked_up = world.http.post(f"/v1/galleries/{peopled}/subjects/lookup", headers=reason, json=asked)
    assert told(looked_up) == "scope_missing"


def test_a_gallery_that_is_full_is_full_for_every_face(world: World) -> None:
    gallery = world.gallery(target=1e-5)  # room for one
    world.active(gallery, "ann", photo("ann"))
    answers = {
        seen(world.enrol(gallery, name, face))
        for name, face in (("new", photo("new")), ("other", photo("ann")), ("third", photo("ann", 2)))
    }
    assert len(answers) == 1
    (answer,) = answers
    assert "gallery_full" in answer[-1]
    assert "sub_" not in answer[-1]


def test_a_photo_that_is_refused_is_refused_whoever_is_there(world: World, peopled: str) -> None:
    for picture in (b"SIM nobody", b"SIM crowd", b"not an image"):
        answers = {seen(world.enrol(peopled, name, picture)) for name, _ in PEOPLE.values()}
        assert len(answers) == 1


def test_adding_somebody_without_a_face_tells_of_names_and_not_of_people(world: World, peopled: str) -> None:
    """A name is taken or free; by whom, and what became of them, is not told. It cannot be hidden: two people with one
    name could not be told apart at a station, and handing out the PIN of who has it would give them away.
    """

    def added(name: str) -> httpx2.Response:
        return world.api("POST", f"/v1/galleries/{peopled}/without-face", json={"external_reference": name})

    taken = {seen(added(name)) for name in ("ann", "double", "no", "waiting", "faceless", " ann ")}
    free = {seen(added(name), anew=DRAWN) for name in ("gone", "new")}
    assert (len(taken), len(free)) == (1, 1)
    assert "already_exists" in taken.pop()[-1]
    assert free.pop()[0] == 201


def test_enrolling_compares_with_nobody(world: World, peopled: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """So that neither the answer nor its time can depend on who is there; one look at each photo is all there is."""
    searched: list[str] = []
    monkeypatch.setattr(type(world.services.live), "index", lambda *_: searched.append("searched"))
    world.faces.seen.clear()
    for number in range(3):
        assert world.enrol(peopled, f"n{number}", photo("ann", 9)).status_code == 202
    assert searched == []
    assert len(world.faces.seen) == 3
