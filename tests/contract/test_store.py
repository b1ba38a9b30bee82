"""What the store port promises, and what the SQLite adapter adds to it."""

import dataclasses
import threading
from collections.abc import Iterator, Mapping
from contextlib import suppress
from datetime import UTC, datetime, timedelta, timezone
from functools import partial
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sim.faces import photo
from support.world import World

from visavis.adapters.sql import tables
from visavis.adapters.sql.rows import SqlRows
from visavis.adapters.sql.store import SqlStore
from visavis.flows.ports import Transaction
from visavis.model.access import AlreadyExists, ApiKey, Nonce, NotFound
from visavis.model.consent import Subject, SubjectState
from visavis.model.freshness import Freshness
from visavis.model.keys import DataForeign
from visavis.model.purpose import Gallery, LivenessMode, Purpose, TargetKind

NOW = datetime(2026, 1, 1, 12, 0, 0, 123456, tzinfo=UTC)


@pytest.fixture(params=["sqlite", "postgresql"])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path / 'x.db'}"
    return str(request.getfixturevalue("postgres").migrated())


@pytest.fixture
def store(url: str) -> Iterator[SqlStore]:
    opened = SqlStore(url)
    opened.migrate()
    yield opened
    opened.close()


@pytest.fixture
def in_a_file(tmp_path: Path) -> Iterator[SqlStore]:
    opened = SqlStore(f"sqlite:///{tmp_path / 'x.db'}")
    opened.migrate()
    yield opened
    opened.close()


def api_key(number: int, *, at: datetime = NOW, revoked: datetime | None = None) -> ApiKey:
    return ApiKey(f"key_{number:02}", "name", bytes([number]) * 32, ("admin", "enrol"), at, revoked)


def purpose(id_: str = "pur_1") -> Purpose:
    return Purpose(id_, id_, "c", "c", "NL", 90, TargetKind.FPIR, 0.01, LivenessMode.ATTENDED, NOW)


def test_a_value_comes_back_as_it_was(store: SqlStore) -> None:
    with store.write() as tx:
        tx.api_keys.add(api_key(1, revoked=NOW))
        tx.purposes.add(purpose())
    with store.read() as tx:
        assert tx.api_keys.get("key_01") == api_key(1, revoked=NOW)
        assert tx.purposes.get("pur_1") == purpose()


def test_times_keep_their_moment_and_get_utc(store: SqlStore) -> None:
    elsewhere = NOW.astimezone(timezone(timedelta(hours=5, minutes=45)))
    with store.write() as tx:
        tx.api_keys.add(api_key(1, at=elsewhere))
        with pytest.raises(sa.exc.StatementError, match="without a zone"):
            tx.api_keys.add(api_key(2, at=NOW.replace(tzinfo=None)))
    with store.read() as tx:
        found = tx.api_keys.get("key_01").created_at
    assert (found, found.tzinfo) == (NOW, UTC)


def test_what_is_not_there_is_not_found(store: SqlStore) -> None:
    with store.write() as tx:
        with pytest.raises(NotFound):
            tx.api_keys.get("key_01")
        with pytest.raises(NotFound):
            tx.api_keys.change(api_key(1))
        assert tx.api_keys.first(id="key_01") is None
        assert tx.api_keys.find(id="key_01") == []
        assert tx.api_keys.remove(id="key_01") == 0
        assert tx.api_keys.count() == 0


@pytest.mark.parametrize("same", [{"id": "key_01"}, {"secret_hash": bytes([1]) * 32}])
def test_a_unique_field_that_is_taken_is_refused(store: SqlStore, same: dict[str, Any]) -> None:
    with store.write() as tx:
        tx.api_keys.add(api_key(1))
    with pytest.raises(AlreadyExists), store.write() as tx:
        tx.api_keys.add(dataclasses.replace(api_key(2), **same))
    with store.read() as tx:
        assert tx.api_keys.find() == [api_key(1)]


