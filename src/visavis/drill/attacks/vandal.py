"""Who can write to the database: rows edited, put in, exchanged, taken out and put back."""

import hashlib
import hmac
import json
import os
import secrets
import sqlite3
from base64 import urlsafe_b64encode
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final

import httpx2
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from joserfc.jwk import OKPKey

from visavis.client import StationClient, VisavisProblem
from visavis.consent.receipt import countersign, countersigned_by
from visavis.drill.attack import Attack, Got
from visavis.drill.people import ASKED, GONE, KEPT
from visavis.drill.place import Place
from visavis.drill.scene import Scene
from visavis.drill.server import NotStarted, Server
from visavis.model.ids import new_id
from visavis.wire.signature import sign

_CASE: Final = "Suprema BioStar 2, 2019: the finders could add and change users"
_HASHES: Final[tuple[Callable[[str], bytes], ...]] = (
    lambda secret: hashlib.sha256(secret.encode()).digest(),
    lambda secret: hmac.digest(bytes(32), secret.encode(), "sha256"),
    lambda secret: hmac.digest(b"API keys", secret.encode(), "sha256"),
)
"""How somebody without a key would hash one."""
_TABLES: Final = ("subjects", "subject_keys", "enrolments", "receipts", "references", "credentials")


@dataclass(frozen=True, slots=True)
class _Ids:
    """Who is who in the rows."""

    kept: str
    gone: str
    asked: str

    @classmethod
    def of(cls, scene: Scene) -> "_Ids":
        agreed = {scene.people[name].subject_id for name in (KEPT, GONE)}
        pending = [row[0] for row in scene.early.sql("SELECT id FROM subjects WHERE state = 'PENDING'")]
        (asked,) = [id_ for id_ in pending if id_ not in agreed]
        return cls(scene.people[KEPT].subject_id, scene.people[GONE].subject_id, asked)


Edit = Callable[[sqlite3.Connection, _Ids], None]


def _recognised(
    scene: Scene, *, edit: Edit, shown: str, as_whom: str | None = None, source: Place | None = None
) -> Got:
    """Edit a copy, serve it, and show somebody at a station who must not be recognised, or not as ``as_whom``.

    Who stays is shown as well: where nobody is recognised any more, nothing is proven about the one.
    """
    twin = scene.twin(source or scene.early)
    with twin.opened() as database:
        edit(database, _Ids.of(scene))
    did = ["Edited a copy of the database, and had the server start on it."]
    try:
        with scene.serving(twin) as server:
            found = scene.whom(server, scene.people[shown].probe)
            control = scene.whom(server, scene.people[KEPT].probe)
            more = [str(one) for one in sorted(scene.searcher(shown).files(twin.log))]
    except NotStarted as refused:
        return Got(did=(*did, f"The server refused to start: {refused.code}."))
    if as_whom is None:
        wrong = ["a station takes them for somebody who agreed"] if found else []
    else:
        wrong = [f"a station takes somebody for {as_whom}"] if found == as_whom else []
    did.append(f"Showed the person at a station: {'recognised' if found else 'not recognised'}.")
    control_failed = as_whom is None and control != KEPT
    blunt = "who agreed was not recognised either" if control_failed and not wrong else None
    return Got(did=tuple(did), usable=(*wrong, *more), blunt=blunt)


def _activated(database: sqlite3.Connection, who: str, public: bytes) -> None:
    database.execute("UPDATE subjects SET state = 'ACTIVE', public_key = ? WHERE id = ?", (public, who))
    database.execute("UPDATE enrolments SET state = 'ACTIVE' WHERE subject_id = ?", (who,))


def _public_key_of(database: sqlite3.Connection, who: str) -> bytes:
    return bytes(database.execute("SELECT public_key FROM subjects WHERE id = ?", (who,)).fetchone()[0])


def _state_set(scene: Scene) -> Got:
    def edit(database: sqlite3.Connection, ids: _Ids) -> None:
        _activated(database, ids.asked, os.urandom(32))

    return _recognised(scene, edit=edit, shown=ASKED)


