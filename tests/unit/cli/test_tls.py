import json
import ssl
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from cryptography import x509
from cryptography.hazmat.primitives.hashes import SHA256

from visavis.adapters.listening import require_tls_usable
from visavis.cli.main import program
from visavis.settings import Settings


def make(*arguments: str) -> Result:
    return CliRunner().invoke(program, ["--json", "tls", "self-signed", *arguments])


def test_a_server_takes_what_was_made_for_the_names_asked_and_only_its_owner_reads_the_key(tmp_path: Path) -> None:
    result = make(str(tmp_path), "--host", "faces.example", "--host", "192.0.2.7", "--days", "7")
    assert result.exit_code == 0, result.output
    told = json.loads(result.stdout)
    cert, key = Path(told["tls_cert"]), Path(told["tls_key"])
    assert key.stat().st_mode & 0o777 == 0o600
    require_tls_usable(Settings(data_dir=tmp_path, tls_cert=cert, tls_key=key))
    made = x509.load_pem_x509_certificate(cert.read_bytes())
    names = made.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    assert names.get_values_for_type(x509.DNSName) == ["faces.example"]
    assert [str(address) for address in names.get_values_for_type(x509.IPAddress)] == ["192.0.2.7"]
    assert told["sha256"] == made.fingerprint(SHA256()).hex(":")
    assert abs(made.not_valid_after_utc - datetime.now(UTC) - timedelta(days=7)) < timedelta(minutes=1)
    assert made.not_valid_before_utc < datetime.now(UTC)
    # Whoever makes it known to their device by hand can check it.
    ssl.create_default_context(cafile=str(cert))


def test_without_a_name_it_is_for_this_machine(tmp_path: Path) -> None:
    assert json.loads(make(str(tmp_path)).stdout)["hosts"] == ["localhost", "127.0.0.1", "::1"]


@pytest.mark.parametrize("taken", ["tls.crt", "tls.key"])
def test_what_is_there_is_not_written_over(tmp_path: Path, taken: str) -> None:
    (tmp_path / taken).write_text("mine")
    result = make(str(tmp_path))
    assert result.exit_code != 0
    assert "There is a file at" in result.output
    assert [(file.name, file.read_text()) for file in tmp_path.iterdir()] == [(taken, "mine")]


@pytest.mark.parametrize("host", ["", "a..b", "x" * 64])
def test_what_is_no_name_is_refused_and_nothing_written(tmp_path: Path, host: str) -> None:
    result = make(str(tmp_path), "--host", host)
    assert result.exit_code == 2, result.output
    assert list(tmp_path.iterdir()) == []


def test_a_folder_that_is_not_there_is_named(tmp_path: Path) -> None:
    result = make(str(tmp_path / "none"))
    assert result.exit_code == 2
    assert "There is no folder" in result.output
