"""PIN guessing, and guessing of QR codes.

Who: somebody at a station, or at many stations at once, or who has their keys. What they have: a name, and a million
PINs to try. What they must not get: more than five guesses before the waits begin, more than 50 in all, or a second
count of the same guesses by another station, another spelling of the name or a restart (rule S7's way in is no back
door).
"""

import unicodedata
from collections import Counter

import pytest
from sim.faces import photo
from support.again import restarted, run
from support.attackers import at_once, seen
from support.world import Device, Person, World

NAME = "Zoë 4711"


@pytest.fixture
def gallery(world: World) -> str:
    return world.gallery()


@pytest.fixture
def zoe(world: World, gallery: str) -> Person:
    return world.active(gallery, NAME, photo("zoe"))


@pytest.fixture
def station(world: World, gallery: str, zoe: Person) -> Device:  # noqa: ARG001 -- it is her PIN that is guessed
    return world.station(gallery)


def wrong(person: Person, number: int = 0) -> str:
    return f"{(int(person.pin) + 1 + number) % 1_000_000:06}"


def guessed(world: World, station: Device, name: str, pin: str) -> str:
    answer = world.pin(station, name, pin)
    return str(answer["reason"] or answer["decision"])


def test_many_stations_at_once_get_no_more_guesses_than_one(
    world: World, gallery: str, station: Device, zoe: Person
) -> None:
    doors = [station, *(world.station(gallery) for _ in range(11))]
    sessions = [world.session(door) for door in doors]

    def guess(number: int) -> str:
        body = {"external_reference": NAME, "pin": wrong(zoe, number)}
        answer = world.at(doors[number], "POST", f"/v1/sessions/{sessions[number]}/pin", json=body).json()
        return str(answer["reason"] or answer["decision"])

    assert Counter(at_once(len(doors), guess)) == {"NO_MATCH": 5, "too_many_tries": 7}
    assert guessed(world, doors[3], NAME, zoe.pin) == "too_many_tries"


VARIANTS = [
    NAME,
    unicodedata.normalize("NFD", NAME),
    f"  {NAME}\t",
    f"\u00a0{NAME}\u2003",
    NAME.upper(),
    NAME.lower(),
    NAME.replace(" ", "\u00a0"),
    NAME.replace(" ", "  "),
    NAME.replace("4", "\uff14"),
    NAME + "\u200b",
    "\ufeff" + NAME,
    NAME.replace("Z", "\u0396"),
    unicodedata.normalize("NFKD", NAME),
]


def test_no_spelling_of_a_name_has_a_count_of_its_own(world: World, station: Device, zoe: Person) -> None:
    """It is the same name, with its wrong tries; or a name that nobody has, whose right PIN is none."""
    for number in range(5):
        assert guessed(world, station, NAME, wrong(zoe, number)) == "NO_MATCH"
    run(world, "UPDATE tries SET next_at = '{}'", "2999-01-01 00:00:00.000000")  # the wait ends after all of these
    for name in VARIANTS:
        assert guessed(world, station, name, zoe.pin) in {"too_many_tries", "NO_MATCH"}


def test_a_spelling_that_is_served_counts_for_the_name(world: World, station: Device, zoe: Person) -> None:
    served = [name for name in VARIANTS if guessed(world, station, name, zoe.pin) == "MATCH"]
    assert {unicodedata.normalize("NFC", name.strip()) for name in served} == {NAME}
    for number, name in enumerate((served * 5)[:5]):
        assert guessed(world, station, name, wrong(zoe, number)) == "NO_MATCH"
    for name in served:
        assert guessed(world, station, name, zoe.pin) == "too_many_tries"


@pytest.mark.parametrize("left_out", [38, pytest.param(0, marks=pytest.mark.slow)])
def test_a_patient_guesser_gets_50_guesses_and_then_none(
    world: World, station: Device, zoe: Person, left_out: int
) -> None:
    """However long they wait: here a year, a guess whenever the answer says that one may be made."""
    begun, got = world.clock.now(), 0
    while got <= 50 and (world.clock.now() - begun).days < 365:
        answer = world.pin(station, NAME, wrong(zoe, got))
        if answer["decision"] == "NO_MATCH":
            got += 1
            if got == 8 and left_out:
                run(world, "UPDATE tries SET failures = {}", got + left_out)
        elif answer["retry_after_s"] is None:
            break
        else:
            world.clock.move(seconds=answer["retry_after_s"] - 3)
    assert got == 50 - left_out
    assert (world.clock.now() - begun).total_seconds() > (36 if not left_out else 3) * 3600
    world.clock.move(days=20)
    world.services.withdraw.purge()
    assert guessed(world, station, NAME, zoe.pin) == "too_many_tries"