def test_fields_that_are_empty_are_found_as_such(store: SqlStore) -> None:
    with store.write() as tx:
        for number in (1, 2, 3):
            tx.api_keys.add(api_key(number, revoked=NOW if number == 2 else None))
        assert [key.id for key in tx.api_keys.find(revoked_at=None)] == ["key_01", "key_03"]
        assert tx.api_keys.first(revoked_at=None) == api_key(1)
        assert [key.id for key in tx.api_keys.find(revoked_at=NOW)] == ["key_02"]
        assert tx.api_keys.count(revoked_at=None) == 2
        assert [key.id for key in tx.api_keys.page(after="key_01", limit=5, revoked_at=None)] == ["key_03"]
        assert tx.api_keys.remove(revoked_at=None) == 2


def test_find_is_oldest_first_and_page_in_the_order_of_identifiers(store: SqlStore) -> None:
    with store.write() as tx:
        for number in range(1, 6):
            tx.api_keys.add(api_key(number, at=NOW - timedelta(days=number)))
        assert [key.id for key in tx.api_keys.find()] == [f"key_0{n}" for n in (5, 4, 3, 2, 1)]
        first = tx.api_keys.page(after=None, limit=2)
        then = tx.api_keys.page(after=first[-1].id, limit=10)
    assert [key.id for key in [*first, *then]] == [f"key_0{n}" for n in range(1, 6)]


def test_a_page_keeps_to_a_stretch_of_time_whose_end_is_left_out(store: SqlStore) -> None:
    with store.write() as tx:
        for number in range(4):
            tx.api_keys.add(api_key(number, at=NOW + timedelta(hours=number), revoked=NOW if number == 1 else None))
    hour = timedelta(hours=1)
    with store.read() as tx:
        within = ("created_at", NOW + hour, NOW + 3 * hour)
        assert [key.id for key in tx.api_keys.page(after=None, limit=5, within=within)] == ["key_01", "key_02"]
        assert [key.id for key in tx.api_keys.page(after="key_01", limit=5, within=within)] == ["key_02"]
        assert [key.id for key in tx.api_keys.page(after=None, limit=5, within=within, revoked_at=NOW)] == ["key_01"]
        ever = ("created_at", datetime.min.replace(tzinfo=UTC), datetime.max.replace(tzinfo=UTC))
        assert len(tx.api_keys.page(after=None, limit=5, within=ever)) == 4


def test_before_takes_the_very_moment_too(store: SqlStore) -> None:
    with store.write() as tx:
        for seconds in (-1, 0, 1):
            tx.nonces.add(Nonce(f"n{seconds}", NOW + timedelta(seconds=seconds)))
        assert {nonce.id for nonce in tx.nonces.before("expires_at", NOW)} == {"n-1", "n0"}


def test_change_replaces_one_value_and_remove_says_how_many(store: SqlStore) -> None:
    with store.write() as tx:
        tx.api_keys.add(api_key(1))
        tx.api_keys.add(api_key(2))
        tx.api_keys.change(dataclasses.replace(api_key(1), name="other", scopes=()))
        assert tx.api_keys.get("key_01").name == "other"
        assert tx.api_keys.get("key_01").scopes == ()
        assert tx.api_keys.get("key_02") == api_key(2)
        assert tx.api_keys.remove(name="name") == 1
        with pytest.raises(ValueError, match="everything"):
            tx.api_keys.remove()


def test_a_transaction_is_stored_whole_or_not_at_all(store: SqlStore) -> None:
    def half() -> None:
        with store.write() as tx:
            tx.api_keys.add(api_key(1))
            tx.purposes.add(purpose())
            tx.galleries.get("gal_none")

    with pytest.raises(NotFound):
        half()
    with store.read() as tx:
        assert tx.api_keys.count() == tx.purposes.count() == 0


