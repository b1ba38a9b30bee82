"""Forged countersignature.

Who: an enroller who was given the link, or anybody who got hold of it. What they have: the offer, every public key and
every JWS there is, and what a JOSE library may be talked into. What they must not get: a consent that its person's key
did not sign over this very offer (rule S1). Whoever holds a first link can still sign it with a key of their own: the
threat model says so, and that the person then has no receipt.
"""

import base64
import itertools
import json

import pytest
from sim.faces import photo
from support.again import who
from support.attackers import told
from support.forger import FORGERIES, Forger, as_json, b64, fitting
from support.world import World

from visavis.consent.receipt import countersign

SMALL_ORDER = [
    "00" * 32,
    "01" + "00" * 31,
    "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05",
    "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a",
    "ec" + "ff" * 30 + "7f",
    "ed" + "ff" * 30 + "7f",
    "ee" + "ff" * 30 + "7f",
]


@pytest.fixture
def gallery(world: World) -> str:
    return world.gallery()


def answered(world: World, link: str, token: str) -> str:
    return told(world.link("POST", "/v1/consent/countersignature", link, json={"countersignature": token}))


def offer_of(world: World, link: str) -> str:
    return str(world.link("GET", "/v1/consent", link).json()["offer"])


def test_no_forgery_is_a_consent_and_none_uses_up_the_link(world: World, gallery: str) -> None:
    link = world.pending(gallery, "eve", photo("eve"))
    forger = Forger(offer_of(world, link))
    assert {forge.__name__: answered(world, link, forge(forger)) for forge in FORGERIES} == {
        forge.__name__: "consent_forged" for forge in FORGERIES
    }
    assert world.sql("SELECT state FROM subjects") == [("PENDING",)]
    assert who(world, world.station(gallery), photo("eve", 2)) is None
    assert answered(world, link, fitting(forger)) == "200"


def test_a_key_under_which_anybody_could_sign_is_nobodys(world: World, gallery: str) -> None:
    link = world.pending(gallery, "eve", photo("eve"))
    forger = Forger(offer_of(world, link))
    for point, sign_bit in itertools.product(SMALL_ORDER, (0, 0x80)):
        raw = bytearray.fromhex(point)
        raw[-1] |= sign_bit
        jwk = {**forger.jwk, "x": b64(bytes(raw))}
        for signature in (bytes(64), b"\x01" + bytes(63), bytes(raw) + bytes(32)):
            token = forger.token(jwk=jwk, sign=lambda _, s=signature: s)  # type: ignore[misc] # mypy cannot type a default here
            assert answered(world, link, token) == "consent_forged"


def test_a_token_longer_than_any_receipt_is_not_read(world: World, gallery: str) -> None:
    link = world.pending(gallery, "eve", photo("eve"))
    forger = Forger(offer_of(world, link))
    for length, code in ((64 * 1024 + 1, "request_invalid"), (1_000_000, "body_too_large")):
        assert answered(world, link, forger.token().ljust(length, "A")) == code
    assert answered(world, link, "A" * 64 * 1024) == "consent_forged"


def test_another_persons_offer_cannot_be_signed_in_place_of_this_one(world: World, gallery: str) -> None:
    links = {name: world.pending(gallery, name, photo(name)) for name in ("eve", "zoe")}
    token = fitting(Forger(offer_of(world, links["zoe"])))
    assert answered(world, links["eve"], token) == "consent_forged"
    assert answered(world, links["zoe"], token) == "200"


def test_who_has_agreed_once_cannot_be_signed_for_by_another_key(world: World, gallery: str) -> None:
    """Not even by naming the person's public key, which receipts show."""
    ann = world.active(gallery, "ann", photo("ann"))
    link = world.pending(gallery, "ann", photo("ann", 7))
    forger = Forger(offer_of(world, link))
    assert answered(world, link, fitting(forger)) == "consent_forged"
    public = {"kty": "OKP", "crv": "Ed25519", "x": ann.key.as_dict(private=False)["x"]}
    assert answered(world, link, forger.token(jwk=public)) == "consent_forged"
    assert answered(world, link, countersign(forger.offer, subject_key=ann.key, now=world.clock.now())) == "200"


def test_an_offer_that_is_over_takes_no_signature(world: World) -> None:
    gallery = world.gallery(retention_days=3)
    link = world.pending(gallery, "eve", photo("eve"))
    token = fitting(Forger(offer_of(world, link)))
    world.clock.move(days=3)
    assert answered(world, link, token) == "link_unknown"
    world.sql("UPDATE enrolments SET expires_at = '2999-01-01 00:00:00.000000'")
    assert answered(world, link, token) == "consent_expired"
    assert world.sql("SELECT state FROM subjects") == [("PENDING",)]


def test_an_offer_that_the_controller_did_not_sign_takes_none_either(world: World, gallery: str) -> None:
    """Somebody who writes to the database lengthens the consent, and signs it."""
    link = world.pending(gallery, "eve", photo("eve"))
    head, payload, _ = offer_of(world, link).split(".")
    offer = json.loads(base64.urlsafe_b64decode(payload + "=="))
    forger = Forger("")
    signed = f"{head}.{b64(as_json({**offer, 'valid_until': '2999-01-01T00:00:00Z'}))}"
    forged = f"{signed}.{b64(forger.key.sign(signed.encode()))}"
    world.sql(f"UPDATE receipts SET offer = '{forged}'")  # noqa: S608 -- a vandal's statement
    assert answered(world, link, fitting(Forger(forged))) == "consent_forged"
