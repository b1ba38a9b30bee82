"""The signature of an archive: what was signed is read, by whom it was, and every file is the one that was listed."""

import hashlib
import json
from base64 import urlsafe_b64encode
from collections.abc import Callable
from dataclasses import FrozenInstanceError
from datetime import UTC, datetime, timedelta, timezone
from typing import Any, Final

import pytest
import rfc8785
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from joserfc.jwk import OKPKey
from support.bundles import CONTROLLER, PERSON

from visavis.consent.archive import (
    DIGESTS,
    MAX_DIGESTS,
    SCHEMA,
    SIGNATURE,
    TYPE,
    Listed,
    list_files,
    read_listed,
    require_files,
    sign_listed,
)
from visavis.model.archive import ArchiveUnreadable, ArchiveWrong
from visavis.model.errors import VisavisError

AN_HOUR_EAST: Final = timezone(timedelta(hours=1))
MADE_AT: Final = datetime(2027, 1, 15, 9, 30, 15, 999_999, AN_HOUR_EAST)
FILES: Final = {"about-you.html": b"<p>", "about-you.json": b"{}", "controller-key.json": b""}
LISTED: Final = list_files(FILES, subject_id="sub_a", made_at=MADE_AT)
MEMBERS: Final[dict[str, Any]] = json.loads(LISTED)
SIGNED: Final = sign_listed(LISTED, controller_key=CONTROLLER)

# What people have on their disks: a change of either is another format.
FROZEN_LISTED: Final = (
    b'{"files":{"about-you.html":"33f2799467177287a29260780a107ac98ea63dd6165f67fcc0d74767d0a82090",'
    b'"about-you.json":"44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a",'
    b'"controller-key.json":"e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"},'
    b'"made_at":"2027-01-15T08:30:15+00:00","schema_version":"visavis-archive-1","subject_id":"sub_a"}'
)
FROZEN_SIGNED: Final = (
    "eyJhbGciOiJFZDI1NTE5IiwidHlwIjoidmlzYXZpcy1hcmNoaXZlK2p3cyJ9.."
    "27MMDIwXXLv0q_p4-e_BflV9aEuIjrwTciFVdFYCwi98PaHNhm8qwI05EjsFtxd9dQVwozuUSawwwXhMgoOGDA"
)

NO_SIGNATURE: Final = (ArchiveUnreadable, "digests.jws is not a signature over digests.json.")
NO_LIST: Final = (ArchiveUnreadable, "digests.json is not a list of digests.")
NOT_SIGNED: Final = (ArchiveWrong, "The signature does not check out.")
ANOTHER_TYPE: Final = (ArchiveWrong, "The signature is of another type.")


def read(listed: bytes = LISTED, signature: str = SIGNED, *, key: OKPKey = CONTROLLER) -> Listed:
    return read_listed(listed, signature, controller_key=key)


def refusal(act: Callable[[], object]) -> tuple[type[VisavisError], str]:
    """The class and the words of the refusal."""
    with pytest.raises(VisavisError) as refused:
        act()
    return type(refused.value), refused.value.detail


def encoded(data: bytes) -> str:
    return urlsafe_b64encode(data).rstrip(b"=").decode()


def signed_under(header: bytes, listed: bytes = LISTED) -> str:
    """A right signature by the controller, whatever the header says."""
    head = encoded(header)
    d = CONTROLLER.private_key
    assert isinstance(d, Ed25519PrivateKey)
    return f"{head}..{encoded(d.sign(f'{head}.{encoded(listed)}'.encode()))}"


def refusal_of_list(listed: bytes) -> tuple[type[VisavisError], str]:
    """Of a list that the controller did sign."""
    return refusal(lambda: read(listed, signed_under(b'{"alg":"Ed25519","typ":"visavis-archive+jws"}', listed)))


def changed(**members: Any) -> bytes:
    return rfc8785.dumps({**MEMBERS, **members})


def test_what_is_signed_is_what_people_have_kept() -> None:
    assert LISTED == FROZEN_LISTED
    assert SIGNED == FROZEN_SIGNED
    assert (SCHEMA, TYPE, DIGESTS, SIGNATURE) == (
        "visavis-archive-1", "visavis-archive+jws", "digests.json", "digests.jws",
    )  # fmt: skip


