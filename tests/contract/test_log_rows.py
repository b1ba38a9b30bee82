"""What the log port promises: no gap, no fork, nothing without its signature, and one commit for many."""

import threading
import time
from collections.abc import Iterator
from contextlib import suppress
from datetime import UTC, date, datetime
from pathlib import Path

import pytest
import sqlalchemy as sa
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from visavis.adapters.sql.store import SqlStore
from visavis.audit.checkpoint import read_checkpoint
from visavis.audit.commitment import opened
from visavis.audit.leaf import write_entry
from visavis.audit.merkle import Edge, leaf_hash
from visavis.audit.note import NoteSigner, read_note, require_signed
from visavis.audit.signing import continued, edge_of_head
from visavis.flows.ports import Transaction
from visavis.model.access import AlreadyExists, ApiKey
from visavis.model.audit import Event, LogHead, LogStopped, LogUnpublished

SIGNER = NoteSigner("test.example/log", Ed25519PrivateKey.generate())
NOW = datetime(2026, 1, 1, tzinfo=UTC)


def opened_store(place: Path | str) -> SqlStore:
    store = SqlStore(f"sqlite:///{place}" if isinstance(place, Path) else place)
    store.migrate()
    store.sign_log_with(lambda head, entries: continued(head, entries, signer=SIGNER))
    return store


@pytest.fixture(params=["sqlite", "postgresql"])
def place(request: pytest.FixtureRequest, tmp_path: Path) -> Path | str:
    if request.param == "sqlite":
        return tmp_path / "x.db"
    return str(request.getfixturevalue("postgres").migrated())


@pytest.fixture
def store(place: Path | str) -> Iterator[SqlStore]:
    made = opened_store(place)
    yield made
    made.close()


@pytest.fixture
def in_a_file(tmp_path: Path) -> Iterator[SqlStore]:
    made = opened_store(tmp_path / "x.db")
    yield made
    made.close()


def entry(number: int = 0) -> bytes:
    return write_entry(Event.START, day=date(2026, 1, 1), commitment=opened({"n": number}).commitment())


def key(number: int) -> ApiKey:
    return ApiKey(f"key_{number}", "name", bytes([number]) * 32, ("admin",), NOW, None)


def head_of(store: SqlStore) -> LogHead:
    with store.read() as tx:
        head = tx.log.head()
    assert head is not None
    return head


def all_of(store: SqlStore) -> list[bytes]:
    with store.read() as tx:
        return list(tx.log.entries(0, limit=1_000_000))


def require_one_tree(store: SqlStore) -> None:
    head, entries = head_of(store), all_of(store)
    assert edge_of_head(head) == Edge().extended(map(leaf_hash, entries))
    note = read_note(head.note)
    require_signed(note, SIGNER.key)
    tree = read_checkpoint(note.text)
    assert (tree.size, tree.root) == (len(entries), edge_of_head(head).root())


def test_an_entry_is_there_signed_when_its_transaction_is(store: SqlStore) -> None:
    with store.write() as tx:
        assert tx.log.head() is None
        assert [tx.log.append(entry(n)) for n in range(3)] == [0, 1, 2]
    assert head_of(store).size == 3
    require_one_tree(store)


def test_an_entry_goes_with_the_transaction_that_failed(store: SqlStore) -> None:
    with store.write() as tx:
        tx.log.append(entry())
        tx.api_keys.add(key(1))
    with pytest.raises(AlreadyExists):
        _keep(store, key(1))
    with store.write() as tx:
        assert tx.log.append(entry(2)) == 1
    require_one_tree(store)


def _keep(store: SqlStore, api_key: ApiKey) -> None:
    with store.write() as tx:
        tx.log.append(entry(1))
        tx.api_keys.add(api_key)


