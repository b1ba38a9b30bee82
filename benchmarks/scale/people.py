"""An installation with a million people, made by code, for measuring what that many cost.

Every row is made by the product's own functions: keys are wrapped and templates sealed as enrolling does it, offers and
countersignatures are signed, and of each thousand one is checked as a decision would check it. What is left out is what
nobody reads who is measured: PINs, and entries of the log. Templates are random unit vectors, but for one person in
each gallery, whose photograph is a probe. The calibration is synthetic: it speaks of rates which the model's own
was never measured at; without it no gallery of this size could promise anything.

Making a million takes some minutes, so they are kept in ``.work`` for the next run.
"""

import hashlib
import json
import os
import shutil
import sys
import time
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Iterable, Iterator
from concurrent.futures import Future, ProcessPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime
from multiprocessing import get_context
from pathlib import Path
from typing import Any, Final

import numpy as np
import rfc8785
import sqlalchemy as sa
from benchmarks.filled_server import SyntheticExtractor
from benchmarks.load.identify import probes
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from joserfc.jwk import OKPKey
from numpy.typing import NDArray

from visavis import bootstrap
from visavis.adapters.cards import cards_folder, read_calibration
from visavis.adapters.sql import tables
from visavis.adapters.sql.store import SqlStore
from visavis.consent import receipt as texts
from visavis.consent.rules import require_live_consent
from visavis.consent.sentences import ENGLISH
from visavis.flows.purposes import newest_text
from visavis.model.consent import EnrolmentState, Receipt, Subject, SubjectState
from visavis.model.ids import new_id
from visavis.model.keys import Epoch
from visavis.model.preset import Promised
from visavis.model.purpose import Gallery, LivenessMode, Purpose, PurposeText, TargetKind
from visavis.model.template import Template
from visavis.protect.epochs import present
from visavis.protect.gallery_keys import GalleryKeys
from visavis.protect.keys import new_subject_secret, tag, wrap
from visavis.protect.references import seal_personal, seal_template
from visavis.settings import Settings
from visavis.web.services import Services

ROOT: Final = Path(__file__).parents[2]
FORM: Final = 1
"""Counts how often this file came to make something else."""
SPARE: Final = 5_000
"""More people than are measured: each run withdraws some."""
FEW: Final = 1_000
"""People in the gallery that is there beside the large one."""
STATIONS: Final = 30
CHUNK: Final = 1_000
PROCESSES: Final = 2
RECEIPT, SUBJECT = "rec_RECEIPT", "sub_SUBJECT"
"""Stand in the text that the offers of all people are made of."""


@dataclass(frozen=True, slots=True)
class Made:
    """An installation, and who may ask it: ``stations`` are the private keys of those of each gallery."""

    settings: Settings
    api_key: str
    galleries: dict[str, str]
    stations: dict[str, dict[str, str]]
    probe: bytes


@dataclass(frozen=True, slots=True)
class Common:
    """What the people of one gallery share."""

    gallery: Gallery
    purpose: Purpose
    text: PurposeText
    epoch: Epoch
    installation: bytes
    keys: dict[int, bytes]
    controller: dict[str, Any]
    now: datetime


def installation(people: int) -> Made:
    """One with so many people in a large gallery and a few in another, from an earlier run where there is one."""
    folder = ROOT / ".work" / f"people-{people}"
    told = folder / "made.json"
    settings = _settings(folder)
    if not told.exists() or not _is_usable(json.loads(told.read_text(encoding="utf-8")), settings, people):
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
        told.write_text(json.dumps({"form": FORM, **_make(settings, people)}), encoding="utf-8")
    made = json.loads(told.read_text(encoding="utf-8"))
    return Made(settings, made["api_key"], made["galleries"], _new_stations(settings, made["galleries"]), probes()[0])


def _new_stations(settings: Settings, galleries: dict[str, str]) -> dict[str, dict[str, str]]:
    """Stations of each gallery, new in each run."""
    calibration = read_calibration(bootstrap.cards_of(settings) / settings.embedder)
    stages = bootstrap.Stages(SyntheticExtractor(calibration.model_id), calibration)
    services = bootstrap.open_services(settings, stages=stages)
    with services.store.read() as tx:
        found = {name: tx.galleries.get(id_) for name, id_ in galleries.items()}
    return {name: _stations(services, gallery) for name, gallery in found.items()}


def _settings(folder: Path) -> Settings:
    return Settings(
        data_dir=folder / "data",
        key_file=folder / "keys" / "root.key",
        models=Path(os.environ["VISAVIS_MODELS"]),
        cards=folder / "cards",
        port=8644,
        rate_per_minute=1_000_000,
        purge_every_s=3600,
    )


def _is_usable(made: dict[str, Any], settings: Settings, people: int) -> bool:
    if made["form"] != FORM:
        return False
    store = SqlStore(settings.database_url)
    try:
        with store.read() as tx:
            return tx.references_in(made["galleries"]["large"]) >= people
    except sa.exc.DatabaseError:
        return False
    finally:
        store.close()


