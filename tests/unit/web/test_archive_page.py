"""What the page in an archive says of who agreed."""

from datetime import timedelta

from joserfc.jwk import OKPKey
from sim.faces import photo
from support.told import files_of
from support.world import Person, World


def page_of(world: World, **form: str) -> str:
    """The page of somebody who was asked with ``form``, and agreed."""
    asked = world.api(
        "POST",
        f"/v1/galleries/{world.gallery()}/enrolments",
        data={"external_reference": "kim", **form},
        files=[("photos", ("1.jpg", photo("kim"), "image/jpeg"))],
    )
    key = OKPKey.generate_key("Ed25519")
    agreed = world.countersign(asked.json()["consent_link"].partition("#")[2], key).json()
    person = Person(agreed["subject_id"], "kim", key, "", "")
    return files_of(world.as_person(person, "GET", "/v1/me/archive"))["about-you.html"].decode()


def test_s8_it_says_that_a_guardian_agreed_and_until_when(world: World) -> None:
    day = (world.clock.now() + timedelta(days=30)).date()
    told = page_of(world, guardian_until=day.isoformat())
    assert f"A guardian agreed for you. That ends on {day.day} {day:%B %Y}" in told


def test_nobody_else_is_told_of_a_guardian(world: World) -> None:
    assert "uardian" not in page_of(world)
