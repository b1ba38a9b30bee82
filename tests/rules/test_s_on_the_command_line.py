"""Rules S1, S2, S3 and S7 through the program, in front of a whole server."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx2
import pytest
from click.testing import CliRunner, Result
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from sim.faces import CROWD, photo
from support.world import BASE, Device, World

from visavis.cli.main import program

Run = Callable[..., Result]
MATCH, NO_MATCH, REFUSED = 0, 10, 11


@pytest.fixture
def cli(world: World, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Run:
    """The program, whose requests reach the world in this process; time passes between two calls."""
    monkeypatch.setattr(
        httpx2.HTTPTransport, "handle_request", lambda _, request: world.transport.handle_request(request)
    )
    monkeypatch.chdir(tmp_path)

    def call(*arguments: str, typed: str = "") -> Result:
        world.clock.move(seconds=3)
        environment = {"VISAVIS_URL": BASE, "VISAVIS_API_KEY": world.secret}
        return CliRunner(env=environment).invoke(program, list(arguments), input=typed)

    return call


@pytest.fixture
def gallery(world: World) -> str:
    return world.gallery()


def options_of(station: Device, folder: Path) -> list[str]:
    path = folder / f"{station.id}.pem"
    path.write_bytes(station.key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    path.chmod(0o600)
    return ["--station", station.id, "--station-key", str(path)]


@pytest.fixture
def door(world: World, gallery: str, tmp_path: Path) -> list[str]:
    return options_of(world.station(gallery), tmp_path)


def picture(folder: Path, content: bytes) -> str:
    path = folder / f"{len(list(folder.iterdir()))}.jpg"
    path.write_bytes(content)
    return str(path)


def answer(result: Result) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(result.stdout)
    return found


def enrolled(cli: Run, gallery: str, folder: Path, name: str) -> str:
    result = cli("enrol", gallery, picture(folder, photo(name)), "--reference", name, "--json")
    assert result.exit_code == 0, result.stderr
    assert answer(result)["status"] == "PENDING"
    return str(answer(result)["consent_link"])


def test_s1_enrolling_by_command_makes_nobody_known(cli: Run, gallery: str, door: list[str], tmp_path: Path) -> None:
    enrolled(cli, gallery, tmp_path, "eve")
    assert cli("identify", *door, picture(tmp_path, photo("eve")), "--json").exit_code == NO_MATCH
    verified = cli("verify", *door, picture(tmp_path, photo("eve")), "--reference", "eve", "--json")
    assert (verified.exit_code, answer(verified)["subject"]) == (NO_MATCH, None)


def test_s1_only_the_words_typed_by_the_person_sign(cli: Run, gallery: str, door: list[str], tmp_path: Path) -> None:
    link = enrolled(cli, gallery, tmp_path, "ann")
    receipt = tmp_path / "receipt.json"
    for typed in ("", "\n", "y\n", "yes\n", "I do not agree\n"):
        refused = cli("consent", "sign", link, "--receipt", str(receipt), typed=typed)
        assert refused.exit_code == 1
        assert not receipt.exists()
    assert cli("identify", *door, picture(tmp_path, photo("ann", 2)), "--json").exit_code == NO_MATCH
    assert cli("consent", "sign", link, "--receipt", str(receipt), typed="I agree\n").exit_code == 0
    assert cli("identify", *door, picture(tmp_path, photo("ann", 2)), "--json").exit_code == MATCH


def test_s1_a_link_signs_once_and_withdrawing_by_command_ends_it(
    cli: Run, gallery: str, door: list[str], tmp_path: Path
) -> None:
    link, receipt = enrolled(cli, gallery, tmp_path, "ann"), str(tmp_path / "receipt.json")
    assert cli("consent", "sign", link, "--receipt", receipt, typed="I agree\n").exit_code == 0
    again = cli("consent", "sign", link, "--receipt", str(tmp_path / "other.json"), "--json", typed="I agree\n")
    assert (again.exit_code, json.loads(again.stderr.strip().splitlines()[-1])["code"]) == (1, "link_unknown")
    assert not (tmp_path / "other.json").exists()
    assert cli("me", "withdraw", receipt, "--yes").exit_code == 0
    assert cli("identify", *door, picture(tmp_path, photo("ann", 2)), "--json").exit_code == NO_MATCH
    assert cli("me", "show", receipt).exit_code == 1


def test_s2_each_attempt_of_a_command_is_one_session(
    world: World, cli: Run, gallery: str, door: list[str], tmp_path: Path
) -> None:
    world.active(gallery, "ann", photo("ann"))
    for content in (photo("ann", 2), photo("x"), CROWD):
        cli("identify", *door, picture(tmp_path, content), "--json")
    assert world.sql("SELECT DISTINCT state FROM sessions") == [("USED",)]
    assert world.sql("SELECT count(*) FROM sessions") == world.sql("SELECT count(*) FROM decisions") == [(3,)]


def test_s2_a_command_cannot_hurry_a_station(
    world: World, cli: Run, door: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert cli("identify", *door, picture(tmp_path, photo("x")), "--json").exit_code == NO_MATCH
    monkeypatch.setattr(world.clock, "move", lambda **_: None)
    soon = cli("identify", *door, picture(tmp_path, photo("x")), "--json")
    assert (soon.exit_code, json.loads(soon.stderr)["code"]) == (1, "session_too_soon")


def test_s2_a_command_with_another_key_is_refused(
    world: World, cli: Run, gallery: str, door: list[str], tmp_path: Path
) -> None:
    other = options_of(world.station(gallery), tmp_path)
    mixed = [*door[:2], *other[2:]]
    refused = cli("identify", *mixed, picture(tmp_path, photo("x")), "--json")
    assert (refused.exit_code, json.loads(refused.stderr)["code"]) == (1, "signature_refused")


def test_s2_several_faces_are_refused_on_the_command_line(cli: Run, door: list[str], tmp_path: Path) -> None:
    refused = cli("identify", *door, picture(tmp_path, CROWD), "--json")
    assert (refused.exit_code, answer(refused)["reason"]) == (REFUSED, "several_faces")


def test_s2_a_document_check_by_command_needs_the_holders_words(world: World, cli: Run, tmp_path: Path) -> None:
    checker = options_of(world.station(purpose_id=world.purpose(target_kind="fmr", target=1e-4)), tmp_path)
    two = [picture(tmp_path, photo("x")), picture(tmp_path, photo("x", 2))]
    world.faces.seen.clear()
    for typed in ("", "yes\n"):
        assert cli("document-check", *checker, "--grant-here", *two, "--json", typed=typed).exit_code == 1
    assert world.faces.seen == []
    assert world.sql("SELECT * FROM decisions") == []
    granted = cli("document-check", *checker, "--grant-here", *two, "--json", typed="I agree\n")
    assert granted.exit_code == MATCH


def test_s3_a_command_shows_no_score_and_the_same_for_duplicates(
    world: World, cli: Run, gallery: str, door: list[str], tmp_path: Path
) -> None:
    world.active(gallery, "ann", photo("ann"))
    fresh = cli("enrol", gallery, picture(tmp_path, photo("new")), "--reference", "new", "--json")
    double = cli("enrol", gallery, picture(tmp_path, photo("ann", 2)), "--reference", "double", "--json")
    assert answer(fresh).keys() == answer(double).keys()
    assert (fresh.exit_code, fresh.stderr) == (double.exit_code, double.stderr)
    for content in (photo("ann", 3), photo("x")):
        told = answer(cli("identify", *door, picture(tmp_path, content), "--json"))
        assert told.keys() == {"decision_id", "decision", "reason", "guidance", "subject", "retry_after_s"}


def test_s7_pin_and_qr_serve_by_command_as_a_face_does(
    world: World, cli: Run, gallery: str, door: list[str], tmp_path: Path
) -> None:
    ann = world.active(gallery, "ann", photo("ann"))
    face = cli("identify", *door, picture(tmp_path, photo("ann", 2)), "--json")
    pin = cli("pin", *door, "--reference", "ann", "--json", typed=f"{ann.pin}\n")
    qr = cli("qr", *door, "--json", typed=f"{ann.qr}\n")
    told = [{**answer(result), "decision_id": ""} for result in (face, pin, qr)]
    assert told[0] == told[1] == told[2]
    assert [result.exit_code for result in (face, pin, qr)] == [MATCH] * 3
    wrong = cli("pin", *door, "--reference", "ann", "--json", typed="000001\n")
    unknown = cli("pin", *door, "--reference", "nobody", "--json", typed="000001\n")
    assert {**answer(wrong), "decision_id": ""} == {**answer(unknown), "decision_id": ""}
    assert wrong.exit_code == unknown.exit_code == NO_MATCH


def test_s7_declining_by_command_gives_the_other_way(cli: Run, gallery: str, door: list[str], tmp_path: Path) -> None:
    link = enrolled(cli, gallery, tmp_path, "dan")
    declined = answer(cli("consent", "decline", link, "--yes", "--json"))
    assert cli("pin", *door, "--reference", "dan", "--json", typed=declined["other_way"]["pin"] + "\n").exit_code == 0
    assert cli("identify", *door, picture(tmp_path, photo("dan", 2)), "--json").exit_code == NO_MATCH


def test_s7_somebody_without_a_face_is_added_by_command(cli: Run, gallery: str, door: list[str]) -> None:
    added = answer(cli("enrol", gallery, "--reference", "wim", "--without-face", "--json"))
    assert cli("qr", *door, "--json", typed=added["other_way"]["qr"] + "\n").exit_code == MATCH
