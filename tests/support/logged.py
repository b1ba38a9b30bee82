"""What a server has entered into its log, read as an auditor reads it."""

from support.world import World

from visavis.audit.grammar import Grammar
from visavis.audit.leaf import Entry, read_entry
from visavis.audit.merkle import leaf_hash
from visavis.audit.note import read_note, require_signed
from visavis.audit.signing import edge_of_head
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