def _own_key(scene: Scene) -> Got:
    def edit(database: sqlite3.Connection, ids: _Ids) -> None:
        key = OKPKey.generate_key("Ed25519")
        offer = database.execute("SELECT offer FROM receipts WHERE subject_id = ?", (ids.asked,)).fetchone()[0]
        signed = countersign(offer, subject_key=key, now=datetime.now(UTC))
        database.execute("UPDATE receipts SET countersignature = ? WHERE subject_id = ?", (signed, ids.asked))
        _activated(database, ids.asked, countersigned_by(signed, offer=offer))

    return _recognised(scene, edit=edit, shown=ASKED)


def _receipt_copied(scene: Scene) -> Got:
    def edit(database: sqlite3.Connection, ids: _Ids) -> None:
        database.execute(
            "UPDATE receipts SET (offer, countersignature, expires_at) = (SELECT offer, countersignature, expires_at "
            "FROM receipts WHERE subject_id = ?) WHERE subject_id = ?",
            (ids.kept, ids.asked),
        )
        _activated(database, ids.asked, _public_key_of(database, ids.kept))

    return _recognised(scene, edit=edit, shown=ASKED)


def _reference_copied(scene: Scene) -> Got:
    def edit(database: sqlite3.Connection, ids: _Ids) -> None:
        sealed = database.execute('SELECT sealed FROM "references" WHERE subject_id = ?', (ids.asked,)).fetchone()[0]
        database.execute('UPDATE "references" SET sealed = ? WHERE subject_id = ?', (sealed, ids.gone))
        enrolment = database.execute("SELECT id FROM enrolments WHERE subject_id = ?", (ids.gone,)).fetchone()[0]
        moved = 'UPDATE "references" SET subject_id = ?, enrolment_id = ? WHERE subject_id = ?'
        database.execute(moved, (ids.gone, enrolment, ids.asked))

    return _recognised(scene, edit=edit, shown=ASKED)


def _swapped(scene: Scene) -> Got:
    def edit(database: sqlite3.Connection, ids: _Ids) -> None:
        sealed = {
            who: database.execute('SELECT sealed FROM "references" WHERE subject_id = ?', (who,)).fetchone()[0]
            for who in (ids.kept, ids.gone)
        }
        for who, other in ((ids.kept, ids.gone), (ids.gone, ids.kept)):
            database.execute('UPDATE "references" SET sealed = ? WHERE subject_id = ?', (sealed[other], who))

    return _recognised(scene, edit=edit, shown=GONE, as_whom=KEPT)


def _keys_swapped(scene: Scene) -> Got:
    def edit(database: sqlite3.Connection, ids: _Ids) -> None:
        rows = {
            who: database.execute("SELECT wrapped FROM subject_keys WHERE id = ?", (who,)).fetchone()[0]
            for who in (ids.kept, ids.gone)
        }
        for who, other in ((ids.kept, ids.gone), (ids.gone, ids.kept)):
            database.execute("UPDATE subject_keys SET wrapped = ? WHERE id = ?", (rows[other], who))
            database.execute("UPDATE \"references\" SET subject_id = ? || '-' WHERE subject_id = ?", (other, who))
        database.execute("UPDATE \"references\" SET subject_id = rtrim(subject_id, '-')")

    return _recognised(scene, edit=edit, shown=GONE, as_whom=KEPT)


def _reinserted(scene: Scene) -> Got:
    """Rows of somebody who withdrew, out of an old copy, and their tombstone deleted."""
    old: dict[str, list[sqlite3.Row]] = {}
    gone = scene.people[GONE].subject_id
    for table in _TABLES:
        column = "id" if table in {"subjects", "subject_keys", "credentials"} else "subject_id"
        old[table] = scene.early.sql(f'SELECT * FROM "{table}" WHERE {column} = ?', (gone,))  # noqa: S608 -- our own words

    def edit(database: sqlite3.Connection, _: _Ids) -> None:
        database.execute("DELETE FROM tombstones")
        for table, rows in old.items():
            for row in rows:
                places = ", ".join("?" for _ in row)
                database.execute(f'INSERT INTO "{table}" VALUES ({places})', tuple(row))  # noqa: S608 -- as above

    return _recognised(scene, edit=edit, shown=GONE, source=scene.place)


