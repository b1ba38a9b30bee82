"""What a server can try on somebody who looks at their own entries, and the error that it ends in.

Both readers, the Python client and the page, are told every lie.
"""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

from support.log_builder import LogBuilder, signer_of
from support.own_log import Shown, remembering
from visavis.audit.checkpoint import Checkpoint
from visavis.audit.note import Note
from visavis.audit.proof import Proof, read_proof

Lie = Callable[[Shown, Path], None]
_ORIGIN: Final = signer_of().name


def _other_details(one: Shown, _: Path) -> None:
    one.items[0]["details"]["reason"] = "look_alike"


def _other_salt(one: Shown, _: Path) -> None:
    one.items[0]["salt"] = one.items[1]["salt"]


def _salt_that_is_none(one: Shown, _: Path) -> None:
    one.items[0]["salt"] = "!"


def _anothers_opening(one: Shown, _: Path) -> None:
    one.items[1] |= {name: one.bobs[0][name] for name in ("salt", "details")}


def _anothers_entry(one: Shown, _: Path) -> None:
    one.items[1:2] = [one.bobs[0]]


def _anothers_proof(one: Shown, _: Path) -> None:
    one.items[0]["proof"] = one.bobs[0]["proof"]


def _proof_of_another_leaf(one: Shown, _: Path) -> None:
    one.items[1] |= {name: one.bobs[0][name] for name in ("proof", "index")}


def _another_place(one: Shown, _: Path) -> None:
    one.items[0]["index"] += 1


def _step_less(one: Shown, _: Path) -> None:
    proof = _proof(one.items[0])
    one.items[0]["proof"] = bytes(replace(proof, path=proof.path[:-1])).decode()


def _step_more(one: Shown, _: Path) -> None:
    proof = _proof(one.items[0])
    one.items[0]["proof"] = bytes(replace(proof, path=(*proof.path, bytes(32)))).decode()


def _torn_proof(one: Shown, _: Path) -> None:
    one.items[0]["proof"] = one.items[0]["proof"][20:]


def _edited_entry(one: Shown, _: Path) -> None:
    one.items[0]["entry"] = one.items[0]["entry"].replace("MATCH", "NO_MATCH")


def _member_more(one: Shown, _: Path) -> None:
    one.items[0]["entry"] = one.items[0]["entry"].replace('"v":1', '"v":1,"w":1')


def _other_day(one: Shown, _: Path) -> None:
    one.items[0]["entry"] = one.items[0]["entry"].replace('"day":"2026-01-01"', '"day":"2026-01-02"')


def _entry_twice(one: Shown, _: Path) -> None:
    one.items.insert(1, one.items[0])


def _withheld_proof(one: Shown, _: Path) -> None:
    one.items[0]["proof"] = None


def _other_key(one: Shown, _: Path) -> None:
    one.said["pages"][0]["log_key"] = str(signer_of(2).key)


def _key_that_is_none(one: Shown, _: Path) -> None:
    one.receipt = replace(one.receipt, log_key=None)
    one.said["pages"][0]["log_key"] = "a key"


def _key_of_small_order(one: Shown, _: Path) -> None:
    one.receipt = replace(one.receipt, log_key=None)
    key = replace(signer_of().key, public_key=bytes([1]) + bytes(31))
    one.said["pages"][0]["log_key"] = str(key)


def _signed_by_another(one: Shown, _: Path) -> None:
    tree = Checkpoint(_ORIGIN, one.log.tree.size, one.log.tree.edge().root())
    one.said["checkpoint"] = str(Note(tree.text(), (signer_of(2).sign(tree.text()),)))


def _of_another_log(one: Shown, _: Path) -> None:
    tree = Checkpoint("other.example", one.log.tree.size, one.log.tree.edge().root())
    one.said["checkpoint"] = str(Note(tree.text(), (signer_of().sign(tree.text()),)))


def _no_checkpoint(one: Shown, _: Path) -> None:
    one.said["checkpoint"] = "not a note"


def _no_tree(one: Shown, _: Path) -> None:
    text = f"{_ORIGIN}\n5\n"
    one.said["checkpoint"] = str(Note(text, (signer_of().sign(text),)))


def _another_history(one: Shown, folder: Path) -> LogBuilder:
    """A log with the same key in which the first entry is another."""
    fork = LogBuilder(folder / "fork").add([one.log.entries[1], *one.log.entries[1:]])
    fork.publish()
    return fork