def test_what_is_to_be_done_afterwards_is_done_once_it_is_stored_and_only_then(store: SqlStore) -> None:
    seen: list[tuple[str, int]] = []

    def look(name: str) -> None:
        with store.read() as tx:
            seen.append((name, tx.api_keys.count()))

    with store.write() as tx:
        tx.afterwards(lambda: look("first"))
        tx.afterwards(lambda: look("second"))
        tx.api_keys.add(api_key(1))
        assert seen == []
    assert seen == [("first", 1), ("second", 1)]

    def undone() -> None:
        with store.write() as tx:
            tx.afterwards(lambda: look("undone"))
            tx.api_keys.get("key_none")

    with pytest.raises(NotFound):
        undone()
    with store.read() as tx:
        tx.afterwards(lambda: look("only read"))
    with store.write() as tx:
        tx.api_keys.add(api_key(2))
    assert len(seen) == 2


def test_of_writers_who_share_a_commit_those_who_failed_do_nothing_afterwards_and_nobody_overtakes(
    store: SqlStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The commit waits until all have had their turn; then each act finds all of them stored, in the order of turns."""
    writers, turns, done = 12, list[int](), list[tuple[int, int]]()
    together = threading.Barrier(writers)
    monkeypatch.setattr(store._batches, "_waiting", writers)  # somebody seems to come after the last one too

    def act(number: int) -> None:
        with store.read() as tx:
            done.append((number, tx.nonces.count()))

    def write(number: int) -> None:
        together.wait()
        with suppress(NotFound), store.write() as tx:
            tx.nonces.add(Nonce(str(number), NOW))
            tx.afterwards(lambda: act(number))
            if number % 3 == 0:
                tx.purposes.get("pur_none")
            turns.append(number)
        assert number % 3 == 0 or number in [one for one, _ in done]

    threads = [threading.Thread(target=write, args=(number,)) for number in range(writers)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [number for number, _ in done] == turns
    assert len({stored for _, stored in done}) < len(done), "some shared a commit"
    assert sorted(turns) == [number for number in range(writers) if number % 3]


def test_an_act_that_breaks_keeps_no_other_from_being_done(store: SqlStore) -> None:
    seen: list[str] = []

    def write() -> None:
        with store.write() as tx:
            for name, divisor in (("before", 1), ("broken", 0), ("behind", 1)):
                tx.afterwards(partial(lambda name, by: seen.append(name * (1 // by)), name, divisor))
            tx.api_keys.add(api_key(1))

    with pytest.raises(ZeroDivisionError):
        write()
    assert seen == ["before", "behind"]
    with store.write() as tx:
        assert tx.api_keys.count() == 1


def test_what_is_written_through_a_reading_is_not_kept(store: SqlStore) -> None:
    with store.read() as tx:
        tx.api_keys.add(api_key(1))
    with store.read() as tx:
        assert tx.api_keys.count() == 0


def test_a_reading_sees_one_moment(store: SqlStore) -> None:
    with store.read() as tx:
        assert tx.api_keys.count() == 0
        with store.write() as other:
            other.api_keys.add(api_key(1))
        assert tx.api_keys.count() == 0
    with store.read() as tx:
        assert tx.api_keys.count() == 1


def test_writers_wait_for_each_other(store: SqlStore) -> None:
    with store.write() as tx:
        tx.nonces.add(Nonce("0", NOW))

    def add_one() -> None:
        for _ in range(10):
            with store.write() as tx:
                (last,) = tx.nonces.find()
                tx.nonces.remove(id=last.id)
                tx.nonces.add(Nonce(str(int(last.id) + 1), NOW))

    threads = [threading.Thread(target=add_one) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    with store.read() as tx:
        assert [nonce.id for nonce in tx.nonces.find()] == ["40"]


def test_references_in_counts_one_gallery_and_pending_ones(world: World) -> None:
    galleries = [world.gallery(), world.gallery()]
    world.pending(galleries[0], "eve", photo("eve"), photo("eve", 2))
    world.active(galleries[0], "ann", photo("ann"))
    with world.services.store.read() as tx:
        assert [tx.references_in(gallery) for gallery in galleries] == [3, 0]


def test_people_with_several_references_are_counted_in_one_gallery(world: World) -> None:
    galleries = [world.gallery(), world.gallery()]
    world.pending(galleries[0], "eve", photo("eve"), photo("eve", 2), photo("eve", 3))
    world.active(galleries[0], "ann", photo("ann"), photo("ann", 2))
    world.active(galleries[0], "bea", photo("bea"))
    with world.services.store.read() as tx:
        assert [tx.with_several(galleries[0], several=several) for several in (1, 2, 3, 4)] == [
            *((3, 3), (3, 2), (3, 1), (3, 0)),
        ]
        assert tx.with_several(galleries[1], several=1) == (0, 0)


def test_freshness_is_told_of_one_gallery_newest_first_and_up_to_so_many(world: World) -> None:
    galleries = [world.gallery(), world.gallery()]
    ann = world.active(galleries[0], "ann", photo("ann"), photo("ann", 2))
    world.active(galleries[1], "ann", photo("ann"))
    station = world.station(galleries[0])
    for outcome in ("MATCH", "MATCH", "MATCH", "NO_MATCH"):
        shown = photo("ann", 3) if outcome == "MATCH" else photo("nobody")
        assert world.identify(station, shown)["decision"] == outcome
    world.pin(station, "ann", ann.pin)
    with world.services.store.write() as tx:
        matches = [one for one in tx.decisions.find(subject_id=ann.subject_id) if one.fmr_decade is not None]
        for at, one in enumerate(sorted(matches, key=lambda one: one.decided_at)):
            tx.decisions.change(dataclasses.replace(one, fmr_decade=-at))
        newest = max(one.created_at for one in tx.references.find(subject_id=ann.subject_id))
        for most, told in ((10, (-2, -1, 0)), (2, (-2, -1))):
            assert tx.freshness(galleries[0], matches=most) == [Freshness(ann.subject_id, newest, told)]
        (other,) = tx.freshness(galleries[1], matches=10)
        assert other.decades == ()


def test_every_row_is_the_dataclass_of_its_table_field_by_field(store: SqlStore) -> None:
    """Rows are made by position."""
    with store.read() as tx:
        for name in set(Transaction.__annotations__) - {"log"}:
            rows = getattr(tx, name)
            assert isinstance(rows, SqlRows)
            named = [field.name for field in dataclasses.fields(rows._kind)]
            assert named == [column.name for column in rows._table.columns], name


def test_the_migrations_make_what_the_tables_say(store: SqlStore) -> None:
    with store._engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True, "include_name": _is_ours})
        assert compare_metadata(context, tables.metadata) == []


def _is_ours(name: str | None, kind: str, _parents: object) -> bool:
    """Without the table by which server processes tell each other what changed: PostgreSQL's triggers fill it."""
    return kind != "table" or name != "changes"


def _index(index: Mapping[str, Any]) -> tuple[str, ...]:
    options = [f"{name}={value}" for name, value in sorted(index["dialect_options"].items())]
    return (str(index["name"]), str(index["unique"]), str(index["column_names"]), *options)


def test_the_migrations_make_the_constraints_too(in_a_file: SqlStore, tmp_path: Path) -> None:
    """Checks and conditions of indexes, which Alembic does not compare."""
    direct = sa.create_engine(f"sqlite:///{tmp_path / 'direct.db'}")
    tables.metadata.create_all(direct)

    def spoken(engine: sa.Engine) -> dict[str, Any]:
        inspector = sa.inspect(engine)
        return {
            name: (
                sorted((str(c["name"]), str(c["sqltext"])) for c in inspector.get_check_constraints(name)),
                sorted(_index(index) for index in inspector.get_indexes(name)),
                sorted(str(u["name"]) for u in inspector.get_unique_constraints(name)),
                sorted((str(f["name"]), str(f["referred_table"])) for f in inspector.get_foreign_keys(name)),
            )
            for name in inspector.get_table_names()
            if name != "alembic_version"
        }

    try:
        assert spoken(in_a_file._engine) == spoken(direct)
    finally:
        direct.dispose()


def test_a_database_of_a_newer_release_is_refused(store: SqlStore) -> None:
    with store._engine.connect() as connection:
        connection.exec_driver_sql("UPDATE alembic_version SET version_num = '9999'")
        connection.commit()
    with pytest.raises(DataForeign) as refused:
        store.migrate()
    assert refused.value.code == "data_newer"


def test_migrating_twice_changes_nothing(store: SqlStore) -> None:
    with store.write() as tx:
        tx.api_keys.add(api_key(1))
    store.migrate()
    with store.read() as tx:
        assert tx.api_keys.find() == [api_key(1)]


@pytest.mark.parametrize(
    ("pragma", "expected"),
    [("journal_mode", "wal"), ("synchronous", 2), ("foreign_keys", 1), ("secure_delete", 1), ("busy_timeout", 10000)],
)
def test_every_connection_is_careful(in_a_file: SqlStore, pragma: str, expected: object) -> None:
    with in_a_file._engine.connect() as one, in_a_file._engine.connect() as two:
        for connection in (one, two):
            assert connection.exec_driver_sql(f"PRAGMA {pragma}").scalar() == expected


def test_a_row_that_points_nowhere_is_refused(store: SqlStore) -> None:
    with pytest.raises(sa.exc.IntegrityError), store.write() as tx:
        tx.galleries.add(Gallery("gal_1", "pur_none", "name", "m", NOW))


def test_deleted_bytes_are_gone_from_the_files(in_a_file: SqlStore, tmp_path: Path) -> None:
    marks = [f"MARK-{number}-".encode() * 900 for number in range(20)]
    with in_a_file.write() as tx:
        tx.purposes.add(purpose())
        tx.galleries.add(Gallery("gal_1", "pur_1", "name", "m", NOW))
        for number, mark in enumerate(marks):
            tx.subjects.add(Subject(f"sub_{number}", "gal_1", SubjectState.PENDING, bytes([number]), mark, None, NOW))
    with in_a_file.write() as tx:
        tx.subjects.change(dataclasses.replace(tx.subjects.get("sub_0"), sealed_personal=b"short"))
        for number in range(1, 10):
            tx.subjects.remove(id=f"sub_{number}")
    in_a_file.scrub()
    stored = b"".join(path.read_bytes() for path in tmp_path.iterdir())
    assert [number for number, mark in enumerate(marks) if mark[:30] in stored] == list(range(10, 20))


def test_after_a_withdrawal_the_files_have_nothing_of_the_person(world: World) -> None:
    gallery = world.gallery()
    world.active(gallery, "bea", photo("bea"))
    ann = world.active(gallery, "ann", photo("ann"))
    station = world.station(gallery)
    world.identify(station, photo("ann", 2))
    (sealed,) = world.sql(f"SELECT sealed FROM \"references\" WHERE subject_id = '{ann.subject_id}'")[0]  # noqa: S608 -- our own id
    (wrapped,) = world.sql(f"SELECT wrapped FROM subject_keys WHERE id = '{ann.subject_id}'")[0]  # noqa: S608 -- our own id
    (offer,) = world.sql(f"SELECT offer FROM receipts WHERE subject_id = '{ann.subject_id}'")[0]  # noqa: S608 -- our own id
    (pin_hash,) = world.sql(f"SELECT pin_hash FROM credentials WHERE id = '{ann.subject_id}'")[0]  # noqa: S608 -- our own id
    secrets = [sealed[20:60], wrapped[20:60], offer[-60:].encode(), pin_hash[-30:].encode()]
    stored = world.files()
    assert all(secret in stored for secret in secrets)
    assert world.api("POST", f"/v1/subjects/{ann.subject_id}/withdrawal").status_code == 204
    stored = world.files()
    assert [secret in stored for secret in secrets] == [False] * 4
    assert (world.folder / "data" / "visavis.db").stat().st_mode & 0o077 == 0
