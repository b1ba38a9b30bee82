"""Another person's link.

Who: somebody who saw, was sent or guesses a link that is for somebody else. What they have: the link, or as many
guesses as they like, and may be a receipt of their own. What they must not get: an answer in the other's name once that
person has a key, the other's session, or a hint whether a guess was near, used, over or never a link.
"""

from dataclasses import replace

import pytest
from joserfc.jwk import OKPKey
from sim.faces import photo
from support.again import who
from support.attackers import seen, told
from support.world import Person, World

from visavis.consent.receipt import countersign
from visavis.model.ids import new_secret

OPENING = "/v1/personal-sessions/opening"


@pytest.fixture
def gallery(world: World) -> str:
    return world.gallery()


@pytest.fixture
def ann(world: World, gallery: str) -> Person:
    return world.active(gallery, "ann", photo("ann"))


@pytest.fixture
def ben(world: World, gallery: str) -> Person:
    return world.active(gallery, "ben", photo("ben"))


def tokens(world: World, link: str) -> dict[str, str]:
    offer = world.link("GET", "/v1/consent", link).json()["offer"]
    token = countersign(offer, subject_key=OKPKey.generate_key("Ed25519"), now=world.clock.now())
    return {"countersignature": token}


def test_a_link_that_was_used_is_over_or_was_never_one_is_answered_alike(world: World, gallery: str) -> None:
    body = {"countersignature": "a.b.c"}
    links = {name: world.pending(gallery, name, photo(name)) for name in ("used", "declined", "over", "gone", "newer")}
    assert world.countersign(links["used"]).status_code == 200
    assert world.link("POST", "/v1/consent/refusal", links["declined"]).status_code == 200
    world.pending(gallery, "newer", photo("newer"))
    gone = world.enrol(gallery, "gone", photo("gone")).json()
    assert world.api("POST", f"/v1/subjects/{gone['subject_id']}/withdrawal").status_code == 204
    links["gone as well"] = gone["consent_link"].partition("#")[2]
    world.clock.move(days=15)
    links |= {"guessed": new_secret(), "almost": links["over"][:-1], "text": "%00' OR 1=1 --"}
    answers = {
        seen(answer)
        for link in links.values()
        for answer in (
            world.link("GET", "/v1/consent", link),
            world.link("POST", "/v1/consent/countersignature", link, json=body),
            world.link("POST", "/v1/consent/refusal", link),
        )
    }
    assert len(answers) == 1
    assert "link_unknown" in answers.pop()[-1]


def test_links_of_one_sort_are_none_of_another(world: World, gallery: str, ann: Person) -> None:
    checker = world.station(purpose_id=world.purpose(target_kind="fmr", target=1e-4))
    opened = world.at(checker, "POST", "/v1/sessions", json={"kind": "document_check"}).json()
    invited = world.made("/v1/personal-sessions", {"subject_id": ann.subject_id, "attended": True})
    links = {
        "consent": world.pending(gallery, "eve", photo("eve")),
        "grant": opened["grant_link"].partition("#")[2],
        "session": invited["link"].partition("session=")[2],
    }
    for sort, link in links.items():
        if sort != "consent":
            assert told(world.link("GET", "/v1/consent", link)) == "link_unknown"
            assert told(world.link("POST", "/v1/consent/refusal", link)) == "link_unknown"
        if sort != "grant":
            assert told(world.link("GET", "/v1/grant", link)) == "session_unknown"
            assert told(world.link("POST", "/v1/grant", link, json={"grant": "a.b.c"})) == "session_unknown"
        if sort != "session":
            assert told(world.as_person(ann, "POST", OPENING, json={"link_secret": link})) == "session_unknown"
    assert told(world.as_person(ann, "POST", OPENING, json={"link_secret": links["session"]})) == "200"


def test_a_personal_session_is_opened_by_nobody_but_its_person(world: World, ann: Person, ben: Person) -> None:
    invited = world.made("/v1/personal-sessions", {"subject_id": ann.subject_id, "attended": True})
    secret = {"link_secret": invited["link"].partition("session=")[2]}
    thief = replace(ben, subject_id=ann.subject_id)
    assert told(world.as_person(ben, "POST", OPENING, json=secret)) == "session_unknown"
    assert told(world.as_person(thief, "POST", OPENING, json=secret)) == "signature_refused"
    path = f"/v1/personal-sessions/{invited['session_id']}/verify"
    assert told(world.as_person(ben, "POST", path, files={"photo": photo("ben", 2)})) == "session_unknown"
    assert told(world.as_person(ann, "POST", OPENING, json=secret)) == "200"
    assert told(world.as_person(ben, "POST", path, files={"photo": photo("ann", 2)})) == "session_unknown"
    assert told(world.as_person(ann, "POST", path, files={"photo": photo("ben", 2)})) == "NO_MATCH"