def _make(settings: Settings, people: int) -> dict[str, Any]:
    _write_cards(settings)
    api_key = bootstrap.initialise(settings)
    stages = bootstrap.open_stages(settings)
    try:
        face = stages.extractor.extract(probes()[0]).vector
        services = bootstrap.open_services(settings, stages=stages)
    finally:
        stages.close()
    counts = {"small": FEW, "large": people + SPARE}
    galleries = {name: _gallery(services, name) for name in counts}
    for name, count in counts.items():
        _fill(settings, _common(services, galleries[name]), count, face)
    services.store.scrub()
    return {"api_key": api_key, "galleries": {n: g.id for n, g in galleries.items()}}


def _write_cards(settings: Settings) -> None:
    """The model's own cards, with a calibration that goes on where the measured one ends."""
    folder = bootstrap.cards_of(settings)
    shutil.copytree(cards_folder(), folder)
    path = folder / settings.embedder / "calibration.json"
    fields = json.loads(path.read_text(encoding="utf-8"))
    fields["points"].append({"fmr": 1e-10, "threshold": 0.8, "low": 0, "high": 1e-9})
    none_missed = [{"threshold": at, "fnmr": 0, "low": 0, "high": 1} for at in (-1, 1)]
    fields["misses"] = [{"photos": 1, "people": 1, "points": none_missed}]
    path.write_text(json.dumps({**fields, "fmr_floor": 1e-10, "people": 10**9}), encoding="utf-8")


def _gallery(services: Services, name: str) -> Gallery:
    purpose, _ = services.administer.state_purpose(
        name=f"Benchmark {name}",
        controller="Benchmark",
        contact="none",
        jurisdiction="NL",
        language="en",
        text="Synthetic people.",
        retention_days=1000,
        promised=Promised(TargetKind.FPIR, 0.1),
        liveness=LivenessMode.ATTENDED,
        by=None,
    )
    return services.administer.open_gallery(name=name, purpose_id=purpose.id, by=None)


def _stations(services: Services, gallery: Gallery) -> dict[str, str]:
    """The identifiers of new stations and their private keys, in hexadecimal."""
    made = {}
    for number in range(STATIONS):
        key = Ed25519PrivateKey.generate()
        station = services.administer.register_station(
            name=f"{gallery.name} {time.time_ns()} {number}",
            gallery_id=gallery.id,
            purpose_id=None,
            public_key=key.public_key().public_bytes_raw(),
            attended=True,
            by=None,
        )
        made[station.id] = key.private_bytes_raw().hex()
    return made


def _common(services: Services, gallery: Gallery) -> Common:
    with services.store.read() as tx:
        return Common(
            gallery=gallery,
            purpose=tx.purposes.get(gallery.purpose_id),
            text=newest_text(tx, gallery.purpose_id),
            epoch=present(services.keyring.keys.tree),
            installation=services.keyring.installation,
            keys=dict(services.keyring.gallery_keys(tx, gallery.id).keys),
            controller=dict(services.keyring.controller.as_dict(private=True)),
            now=datetime.now(UTC),
        )


def _fill(settings: Settings, common: Common, count: int, face: NDArray[np.float32]) -> None:
    """People are made in processes of their own and written here; one of them has ``face``."""
    with (
        ProcessPoolExecutor(PROCESSES, mp_context=get_context("spawn"), initializer=_begin, initargs=(common,)) as pool,
        sa.create_engine(settings.database_url).connect() as connection,
    ):
        # What is torn here is made anew.
        for setting in ("synchronous=OFF", "cache_size=-1000000"):
            connection.exec_driver_sql(f"PRAGMA {setting}")
        for at, rows in enumerate(_ahead(pool, _templates(count, face))):
            for table, values in zip(_TABLES, rows, strict=True):
                connection.execute(table.insert(), values)
            connection.commit()
            print(f"{common.gallery.name}: {(at + 1) * CHUNK} of {count}", file=sys.stderr)


_TABLES: Final = (tables.subjects, tables.subject_keys, tables.enrolments, tables.receipts, tables.references)
Rows = tuple[list[dict[str, Any]], ...]


