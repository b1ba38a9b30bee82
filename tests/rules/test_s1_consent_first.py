"""Rule S1 at the doors: nobody is recognised before they countersigned with a key of their own."""

from datetime import timedelta

import pytest
from joserfc.jwk import OKPKey
from sim.faces import photo
from support.again import restarted, run, who
from support.world import Person, World

from visavis.client import ConsentLink, StationClient, Visavis, VisavisProblem
from visavis.client import Person as PersonClient
from visavis.consent.receipt import countersign


def test_s1_a_pending_person_is_unknown_to_every_comparison(world: World) -> None:
    gallery = world.gallery()
    station = world.station(gallery)
    world.pending(gallery, "eve", photo("eve"), photo("eve", 2))
    assert who(world, station, photo("eve")) is None
    assert world.verify(station, photo("eve"), "eve")["decision"] == "NO_MATCH"
    world.services.live.load()
    assert who(world, station, photo("eve", 2)) is None
    with restarted(world) as again:
        assert again.http.get("/readyz").json() == {"status": "ready", "subjects": 0, "left_out": 0}
        assert who(again, station, photo("eve")) is None


def test_s1_countersigning_makes_known_and_the_link_works_once(world: World) -> None:
    gallery = world.gallery()
    station = world.station(gallery)
    link = world.pending(gallery, "ann", photo("ann"))
    assert world.countersign(link).status_code == 200
    assert who(world, station, photo("ann", 2)) == "ann"
    again = world.link("POST", "/v1/consent/countersignature", link, json={"countersignature": "x"})
    assert (again.status_code, again.json()["code"]) == (404, "link_unknown")
    assert world.link("GET", "/v1/consent", link).json()["code"] == "link_unknown"
    assert world.link("POST", "/v1/consent/refusal", link).json()["code"] == "link_unknown"


def test_s1_an_unanswered_link_ends_and_everything_about_it_is_erased(world: World) -> None:
    gallery = world.gallery()
    link = world.pending(gallery, "eve", photo("eve"))
    world.clock.move(days=14)
    assert world.link("GET", "/v1/consent", link).json()["code"] == "link_unknown"
    assert world.services.withdraw.purge().subjects == 1
    for table in ("subjects", "subject_keys", "enrolments", "receipts", '"references"'):
        assert run(world, "SELECT * FROM {}", table) == []


def test_s1_an_offer_does_not_wait_longer_than_the_consent_it_asks_for(world: World) -> None:
    link = world.pending(world.gallery(retention_days=1), "eve", photo("eve"))
    offer = world.link("GET", "/v1/consent", link).json()["offer"]
    signed = countersign(offer, subject_key=OKPKey.generate_key("Ed25519"), now=world.clock.now())
    world.clock.move(days=1, seconds=1)
    assert world.link("POST", "/v1/consent/countersignature", link, json={"countersignature": signed}).is_error
    world.services.withdraw.purge()
    assert world.sql("SELECT * FROM subjects") == []


def forged(world: World, link: str, *, how: str) -> str:
    offer = world.link("GET", "/v1/consent", link).json()["offer"]
    key, now = OKPKey.generate_key("Ed25519"), world.clock.now()
    good = countersign(offer, subject_key=key, now=now)
    head, payload, signature = good.split(".")
    other = countersign(offer, subject_key=OKPKey.generate_key("Ed25519"), now=now + timedelta(seconds=1)).split(".")
    forgeries = {
        "for another offer": countersign(f"{offer}x", subject_key=key, now=now),
        "signature of another": f"{head}.{payload}.{other[2]}",
        "head of another": f"{other[0]}.{payload}.{signature}",
        "payload of another": f"{head}.{other[1]}.{signature}",
        "no signature": f"{head}.{payload}.",
        "the offer itself": offer,
        "empty": "",
        "nested": "W" * 60_000 + ".x.x",
    }
    return str(forgeries[how])


@pytest.mark.parametrize(
    "how",
    [
        "for another offer",
        "signature of another",
        "head of another",
        "payload of another",
        "no signature",
        "the offer itself",
        "empty",
        "nested",
    ],
)
def test_s1_a_forged_countersignature_is_refused_and_changes_nothing(world: World, how: str) -> None:
    gallery = world.gallery()
    link = world.pending(gallery, "eve", photo("eve"))
    token = forged(world, link, how=how)
    response = world.link("POST", "/v1/consent/countersignature", link, json={"countersignature": token})
    assert (response.status_code, response.json()["code"]) == (403, "consent_forged")
    assert world.sql("SELECT state FROM subjects") == [("PENDING",)]
    assert who(world, world.station(gallery), photo("eve")) is None
    assert world.countersign(link).status_code == 200


def test_s1_deeply_nested_json_is_a_forgery_and_not_a_fault(world: World) -> None:
    link = world.pending(world.gallery(), "eve", photo("eve"))
    token = "W1tb" * 12_000 + ".e30.AA"  # 36,000 opening brackets
    response = world.link("POST", "/v1/consent/countersignature", link, json={"countersignature": token})
    assert response.json()["code"] == "consent_forged"