def test_a_personal_sessions_link_is_good_once_and_for_120_seconds(world: World, ann: Person) -> None:
    def invited() -> dict[str, str]:
        made = world.made("/v1/personal-sessions", {"subject_id": ann.subject_id, "attended": True})
        return {"link_secret": made["link"].partition("session=")[2]}

    used, over, gone = invited(), invited(), invited()
    assert told(world.as_person(ann, "POST", OPENING, json=used)) == "200"
    assert told(world.as_person(ann, "POST", OPENING, json=used)) == "session_unknown"
    world.clock.move(seconds=120)
    assert told(world.as_person(ann, "POST", OPENING, json=over)) == "session_expired"
    assert world.as_person(ann, "POST", "/v1/me/withdrawal").status_code == 204
    assert told(world.as_person(ann, "POST", OPENING, json=gone)) == "signature_refused"
    assert world.sql("SELECT * FROM sessions") == []


def test_a_grant_is_for_the_session_its_link_opened(world: World) -> None:
    purpose = world.purpose(target_kind="fmr", target=1e-4)
    stations = [world.station(purpose_id=purpose) for _ in range(2)]
    opened = [world.at(station, "POST", "/v1/sessions", json={"kind": "document_check"}).json() for station in stations]
    links = [answer["grant_link"].partition("#")[2] for answer in opened]
    token = world.grant(links[0])
    assert told(world.link("POST", "/v1/grant", links[1], json={"grant": token})) == "consent_forged"
    for forged in (
        *(world.grant(links[0], text=other) for other in ("another text", "")),
        world.grant(links[0], language="de"),
    ):
        assert told(world.link("POST", "/v1/grant", links[0], json={"grant": forged})) == "consent_forged"
    assert world.sql("SELECT DISTINCT state FROM sessions") == [("AWAITING",)]
    assert told(world.link("POST", "/v1/grant", links[0], json={"grant": token})) == "200"
    assert told(world.link("POST", "/v1/grant", links[0], json={"grant": token})) == "session_unknown"


def test_a_later_link_in_wrong_hands_takes_nothing_from_who_has_agreed(world: World, gallery: str, ann: Person) -> None:
    """It asks about new photos: signing needs her key, and declining ends the new photos alone."""
    link = world.pending(gallery, "ann", photo("ann", 5))
    body = tokens(world, link)
    assert told(world.link("POST", "/v1/consent/countersignature", link, json=body)) == "consent_forged"
    declined = world.link("POST", "/v1/consent/refusal", link)
    assert (declined.status_code, declined.json()["other_way"]) == (200, None)
    station = world.station(gallery)
    assert who(world, station, photo("ann", 2)) == "ann"
    assert world.pin(station, "ann", ann.pin)["decision"] == "MATCH"
    assert world.as_person(ann, "GET", "/v1/me").json()["state"] == "CONSENTED"


def test_a_link_shows_nothing_of_anybody_else(world: World, gallery: str, ann: Person, ben: Person) -> None:
    link = world.pending(gallery, "eve", photo("eve"))
    shown = world.link("GET", "/v1/consent", link).text
    for other in (ann, ben):
        for word in (other.subject_id, other.reference, other.pin, other.qr, str(other.key.as_dict()["x"])):
            assert f'"{word}"' not in shown


@pytest.mark.parametrize("door", ["consent", "grant", "opening"])
def test_guesses_of_links_are_counted_and_stopped(world: World, ann: Person, door: str) -> None:
    """A secret has 192 bits: stopping is for the noise, and so that somebody notices."""
    world.app.state.services = replace(world.services, rates=type(world.services.rates)(
        calls_per_minute=100_000, failures_per_minute=20,
    ))  # fmt: skip

    def guess() -> str:
        if door == "opening":
            return told(world.as_person(ann, "POST", OPENING, json={"link_secret": new_secret()}))
        return told(world.link("GET", f"/v1/{door}", new_secret()))

    got = [guess() for _ in range(40)]
    assert got[0] in {"link_unknown", "session_unknown"}
    assert set(got[-5:]) <= {"rate_limited", "locked_out"}, got
