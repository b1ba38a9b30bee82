"""Trees and proofs, against RFC 6962 as it stands there and against what others published."""

import json
from base64 import b64decode
from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path
from typing import Any, Final

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.plain_tree import PlainTree, node, split

from visavis.audit.merkle import (
    EMPTY_ROOT,
    HASH_BYTES,
    MAX_PATH,
    Edge,
    edge_of,
    leaf_hash,
    node_hash,
    prove_consistency,
    prove_inclusion,
    require_consistency,
    require_inclusion,
)
from visavis.model.audit import ProofWrong

FIXTURES: Final = Path(__file__).parents[2] / "fixtures"
PUBLISHED: Final[dict[str, Any]] = json.loads((FIXTURES / "published_log_vectors.json").read_text(encoding="ascii"))
RFC: Final[dict[str, Any]] = PUBLISHED["rfc6962"]
ARGON: Final[dict[str, Any]] = PUBLISHED["argon2020"]
MOST: Final = 3000
PLAIN: Final = PlainTree([b"entry %d" % index for index in range(MOST)])
SMALL: Final = (*range(1, 34), 64, 65)
SIZES: Final = st.integers(1, MOST)


def read(level: int, index: int) -> bytes:
    return PLAIN.hash(index << level, (index + 1) << level)


def hexes(values: Sequence[str]) -> list[bytes]:
    return [bytes.fromhex(value) for value in values]


def included(
    *, index: int, size: int, path: Sequence[bytes], leaf: bytes | None = None, root: bytes | None = None
) -> None:
    known = leaf_hash(PLAIN.entries[index]) if leaf is None else leaf
    require_inclusion(leaf=known, index=index, size=size, path=path, root=PLAIN.root(size) if root is None else root)


def consistent(*, old_size: int, size: int, path: Sequence[bytes]) -> None:
    require_consistency(old_size=old_size, old_root=PLAIN.root(old_size), size=size, root=PLAIN.root(size), path=path)


def spoiled(path: list[bytes]) -> list[list[bytes]]:
    """Ways to get a proof wrong: a step less, a step more at either end, two that change places, a changed step."""
    some = node(b"some", b"thing")
    ways = [[*path, some], [some, *path], [*path, EMPTY_ROOT]]
    ways += [path[:at] + path[at + 1 :] for at in range(len(path))]
    ways += [[*path[:at], some, *path[at + 1 :]] for at in range(len(path))]
    for at, (one, other) in enumerate(pairwise(path)):
        ways.append([*path[:at], other, one, *path[at + 2 :]])
    return ways


def flipped(data: bytes, bit: int) -> bytes:
    return (int.from_bytes(data) ^ (1 << bit)).to_bytes(len(data))


def test_hashes_are_those_that_were_published() -> None:
    assert EMPTY_ROOT.hex() == RFC["empty_root"]
    for data, expected in RFC["leaf_hashes"].items():
        assert leaf_hash(bytes.fromhex(data)).hex() == expected
    given_ = RFC["node_hash"]
    assert node_hash(bytes.fromhex(given_["left"]), bytes.fromhex(given_["right"])).hex() == given_["hash"]


def test_roots_are_those_that_were_published() -> None:
    edge = Edge()
    assert edge.root() == EMPTY_ROOT
    for data, root in zip(hexes(RFC["leaves"]), hexes(RFC["roots"]), strict=True):
        edge = edge.extended([leaf_hash(data)])
        assert edge.root() == root


@pytest.mark.parametrize("proof", RFC["inclusion"], ids=lambda proof: f"{proof['index']} of {proof['size']}")
def test_inclusion_proofs_are_those_that_were_published(proof: dict[str, Any]) -> None:
    leaves = hexes(RFC["leaves"])
    plain = PlainTree(leaves)
    path, index, size = hexes(proof["path"]), proof["index"], proof["size"]
    made = prove_inclusion(index, size, lambda level, at: plain.hash(at << level, (at + 1) << level))
    assert made == path
    root = bytes.fromhex(RFC["roots"][size - 1])
    require_inclusion(leaf=leaf_hash(leaves[index]), index=index, size=size, path=path, root=root)


@pytest.mark.parametrize("proof", RFC["consistency"], ids=lambda proof: f"{proof['old_size']} to {proof['size']}")
def test_consistency_proofs_are_those_that_were_published(proof: dict[str, Any]) -> None:
    plain = PlainTree(hexes(RFC["leaves"]))
    path, old_size, size = hexes(proof["path"]), proof["old_size"], proof["size"]
    made = prove_consistency(old_size, size, lambda level, at: plain.hash(at << level, (at + 1) << level))
    assert made == path
    roots = hexes(RFC["roots"])
    require_consistency(old_size=old_size, old_root=roots[old_size - 1], size=size, root=roots[size - 1], path=path)


