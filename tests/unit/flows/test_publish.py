"""The published log: what is there when, and what a server finds when it starts again."""

import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from sim.clock import SimClock

from visavis.adapters.log_folder import LogFolder
from visavis.adapters.sql.store import SqlStore
from visavis.audit.checkpoint import Trust, require_checkpoint
from visavis.audit.commitment import opened
from visavis.audit.leaf import write_entry
from visavis.audit.merkle import Edge, leaf_hash
from visavis.audit.note import Cosigner, NoteSigner, Signature, VerifierKey, read_note
from visavis.audit.signing import continued, edge_of_head
from visavis.audit.tiles import Tiles, tile_of, unbundle
from visavis.flows.ports import Witness
from visavis.flows.publish import Publisher
from visavis.model.audit import Event, LogDamaged, LogUnpublished, LogUnreachable, ResourceMissing

SIGNER = NoteSigner("test.example/log", Ed25519PrivateKey.generate())
WITHIN = timedelta(minutes=10)


def entry(number: int = 0) -> bytes:
    return write_entry(Event.START, day=date(2026, 1, 1), commitment=opened({"n": number}).commitment())


class StandInWitness(Witness):
    """Cosigns everything, unless it is away."""

    def __init__(self, name: str) -> None:
        self._cosigner = Cosigner(name, Ed25519PrivateKey.generate())
        self.away = False

    @property
    def key(self) -> VerifierKey:
        return self._cosigner.key

    def cosign(self, note: bytes, *, prove: Callable[[int], object], size: int) -> Signature:
        if self.away:
            raise LogUnreachable("It is away.")
        prove(size)
        return self._cosigner.cosign(read_note(note).text, moment=1)

    def close(self) -> None:
        self.away = True


