"""An archive is checked without asking anybody, and whatever was changed in it is noticed."""

import io
import json
import zipfile
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Any, cast

import httpx2
import pytest
from click.testing import CliRunner, Result
from fixtures.answers import API_KEY, BASE, FakeServer
from fixtures.every_call import RECEIPT, SUB, ZIP
from joserfc.jwk import OKPKey
from sim.faces import photo
from support.log_builder import signer_of
from support.own_log import published, receipt_of
from support.told import Somebody, document_of, files_of, operators_archive, own_archive, packed
from support.world import World

from visavis.cli.main import program
from visavis.client import Person, Visavis, check_archive
from visavis.consent.archive import DIGESTS, SIGNATURE, list_files, sign_listed
from visavis.flows.archive import public_jwk
from visavis.model.archive import ArchiveUnreadable, ArchiveWrong
from visavis.model.errors import VisavisError

Files = dict[str, bytes]


@pytest.fixture(scope="module")
def whole(shared: World, ann: Somebody) -> bytes:
    published(shared)
    return own_archive(shared, ann).content


@pytest.fixture
def files(whole: bytes) -> Files:
    with zipfile.ZipFile(io.BytesIO(whole)) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def signed_anew(files: Files, key: OKPKey, subject_id: str) -> Files:
    """What a forger with a key of their own makes of it."""
    rest = {name: content for name, content in files.items() if name not in {DIGESTS, SIGNATURE}}
    rest["controller-key.json"] = json.dumps(public_jwk(key)).encode()
    made_at = check_archive(packed(files)).made_at
    listed = list_files(rest, subject_id=subject_id, made_at=made_at)
    return {**rest, DIGESTS: listed, SIGNATURE: sign_listed(listed, controller_key=key).encode()}


def test_an_archive_checks_out(shared: World, ann: Somebody, whole: bytes) -> None:
    checked = check_archive(whole, receipt=ann.receipt)
    assert (checked.subject_id, checked.key_is_known) == (ann.person.subject_id, True)
    assert checked.entries == checked.proven > 5
    assert checked.receipts == 2
    assert checked.made_at.date() == shared.clock.now().date()
    assert not check_archive(whole).key_is_known
    assert check_archive(whole).key_id == shared.http.get("/.well-known/jwks.json").json()["keys"][0]["kid"]
    theirs = check_archive(operators_archive(shared, ann).content, receipt=ann.receipt)
    assert (theirs.receipts, theirs.entries) == (2, 0)


def test_two_people_cannot_be_told_each_others(shared: World, ann: Somebody, whole: bytes) -> None:
    bob, _ = receipt_of(shared, ann.gallery, "bob", photo("bob"))
    with pytest.raises(ArchiveWrong, match="somebody else"):
        check_archive(whole, receipt=bob)


def test_every_byte_of_every_file_counts(files: Files) -> None:
    for name in files:
        if name in {DIGESTS, SIGNATURE, "controller-key.json"}:
            continue
        changed = {**files, name: files[name][:-2] + bytes([files[name][-2] ^ 1]) + files[name][-1:]}
        with pytest.raises(ArchiveWrong, match="was changed"):
            check_archive(packed(changed))
        missing = {other: content for other, content in files.items() if other != name}
        with pytest.raises(VisavisError, match=f"{name} is missing|has no {name}"):
            check_archive(packed(missing))
    with pytest.raises(ArchiveWrong, match="was added"):
        check_archive(packed({**files, "more.txt": b"x"}))


def drop_decisions(document: dict[str, Any]) -> None:
    document["decisions"] = []


def swap_offer(document: dict[str, Any]) -> None:
    document["receipts"][0]["offer"] = document["receipts"][1]["offer"]


def another_person(document: dict[str, Any]) -> None:
    document["subject"]["id"] = "sub_" + "b" * 26


def another_key(document: dict[str, Any]) -> None:
    document["subject"]["public_key"] = urlsafe_b64encode(bytes(32)).rstrip(b"=").decode()


def another_story(document: dict[str, Any]) -> None:
    document["log"]["entries"][0]["details"]["at"] = "2026-11-22T09:00:00+00:00"


def another_entry(document: dict[str, Any]) -> None:
    first, second = document["log"]["entries"][:2]
    first["proof"] = second["proof"]


def another_log(document: dict[str, Any]) -> None:
    document["log"]["key"] = str(signer_of().key)


