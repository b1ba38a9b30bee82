"""TLS that would not convince anybody."""

from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from support.installation import HOST, Authority, certify, finding, settings_of, write_key

from visavis.adapters.doctor import Check
from visavis.adapters.doctor.tls import tls
from visavis.model.keys import TlsUnusable, UnsafeListen
from visavis.settings import Settings

ROOT = Authority("A root")
BETWEEN = Authority("Between", above=ROOT)


def beyond(folder: Path, **changed: Any) -> Settings:
    return settings_of(folder, **{"host": "192.168.1.5", "public_url": f"https://{HOST}", **changed})


def told(settings: Settings, name: str) -> Check:
    return next(check for check in tls(settings) if check.name == name)


@pytest.mark.parametrize(
    ("begins", "ends", "state"), [(-1, 90, "ok"), (-1, 7, "warn"), (-9, -1, "fail"), (1, 90, "fail")]
)
def test_a_certificate_is_in_date(tmp_path: Path, begins: float, ends: float, state: str) -> None:
    check = told(beyond(tmp_path, **certify(tmp_path, begins=begins, ends=ends)), "tls")
    assert (check.state, bool(check.mend)) == (state, state != "ok")


def test_the_certificate_that_ends_first_decides(tmp_path: Path) -> None:
    files = certify(tmp_path, by=BETWEEN, chain=(BETWEEN,), ends=300)
    check = told(beyond(tmp_path, **files), "tls")
    days = (BETWEEN.certificate.not_valid_after_utc).strftime("%Y-%m-%d")
    assert days in check.message


@pytest.mark.parametrize(
    ("chain", "state"),
    [((BETWEEN,), "ok"), ((BETWEEN, ROOT), "ok"), ((ROOT, BETWEEN), "fail"), ((ROOT,), "fail")],
)
def test_certificates_stand_in_order(tmp_path: Path, chain: tuple[Authority, ...], state: str) -> None:
    check = told(beyond(tmp_path, **certify(tmp_path, by=BETWEEN, chain=chain)), "tls chain")
    assert (check.state, bool(check.mend)) == (state, state != "ok")


@pytest.mark.parametrize(
    ("hosts", "url", "state"),
    [
        (("faces.example",), "https://faces.example", "ok"),
        (("other.example", "FACES.example"), "https://Faces.example:8443/x", "ok"),
        (("*.example",), "https://faces.example", "ok"),
        (("*.example",), "https://more.faces.example", "fail"),
        (("*.example",), "https://example", "fail"),
        (("other.example",), "https://faces.example", "fail"),
        ((), "https://faces.example", "fail"),  # the subject's own name counts for nothing
        (("192.168.1.5",), "https://192.168.1.5", "ok"),
        (("192.168.1.6",), "https://192.168.1.5", "fail"),
        (("2001:db8::1",), "https://[2001:db8::1]", "ok"),
    ],
)
def test_a_certificate_is_for_the_host_that_links_name(
    tmp_path: Path, hosts: tuple[str, ...], url: str, state: str
) -> None:
    check = told(beyond(tmp_path, public_url=url, **certify(tmp_path, hosts=hosts)), "tls name")
    assert (check.state, bool(check.mend)) == (state, state != "ok")


def test_on_this_machine_it_is_for_the_address_that_is_listened_on(tmp_path: Path) -> None:
    settings = settings_of(tmp_path, **certify(tmp_path, hosts=("127.0.0.1",)))
    assert told(settings, "tls name").state == "ok"


@pytest.mark.parametrize(
    ("made", "state", "words"),
    [
        ({"key": rsa.generate_private_key(65537, 1024)}, "fail", "1024 bits"),  # noqa: S505 -- what has to be refused
        ({"key": rsa.generate_private_key(65537, 2048)}, "ok", ""),
        ({"key": ec.generate_private_key(ec.SECP192R1())}, "fail", "192 bits"),
        ({"key": ec.generate_private_key(ec.SECP384R1())}, "ok", ""),
    ],
    ids=["rsa 1024", "rsa 2048", "ec 192", "ec 384"],
)
def test_weak_keys_fail(tmp_path: Path, made: dict[str, Any], state: str, words: str) -> None:
    settings = beyond(tmp_path, **certify(tmp_path, by=ROOT, **made))
    try:
        check = told(settings, "tls strength")
    except TlsUnusable as refused:  # OpenSSL itself refuses the weakest
        assert "small" in refused.detail or "weak" in refused.detail  # noqa: PT017 -- both ways of failing are right
        assert state == "fail"
        return
    assert (check.state, words in check.message) == (state, True)


