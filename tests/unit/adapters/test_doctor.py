"""Each thing one can get wrong, got wrong."""

import json
import os
import shutil
import sqlite3
from collections.abc import Callable
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, EllipticCurvePrivateKey, generate_private_key
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from fixtures.networks import DETECTOR_CARD, EMBEDDER_CARD, edge_distance_detector, mean_embedder, place

from visavis import bootstrap
from visavis.adapters import doctor
from visavis.adapters.doctor import Check
from visavis.adapters.openvino.runtime import Runtime
from visavis.model.calibration import CalibrationInvalid
from visavis.model.errors import VisavisError
from visavis.model.keys import DataMissing, KeyFileForeign, KeyFileMissing, KeyFileUnsafe, UnsafeListen
from visavis.model.weights import ModelCardInvalid, ModelDigestMismatch, ModelMissing
from visavis.settings import Settings

CALIBRATION = {
    "model_id": "tiny-embedder",
    "fmr_floor": 0.01,
    "points": [{"fmr": 0.1, "threshold": 0.2}, {"fmr": 0.01, "threshold": 0.3}],
}


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An installation in order, to copy from."""
    folder = tmp_path_factory.mktemp("installation")
    models = folder / "models"
    place(models, card=DETECTOR_CARD, network=edge_distance_detector())
    home = place(models, card=EMBEDDER_CARD, network=mean_embedder())
    (home / "calibration.json").write_text(json.dumps(CALIBRATION), encoding="utf-8")
    bootstrap.initialise(settings_of(folder))
    return folder


@pytest.fixture
def folder(made: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(made, tmp_path / "installation"))


def settings_of(folder: Path, **changed: Any) -> Settings:
    models = folder / "models"
    fields = {
        "data_dir": folder / "data",
        "key_file": folder / "root.key",
        "models": models,
        "cards": models,
        "detector": "tiny-detector",
        "embedder": "tiny-embedder",
        "host": "127.0.0.1",
        "tls_cert": None,
        "tls_key": None,
    }
    return Settings(**{**fields, **changed})


def finding(settings: Settings, name: str) -> Check:
    return next(check for check in doctor.diagnose(settings) if check.name == name)


def test_an_installation_in_order_has_one_warning_and_it_speaks_of_the_disk(folder: Path) -> None:
    checks = bootstrap.diagnose(settings_of(folder))
    odd = [check for check in checks if check.state != "ok" and check.name not in {"processor", "disk"}]
    assert [(check.name, check.state) for check in odd] == [("key protection", "warn")]
    assert "not a stolen disk" in odd[0].message
    assert {check.name for check in checks} == {
        *("data directory", "key file", "key fits data", "key protection", "model tiny-detector"),
        *("model tiny-embedder", "calibration", "python", "processor", "clock", "disk", "tls"),
        "api keys",
    }


def swap_key(folder: Path) -> None:
    (folder / "root.key").write_text("00" * 32)


def change(path: str, content: bytes) -> Callable[[Path], None]:
    def spoil(folder: Path) -> None:
        (folder / path).write_bytes(content)

    return spoil


def mode(path: str, bits: int) -> Callable[[Path], None]:
    return lambda folder: (folder / path).chmod(bits)


def remove(path: str) -> Callable[[Path], None]:
    return lambda folder: (folder / path).unlink()


WRONG: list[tuple[str, Callable[[Path], None], str, type[VisavisError]]] = [
    ("no database", remove("data/visavis.db"), "data directory", DataMissing),
    ("no database for the key", remove("data/visavis.db"), "key fits data", DataMissing),
    ("no key", remove("root.key"), "key file", KeyFileMissing),
    ("no key for the data", remove("root.key"), "key fits data", KeyFileMissing),
    ("key open to others", mode("root.key", 0o640), "key file", KeyFileUnsafe),
    ("another key", swap_key, "key fits data", KeyFileForeign),
    ("no model", remove("models/tiny-detector.onnx"), "model tiny-detector", ModelMissing),
    ("another model", change("models/tiny-embedder.onnx", b"x"), "model tiny-embedder", ModelDigestMismatch),
    ("no card", remove("models/tiny-detector/card.toml"), "model tiny-detector", ModelCardInvalid),
    ("no calibration", remove("models/tiny-embedder/calibration.json"), "calibration", CalibrationInvalid),
]


@pytest.mark.parametrize(("spoil", "name", "error"), [case[1:] for case in WRONG], ids=[case[0] for case in WRONG])
def test_what_is_wrong_fails_with_its_mend(
    folder: Path, spoil: Callable[[Path], None], name: str, error: type[VisavisError]
) -> None:
    spoil(folder)
    check = finding(settings_of(folder), name)
    assert check.state == "fail"
    assert check.message
    assert check.mend == error.mend


def test_a_key_inside_the_data_fails(folder: Path) -> None:
    (folder / "root.key").rename(folder / "data" / "root.key")
    check = finding(settings_of(folder, key_file=folder / "data" / "root.key"), "key file")
    assert (check.state, check.mend) == ("fail", KeyFileUnsafe.mend)


@pytest.mark.parametrize(("path", "bits"), [("data", 0o755), ("data/visavis.db", 0o644)])
def test_data_that_others_can_read_fails(folder: Path, path: str, bits: int) -> None:
    mode(path, bits)(folder)
    check = finding(settings_of(folder), "data directory")
    assert check.state == "fail"
    assert str(folder / path) in check.message
    assert "chmod" in check.mend


def test_a_database_that_is_none_fails_and_is_left_alone(folder: Path) -> None:
    change("data/visavis.db", b"not a database, but long enough to look at" * 50)(folder)
    before = (folder / "data" / "visavis.db").read_bytes()
    assert finding(settings_of(folder), "key fits data").state == "fail"
    assert (folder / "data" / "visavis.db").read_bytes() == before


def test_a_clock_behind_the_database_fails(folder: Path) -> None:
    later = (datetime.now(UTC) + timedelta(days=1)).timestamp()
    os.utime(folder / "data" / "visavis.db", (later, later))
    assert finding(settings_of(folder), "clock").state == "fail"


def test_a_clock_before_this_release_fails(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(doctor, "_BEFORE_THIS_RELEASE", datetime.now(UTC) + timedelta(days=1))
    assert "before this release" in finding(settings_of(folder), "clock").message


@pytest.mark.parametrize(("free", "state"), [(50, "fail"), (500, "warn"), (5000, "ok")])
def test_little_disk_is_told(folder: Path, monkeypatch: pytest.MonkeyPatch, free: int, state: str) -> None:
    usage = shutil.disk_usage(folder)._replace(free=free * 1024 * 1024)
    monkeypatch.setattr(shutil, "disk_usage", lambda _: usage)
    check = finding(settings_of(folder), "disk")
    assert check.state == state
    assert bool(check.mend) == (state != "ok")


def test_a_processor_without_avx2_is_warned_of(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(doctor, "_cpu_flags", set)
    monkeypatch.setattr(Runtime, "precision", "f32")
    monkeypatch.setattr("platform.machine", lambda: "x86_64")
    assert finding(settings_of(folder), "processor").state == "warn"


def test_a_check_that_cannot_be_made_fails(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(_: object) -> None:
        raise PermissionError

    monkeypatch.setattr(shutil, "disk_usage", broken)
    assert finding(settings_of(folder), "disk").state == "fail"


def certificate(folder: Path, *, begins: float = -1, ends: float = 90) -> dict[str, Path]:
    """A certificate of its own making, in days from now, and its key."""
    key = generate_private_key(SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "faces.example")])
    now = datetime.now(UTC)
    signed = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now + timedelta(days=begins))
        .not_valid_after(now + timedelta(days=ends))
        .sign(key, SHA256())
    )
    (folder / "tls.crt").write_bytes(signed.public_bytes(Encoding.PEM))
    write_key(folder / "tls.key", key)
    return {"tls_cert": folder / "tls.crt", "tls_key": folder / "tls.key"}


def write_key(path: Path, key: EllipticCurvePrivateKey) -> None:
    path.write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    path.chmod(0o600)


@pytest.mark.parametrize(
    ("begins", "ends", "state"), [(-1, 90, "ok"), (-1, 7, "warn"), (-9, -1, "fail"), (1, 90, "fail")]
)
def test_a_certificate_is_in_date(folder: Path, begins: float, ends: float, state: str) -> None:
    files = certificate(folder, begins=begins, ends=ends)
    settings = settings_of(folder, host="0.0.0.0", public_url="https://faces.example", **files)  # noqa: S104 -- nobody listens
    assert finding(settings, "tls").state == state


def test_certificate_and_key_belong_together(folder: Path) -> None:
    files = certificate(folder)
    write_key(folder / "tls.key", generate_private_key(SECP256R1()))
    assert finding(settings_of(folder, **files), "tls").state == "fail"
    (folder / "tls.crt").unlink()
    assert finding(settings_of(folder, **files), "tls").state == "fail"


def test_a_tls_key_that_others_can_read_is_told(folder: Path) -> None:
    files = certificate(folder)
    (folder / "tls.key").chmod(0o644)
    assert finding(settings_of(folder, **files), "tls key").state == "warn"


@pytest.mark.parametrize("host", ["0.0.0.0", "192.168.1.5", "faces.example", "::"])  # noqa: S104 -- nobody listens
def test_listening_beyond_this_machine_without_tls_fails(folder: Path, host: str) -> None:
    check = finding(settings_of(folder, host=host), "tls")
    assert (check.state, check.mend) == ("fail", UnsafeListen.mend)


@pytest.mark.parametrize("only", ["tls_cert", "tls_key"])
def test_half_of_what_tls_needs_fails_on_this_machine_too(folder: Path, only: str) -> None:
    check = finding(settings_of(folder, **{only: certificate(folder)[only]}), "tls")
    assert (check.state, check.mend) == ("fail", UnsafeListen.mend)


@pytest.mark.parametrize("url", [None, "", "http://faces.example", "https://", "faces.example", "https://[1"])
def test_links_that_cannot_be_opened_beyond_this_machine_fail(folder: Path, url: str | None) -> None:
    check = finding(settings_of(folder, host="192.168.1.5", public_url=url, **certificate(folder)), "tls")
    assert (check.state, check.mend) == ("fail", UnsafeListen.mend)
    assert "VISAVIS_PUBLIC_URL" in check.message


@pytest.mark.parametrize(("host", "state"), [("127.0.0.1", "warn"), ("192.168.1.5", "fail")])
def test_data_that_nobody_holds_a_key_of_is_told(folder: Path, host: str, state: str) -> None:
    assert finding(settings_of(folder), "api keys").state == "ok"
    with closing(sqlite3.connect(folder / "data" / "visavis.db")) as connection, connection:
        connection.execute("DELETE FROM api_keys")
    check = finding(settings_of(folder, host=host), "api keys")
    assert (check.state, bool(check.mend)) == (state, True)