@dataclass
class Server:
    """A store and its publisher, over a folder of their own."""

    folder: Path
    store: SqlStore
    publisher: Publisher
    clock: SimClock

    def append(self, count: int) -> None:
        with self.store.write() as tx:
            for number in range(count):
                tx.log.append(entry(number))

    def size(self) -> int:
        with self.store.read() as tx:
            head = tx.log.head()
        return 0 if head is None else head.size

    def kept(self) -> int:
        with self.store.read() as tx:
            return tx.log.first()

    def published(self) -> list[bytes]:
        """Every published entry, everything checked."""
        place = self.folder / "log"
        tree = require_checkpoint((place / "checkpoint").read_bytes(), trust=Trust(SIGNER.key)).checkpoint
        tiles = Tiles(lambda path: (place / path).read_bytes(), size=tree.size, root=tree.root)
        entries: list[bytes] = []
        for index in range(-(-tree.size // 256)):
            tile = tile_of(tree.size, 0, index)
            entries += unbundle((place / tile.entries_path).read_bytes(), width=tile.width)
            assert tuple(map(leaf_hash, entries[-tile.width :])) == tiles.hashes(0, index)
        return entries


def server_in(folder: Path, *, witnesses: tuple[Witness, ...] = (), required: int = 0) -> Server:
    store = SqlStore(f"sqlite:///{folder / 'x.db'}")
    store.migrate()
    store.sign_log_with(lambda head, entries: continued(head, entries, signer=SIGNER))
    clock = SimClock()
    publisher = Publisher(
        store=store,
        clock=clock,
        folder=LogFolder(folder / "log"),
        key=SIGNER.key,
        witnesses=witnesses,
        required=required,
        within=WITHIN,
    )
    return Server(folder, store, publisher, clock)


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Server]:
    made = server_in(tmp_path)
    made.publisher.resume()
    yield made
    made.store.close()


def again(server: Server) -> Server:
    server.store.close()
    return server_in(server.folder)


@pytest.mark.parametrize(
    "steps",
    [[1], [255, 1, 1], [256], [257], [100, 500, 3], [600, 1, 255], pytest.param([65536, 1], marks=pytest.mark.slow)],
)
def test_what_is_published_is_what_was_committed(server: Server, steps: list[int]) -> None:
    for step in steps:
        server.append(step)
        done = server.publisher.publish()
        assert (done.size, done.committed, done.refused) == (server.size(), server.size(), [])
    entries = server.published()
    assert len(entries) == sum(steps) == server.size()
    with server.store.read() as tx:
        head = tx.log.head()
        assert head is not None
        assert Edge().extended(map(leaf_hash, entries)) == edge_of_head(head)
        assert list(tx.log.entries(0, limit=300)) == entries[tx.log.first() :]
    assert server.kept() == sum(steps) // 256 * 256


def test_nothing_is_published_before_there_is_something(server: Server) -> None:
    assert server.publisher.publish().size == 0
    assert not (server.folder / "log").exists()


def test_partial_tiles_go_when_the_full_one_is_there(server: Server) -> None:
    for count in (3, 4, 300):
        server.append(count)
        server.publisher.publish()
    there = sorted(str(path.relative_to(server.folder / "log")) for path in (server.folder / "log").rglob("*.p/*"))
    assert there == ["tile/0/001.p/51", "tile/1/000.p/1", "tile/entries/001.p/51"]


@pytest.mark.parametrize("before", [1, 255, 256, 300, 511, 513])
def test_a_server_that_starts_again_goes_on(server: Server, before: int) -> None:
    server.append(before)
    server.publisher.publish()
    other = again(server)
    other.publisher.resume()
    other.append(300)
    other.publisher.publish()
    assert len(other.published()) == before + 300
    other.store.close()


def test_what_was_committed_and_not_published_is_published_by_the_next_server(server: Server) -> None:
    server.append(3)
    server.publisher.publish()
    server.append(400)
    other = again(server)
    other.publisher.resume()
    other.publisher.publish()
    assert len(other.published()) == 403
    other.store.close()


@pytest.mark.parametrize("then", [1, 200, 300, 900])
def test_an_older_database_goes_on_from_what_was_published(server: Server, then: int) -> None:
    """A backup put back takes nothing out of the log that the world has seen."""
    server.append(100)
    server.publisher.publish()
    server.store.scrub()
    shutil.copy(server.folder / "x.db", server.folder / "backup.db")
    server.append(then)
    server.publisher.publish()
    seen = server.published()
    server.store.close()
    for leftover in server.folder.glob("x.db*"):
        leftover.unlink()
    shutil.copy(server.folder / "backup.db", server.folder / "x.db")
    other = server_in(server.folder)
    ahead = other.publisher.resume()
    assert ahead is not None
    assert other.size() == 100, "to look is not to change anything"
    with other.store.write(alone=True) as tx:
        tx.log.adopt(ahead.head, ahead.tail)
        assert tx.log.append(entry()) == 100 + then
    assert other.size() == 101 + then
    other.append(4)
    other.publisher.publish()
    assert other.published()[: 100 + then] == seen
    assert len(other.published()) == 105 + then
    other.store.close()


def test_a_log_that_nobody_published_is_published_from_its_beginning(server: Server) -> None:
    server.append(40)
    other = again(server)
    other.publisher.resume()
    other.publisher.publish()
    assert len(other.published()) == 40
    other.store.close()


def _torn_tile(log: Path) -> None:
    (log / "tile/0/001.p/44").write_bytes((log / "tile/0/001.p/44").read_bytes()[:-7])


def _flipped_bit(log: Path) -> None:
    data = bytearray((log / "tile/0/001.p/44").read_bytes())
    data[3] ^= 1
    (log / "tile/0/001.p/44").write_bytes(data)


def _lost_tile(log: Path) -> None:
    (log / "tile/1/000.p/1").unlink()


def _torn_bundle(log: Path) -> None:
    (log / "tile/entries/001.p/44").write_bytes((log / "tile/entries/001.p/44").read_bytes()[:-1])


def _other_entry(log: Path) -> None:
    path = log / "tile/entries/001.p/44"
    path.write_bytes(path.read_bytes().replace(b"start", b"stArt", 1))


def _torn_checkpoint(log: Path) -> None:
    (log / "checkpoint").write_bytes((log / "checkpoint").read_bytes()[:-9])


def _no_checkpoint(log: Path) -> None:
    (log / "checkpoint").unlink()


def _other_log(log: Path) -> None:
    signer = NoteSigner("other.example/log", Ed25519PrivateKey.generate())
    (log / "checkpoint").write_bytes(continued(None, [entry()], signer=signer).note)


def _gone(log: Path) -> None:
    shutil.rmtree(log)


DAMAGES = [
    _torn_tile, _flipped_bit, _lost_tile, _torn_bundle, _other_entry, _torn_checkpoint, _no_checkpoint, _other_log,
    _gone,
]  # fmt: skip


@pytest.mark.parametrize("damage", DAMAGES)
def test_a_server_does_not_start_over_a_damaged_log(server: Server, damage: Callable[[Path], None]) -> None:
    server.append(300)
    server.publisher.publish()
    damage(server.folder / "log")
    other = again(server)
    with pytest.raises(LogDamaged):
        other.publisher.resume()
    other.store.close()


def test_another_history_in_the_folder_is_noticed(server: Server, tmp_path_factory: pytest.TempPathFactory) -> None:
    other = server_in(tmp_path_factory.mktemp("other"))
    for one in (server, other):
        one.append(10)
        one.publisher.publish()
    shutil.rmtree(server.folder / "log")
    shutil.copytree(other.folder / "log", server.folder / "log")
    other.store.close()
    started = again(server)
    with pytest.raises(LogDamaged, match="another log"):
        started.publisher.resume()
    started.store.close()


def test_witnesses_have_to_cosign_before_a_checkpoint_counts(tmp_path: Path) -> None:
    witnesses = tuple(StandInWitness(f"witness.example/{number}") for number in range(3))
    server = server_in(tmp_path, witnesses=witnesses, required=2)
    server.publisher.resume()
    server.append(3)
    for witness in witnesses[:2]:
        witness.away = True
    done = server.publisher.publish()
    assert (done.size, done.committed) == (0, 3)
    assert sorted(refused.code for refused in done.refused) == [
        "cosignatures_missing", "log_unreachable", "log_unreachable",
    ]  # fmt: skip
    with pytest.raises(ResourceMissing):
        LogFolder(tmp_path / "log").read("checkpoint")
    witnesses[0].away = False
    assert server.publisher.publish().size == 3
    trust = Trust(SIGNER.key, [witness.key for witness in witnesses], 2)
    signed = require_checkpoint((tmp_path / "log/checkpoint").read_bytes(), trust=trust)
    assert set(signed.cosigned) == {"witness.example/0", "witness.example/2"}
    server.store.close()


def test_a_log_that_stays_unpublished_is_held_and_let_go_again(tmp_path: Path) -> None:
    witness = StandInWitness("witness.example/1")
    server = server_in(tmp_path, witnesses=(witness,), required=1)
    server.publisher.resume()
    witness.away = True
    server.append(1)
    server.publisher.publish()
    server.clock.move(minutes=9)
    server.publisher.publish()
    server.append(1)
    server.clock.move(minutes=2)
    server.publisher.publish()
    with pytest.raises(LogUnpublished):
        server.append(1)
    witness.away = False
    server.publisher.publish()
    server.append(1)
    assert server.publisher.publish().size == 3
    server.store.close()


def test_a_disk_that_takes_no_tiles_holds_the_log(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    server.append(1)
    server.publisher.publish()

    def full(_self: LogFolder, _path: str, _data: bytes) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as broken:
        broken.setattr(LogFolder, "write", full)
        server.append(1)
        for _ in range(2):
            with pytest.raises(OSError, match="No space"):
                server.publisher.publish()
            server.clock.move(minutes=11)
        with pytest.raises(LogUnpublished):
            server.append(1)
    server.publisher.publish()
    server.append(300)
    server.publisher.publish()
    assert len(server.published()) == 302


def test_nothing_is_promised_whose_tiles_are_not_on_the_disk(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    """The disk fails while tiles are written, and then while it is looked up what there is of them."""
    server.append(5)
    server.publisher.publish()
    server.append(5)

    def broken(_self: LogFolder, path: str, _data: bytes = b"") -> bytes:
        raise OSError(5, f"Input/output error at {path}")

    for name in ("write", "read"):
        with monkeypatch.context() as failing:
            failing.setattr(LogFolder, "write", broken)
            failing.setattr(LogFolder, name, broken)
            with pytest.raises(OSError, match="Input/output"):
                server.publisher.publish()
    assert len(server.published()) == 5
    server.publisher.publish()
    assert len(server.published()) == 10


def test_entries_that_do_not_make_the_signed_tree_are_not_published(server: Server) -> None:
    server.append(5)
    with server.store._engine.begin() as connection:
        connection.exec_driver_sql(
            "UPDATE log_entries SET entry = CAST(replace(entry, 'start', 'stArt') AS BLOB) WHERE id = 2"
        )
    with pytest.raises(LogDamaged):
        server.publisher.publish()
    assert not (server.folder / "log/checkpoint").exists()
    with pytest.raises(LogUnpublished):
        server.append(1)
