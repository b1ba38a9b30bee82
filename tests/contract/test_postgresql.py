"""Several server processes on one PostgreSQL: one writer at a time, and everybody learns what the others changed."""

import threading
import time
from collections.abc import Iterator
from datetime import UTC, date, datetime
from typing import Any

import pytest
import sqlalchemy as sa
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from support.postgres import Cluster

from visavis.adapters.sql.store import SqlStore
from visavis.audit.commitment import opened
from visavis.audit.leaf import write_entry
from visavis.audit.merkle import Edge, leaf_hash
from visavis.audit.note import NoteSigner
from visavis.audit.signing import continued, edge_of_head
from visavis.flows.following import Change, Changed
from visavis.model.access import ApiKey
from visavis.model.audit import Event, LogStopped
from visavis.model.consent import Subject, SubjectState
from visavis.model.purpose import Gallery, LivenessMode, Purpose, TargetKind

NOW = datetime(2026, 1, 1, tzinfo=UTC)
SIGNER = NoteSigner("test.example/log", Ed25519PrivateKey.generate())
SUBJECT = Subject("sub_1", "gal_1", SubjectState.PENDING, b"tag", b"sealed", None, NOW)


@pytest.fixture
def url(postgres: Cluster) -> str:
    return postgres.migrated()


@pytest.fixture
def two(url: str) -> Iterator[tuple[SqlStore, SqlStore]]:
    """Two processes' stores."""
    stores = (SqlStore(url), SqlStore(url))
    for store in stores:
        store.sign_log_with(lambda head, entries: continued(head, entries, signer=SIGNER))
    yield stores
    for store in stores:
        store.close()


def entry(number: int) -> bytes:
    return write_entry(Event.START, day=date(2026, 1, 1), commitment=opened({"n": number}).commitment())


def key(number: int) -> ApiKey:
    return ApiKey(f"key_{number:03}", "name", number.to_bytes(2), ("admin",), NOW, None)


def appended(store: SqlStore, number: int) -> None:
    with store.write() as tx:
        tx.api_keys.add(key(number))
        tx.log.append(entry(number))


def with_a_gallery(store: SqlStore) -> None:
    with store.write() as tx:
        tx.purposes.add(Purpose("pur_1", "p", "c", "c", "NL", 90, TargetKind.FPIR, 0.01, LivenessMode.ATTENDED, NOW))
        tx.galleries.add(Gallery("gal_1", "pur_1", "name", "m", NOW))
        tx.subjects.add(SUBJECT)


def require_one_tree(store: SqlStore, *, size: int) -> None:
    with store.read() as tx:
        head, entries = tx.log.head(), tx.log.entries(0, limit=10_000)
        keys = tx.api_keys.count()
    assert head is not None
    assert (head.size, len(entries), keys) == (size, size, size)
    assert edge_of_head(head) == Edge().extended(map(leaf_hash, entries))