def test_what_people_have_kept_is_read() -> None:
    listed = read(FROZEN_LISTED, FROZEN_SIGNED)
    assert listed.subject_id == "sub_a"
    assert (listed.made_at, listed.made_at.tzinfo) == (datetime(2027, 1, 15, 8, 30, 15, tzinfo=UTC), UTC)
    assert listed.files == {name: hashlib.sha256(content).hexdigest() for name, content in FILES.items()}
    require_files(listed, FILES)
    with pytest.raises(FrozenInstanceError):
        listed.subject_id = "sub_b"  # type: ignore[misc]  # that it cannot be is what is asked


def test_the_order_of_the_files_does_not_count() -> None:
    turned = dict(reversed(list(FILES.items())))
    assert list_files(turned, subject_id="sub_a", made_at=MADE_AT) == LISTED
    require_files(read(), turned)


@pytest.mark.usefixtures("in_tokyo")
def test_the_time_is_in_utc_wherever_the_server_or_the_reader_stands() -> None:
    assert list_files(FILES, subject_id="sub_a", made_at=MADE_AT) == FROZEN_LISTED
    assert read().made_at.isoformat() == "2027-01-15T08:30:15+00:00"
    elsewhere = changed(made_at="2027-01-15T17:30:15+09:00")
    assert read(elsewhere, sign_listed(elsewhere, controller_key=CONTROLLER)).made_at.utcoffset() == timedelta(0)


def test_white_space_around_the_signature_is_of_how_files_are_saved() -> None:
    assert read(signature=f"\n {SIGNED}\r\n") == read()


@pytest.mark.parametrize(
    "signature",
    [
        "", "a", "a.b", "..", ".", "a.b.c", "a..b.c", "...", SIGNED + ".", "." + SIGNED, SIGNED.replace("..", "."),
        SIGNED.replace("..", "...."), SIGNED.replace("..", f".{encoded(LISTED)}."),
    ],
)  # fmt: skip
def test_what_is_not_a_signature_without_a_payload_is_none(signature: str) -> None:
    expected = NOT_SIGNED if signature == ".." else NO_SIGNATURE
    assert refusal(lambda: read(signature=signature)) == expected


@pytest.mark.parametrize(
    "act",
    [
        lambda: read(key=PERSON),
        lambda: read(signature=sign_listed(LISTED, controller_key=PERSON)),
        lambda: read(changed(subject_id="sub_b")),
        lambda: read(LISTED + b"\n"),
        lambda: read(b""),
        lambda: read(signature=SIGNED[:-1]),
        lambda: read(signature=SIGNED[:-4]),
        lambda: read(signature=f"{SIGNED.split('..', maxsplit=1)[0]}.."),
        lambda: read(signature=f"e30..{SIGNED.split('..')[1]}"),
        lambda: read(signature=f"é..{SIGNED.split('..')[1]}"),
        lambda: read(signature=signed_under(b"no JSON")),
        lambda: read(signature=signed_under(b"\xff")),
        lambda: read(signature=signed_under(b"[]")),
        lambda: read(signature=signed_under(b"null")),
        lambda: read(signature=signed_under(b"[" * 20_000)),
        lambda: read(signature=signed_under(b'{"alg":"none","typ":"visavis-archive+jws"}')),
        lambda: read(signature=signed_under(b'{"alg":"EdDSA","typ":"visavis-archive+jws"}')),
        lambda: read(signature=signed_under(b'{"typ":"visavis-archive+jws"}')),
    ],
)
def test_what_this_key_did_not_sign_is_wrong(act: Callable[[], object]) -> None:
    assert refusal(act) == NOT_SIGNED


@pytest.mark.parametrize(
    "header",
    [
        b'{"alg":"Ed25519"}',
        b'{"alg":"Ed25519","typ":"visavis-offer+jws"}',
        b'{"alg":"Ed25519","typ":"VISAVIS-ARCHIVE+JWS"}',
        b'{"alg":"Ed25519","kid":"a","typ":"visavis-archive+jws"}',
        # Of every length that base64 may have.
        *(b'{"alg":"Ed25519","typ":"' + b"x" * more + b'"}' for more in range(1, 9)),
    ],
)
def test_another_signature_of_this_key_is_of_another_type(header: bytes) -> None:
    assert refusal(lambda: read(signature=signed_under(header))) == ANOTHER_TYPE


def test_a_header_is_exactly_the_two_members() -> None:
    assert read(signature=signed_under(b'{"alg":"Ed25519","typ":"visavis-archive+jws"}')) == read()


@pytest.mark.parametrize("name", ["schema_version", "subject_id", "made_at", "files"])
def test_a_list_without_one_of_its_members_is_none(name: str) -> None:
    assert refusal_of_list(rfc8785.dumps({key: value for key, value in MEMBERS.items() if key != name})) == NO_LIST


