"""The log's own side: the tree with more entries, signed."""

from collections.abc import Sequence

from visavis.audit.checkpoint import Checkpoint
from visavis.audit.merkle import Edge, leaf_hash
from visavis.audit.note import Note, Signer
from visavis.model.audit import LogHead


def edge_of_head(head: LogHead | None) -> Edge:
    """What the committed tree has to remember; that of an empty one before there is any."""
    return Edge() if head is None else Edge(head.size, head.edge)


def signed_tree(edge: Edge, *, signer: Signer) -> LogHead:
    """A tree with its checkpoint, signed by the log, whose name is the origin."""
    text = Checkpoint(signer.key.name, edge.size, edge.root()).text()
    return LogHead(edge.size, edge.hashes, str(Note(text, (signer.sign(text),))).encode())


def continued(head: LogHead | None, entries: Sequence[bytes], *, signer: Signer) -> LogHead:
    """The tree that continues another with these entries, signed."""
    return signed_tree(edge_of_head(head).extended(map(leaf_hash, entries)), signer=signer)
