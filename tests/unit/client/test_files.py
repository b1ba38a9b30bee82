import json
import stat
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, generate_private_key
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from fixtures.answers import BASE, an_id
from joserfc.jwk import OKPKey

from visavis.client import Receipt, VisavisProblem, load_station_key, make_station_key, public_key_text

JWK = {name: str(value) for name, value in OKPKey.generate_key("Ed25519").as_dict(private=True).items()}
RECEIPT = Receipt(BASE, an_id("sub"), an_id("rec"), "a.b.c", "d.e.f", JWK)


def test_a_receipt_is_its_owners_alone_and_comes_back_whole(tmp_path: Path) -> None:
    path = tmp_path / "receipt.json"
    RECEIPT.save(path)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert Receipt.load(path) == RECEIPT
    fields = json.loads(path.read_text())
    assert fields["visavis_receipt"] == 1
    assert set(fields) == {
        *("visavis_receipt", "server", "subject_id", "receipt_id", "offer", "countersignature", "private_key")
    }


def test_a_receipt_in_print_does_not_show_the_key() -> None:
    assert JWK["d"] not in repr(RECEIPT)


def test_nothing_is_overwritten(tmp_path: Path) -> None:
    path = tmp_path / "there"
    path.write_text("mine")
    for write in (RECEIPT.save, make_station_key):
        with pytest.raises(VisavisProblem, match="file_exists"):
            write(path)
    assert path.read_text() == "mine"


def test_a_folder_that_is_not_there_is_told(tmp_path: Path) -> None:
    with pytest.raises(VisavisProblem, match="file_unwritable"):
        RECEIPT.save(tmp_path / "no" / "receipt.json")


BROKEN: list[Any] = [
    "not json",
    [],
    {},
    {"visavis_receipt": 2},
    {"visavis_receipt": 1},
    {"private_key": None},
    {"private_key": {"kty": "OKP"}},
    {"private_key": {name: value for name, value in JWK.items() if name != "d"}},
    {"private_key": {"kty": "oct", "k": "AAAA"}},
    {"server": 7},
]


@pytest.mark.parametrize("content", BROKEN, ids=range(len(BROKEN)))
def test_a_broken_receipt_is_told(tmp_path: Path, content: Any) -> None:
    path = tmp_path / "receipt.json"
    RECEIPT.save(path)
    if isinstance(content, dict) and content.keys() & {"private_key", "server"}:
        content = {**json.loads(path.read_text()), **content}
    path.write_text(content if isinstance(content, str) else json.dumps(content))
    with pytest.raises(VisavisProblem, match="receipt_unreadable"):
        Receipt.load(path)


def test_a_missing_receipt_is_told(tmp_path: Path) -> None:
    with pytest.raises(VisavisProblem, match="receipt_unreadable"):
        Receipt.load(tmp_path / "receipt.json")


def test_a_station_key_is_its_owners_alone_and_comes_back(tmp_path: Path) -> None:
    path = tmp_path / "station.pem"
    key = make_station_key(path)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert path.read_text().startswith("-----BEGIN PRIVATE KEY-----")
    assert public_key_text(load_station_key(path)) == public_key_text(key)
    assert len(public_key_text(key)) == 43


def test_a_station_key_that_others_can_read_is_not_used(tmp_path: Path) -> None:
    path = tmp_path / "station.pem"
    make_station_key(path)
    path.chmod(0o640)
    with pytest.raises(VisavisProblem, match="640"):
        load_station_key(path)


def test_another_sort_of_key_is_told(tmp_path: Path) -> None:
    path = tmp_path / "station.pem"
    other = generate_private_key(SECP256R1()).private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    for content in (other, b"nonsense", b""):
        path.write_bytes(content)
        path.chmod(0o600)
        with pytest.raises(VisavisProblem, match="key_unreadable"):
            load_station_key(path)
    with pytest.raises(VisavisProblem, match="key_unreadable"):
        load_station_key(tmp_path / "nowhere.pem")