def _api_key(scene: Scene) -> Got:
    twin = scene.twin()
    form = scene.api_key.partition(".")[0]
    made = [f"{form}.{new_id('key')}.{secrets.token_urlsafe(24)}" for _ in _HASHES]
    with twin.opened() as database:
        row = dict(database.execute("SELECT * FROM api_keys LIMIT 1").fetchone())
        for key, hashed in zip(made, _HASHES, strict=True):
            _, id_, secret = key.split(".")
            _put(database, "api_keys", {**row, "id": id_, "secret_hash": hashed(secret)})
        every = json.dumps(["admin", "enrol", "operate"])
        wider = "UPDATE api_keys SET scopes = ?, gallery_ids = NULL, expires_at = NULL, revoked_at = NULL"
        database.execute(wider, (every,))
    usable = []
    with scene.serving(twin) as server, httpx2.Client(base_url=server.url, trust_env=False, timeout=30) as http:
        tried = [*(("a key of his own", key) for key in made), ("an enroller's key", scene.scope_keys["enrol"])]
        for what, secret in tried:
            for path in ("/v1/api-keys", f"/v1/galleries/{scene.gallery_id}/subjects"):
                headers = {"Authorization": f"Bearer {secret}", "Visavis-Reason": "contract 4711"}
                if http.get(path, headers=headers).is_success:
                    usable.append(f"{what} that opens {path}")
    return Got(
        did=(
            f"Put {len(made)} keys of his own into the database, hashed as one might guess.",
            "Gave every key every scope, and called with an enroller's.",
        ),
        usable=tuple(usable),
    )


def _put(database: sqlite3.Connection, table: str, row: dict[str, object]) -> None:
    columns, places = ", ".join(row), ", ".join("?" for _ in row)
    statement = f"INSERT INTO {table} ({columns}) VALUES ({places})"  # noqa: S608 -- names that the database told
    database.execute(statement, tuple(row.values()))


def _station(scene: Scene) -> Got:
    twin = scene.twin()
    key = Ed25519PrivateKey.generate()
    raw = key.public_key().public_bytes_raw()
    with twin.opened() as database:
        row = database.execute("SELECT * FROM stations WHERE retired_at IS NULL LIMIT 1").fetchone()
        database.execute("UPDATE stations SET public_key = ? WHERE id = ?", (raw, row["id"]))
        own = Ed25519PrivateKey.generate()
        his = own.public_key().public_bytes_raw()
        new = {**dict(row), "id": new_id("sta"), "name": "his", "public_key": his}
        _put(database, "stations", new)
    usable, refused = [], []
    with scene.serving(twin) as server:
        for what, station_id, signer in (
            ("a station's place", row["id"], key),
            ("a station of his own", new["id"], own),
        ):
            with StationClient(base_url=server.url, station_id=str(station_id), private_key=signer) as station:
                try:
                    session = station.open_session("identify")
                    station.identify(session.session_id, photo=scene.people[KEPT].probe)
                except VisavisProblem as problem:
                    refused.append(f"{what}: {problem.code}.")
                    continue
                usable.append(f"{what}: decisions about whoever he has a photo of")
    return Got(
        did=("Exchanged a station's public key for his own, and put a station of his own into the database.",),
        usable=tuple(usable),
        besides=tuple(refused),
    )


def _person_key(scene: Scene) -> Got:
    """A live person's public key exchanged, so that he sees and withdraws in their name."""
    twin = scene.twin()
    key = Ed25519PrivateKey.generate()
    kept = scene.people[KEPT].subject_id
    twin.sql("UPDATE subjects SET public_key = ? WHERE id = ?", (key.public_key().public_bytes_raw(), kept))
    usable = []
    with scene.serving(twin) as server:
        answer = _signed(server, key, kept, "/v1/me")
        if answer.is_success:
            usable.append("what is held about the person, shown to him as if he was them")
        if any(scene.searcher()(answer.content, place="the answer")):
            usable.append("the person's name")
    return Got(
        did=("Exchanged a person's public key for his own, and asked in their name what is held.",),
        usable=tuple(usable),
    )


