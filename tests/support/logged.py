"""What a server has entered into its log, read as an auditor reads it."""

from support.ledger import Files
from support.world import World
from visavis.audit.checkpoint import Trust, require_checkpoint
from visavis.audit.grammar import Grammar
from visavis.audit.leaf import Entry, read_entry
from visavis.audit.merkle import Edge, leaf_hash
from visavis.audit.note import VerifierKey, read_note, require_signed
from visavis.audit.signing import edge_of_head
from visavis.audit.tiles import WIDTH, Tiles, tile_of, unbundle
from visavis.flows.ports import Store


def entries_of(store: Store) -> list[Entry]:
    """Every entry that is still in the database, in order; in a test that is all."""
    with store.read() as tx:
        head = tx.log.head()
        found = [] if head is None else tx.log.entries(tx.log.first(), limit=head.size)
    return [read_entry(entry) for entry in found]


def events(world: World) -> list[str]:
    """What happened, by the names of events."""
    return [entry.event.value for entry in entries_of(world.services.store)]


def require_sound(world: World) -> None:
    """The log obeys its grammar, and its entries make the tree that was signed; nothing was published and dropped."""
    with world.services.store.read() as tx:
        head = tx.log.head()
        raw = [] if head is None else list(tx.log.entries(0, limit=head.size))
    if head is None:
        return
    grammar, edge = Grammar(), edge_of_head(None)
    for entry in raw:
        grammar.take(read_entry(entry))
    assert edge.extended(map(leaf_hash, raw)) == edge_of_head(head)
    require_signed(read_note(head.note), world.services.publisher.trust.log)


def require_whole(files: Files, *, key: VerifierKey) -> list[Entry]:
    """The log as it lies on a disk, wherever its process was killed: published up to somewhere, the rest committed.

    1. The published tiles make the published tree, and their bundles its leaves. 2. The database goes on without a gap.
    3. All of it makes the tree that was signed with the last commit. 4. It obeys the grammar.
    """
    raw: list[bytes] = []
    place = files.folder / "log"
    if (place / "checkpoint").exists():
        tree = require_checkpoint((place / "checkpoint").read_bytes(), trust=Trust(key)).checkpoint
        tiles = Tiles(lambda path: (place / path).read_bytes(), size=tree.size, root=tree.root)
        for index in range(-(-tree.size // WIDTH)):
            tile = tile_of(tree.size, 0, index)
            raw += unbundle((place / tile.entries_path).read_bytes(), width=tile.width)
        assert Edge().extended(map(leaf_hash, raw)) == tiles.edge
    kept = files.rows("SELECT id, entry FROM log_entries ORDER BY id")
    first = kept[0][0] if kept else len(raw)
    assert [index for index, _ in kept] == list(range(first, first + len(kept)))
    assert first <= len(raw)
    assert [entry for _, entry in kept][: len(raw) - first] == raw[first:]
    raw = raw[:first] + [entry for _, entry in kept]
    heads = files.rows("SELECT size, edge, checkpoint FROM log_head")
    edge = Edge().extended(map(leaf_hash, raw))
    assert [(size, bytes(kept_edge)) for size, kept_edge, _ in heads] == [(edge.size, b"".join(edge.hashes))]
    note = read_note(heads[0][2])
    require_signed(note, key)
    entries, grammar = [read_entry(entry) for entry in raw], Grammar()
    for entry in entries:
        grammar.take(entry)
    return entries