def test_a_log_of_a_thousand_million_entries_is_consistent() -> None:
    path = [b64decode(step) for step in ARGON["path"]]
    known = {"old_size": ARGON["old_size"], "old_root": b64decode(ARGON["old_root"])}
    require_consistency(**known, size=ARGON["size"], root=b64decode(ARGON["root"]), path=path)
    for way in spoiled(path):
        with pytest.raises(ProofWrong):
            require_consistency(**known, size=ARGON["size"], root=b64decode(ARGON["root"]), path=way)


@pytest.mark.parametrize("size", SMALL)
def test_every_inclusion_proof_of_a_small_tree(size: int) -> None:
    for index in range(size):
        path = prove_inclusion(index, size, read)
        assert path == PLAIN.path(index, size)
        included(index=index, size=size, path=path)
        for way in spoiled(path):
            with pytest.raises(ProofWrong):
                included(index=index, size=size, path=way)
        for other in range(size):
            if other != index:
                with pytest.raises(ProofWrong):
                    included(index=other, size=size, path=path, leaf=leaf_hash(PLAIN.entries[index]))


@pytest.mark.parametrize("size", SMALL)
def test_every_consistency_proof_of_a_small_tree(size: int) -> None:
    for old_size in range(1, size):
        path = prove_consistency(old_size, size, read)
        assert path == PLAIN.proof(old_size, size)
        consistent(old_size=old_size, size=size, path=path)
        for way in spoiled(path):
            with pytest.raises(ProofWrong):
                consistent(old_size=old_size, size=size, path=way)


@given(SIZES, st.data())
def test_any_inclusion_proof(size: int, data: st.DataObject) -> None:
    index = data.draw(st.integers(0, size - 1))
    path = prove_inclusion(index, size, read)
    assert path == PLAIN.path(index, size)
    included(index=index, size=size, path=path)


@given(SIZES, st.data())
def test_any_consistency_proof(size: int, data: st.DataObject) -> None:
    old_size = data.draw(st.integers(1, size))
    path = prove_consistency(old_size, size, read)
    assert path == PLAIN.proof(old_size, size)
    consistent(old_size=old_size, size=size, path=path)


@given(st.lists(st.integers(0, MOST), max_size=6))
def test_a_tree_that_grows_in_pieces_is_the_tree(cuts: list[int]) -> None:
    edge = Edge()
    for begin, end in pairwise([0, *sorted(cuts)]):
        edge = edge.extended(leaf_hash(entry) for entry in PLAIN.entries[begin:end])
    size = max([0, *cuts])
    assert edge == edge_of(size, read)
    assert edge.root() == PLAIN.root(size)


def test_every_changed_bit_of_an_inclusion_proof_is_refused() -> None:
    index, size = 1234, 2500
    path = prove_inclusion(index, size, read)
    leaf, root = leaf_hash(PLAIN.entries[index]), PLAIN.root(size)
    for bit in range(HASH_BYTES * 8):
        for at, step in enumerate(path):
            with pytest.raises(ProofWrong):
                included(index=index, size=size, path=[*path[:at], flipped(step, bit), *path[at + 1 :]])
        with pytest.raises(ProofWrong):
            included(index=index, size=size, path=path, leaf=flipped(leaf, bit))
        with pytest.raises(ProofWrong):
            included(index=index, size=size, path=path, root=flipped(root, bit))


def test_every_changed_bit_of_a_consistency_proof_is_refused() -> None:
    old_size, size = 1000, 2500
    path = prove_consistency(old_size, size, read)
    old_root, root = PLAIN.root(old_size), PLAIN.root(size)
    require_consistency(old_size=old_size, old_root=old_root, size=size, root=root, path=path)
    for bit in range(HASH_BYTES * 8):
        for at, step in enumerate(path):
            with pytest.raises(ProofWrong):
                consistent(old_size=old_size, size=size, path=[*path[:at], flipped(step, bit), *path[at + 1 :]])
        for old, new in ((flipped(old_root, bit), root), (old_root, flipped(root, bit))):
            with pytest.raises(ProofWrong):
                require_consistency(old_size=old_size, old_root=old, size=size, root=new, path=path)


@pytest.mark.parametrize(("index", "size"), [(-1, 3), (3, 3), (4, 3), (0, 0)])
def test_an_entry_that_is_not_there_is_not_proved(index: int, size: int) -> None:
    with pytest.raises(ValueError, match="no such entry"):
        prove_inclusion(index, size, read)
    with pytest.raises(ProofWrong):
        require_inclusion(leaf=EMPTY_ROOT, index=index, size=size, path=[], root=EMPTY_ROOT)