def test_s1_more_photos_need_the_same_persons_key(world: World) -> None:
    gallery = world.gallery()
    station = world.station(gallery)
    ann = world.active(gallery, "ann", photo("ann"))
    link = world.pending(gallery, "ann", photo("eve"))
    refused = world.countersign(link, OKPKey.generate_key("Ed25519"))
    assert (refused.status_code, refused.json()["code"]) == (403, "consent_forged")
    assert who(world, station, photo("eve", 2)) is None
    assert who(world, station, photo("ann", 2)) == "ann"
    assert world.countersign(link, ann.key).status_code == 200


def test_s1_consent_that_is_over_is_not_used_even_before_it_is_purged(world: World) -> None:
    gallery = world.gallery(retention_days=30)
    station = world.station(gallery)
    world.active(gallery, "ann", photo("ann"))
    world.clock.move(days=29, hours=23)
    assert who(world, station, photo("ann", 2)) == "ann"
    world.clock.move(hours=1)
    assert who(world, station, photo("ann", 2)) is None
    assert world.verify(station, photo("ann", 2), "ann")["decision"] == "NO_MATCH"


def still_in_memory(world: World, person: Person) -> bool:
    with world.services.store.read() as tx:
        gallery = tx.galleries.find()[0]
    probe = world.faces.extract(photo(person.reference))
    return world.services.live.index(gallery).nearest_of(person.subject_id, probe=probe) is not None


def test_s1_withdrawal_counts_though_memory_still_holds_the_template(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    gallery = world.gallery()
    station = world.station(gallery)
    ann = world.active(gallery, "ann", photo("ann"))
    monkeypatch.setattr(type(world.services.live), "refresh", lambda _self, _subject_id: None)
    assert world.as_person(ann, "POST", "/v1/me/withdrawal").status_code == 204
    assert still_in_memory(world, ann)
    assert who(world, station, photo("ann")) is None
    assert world.verify(station, photo("ann"), "ann")["decision"] == "NO_MATCH"


def test_s1_a_reference_that_memory_alone_holds_counts_no_more(world: World) -> None:
    gallery = world.gallery()
    station = world.station(gallery)
    ann = world.active(gallery, "ann", photo("ann"))
    link = world.pending(gallery, "ann", photo("ann", twin_of="ann"), photo("bea"))
    world.countersign(link, ann.key)
    run(world, "DELETE FROM \"references\" WHERE subject_id = '{}'", ann.subject_id)
    assert still_in_memory(world, ann)
    assert who(world, station, photo("ann")) is None
    assert world.verify(station, photo("ann"), "ann")["decision"] == "NO_MATCH"


def test_s1_withdrawing_takes_the_template_out_of_memory_too(world: World) -> None:
    gallery = world.gallery()
    ann = world.active(gallery, "ann", photo("ann"))
    assert still_in_memory(world, ann)
    assert world.api("POST", f"/v1/subjects/{ann.subject_id}/withdrawal").status_code == 204
    assert not still_in_memory(world, ann)


def test_s1_the_servers_word_for_the_link_is_only_a_hash(world: World) -> None:
    link = world.pending(world.gallery(), "eve", photo("eve"))
    assert link.encode() not in world.files()
    assert world.sql("SELECT link_hash FROM enrolments") == [(world.services.keyring.secret_tag(link, use="links"),)]


def test_s1_the_persons_private_key_is_nowhere_on_the_server(world: World) -> None:
    gallery = world.gallery()
    key = OKPKey.generate_key("Ed25519")
    world.countersign(world.pending(gallery, "ann", photo("ann")), key)
    assert str(key.as_dict(private=True)["d"]).encode() not in world.files()


def test_s1_the_python_client_enrols_only_to_pending(world: World) -> None:
    gallery = world.gallery()
    station = world.station(gallery)
    with Visavis(base_url="http://127.0.0.1", api_key=world.secret, transport=world.transport) as client:
        pending = client.enrol(gallery, external_reference="eve", photos=[photo("eve")])
    assert pending.status == "PENDING"
    world.clock.move(seconds=3)
    at_station = StationClient(
        base_url="http://127.0.0.1", station_id=station.id, private_key=station.key, transport=world.transport
    )
    with at_station as door:
        session = door.open_session("identify")
        assert door.identify(session.session_id, photo=photo("eve")).decision == "NO_MATCH"


def test_s1_the_python_client_agrees_and_withdraws_by_the_persons_key(world: World) -> None:
    gallery = world.gallery()
    station = world.station(gallery)
    link = world.pending(gallery, "ann", photo("ann"))
    with ConsentLink(f"http://127.0.0.1/consent#{link}", transport=world.transport) as asked:
        receipt = asked.prepare(asked.terms())
        asked.countersign(receipt)
        with pytest.raises(VisavisProblem, match="link_unknown"):
            asked.countersign(receipt)
    assert who(world, station, photo("ann", 2)) == "ann"
    with PersonClient(receipt, transport=world.transport) as ann:
        ann.withdraw()
    assert who(world, station, photo("ann", 2)) is None