def _own_fork(one: Shown, folder: Path) -> None:
    """Her proofs are under a tree that nobody else is shown, of the same size."""
    fork = LogBuilder(folder / "same").add(_another_history(one, folder).entries[: _proven_size(one)])
    for item in one.items:
        if item["proof"] is not None:
            item["proof"] = bytes(fork.proof(item["index"])).decode()


def _own_larger_fork(one: Shown, folder: Path) -> None:
    """The same with a tree that has grown, and its true tiles."""
    fork = _another_history(one, folder)
    for item in one.items:
        item["proof"] = bytes(fork.proof(item["index"])).decode()
    one.tiles = lambda path: (folder / "fork" / path).read_bytes() if (folder / "fork" / path).is_file() else None


def _fork_without_tiles(one: Shown, folder: Path) -> None:
    _own_larger_fork(one, folder)
    one.tiles = lambda _path: None


def _fork_with_the_others_tiles(one: Shown, folder: Path) -> None:
    before = one.tiles
    _own_larger_fork(one, folder)
    one.log.publish()
    one.tiles = before


def _large_tiles(one: Shown, _: Path) -> None:
    remembering(one, 5)
    one.tiles = lambda _path: bytes(20_000_000)


def _rewritten(one: Shown, folder: Path) -> None:
    """What she remembers was another beginning."""
    fork = _another_history(one, folder)
    one.receipt = replace(one.receipt, log_checkpoint=fork.note(100).decode())


def _rewritten_at_its_size(one: Shown, folder: Path) -> None:
    fork = _another_history(one, folder)
    one.receipt = replace(one.receipt, log_checkpoint=fork.note(_proven_size(one)).decode())


def _rewound(one: Shown, _: Path) -> None:
    remembering(one, one.log.tree.size)


def _all_gone(one: Shown, _: Path) -> None:
    remembering(one, 100)
    one.said = {"checkpoint": None, "pages": [{**one.said["pages"][0], "items": []}]}


def _proof(item: dict[str, Any]) -> Proof:
    return read_proof(item["proof"].encode())


def _proven_size(one: Shown) -> int:
    """The size of the tree that is published."""
    return int(str(one.said["checkpoint"]).split("\n")[1])


LIES: Final[dict[str, tuple[Lie, str]]] = {
    "other details": (_other_details, "opening_wrong"),
    "another salt": (_other_salt, "opening_wrong"),
    "a salt that is none": (_salt_that_is_none, "opening_wrong"),
    "the opening of somebody else's entry": (_anothers_opening, "opening_wrong"),
    "somebody else's entry, opened and proven": (_anothers_entry, "opening_wrong"),
    "somebody else's proof": (_anothers_proof, "proof_wrong"),
    "a valid proof for another leaf": (_proof_of_another_leaf, "proof_wrong"),
    "another place": (_another_place, "proof_wrong"),
    "a step less": (_step_less, "proof_wrong"),
    "a step more": (_step_more, "proof_wrong"),
    "a torn proof": (_torn_proof, "proof_malformed"),
    "another result": (_edited_entry, "proof_wrong"),
    "a member more": (_member_more, "entry_malformed"),
    "another day": (_other_day, "opening_wrong"),
    "an entry twice": (_entry_twice, "answer_unreadable"),
    "a proof that is kept back": (_withheld_proof, "proof_missing"),
    "another key": (_other_key, "note_unsigned"),
    "a key that is none": (_key_that_is_none, "verifier_key_malformed"),
    "a key that anybody can sign for": (_key_of_small_order, "verifier_key_malformed"),
    "a checkpoint that another key signed": (_signed_by_another, "note_unsigned"),
    "a checkpoint of another log": (_of_another_log, "checkpoint_foreign"),
    "a checkpoint that is no note": (_no_checkpoint, "note_malformed"),
    "a note that is no checkpoint": (_no_tree, "checkpoint_malformed"),
    "a fork for one person": (_own_fork, "log_forked"),
    "a fork that grew": (_own_larger_fork, "log_forked"),
    "a fork without its tiles": (_fork_without_tiles, "log_resource_missing"),
    "a fork with the tiles of the true log": (_fork_with_the_others_tiles, "tile_wrong"),
    "tiles without an end": (_large_tiles, "tile_malformed"),
    "another beginning": (_rewritten, "log_forked"),
    "another tree of the size that was seen": (_rewritten_at_its_size, "log_forked"),
    "a log that was set back": (_rewound, "checkpoint_stale"),
    "a log that is gone": (_all_gone, "checkpoint_stale"),
}