def _signed(server: Server, key: Ed25519PrivateKey, signer: str, path: str) -> httpx2.Response:
    created = int(datetime.now(UTC).timestamp())
    headers = sign(method="GET", path=path, body=b"", signer=signer, private_key=key, created=created)
    with httpx2.Client(base_url=server.url, trust_env=False, timeout=30) as http:
        return http.get(path, headers=headers)


def _generation(scene: Scene) -> Got:
    usable, did = [], []
    edits = {
        "edited": "UPDATE generations SET sealed = zeroblob(length(sealed))",
        "taken out": "DELETE FROM generations",
    }
    for how, statement in edits.items():
        twin = scene.twin()
        twin.sql(statement)
        refused = scene.refused_to_start(twin)
        did.append(f"The count of the database's age was {how}: {refused or 'the server started'}.")
        if refused is None:
            usable.append(f"a server that does not know how old its database is ({how})")
    return Got(did=tuple(did), usable=tuple(usable))


def _older(scene: Scene) -> Got:
    twin = scene.twin()
    older = scene.early.copied(scene.scratch("older"), keys=False)
    for path in twin.data_dir.glob("visavis.db*"):
        path.unlink()
    for path in older.data_dir.glob("visavis.db*"):
        (twin.data_dir / path.name).write_bytes(path.read_bytes())
    refused = scene.refused_to_start(twin)
    return Got(
        did=(f"Copied the database from before a withdrawal over the live one: {refused or 'the server started'}.",),
        usable=() if refused else ("a server that has somebody back who withdrew",),
    )


def _stretched(scene: Scene) -> Got:
    """Every date in the database moved ahead, for consents that are to last for ever."""
    twin = scene.twin(scene.early)
    far = (datetime.now(UTC) + timedelta(days=3650)).strftime("%Y-%m-%d %H:%M:%S.%f")
    twin.sql("UPDATE receipts SET expires_at = ?", (far,))
    key = Ed25519PrivateKey.generate()
    offer = twin.sql("SELECT offer FROM receipts LIMIT 1")[0][0]
    head, body, _ = offer.split(".")
    forged = f"{head}.{body}.{urlsafe_b64encode(key.sign(f'{head}.{body}'.encode())).rstrip(b'=').decode()}"
    ids = _Ids.of(scene)
    twin.sql("UPDATE receipts SET offer = ? WHERE subject_id = ?", (forged, ids.gone))
    with scene.serving(twin) as server:
        found = scene.whom(server, scene.people[GONE].probe)
    return Got(
        did=("Moved the end of every consent ten years ahead, and signed an offer with a key of his own.",),
        usable=("a consent that he wrote himself",) if found else (),
    )


def _attack(name: str, title: str, act: Callable[[Scene], Got], case: str = _CASE) -> Attack:
    had = "Write access to the database while the server is down; no keys."
    return Attack(name=name, title=title, case=case, had=had, act=act)


_SWEEP: Final = "encontrados issue 213: withdrawn faces were indexed again by the next sweep"

ATTACKS: Final = (
    _attack("state_set", "A person who never agreed is set to ACTIVE", _state_set),
    _attack("own_key", "He agrees in somebody's name, with a key of his own", _own_key),
    _attack("receipt_copied", "A receipt is copied to somebody who never agreed", _receipt_copied),
    _attack("reference_copied", "A face is moved below somebody else's consent", _reference_copied),
    _attack("references_swapped", "Two people's faces are swapped", _swapped),
    _attack("keys_swapped", "Two people's keys and faces are swapped", _keys_swapped),
    _attack("consent_stretched", "A consent is made to last for ever", _stretched),
    _attack("api_key_added", "An API key is put into the database", _api_key),
    _attack("station_exchanged", "A station's key is exchanged", _station),
    _attack("person_exchanged", "A person's own key is exchanged", _person_key),
    _attack("tombstone_deleted", "The rows of somebody who withdrew are put back", _reinserted, _SWEEP),
    _attack("generation_edited", "The count of the database's age is edited", _generation),
    _attack("older_database", "An old database is copied over the live one", _older, _SWEEP),
)
"""All who write to the database."""