def test_what_is_not_stored_has_no_entry_and_the_other_way_round(store: SqlStore) -> None:
    """Many at once, a third of which fail: the keys that are there are those with entries, in one unbroken tree."""
    fails = set(range(0, 90, 3))

    def act(number: int) -> None:
        with store.write() as tx:
            tx.api_keys.add(key(number))
            tx.log.append(entry(number))
            if number in fails:
                raise ZeroDivisionError

    def guarded(number: int) -> None:
        try:
            act(number)
        except ZeroDivisionError:
            assert number in fails

    threads = [threading.Thread(target=guarded, args=(number,)) for number in range(90)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    with store.read() as tx:
        assert {k.id for k in tx.api_keys.find()} == {f"key_{n}" for n in range(90) if n not in fails}
    assert head_of(store).size == 60
    require_one_tree(store)


def test_many_at_once_share_commits_and_each_waits_for_its_own(store: SqlStore) -> None:
    commits = []
    sa.event.listen(store._engine, "commit", lambda _: commits.append(time.monotonic()))
    with store.write():  # the others come meanwhile
        threads = [threading.Thread(target=_append, args=(store, number)) for number in range(24)]
        for thread in threads:
            thread.start()
        time.sleep(0.3)
    for thread in threads:
        thread.join()
    assert head_of(store).size == 24
    assert len(commits) <= 12
    require_one_tree(store)


def _append(store: SqlStore, number: int) -> None:
    with store.write() as tx:
        index = tx.log.append(entry(number))
    assert head_of(store).size > index, "back before it was committed"


def test_a_commit_that_fails_is_told_to_everybody_in_it_and_nothing_is_written_after_it(
    in_a_file: SqlStore,
) -> None:
    """After a failed fsync nobody knows what the disk has, and the next one may be reported as done."""
    _append(in_a_file, 0)
    in_a_file.sign_log_with(_broken_disk)
    raised: list[BaseException] = []

    def act(number: int) -> None:
        try:
            _append(in_a_file, number)
        except BaseException as error:  # noqa: BLE001 -- whatever it is, it is looked at below
            raised.append(error)

    threads = [threading.Thread(target=act, args=(number,)) for number in range(5)]
    with pytest.raises(LogStopped):
        _begun_while_others_come(in_a_file, threads)
    for thread in threads:
        thread.join()
    assert [type(error) for error in raised] == [LogStopped] * 5
    in_a_file.sign_log_with(lambda head, entries: continued(head, entries, signer=SIGNER))
    with pytest.raises(LogStopped), in_a_file.write():
        pass
    assert head_of(in_a_file).size == 1
    require_one_tree(in_a_file)


def _begun_while_others_come(store: SqlStore, threads: list[threading.Thread]) -> None:
    with store.write():
        for thread in threads:
            thread.start()
        time.sleep(0.2)


def _broken_disk(_head: LogHead | None, _entries: list[bytes]) -> LogHead:
    raise OSError(5, "Input/output error")


def test_a_full_disk_refuses_and_goes_on_when_there_is_room(in_a_file: SqlStore) -> None:
    _append(in_a_file, 0)
    with in_a_file._engine.connect() as connection:
        pages = connection.exec_driver_sql("PRAGMA page_count").scalar_one()
    full = {"pages": pages}

    @sa.event.listens_for(in_a_file._engine, "begin")
    def limit(connection: sa.Connection) -> None:
        connection.exec_driver_sql(f"PRAGMA max_page_count={full['pages']}")

    with pytest.raises((sa.exc.OperationalError, LogStopped)):
        _many(in_a_file, 5000)
    assert head_of(in_a_file).size == 1
    full["pages"] = 1_000_000
    _append(in_a_file, 1)
    require_one_tree(in_a_file)


def test_a_disk_that_fills_up_in_a_shared_commit_loses_nothing_that_was_told_as_stored(in_a_file: SqlStore) -> None:
    """SQLite undoes the whole transaction then, that of the others in the commit too."""
    _append(in_a_file, 0)
    told: list[str] = []

    def fills_the_disk() -> None:
        with pytest.raises((sa.exc.OperationalError, LogStopped)):
            _fill_the_disk(in_a_file)
        told.append("refused")

    other = threading.Thread(target=fills_the_disk)
    try:
        with in_a_file.write() as tx:
            tx.api_keys.add(key(1))
            tx.log.append(entry(1))
            other.start()
            time.sleep(0.3)
        told.append("stored")
    except LogStopped:
        told.append("not stored")
    other.join()
    with in_a_file.read() as tx:
        there = [kept.id for kept in tx.api_keys.find()]
    assert ("key_1" in there) == ("stored" in told)
    assert "refused" in told
    assert head_of(in_a_file).size == 1 + len(there)
    require_one_tree(in_a_file)


def test_what_goes_on_after_the_database_gave_up_is_not_told_as_stored(in_a_file: SqlStore) -> None:
    _append(in_a_file, 0)
    with pytest.raises(LogStopped):
        _goes_on_after_a_full_disk(in_a_file)
    assert head_of(in_a_file).size == 1
    require_one_tree(in_a_file)


def _goes_on_after_a_full_disk(store: SqlStore) -> None:
    with store.write() as tx:
        with suppress(sa.exc.OperationalError):
            _write_more_than_fits(tx)
        tx.log.append(entry(1))


def _fill_the_disk(store: SqlStore) -> None:
    with store.write() as tx:
        _write_more_than_fits(tx)


def _write_more_than_fits(tx: Transaction) -> None:
    connection = tx._connection  # type: ignore[attr-defined] # the adapter's own
    pages = connection.exec_driver_sql("PRAGMA page_count").scalar_one()
    connection.exec_driver_sql(f"PRAGMA max_page_count={pages}")
    for number in range(10, 250):
        tx.api_keys.add(key(number))


def _many(store: SqlStore, count: int) -> None:
    with store.write() as tx:
        for number in range(count):
            tx.log.append(entry(number))


def test_two_servers_on_one_database_do_not_fork_the_log(tmp_path: Path) -> None:
    one, other = opened_store(tmp_path / "x.db"), opened_store(tmp_path / "x.db")
    _append(one, 0)
    _append(other, 1)  # reads the tree when it begins
    with pytest.raises((LogStopped, sa.exc.IntegrityError)):
        _append(one, 2)  # remembers an older tree
    assert head_of(one).size == 2
    require_one_tree(one)
    for store in (one, other):
        store.close()


def test_without_a_key_nothing_that_has_to_be_in_the_log_is_written(tmp_path: Path) -> None:
    store = SqlStore(f"sqlite:///{tmp_path / 'x.db'}")
    store.migrate()
    with pytest.raises(LogStopped), store.write() as tx:
        tx.log.append(entry())
    assert all_of(store) == []
    store.close()


def test_a_held_log_takes_only_what_nobody_is_kept_from(store: SqlStore) -> None:
    store.hold_log(LogUnpublished("for a test"))
    refusals = [_refused(store) for _ in range(2)]
    assert refusals[0] is not refusals[1], "one that is raised again keeps what was at work when it was raised before"
    with store.write() as tx:
        tx.log.append(entry(), always=True)
    store.hold_log(None)
    _append(store, 2)
    assert head_of(store).size == 2


def _refused(store: SqlStore) -> LogUnpublished:
    with pytest.raises(LogUnpublished, match="for a test") as refused, store.write() as tx:
        tx.log.append(entry())
    return refused.value


def test_what_is_dropped_is_gone_and_the_log_goes_on(store: SqlStore) -> None:
    with store.write() as tx:
        for number in range(10):
            tx.log.append(entry(number))
    with store.write() as tx:
        assert tx.log.drop_before(7) == 7
    with store.read() as tx:
        assert (tx.log.first(), len(tx.log.entries(0, limit=100))) == (7, 3)
    with store.write() as tx:
        assert tx.log.append(entry()) == 10


def test_a_larger_tree_is_adopted_once_and_continued(store: SqlStore) -> None:
    _append(store, 0)
    entries = [*all_of(store), *(entry(number) for number in range(5))]
    larger = continued(None, entries, signer=SIGNER)
    with store.write(alone=True) as tx:
        tx.log.adopt(larger, entries[4:])
    assert head_of(store) == larger
    with store.write() as tx:
        assert tx.log.first() == 4
        assert tx.log.append(entry(9)) == 6
    assert edge_of_head(head_of(store)) == edge_of_head(larger).extended([leaf_hash(all_of(store)[-1])])


def test_what_is_appended_to_an_adopted_tree_in_the_same_transaction_stands_behind_it(store: SqlStore) -> None:
    _append(store, 0)
    entries = [*all_of(store), *(entry(number) for number in range(5))]
    larger = continued(None, entries, signer=SIGNER)
    with store.write(alone=True) as tx:
        tx.log.adopt(larger, entries[4:])
        assert tx.log.head() == larger
        assert tx.log.first() == 4
        assert [tx.log.append(entry(9)), tx.log.append(entry(10))] == [6, 7]
    assert edge_of_head(head_of(store)) == edge_of_head(larger).extended(map(leaf_hash, all_of(store)[-2:]))
    _append(store, 11)
    assert head_of(store).size == 9


def test_an_adoption_that_is_undone_leaves_the_tree_as_it_was(store: SqlStore) -> None:
    _append(store, 0)
    entries = [*all_of(store), entry(1), entry(2)]
    with pytest.raises(ZeroDivisionError):
        _adopt_and_fail(store, entries)
    assert head_of(store).size == 1
    _append(store, 3)
    require_one_tree(store)


def _adopt_and_fail(store: SqlStore, entries: list[bytes]) -> None:
    with store.write(alone=True) as tx:
        tx.log.adopt(continued(None, entries, signer=SIGNER), entries)
        tx.log.append(entry(9))
        raise ZeroDivisionError


def test_nothing_is_adopted_behind_what_was_appended(store: SqlStore) -> None:
    _append(store, 0)
    entries = [*all_of(store), entry(1), entry(2)]
    with pytest.raises(ValueError, match="appended"):
        _append_and_adopt(store, entries)
    with store.read() as tx, pytest.raises(ValueError, match="view"):
        tx.log.adopt(continued(None, entries, signer=SIGNER), entries)
    require_one_tree(store)


def _append_and_adopt(store: SqlStore, entries: list[bytes]) -> None:
    with store.write(alone=True) as tx:
        tx.log.append(entry(9))
        tx.log.adopt(continued(None, entries, signer=SIGNER), entries)


@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(sizes=st.lists(st.tuples(st.integers(0, 9), st.booleans()), max_size=12))
@pytest.mark.slow
def test_any_run_of_transactions_makes_one_tree(
    sizes: list[tuple[int, bool]], tmp_path_factory: pytest.TempPathFactory
) -> None:
    store = opened_store(tmp_path_factory.mktemp("run") / "x.db")
    expected = 0
    for count, fails in sizes:
        try:
            with store.write() as tx:
                for number in range(count):
                    assert tx.log.append(entry(number)) == expected + number
                assert count // (not fails) == count  # where it is to fail, it does
            expected += count
        except ZeroDivisionError:
            pass
    if expected:
        require_one_tree(store)
    assert len(all_of(store)) == expected
    store.close()