@pytest.mark.parametrize("lie", [drop_decisions, swap_offer, another_person, another_key, another_story])
def test_who_changes_what_it_says_needs_the_controllers_key(
    files: Files, lie: Callable[[dict[str, Any]], None]
) -> None:
    document = json.loads(files["about-you.json"])
    lie(document)
    files["about-you.json"] = json.dumps(document).encode()
    with pytest.raises(ArchiveWrong):
        check_archive(packed(files))


def test_a_forgers_key_is_not_that_of_the_receipt(files: Files, ann: Somebody) -> None:
    forged = packed(signed_anew(files, OKPKey.generate_key("Ed25519"), ann.person.subject_id))
    with pytest.raises(ArchiveWrong, match="not the one that signed what you agreed to"):
        check_archive(forged, receipt=ann.receipt)
    with pytest.raises(ArchiveWrong, match="A receipt in it is not signed"):
        check_archive(forged)


@pytest.mark.parametrize("lie", [swap_offer, another_person, another_key, another_story, another_entry, another_log])
def test_a_server_that_signs_lies_is_caught_where_others_signed_too(
    shared: World, files: Files, ann: Somebody, lie: Callable[[dict[str, Any]], None]
) -> None:
    """Receipts bear the person's signature, entries are in the log: its own key does not help the server there."""
    document = json.loads(files["about-you.json"])
    lie(document)
    files["about-you.json"] = json.dumps(document).encode()
    lying = {**files, **signed_anew_by_server(shared, files, ann)}
    with pytest.raises(ArchiveWrong):
        check_archive(packed(lying), receipt=ann.receipt)


def signed_anew_by_server(shared: World, files: Files, ann: Somebody) -> Files:
    key = shared.services.keyring.controller
    rest = {name: content for name, content in files.items() if name not in {DIGESTS, SIGNATURE}}
    listed = list_files(rest, subject_id=ann.person.subject_id, made_at=shared.clock.now())
    return {DIGESTS: listed, SIGNATURE: sign_listed(listed, controller_key=key).encode()}


@pytest.mark.parametrize(
    "token",
    [b"", b"a", b"a.b.c", b"..", b"e30..AAAA", b"\xff\xfe", b"." * 4],
)
def test_what_is_no_signature_is_none(files: Files, token: bytes) -> None:
    with pytest.raises((ArchiveWrong, ArchiveUnreadable)):
        check_archive(packed({**files, SIGNATURE: token}))


def test_a_signature_of_another_type_is_none(shared: World, files: Files) -> None:
    """The controller's key signs offers as well: none of them is taken for an archive."""
    with shared.services.store.read() as tx:
        offer = tx.receipts.page(after=None, limit=1)[0].offer
    head, payload, signature = offer.split(".")
    listing = json.loads(files[DIGESTS])
    assert listing["schema_version"] == "visavis-archive-1"
    files[DIGESTS] = urlsafe_b64decode(payload + "==")
    with pytest.raises(ArchiveWrong, match="another type"):
        check_archive(packed({**files, SIGNATURE: f"{head}..{signature}".encode()}))


@pytest.mark.parametrize("data", [b"", b"no zip", b"PK\x05\x06" + bytes(18)])
def test_what_is_no_archive_is_unreadable(data: bytes) -> None:
    with pytest.raises(ArchiveUnreadable):
        check_archive(data)


