"""The log's own side: the tree with more entries, signed."""

from collections.abc import Sequence
from datetime import date

from visavis.audit.checkpoint import Checkpoint
from visavis.audit.leaf import read_entry
from visavis.audit.merkle import Edge, leaf_hash
from visavis.audit.note import Note, Signer
from visavis.model.audit import LogHead


def edge_of_head(head: LogHead | None) -> Edge:
    """What the committed tree has to remember; that of an empty one before there is any."""
    return Edge() if head is None else Edge(head.size, head.edge)


def continued(head: LogHead | None, entries: Sequence[bytes], *, signer: Signer) -> LogHead:
    """The tree that continues another with one entry or more, signed by the log, whose name is the origin."""
    edge = edge_of_head(head).extended(map(leaf_hash, entries))
    text = Checkpoint(signer.key.name, edge.size, edge.root()).text()
    note = str(Note(text, (signer.sign(text),))).encode()
    return LogHead(edge.size, edge.hashes, note, newest_day(entries, head))


def newest_day(entries: Sequence[bytes], head: LogHead | None = None) -> date:
    """The newest day of some entries, and of a tree that they continue."""
    days = {read_entry(entry).day for entry in entries}
    found = [date.fromisoformat(day) for day in days]
    return max(found if head is None else [*found, head.last_day])