@pytest.mark.parametrize(("old_size", "size"), [(-1, 3), (4, 3)])
def test_a_tree_is_not_the_beginning_of_a_smaller_one(old_size: int, size: int) -> None:
    with pytest.raises(ValueError, match="larger"):
        prove_consistency(old_size, size, read)
    with pytest.raises(ProofWrong):
        require_consistency(old_size=old_size, old_root=PLAIN.root(4), size=size, root=PLAIN.root(3), path=[])


def test_trees_that_need_no_proof() -> None:
    root = PLAIN.root(5)
    require_consistency(old_size=5, old_root=root, size=5, root=root, path=[])
    require_consistency(old_size=0, old_root=EMPTY_ROOT, size=5, root=root, path=[])
    require_consistency(old_size=0, old_root=EMPTY_ROOT, size=0, root=EMPTY_ROOT, path=[])
    assert prove_consistency(0, 5, read) == prove_consistency(5, 5, read) == []


@pytest.mark.parametrize(
    ("old_size", "old_root", "size", "root", "path"),
    [
        (5, PLAIN.root(5), 5, PLAIN.root(4), []),
        (5, PLAIN.root(5), 5, PLAIN.root(5), [EMPTY_ROOT]),
        (0, PLAIN.root(5), 5, PLAIN.root(5), []),
        (0, EMPTY_ROOT, 5, PLAIN.root(5), [EMPTY_ROOT]),
        (0, EMPTY_ROOT, 0, PLAIN.root(5), []),
        (0, PLAIN.root(5), 0, PLAIN.root(5), []),
        (4, PLAIN.root(4), 5, PLAIN.root(5), []),
        (1, PLAIN.root(1), 2, PLAIN.root(2), []),
        (4, PLAIN.root(4), 5, PLAIN.root(4), []),
        (3, PLAIN.root(3), 5, PLAIN.root(3), []),
    ],
)
def test_trees_that_are_not_what_they_are_said_to_be(
    old_size: int, old_root: bytes, size: int, root: bytes, path: list[bytes]
) -> None:
    with pytest.raises(ProofWrong):
        require_consistency(old_size=old_size, old_root=old_root, size=size, root=root, path=path)


@pytest.mark.parametrize("wrong", [b"", b"\x00" * 31, b"\x00" * 33, b"\x00" * 64])
def test_what_is_no_hash_is_refused_before_it_is_hashed(wrong: bytes) -> None:
    """A step of 31 bytes beside a leaf of 33 would hash like two of 32."""
    with pytest.raises(ProofWrong, match="not a hash"):
        included(index=0, size=2, path=[wrong])
    with pytest.raises(ProofWrong, match="not a hash"):
        included(index=0, size=1, path=[], leaf=wrong, root=wrong)
    with pytest.raises(ProofWrong, match="not a hash"):
        require_consistency(old_size=1, old_root=wrong, size=2, root=PLAIN.root(2), path=[read(0, 1)])
    with pytest.raises(ProofWrong, match="not a hash"):
        require_consistency(old_size=1, old_root=wrong, size=1, root=wrong, path=[])


def test_bytes_that_are_divided_otherwise_do_not_prove() -> None:
    left, right = read(0, 0), read(0, 1)
    with pytest.raises(ProofWrong):
        included(index=1, size=2, path=[left + right[:1]], leaf=right[1:], root=PLAIN.root(2))


def test_a_proof_longer_than_any_is_refused_unread() -> None:
    huge = [EMPTY_ROOT] * (MAX_PATH + 1)
    with pytest.raises(ProofWrong, match="longer than any"):
        included(index=0, size=2, path=huge)
    with pytest.raises(ProofWrong, match="longer than any"):
        consistent(old_size=1, size=2, path=huge)


@given(st.integers(0, 1 << 64), st.integers(0, 1 << 64), st.lists(st.binary(min_size=32, max_size=32), max_size=70))
def test_nothing_that_is_made_up_is_a_proof(one: int, other: int, path: list[bytes]) -> None:
    with pytest.raises(ProofWrong):
        require_inclusion(leaf=EMPTY_ROOT, index=one, size=other, path=path, root=RFC_ROOT)
    with pytest.raises(ProofWrong):
        require_consistency(old_size=one, old_root=EMPTY_ROOT, size=other, root=RFC_ROOT, path=[*path, RFC_ROOT])


RFC_ROOT: Final = bytes.fromhex(RFC["roots"][7])


@pytest.mark.parametrize(("size", "hashes"), [(1, ()), (0, (EMPTY_ROOT,)), (3, (EMPTY_ROOT,)), (-1, (EMPTY_ROOT,))])
def test_an_edge_has_as_many_hashes_as_its_size_says(size: int, hashes: tuple[bytes, ...]) -> None:
    with pytest.raises(ValueError, match="perfect subtrees"):
        Edge(size, hashes)


def test_the_reference_splits_as_the_rfc_says() -> None:
    assert [split(width) for width in range(2, 10)] == [1, 2, 2, 4, 4, 4, 4, 8]