def test_processes_that_write_at_once_make_one_tree(two: tuple[SqlStore, SqlStore]) -> None:
    def write(store: SqlStore, begin: int) -> None:
        for number in range(begin, begin + 20):
            appended(store, number)

    threads = [threading.Thread(target=write, args=(two[n % 2], 100 * n)) for n in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    require_one_tree(two[0], size=80)


def test_what_is_read_in_a_writing_transaction_stays_so_until_it_ends(two: tuple[SqlStore, SqlStore]) -> None:
    """Everything that reads and then writes rests on that: nobody else writes in between."""
    one, other = two
    counted = []

    def count_up(store: SqlStore) -> None:
        for _ in range(15):
            with store.write() as tx:
                before = tx.api_keys.count()
                time.sleep(0.002)
                tx.api_keys.add(key(before))  # the same number twice would be refused
                counted.append(before)

    threads = [threading.Thread(target=count_up, args=(store,)) for store in (one, other, one)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(counted) == list(range(45))


def test_all_of_one_view_is_of_one_moment(two: tuple[SqlStore, SqlStore]) -> None:
    one, other = two
    with one.read() as tx:
        before = tx.api_keys.count()
        appended(other, 1)
        assert tx.api_keys.count() == before
    with one.read() as tx:
        assert tx.api_keys.count() == before + 1


def test_a_connection_that_ends_loses_what_was_not_told_as_stored_and_nothing_else(
    two: tuple[SqlStore, SqlStore], postgres: Cluster, url: str
) -> None:
    appended(two[0], 0)

    def cut_off() -> None:
        with two[0].write() as tx:
            tx.log.append(entry(1))
            postgres.end_connections(url)

    with pytest.raises((LogStopped, sa.exc.DBAPIError)):
        cut_off()
    for number, store in enumerate((*two, *two), start=1):
        appended(store, number)
    require_one_tree(two[1], size=5)


def test_what_cannot_be_signed_is_not_stored_and_the_next_is(two: tuple[SqlStore, SqlStore]) -> None:
    def broken(*_: Any) -> Any:
        raise OSError(5, "Input/output error")

    two[0].sign_log_with(broken)
    with pytest.raises(LogStopped):
        appended(two[0], 0)
    two[0].sign_log_with(lambda head, entries: continued(head, entries, signer=SIGNER))
    appended(two[0], 1)
    require_one_tree(two[1], size=1)


def changes_of(store: SqlStore) -> Any:
    assert store.changes is not None
    return store.changes


def test_who_changed_is_told_to_the_others_when_it_is_committed(two: tuple[SqlStore, SqlStore]) -> None:
    with_a_gallery(two[0])
    begun = changes_of(two[1]).newest()
    with two[0].write() as tx:
        tx.subjects.change(SUBJECT)
        assert changes_of(two[1]).after(begun, most=10) == []
    (change,) = changes_of(two[1]).after(begun, most=10)
    assert change == Change(change.number, Changed.PERSON, "sub_1", is_own=False)
    assert change.number > begun
    assert [one.is_own for one in changes_of(two[0]).after(begun, most=10)] == [True]
    assert changes_of(two[1]).newest() == change.number


def test_what_is_undone_is_told_to_nobody(two: tuple[SqlStore, SqlStore]) -> None:
    with_a_gallery(two[0])
    begun = changes_of(two[1]).newest()

    def undone() -> None:
        with two[0].write() as tx:
            tx.subjects.remove(id="sub_1")
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        undone()
    assert changes_of(two[1]).after(begun, most=10) == []


def test_whoever_waits_is_woken_by_a_change(two: tuple[SqlStore, SqlStore]) -> None:
    with_a_gallery(two[0])
    changes_of(two[1]).wait(0.01)  # listens from here on
    timer = threading.Timer(0.1, lambda: _touched(two[0]))
    timer.start()
    began = time.monotonic()
    changes_of(two[1]).wait(20)
    assert time.monotonic() - began < 10
    timer.join()
    changes_of(two[1]).close()


def _touched(store: SqlStore) -> None:
    with store.write() as tx:
        tx.subjects.change(SUBJECT)


def test_listening_begins_anew_where_the_connection_was_ended(
    two: tuple[SqlStore, SqlStore], postgres: Cluster, url: str
) -> None:
    feed = changes_of(two[1])
    feed.wait(0.01)
    postgres.end_connections(url)
    with pytest.raises(Exception, match=r"(?s)terminat|clos"):
        feed.wait(5)
    feed.wait(0.01)
    feed.close()


def test_changes_that_everybody_has_seen_are_dropped(two: tuple[SqlStore, SqlStore]) -> None:
    with_a_gallery(two[0])
    _touched(two[0])
    feed = changes_of(two[1])
    feed.drop_older(3600)
    assert len(feed.after(0, most=10)) == 1
    feed.drop_older(0)
    assert feed.after(0, most=10) == []


def test_one_leads_and_who_ends_or_is_cut_off_leads_no_more(
    two: tuple[SqlStore, SqlStore], postgres: Cluster, url: str
) -> None:
    one, other = two
    assert (one.leads(), other.leads(), one.leads()) == (True, False, True)
    postgres.end_connections(url)
    assert not one.leads(), "its lock went with its connection"
    assert (other.leads(), one.leads()) == (True, False)
    other.close()
    assert one.leads()


def test_a_schema_is_made_once_whoever_begins(postgres: Cluster) -> None:
    url, failed = postgres.empty(), []

    def make() -> None:
        store = SqlStore(url)
        try:
            store.migrate()
        except Exception as error:  # noqa: BLE001 -- looked at below
            failed.append(error)
        finally:
            store.close()

    threads = [threading.Thread(target=make) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failed == []
    store = SqlStore(url)
    with store.read() as tx:
        assert tx.api_keys.count() == 0
    store.close()
