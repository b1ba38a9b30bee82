"""Everything a user can get wrong, checked without the server and without changing anything."""

import os
import platform
import shutil
import sqlite3
import ssl
import stat
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any, Final, Literal

from cryptography import x509

from visavis.adapters.cards import cards_folder, read_calibration, read_card
from visavis.adapters.controller_key import CONTROLLER, unseal_controller_key
from visavis.adapters.keyfile import read_key_file
from visavis.adapters.listening import require_private
from visavis.adapters.model_store import ModelStore
from visavis.adapters.openvino.runtime import Runtime
from visavis.model.errors import VisavisError
from visavis.model.keys import DataMissing, UnsafeListen
from visavis.settings import Settings

State = Literal["ok", "warn", "fail"]

_BEFORE_THIS_RELEASE: Final = datetime(2026, 11, 1, tzinfo=UTC)
_NO_KEY_MEND: Final = "Restore a backup, or run 'visavis init' for another data directory: only a key makes another."
_MIB: Final = 1024 * 1024
_DISK_WARN: Final = 1024 * _MIB
_DISK_FAIL: Final = 100 * _MIB
_CERTIFICATE_WARN: Final = timedelta(days=14)


@dataclass(frozen=True, slots=True)
class Check:
    """One finding. ``mend`` tells a person what to do; empty where there is nothing to do."""

    name: str
    state: State
    message: str
    mend: str = ""


def diagnose(settings: Settings) -> list[Check]:
    """Check an installation; a running server is not disturbed.

    1. The data directory is there, its owner's alone, with a database that is its owner's alone.
    2. The key file is there, safe, and outside the data directory.
    3. The key opens this data.
    4. What the key file protects from, and what not.
    5. Each model's file is the one its card names, and the calibration fits.
    6. Python and the processor are what the models run well on.
    7. The clock is plausible: requests are signed with the time.
    8. There is disk left.
    9. TLS: its files fit together and are in date, and without them, and an ``https`` address for links, nobody
       beyond this machine is let in.
    10. Somebody holds an API key: without one the server does not start beyond this machine.

    A check that cannot be made fails: it is not passed over.
    """
    checks = (
        ("data directory", _data_directory),
        ("key file", _key_file),
        ("key fits data", _key_fits),
        ("key protection", _key_protection),
        ("models", _models),
        ("python", _python),
        ("processor", _processor),
        ("clock", _clock),
        ("disk", _disk),
        ("tls", _tls),
        ("api keys", _api_keys),
    )
    return [finding for name, check in checks for finding in _made(name, check, settings)]


def _made(name: str, check: Callable[[Settings], Iterator[Check]], settings: Settings) -> list[Check]:
    try:
        return list(check(settings))
    except VisavisError as error:
        return [Check(name, "fail", error.detail or type(error).__name__, error.mend)]
    except (OSError, ValueError, RuntimeError, sqlite3.Error) as error:
        return [Check(name, "fail", f"This could not be checked: {type(error).__name__}.", "Look at what is there.")]


def _data_directory(settings: Settings) -> Iterator[Check]:
    folder, name = settings.data_dir, "data directory"
    database = folder / "visavis.db"
    if not database.is_file():
        raise DataMissing(f"There is no database in {folder}.")
    open_to_others = [p for p in (folder, database) if stat.S_IMODE(p.stat().st_mode) & 0o077]
    if open_to_others:
        mend = "Run 'chmod 700' on the directory and 'chmod 600' on the database."
        yield Check(name, "fail", f"Others can read {' and '.join(map(str, open_to_others))}.", mend)
    elif not os.access(folder, os.W_OK):
        yield Check(name, "fail", f"{folder} cannot be written to.", "Run the server as the directory's owner.")
    else:
        yield Check(name, "ok", str(folder))


def _key_file(settings: Settings) -> Iterator[Check]:
    read_key_file(settings.key_file, data_dir=settings.data_dir)
    yield Check("key file", "ok", f"{settings.key_file}, outside the data directory, its owner's alone.")


def _key_fits(settings: Settings) -> Iterator[Check]:
    root = read_key_file(settings.key_file, data_dir=settings.data_dir)
    sealed = _looked_up(settings, "SELECT value FROM server WHERE name = ?", CONTROLLER)
    unseal_controller_key(None if sealed is None else bytes(sealed), root=root)
    yield Check("key fits data", "ok", "The key opens this data.")


def _api_keys(settings: Settings) -> Iterator[Check]:
    count = int(_looked_up(settings, "SELECT count(*) FROM api_keys WHERE revoked_at IS NULL"))
    if count:
        yield Check("api keys", "ok", f"{count} that can be used.")
    elif settings.is_loopback:
        yield Check("api keys", "warn", "There is none: nobody can administer this server.", _NO_KEY_MEND)
    else:
        raise UnsafeListen(f"Listening on {settings.host} without any API key makes no sense.")


def _looked_up(settings: Settings, query: str, *values: str) -> Any:
    """The first value that the database answers, or None; opened read only, so that a look changes no setting."""
    database = settings.data_dir / "visavis.db"
    if not database.is_file():
        raise DataMissing(f"There is no database in {settings.data_dir}.")
    with closing(sqlite3.connect(f"{database.absolute().as_uri()}?mode=ro", uri=True)) as connection:
        row = connection.execute(query, values).fetchone()
    return None if row is None else row[0]