def _templates(count: int, face: NDArray[np.float32]) -> Iterator[tuple[int, NDArray[np.float32]]]:
    """The first number and the templates of so many people at a time; in the middle stands the one with the face."""
    for first in range(0, count, CHUNK):
        vectors = np.random.default_rng(first).normal(size=(min(CHUNK, count - first), len(face)))
        vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
        if first <= count // 2 < first + len(vectors):
            vectors[count // 2 - first] = face
        yield first, vectors.astype(np.float32)


def _ahead(pool: ProcessPoolExecutor, chunks: Iterable[tuple[int, NDArray[np.float32]]]) -> Iterator[Rows]:
    """What the processes made, with no more on its way than is soon written."""
    waiting: list[Future[Rows]] = []
    for chunk in chunks:
        waiting.append(pool.submit(_people, *chunk))
        if len(waiting) > 2 * PROCESSES:
            yield waiting.pop(0).result()
    for future in waiting:
        yield future.result()


class _Worker:
    """What a process that makes people has at hand."""

    common: Common
    controller: Ed25519PrivateKey
    public: OKPKey
    offer: bytes


def _begin(common: Common) -> None:
    _Worker.common = common
    _Worker.public = OKPKey.import_key(common.controller)
    _Worker.controller = Ed25519PrivateKey.from_private_bytes(urlsafe_b64decode(common.controller["d"] + "=="))
    record = texts.record(
        receipt_id=RECEIPT,
        subject_id=SUBJECT,
        purpose=common.purpose,
        text=common.text,
        gallery=common.gallery,
        now=common.now,
        backup_days=31,
    )
    _Worker.offer = rfc8785.dumps(record)


def _people(first: int, vectors: NDArray[np.float32]) -> Rows:
    rows: Rows = tuple([] for _ in _TABLES)
    for number, vector in enumerate(vectors, start=first):
        for kept, row in zip(rows, _person(number, vector), strict=True):
            kept.append(row)
    _check(rows)
    return rows


def _person(number: int, vector: NDArray[np.float32]) -> Iterator[dict[str, Any]]:
    common, now = _Worker.common, _Worker.common.now
    subject_id, enrolment_id, receipt_id, reference_id = (new_id(kind) for kind in ("sub", "enr", "rec", "ref"))
    secret, name = new_subject_secret(), f"person {number}"
    offer, countersignature, public_key = _agreed(receipt_id, subject_id)
    expires_at = common.purpose.consent_until(now)
    personal = {"external_reference": name}
    named = f"{common.gallery.id}|{name}".encode()
    yield {
        "id": subject_id,
        "gallery_id": common.gallery.id,
        "state": SubjectState.ACTIVE,
        "reference_tag": tag(common.installation, use="external references", of=named),
        "sealed_personal": seal_personal(personal, secret=secret, subject_id=subject_id, gallery_id=common.gallery.id),
        "public_key": public_key,
        "created_at": now,
    }
    epoch, key = common.epoch.number, common.epoch.key
    wrapped = wrap(secret, epoch=epoch, epoch_key=key, subject_id=subject_id, public_key=public_key)
    yield {"id": subject_id, "wrapped": wrapped}
    of = {"subject_id": subject_id, "created_at": now}
    yield {"id": enrolment_id, "state": EnrolmentState.ACTIVE, "expires_at": expires_at, "link_hash": None, **of}
    yield {
        "id": receipt_id,
        "enrolment_id": enrolment_id,
        "subject_id": subject_id,
        "offer": offer,
        "countersignature": countersignature,
        "expires_at": expires_at,
    }
    sealed = seal_template(
        Template(vector, common.gallery.model_id),
        secret=secret,
        keys=_keys(common),
        reference_id=reference_id,
        receipt_id=receipt_id,
        subject_id=subject_id,
        gallery=common.gallery,
    )
    photo_tag = tag(secret.tagging, use="photos", of=hashlib.sha256(name.encode()).digest())
    yield {"id": reference_id, "enrolment_id": enrolment_id, "sealed": sealed, "photo_tag": photo_tag, **of}


_KEYS: dict[str, GalleryKeys] = {}


def _keys(common: Common) -> GalleryKeys:
    return _KEYS.setdefault(common.gallery.id, GalleryKeys(common.keys))


def _agreed(receipt_id: str, subject_id: str) -> tuple[str, str, bytes]:
    """An offer, its countersignature and who signed that: put together by hand, since a million take long."""
    record = _Worker.offer.replace(RECEIPT.encode(), receipt_id.encode()).replace(SUBJECT.encode(), subject_id.encode())
    offer = _signed({"alg": texts.ALGORITHM, "typ": texts.OFFER_TYPE}, record, _Worker.controller)
    key = Ed25519PrivateKey.generate()
    raw = key.public_key().public_bytes_raw()
    payload = {
        "given_at": _Worker.common.now.replace(microsecond=0, tzinfo=None).isoformat() + "Z",
        "offer_sha256": hashlib.sha256(offer.encode()).hexdigest(),
        "statement": ENGLISH.person,
    }
    jwk = {"crv": "Ed25519", "kty": "OKP", "x": _base64(raw)}
    header = {"alg": texts.ALGORITHM, "typ": texts.COUNTERSIGNATURE_TYPE, "jwk": jwk}
    return offer, _signed(header, json.dumps(payload, separators=(",", ":")).encode(), key), raw


def _signed(header: dict[str, Any], payload: bytes, key: Ed25519PrivateKey) -> str:
    signed = f"{_base64(json.dumps(header, separators=(',', ':')).encode())}.{_base64(payload)}"
    return f"{signed}.{_base64(key.sign(signed.encode()))}"


def _base64(data: bytes) -> str:
    return urlsafe_b64encode(data).rstrip(b"=").decode()


def _check(rows: Rows) -> None:
    """The first of them may be recognised, as far as texts and signatures tell."""
    subjects, _, _, receipts, _ = rows
    require_live_consent(
        Receipt(**receipts[0]),
        subject=Subject(**subjects[0]),
        purpose_id=_Worker.common.purpose.id,
        controller_key=_Worker.public,
        now=datetime.now(UTC),
    )