@pytest.mark.parametrize(
    "listed",
    [
        changed(more=1),
        changed(schema_version="visavis-archive-2"),
        changed(schema_version=None),
        changed(made_at="yesterday"),
        changed(made_at=5),
        changed(made_at="2027-01-15T08:30:15"),
        changed(subject_id=5),
        changed(files={"about-you.json": 5}),
        changed(made_at="9999-12-31T23:59:59-14:00"),
        changed(made_at=None),
        changed(files=[]),
        changed(files=None),
        changed(files="about-you.json"),
        rfc8785.dumps([]),
        rfc8785.dumps(["schema_version", "subject_id", "made_at", "files"]),
        rfc8785.dumps("text"),
        rfc8785.dumps(None),
        b"",
        b"no JSON",
        b"\xff\xff",
        b"[" * 20_000,
        b"[1e400]",
        b'["\\ud800"]',
        json.dumps(MEMBERS).encode(),
        LISTED + b"\n",
        LISTED.decode().encode("utf-16"),
        LISTED[:-1] + b',"subject_id":"sub_b"}',
        b'{"files":{},' + LISTED[1:],
    ],
)
def test_what_the_controller_signed_is_a_list_in_one_form_or_unreadable(listed: bytes) -> None:
    assert refusal_of_list(listed) == NO_LIST


def test_a_list_that_is_longer_than_any_is_not_looked_at() -> None:
    assert MAX_DIGESTS == 1024 * 1024
    assert refusal(lambda: read(b"x" * MAX_DIGESTS)) == NOT_SIGNED
    assert refusal(lambda: read(b"x" * (MAX_DIGESTS + 1))) == NO_SIGNATURE


def test_a_list_of_hundreds_of_receipts_is_read() -> None:
    many = {f"receipts/rec_{number:026d}.offer.jws": b"" for number in range(700)}
    listed = list_files(many, subject_id="sub_a", made_at=MADE_AT)
    require_files(read(listed, sign_listed(listed, controller_key=CONTROLLER)), many)


def test_an_archive_of_no_files_has_none() -> None:
    listed = list_files({}, subject_id="sub_a", made_at=MADE_AT)
    found = read(listed, sign_listed(listed, controller_key=CONTROLLER))
    assert found.files == {}
    require_files(found, {})
    assert refusal(lambda: require_files(found, {"a": b""})) == (ArchiveWrong, "a was added.")


@pytest.mark.parametrize(
    ("files", "why"),
    [
        ({}, "about-you.html is missing."),
        ({**FILES, "about-you.html": b"<P>"}, "about-you.html was changed."),
        ({**FILES, "about-you.html": b"<p>\n"}, "about-you.html was changed."),
        ({**FILES, "controller-key.json": b"\0"}, "controller-key.json was changed."),
        ({**FILES, "x.txt": b""}, "x.txt was added."),
        ({**FILES, "About-you.html": b"<p>"}, "About-you.html was added."),
        ({name: FILES[name] for name in ("about-you.html", "about-you.json")}, "controller-key.json is missing."),
        # Two files in each other's place.
        ({**FILES, "about-you.html": b"{}", "about-you.json": b"<p>"}, "about-you.html was changed."),
        # The first of several is named, whatever is wrong with it and in whatever order they come.
        ({"x.txt": b"", "about-you.json": b"[]", "about-you.html": b"<p>"}, "about-you.json was changed."),
        ({"x.txt": b"", "a.txt": b"", "about-you.html": b""}, "a.txt was added."),
    ],
)
def test_the_first_file_that_is_not_as_listed_is_named(files: dict[str, bytes], why: str) -> None:
    assert refusal(lambda: require_files(read(), files)) == (ArchiveWrong, why)


def test_digests_are_compared_as_they_are_written() -> None:
    shouted = {name: digest.upper() for name, digest in MEMBERS["files"].items()}
    with pytest.raises(ArchiveWrong, match=r"about-you\.html was changed"):
        require_files(Listed("sub_a", MADE_AT, shouted), FILES)


def test_a_long_list_is_read_up_to_its_limit() -> None:
    """900 receipts are more than the library takes for a token."""
    files = {f"receipts/rec_{number:026}.json": b"receipt" for number in range(900)}
    listed = list_files(files, subject_id="sub_a", made_at=MADE_AT)
    assert set(
        read_listed(listed, sign_listed(listed, controller_key=CONTROLLER), controller_key=CONTROLLER).files
    ) == set(files)