def test_neither_a_restart_nor_another_way_in_forgets_wrong_tries(
    world: World, gallery: str, station: Device, zoe: Person
) -> None:
    ben = world.active(gallery, "ben", photo("ben"))
    for number in range(5):
        guessed(world, station, NAME, wrong(zoe, number))
    assert world.pin(station, "ben", ben.pin)["decision"] == "MATCH"
    assert world.identify(station, photo("zoe", 2))["decision"] == "MATCH"
    world.clock.move(seconds=3)
    path = f"/v1/sessions/{world.session(station)}/qr"
    assert world.at(station, "POST", path, json={"qr": zoe.qr}).json()["decision"] == "MATCH"
    world.enrol(gallery, NAME, photo("zoe", 3))
    world.api("POST", f"/v1/galleries/{gallery}/without-face", json={"external_reference": NAME})
    world.clock.move(seconds=3)
    assert guessed(world, station, NAME, zoe.pin) == "too_many_tries"
    with restarted(world) as again:
        assert guessed(again, station, NAME, zoe.pin) == "too_many_tries"


def test_a_name_that_nobody_has_is_slowed_alike(world: World, station: Device, zoe: Person) -> None:
    for name in (NAME, "nobody"):
        got = [guessed(world, station, name, wrong(zoe, number)) for number in range(7)]
        assert got == ["NO_MATCH"] * 5 + ["too_many_tries"] * 2


def test_what_is_no_pin_is_no_guess(world: World, station: Device) -> None:
    path = f"/v1/sessions/{world.session(station)}/pin"
    for pin in ("", "12345", "1234567", "12345a", "\u0661\u0662\u0663\u0664\u0665\u0666", "123456 "):
        answer = world.at(station, "POST", path, json={"external_reference": NAME, "pin": pin})
        assert (answer.status_code, answer.json()["code"]) == (422, "request_invalid")
    assert world.sql("SELECT * FROM tries") == []


def test_one_session_is_one_guess(world: World, station: Device, zoe: Person) -> None:
    """Lists of PINs, a PIN given twice, and both ways in at once are no requests."""
    path = f"/v1/sessions/{world.session(station)}"
    for body in (
        {"external_reference": NAME, "pin": [zoe.pin, wrong(zoe)]},
        [{"external_reference": NAME, "pin": zoe.pin}],
        {"external_reference": NAME, "pin": zoe.pin, "qr": zoe.qr},
    ):
        assert world.at(station, "POST", f"{path}/pin", json=body).status_code == 422
    twice = f'{{"external_reference":"{NAME}","pin":"{wrong(zoe)}","pin":"{zoe.pin}"}}'.encode()
    answer = world.at(station, "POST", f"{path}/pin", content=twice, headers={"content-type": "application/json"})
    assert answer.status_code in {200, 422}
    assert len(world.sql("SELECT * FROM tries WHERE failures > 1")) == 0


def test_qr_codes_that_are_not_quite_right_are_all_answered_alike(
    world: World, gallery: str, station: Device, zoe: Person
) -> None:
    ben = world.active(gallery, "ben", photo("ben"))
    elsewhere = world.active(world.gallery(), NAME, photo("zoe"))
    prefix, subject, secret = zoe.qr.split(".", 2)
    other = "A" if secret[-1] != "A" else "B"
    answers = set()
    for text in (
        elsewhere.qr,
        f"{prefix}.{ben.subject_id}.{secret}",
        f"{prefix}.{subject}.{secret[:-1]}{other}",
        f"{prefix}.{subject}.{secret} ",
        f"{prefix}.{subject}.",
        f"vq2.{subject}.{secret}",
        f"{subject}.{secret}",
        f"{prefix}.sub_{'a' * 26}.{secret}",
        "",
        "..",
        "\u2028" * 200,
    ):
        world.clock.move(seconds=3)
        path = f"/v1/sessions/{world.session(station)}/qr"
        answers.add(seen(world.at(station, "POST", path, json={"qr": text}), anew=("decision_id",)))
    assert len(answers) == 1
    assert "NO_MATCH" in answers.pop()[-1]