def _key_protection(_settings: Settings) -> Iterator[Check]:
    yield Check(
        "key protection",
        "warn",
        "The root key lies in a file: that protects a stolen database or backup, not a stolen disk.",
        "Encrypt the disk, and never put the key file into a backup of the data.",
    )


def _models(settings: Settings) -> Iterator[Check]:
    cards = settings.cards or cards_folder()
    for name in (settings.detector, settings.embedder):
        yield from _made(f"model {name}", partial(_model, folder=cards / name), settings)
    yield from _made("calibration", partial(_calibration, folder=cards / settings.embedder), settings)


def _model(settings: Settings, *, folder: Path) -> Iterator[Check]:
    card = read_card(folder)
    ModelStore(settings.models).check(card)
    yield Check(f"model {card.id}", "ok", f"{card.file}, SHA-256 {card.sha256[:16]}…, {card.licence}.")


def _calibration(_settings: Settings, *, folder: Path) -> Iterator[Check]:
    calibration = read_calibration(folder)
    message = f"{len(calibration.points)} points, down to a false match rate of {calibration.fmr_floor:.2g}."
    yield Check("calibration", "ok", message)


def _python(_settings: Settings) -> Iterator[Check]:
    # The package would not have been installed on an older Python, nor could it run on a 32-bit one.
    yield Check("python", "ok", f"{platform.python_implementation()} {platform.python_version()}.")


def _processor(_settings: Settings) -> Iterator[Check]:
    precision = Runtime().precision
    if precision == "bf16" or platform.machine() not in {"x86_64", "AMD64"} or "avx2" in _cpu_flags():
        yield Check("processor", "ok", f"{platform.machine()}, models run in {precision}.")
    else:
        mend = "Answers take several times longer; use a machine with AVX2 where people wait."
        yield Check("processor", "warn", f"{platform.machine()} without AVX2, models run in {precision}.", mend)


def _cpu_flags() -> set[str]:
    for line in Path("/proc/cpuinfo").read_text(encoding="ascii", errors="replace").splitlines():
        if line.startswith("flags"):
            return set(line.partition(":")[2].split())
    return set()


def _clock(settings: Settings) -> Iterator[Check]:
    now = datetime.now(UTC)
    database = settings.data_dir / "visavis.db"
    written = datetime.fromtimestamp(database.stat().st_mtime, UTC) if database.is_file() else now
    mend = "Set the clock, and keep it by NTP: stations and people sign with the time, 30 seconds either way."
    if now < _BEFORE_THIS_RELEASE:
        yield Check("clock", "fail", f"It says {now:%Y-%m-%d %H:%M} UTC, before this release was made.", mend)
    elif written > now + timedelta(minutes=5):
        yield Check("clock", "fail", f"It says {now:%Y-%m-%d %H:%M} UTC, but the database is newer.", mend)
    else:
        yield Check("clock", "ok", f"{now:%Y-%m-%d %H:%M:%S} UTC.")


def _disk(settings: Settings) -> Iterator[Check]:
    place = next(p for p in (settings.data_dir, *settings.data_dir.absolute().parents) if p.is_dir())
    free = shutil.disk_usage(place).free
    state: State = "fail" if free < _DISK_FAIL else "warn" if free < _DISK_WARN else "ok"
    mend = "" if state == "ok" else "Make room: a full disk stops every decision, since none is told unrecorded."
    yield Check("disk", state, f"{free // _MIB} MiB free at {place}.", mend)


def _tls(settings: Settings) -> Iterator[Check]:
    require_private(settings)
    if settings.tls_cert is None or settings.tls_key is None:
        yield Check("tls", "ok", f"Not set; {settings.host} is reached from this machine only.")
        return
    mend = "Set VISAVIS_TLS_CERT and VISAVIS_TLS_KEY to PEM files of one certificate and its key."
    try:
        ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER).load_cert_chain(settings.tls_cert, settings.tls_key, password="")
        certificate = x509.load_pem_x509_certificates(settings.tls_cert.read_bytes())[0]
    except (OSError, ValueError) as error:
        yield Check("tls", "fail", f"Certificate and key cannot be used: {type(error).__name__}.", mend)
        return
    yield _in_date(certificate)
    if stat.S_IMODE(settings.tls_key.stat().st_mode) & 0o077:
        yield Check("tls key", "warn", f"Others can read {settings.tls_key}.", "Run 'chmod 600' on it.")


def _in_date(certificate: x509.Certificate) -> Check:
    now, end = datetime.now(UTC), certificate.not_valid_after_utc
    mend = "Renew the certificate and restart the server."
    if now < certificate.not_valid_before_utc:
        return Check("tls", "fail", f"The certificate begins at {certificate.not_valid_before_utc:%Y-%m-%d}.", mend)
    if now >= end:
        return Check("tls", "fail", f"The certificate ended at {end:%Y-%m-%d}.", mend)
    if end - now < _CERTIFICATE_WARN:
        return Check("tls", "warn", f"The certificate ends at {end:%Y-%m-%d}.", mend)
    return Check("tls", "ok", f"The certificate is good until {end:%Y-%m-%d}.")