def test_weak_signatures_fail(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    settings = beyond(tmp_path, **certify(tmp_path, by=ROOT, chain=(ROOT,)))
    assert told(settings, "tls strength").state == "ok"
    # Our library does not sign with SHA-1 any more: another hash plays the broken one.
    monkeypatch.setattr("visavis.adapters.doctor.tls._BROKEN_HASHES", {"sha256"})
    check = told(settings, "tls strength")
    assert (check.state, "signature with SHA256" in check.message) == ("fail", True)


def test_certificate_and_key_belong_together(tmp_path: Path) -> None:
    files = certify(tmp_path)
    write_key(tmp_path / "tls.key", ec.generate_private_key(ec.SECP256R1()))
    for _ in range(2):
        check = finding(beyond(tmp_path, **files), "tls")
        assert (check.state, check.mend) == ("fail", TlsUnusable.mend)
        (tmp_path / "tls.crt").unlink(missing_ok=True)


def test_a_key_with_a_password_fails_instead_of_asking(tmp_path: Path) -> None:
    files = certify(tmp_path)
    write_key(tmp_path / "tls.key", ec.generate_private_key(ec.SECP256R1()), password=b"SECRET")
    check = finding(beyond(tmp_path, **files), "tls")
    assert (check.state, "SECRET" in check.message) == ("fail", False)


@pytest.mark.parametrize(("mode", "state"), [(0o600, "ok"), (0o640, "warn"), (0o644, "warn")])
def test_a_tls_key_that_others_can_read_is_told(tmp_path: Path, mode: int, state: str) -> None:
    files = certify(tmp_path)
    (tmp_path / "tls.key").chmod(mode)
    assert told(beyond(tmp_path, **files), "tls key").state == state


def test_a_certificate_that_nobody_else_signed_is_told(tmp_path: Path) -> None:
    assert told(beyond(tmp_path, **certify(tmp_path)), "tls trust").state == "warn"
    assert told(beyond(tmp_path, **certify(tmp_path, by=BETWEEN, chain=(BETWEEN,))), "tls trust").state == "ok"


def test_without_tls_on_this_machine_it_says_so(tmp_path: Path) -> None:
    (check,) = tls(settings_of(tmp_path))
    assert (check.state, "this machine only" in check.message) == ("ok", True)


@pytest.mark.parametrize("host", ["0.0.0.0", "192.168.1.5", "faces.example", "::"])  # noqa: S104 -- nobody listens
def test_listening_beyond_this_machine_without_tls_fails(tmp_path: Path, host: str) -> None:
    check = finding(settings_of(tmp_path, host=host), "tls")
    assert (check.state, check.mend) == ("fail", UnsafeListen.mend)


@pytest.mark.parametrize("only", ["tls_cert", "tls_key"])
def test_half_of_what_tls_needs_fails_on_this_machine_too(tmp_path: Path, only: str) -> None:
    check = finding(settings_of(tmp_path, **{only: certify(tmp_path)[only]}), "tls")
    assert (check.state, check.mend) == ("fail", UnsafeListen.mend)


@pytest.mark.parametrize("url", [None, "", "http://faces.example", "https://", "faces.example", "https://[1"])
def test_links_that_cannot_be_opened_beyond_this_machine_fail(tmp_path: Path, url: str | None) -> None:
    check = finding(settings_of(tmp_path, host="192.168.1.5", public_url=url, **certify(tmp_path)), "tls")
    assert (check.state, check.mend) == ("fail", UnsafeListen.mend)
    assert "VISAVIS_PUBLIC_URL" in check.message