def test_a_damaged_zip_is_unreadable(whole: bytes) -> None:
    for at in range(0, len(whole), max(1, len(whole) // 60)):
        damaged = whole[:at] + bytes([whole[at] ^ 0xFF]) + whole[at + 1 :]
        with suppress(ArchiveUnreadable, ArchiveWrong):
            # A byte that no reader of zips looks at may be changed; what it says may not.
            assert check_archive(damaged).document == check_archive(whole).document


def test_a_file_twice_and_a_bomb_are_refused(files: Files, monkeypatch: pytest.MonkeyPatch) -> None:
    out = io.BytesIO(packed(files))
    with zipfile.ZipFile(out, "a") as archive, pytest.warns(UserWarning, match="Duplicate"):
        archive.writestr("about-you.json", b"{}")
    with pytest.raises(ArchiveUnreadable, match="twice"):
        check_archive(out.getvalue())
    monkeypatch.setattr("visavis.client.archive.MAX_BYTES", 1000)
    with pytest.raises(ArchiveUnreadable, match="larger"):
        check_archive(packed(files))


Run = Callable[..., Result]


@pytest.fixture
def run(shared: World, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, ann: Somebody) -> Run:
    """The program, in a folder with the receipt ``mine.json``."""
    monkeypatch.setattr(
        httpx2.HTTPTransport, "handle_request", lambda _, request: shared.transport.handle_request(request)
    )
    monkeypatch.setattr("visavis.client.credentials.time.time", lambda: shared.clock.now().timestamp())
    monkeypatch.chdir(tmp_path)
    ann.receipt.save(tmp_path / "mine.json")
    environment = {"VISAVIS_URL": ann.receipt.server, "VISAVIS_API_KEY": shared.secret, "VISAVIS_REASON": "they asked"}
    return lambda *words: CliRunner(env=environment).invoke(program, list(words))


def test_by_command_it_is_taken_along_and_checked(run: Run, tmp_path: Path, ann: Somebody) -> None:
    german = run("me", "archive", "mine.json", "german.zip", "--language", "de")
    assert german.exit_code == 0, german.output
    with zipfile.ZipFile("german.zip") as archive:
        assert b'<html lang="de"' in archive.read("about-you.html")
    assert run("me", "archive", "mine.json", "french.zip", "--language", "fr").exit_code == 2
    taken = run("me", "archive", "mine.json", "all.zip", "--json")
    assert taken.exit_code == 0, taken.output
    told = json.loads(taken.stdout)
    assert (told["subject_id"], told["key"], told["file"]) == (ann.person.subject_id, "that of your receipt", "all.zip")
    assert (tmp_path / "all.zip").stat().st_mode & 0o777 == 0o600
    assert run("me", "archive", "mine.json", "all.zip").exit_code == 1, "nothing is overwritten"
    checked = run("me", "archive-check", "all.zip", "--receipt", "mine.json")
    assert "that of your receipt" in checked.stdout
    assert "not compared with a receipt" in run("me", "archive-check", "all.zip").stdout
    broken = bytearray((tmp_path / "all.zip").read_bytes())
    with zipfile.ZipFile(io.BytesIO(bytes(broken))) as archive:
        changed = {name: archive.read(name) for name in archive.namelist()}
    changed["about-you.html"] += b"x"
    (tmp_path / "changed.zip").write_bytes(packed(changed))
    refused = run("me", "archive-check", "changed.zip", "--json")
    assert (refused.exit_code, json.loads(refused.stderr)["code"]) == (1, "archive_wrong")
    (tmp_path / "none.zip").write_bytes(b"x")
    assert json.loads(run("me", "archive-check", "none.zip", "--json").stderr)["code"] == "archive_unreadable"


def test_an_operator_takes_it_away_by_command(run: Run, tmp_path: Path, ann: Somebody) -> None:
    taken = run("subject", "archive", ann.person.subject_id, "theirs.zip")
    assert taken.exit_code == 0, taken.output
    assert ann.person.subject_id in taken.stdout
    document = check_archive((tmp_path / "theirs.zip").read_bytes(), receipt=ann.receipt).document
    assert "they asked" in {reading["reason"] for reading in document["readings"]}
    assert "numbers" not in document["templates"][0]


def test_a_receipt_without_a_key_of_the_log_takes_the_archives(whole: bytes, ann: Somebody) -> None:
    assert check_archive(whole, receipt=replace(ann.receipt, log_key=None)).entries > 5
    with pytest.raises(ArchiveWrong, match="another key of the log"):
        check_archive(whole, receipt=replace(ann.receipt, log_key=str(signer_of().key)))


def test_one_who_only_has_an_offer_can_be_checked(shared: World) -> None:
    asked = shared.enrol(shared.gallery(), "eve", photo("eve")).json()
    answer = shared.api("POST", f"/v1/subjects/{asked['subject_id']}/archive")
    assert check_archive(answer.content).receipts == 1
    assert document_of(answer)["receipts"][0]["countersignature"] is None
    assert not [name for name in files_of(answer) if "countersignature" in name]


def test_an_archive_is_asked_for_in_a_language() -> None:
    sent = FakeServer({"GET /v1/me/archive": ZIP, f"POST /v1/subjects/{SUB}/archive": ZIP})
    person = Person(RECEIPT, transport=sent.transport)
    client = Visavis(base_url=BASE, api_key=API_KEY, transport=sent.transport)
    person.archive()
    person.archive(language="de")
    client.subject_archive(SUB, reason="they asked", language="de")
    assert [request.headers["Accept-Language"] for request in sent.requests] == ["en", "de", "de"]
    for wrong in ("fr", "de\r\nCookie: x", ""):
        with pytest.raises(ValueError, match="language: one of en, de"):
            person.archive(language=cast("Any", wrong))
    assert len(sent.requests) == 3, "nothing was sent"
