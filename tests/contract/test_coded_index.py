"""The engine for millions where it has codes: what the port promises, as near as six bits a number keep it."""

import threading
from typing import Any

import faiss
import numpy as np
import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule
from numpy.typing import NDArray

from visavis.adapters.faiss.index import FaissIndex
from visavis.adapters.faiss.names import Names
from visavis.adapters.faiss.rows import packed, unpacked
from visavis.match.exact import ExactIndex
from visavis.model.ids import new_id
from visavis.model.template import Template

DIMENSION = 32
MODEL = "m"
OFF = 0.03
"""By how much scores of so short vectors are off at most."""
SUBJECTS = [new_id("sub") for _ in range(6)]
REFERENCES = [*(new_id("ref") for _ in range(14)), "ref_of another kind", "another"]


def unit(seed: int, dimension: int = DIMENSION) -> NDArray[np.float32]:
    vector = np.random.default_rng(seed).normal(size=dimension)
    return (vector / np.linalg.norm(vector)).astype(np.float32)


def coded(**more: Any) -> FaissIndex:
    """An engine that makes a segment of everything it can."""
    return FaissIndex(model_id=MODEL, dimension=DIMENSION, **{"flat_below": 0, "tail": 3, **more})


def filled(
    count: int, *, each: int = 1, seed: int = 0, **more: Any
) -> tuple[FaissIndex, list[str], NDArray[np.float32]]:
    """An engine with that many people in segments, who they are and their vectors, shape (people, each, d)."""
    drawn = np.random.default_rng(seed).normal(size=(count, each, DIMENSION))
    vectors = (drawn / np.linalg.norm(drawn, axis=2, keepdims=True)).astype(np.float32)
    subjects = [new_id("sub") for _ in range(count)]
    index = coded(**more)
    index.put_many(
        reference_ids=[new_id("ref") for _ in range(count * each)],
        subject_ids=[subject for subject in subjects for _ in range(each)],
        vectors=vectors.reshape(-1, DIMENSION),
        model_id=MODEL,
    )
    index.settle()
    return index, subjects, vectors


class CodedAgreesWithExact(RuleBasedStateMachine):
    """Any sequence of changes, with segments being made at any time, leaves both with nearly the same answers."""

    def __init__(self) -> None:
        super().__init__()
        self.index = coded()
        self.exact = ExactIndex(model_id=MODEL, dimension=DIMENSION)

    @rule(references=st.lists(st.sampled_from(REFERENCES), min_size=1, max_size=6), subject=st.sampled_from(SUBJECTS))
    def put(self, references: list[str], subject: str) -> None:
        vectors = np.stack([unit(REFERENCES.index(reference)) for reference in references])
        for index in (self.index, self.exact):
            index.put_many(
                reference_ids=references, subject_ids=[subject] * len(references), vectors=vectors, model_id=MODEL
            )

    @rule(subject=st.sampled_from(SUBJECTS))
    def remove(self, subject: str) -> None:
        self.index.remove_subject(subject)
        self.exact.remove_subject(subject)

    @rule()
    def settle(self) -> None:
        self.index.settle()

    @rule(seed=st.integers(0, 20), threshold=st.floats(-1, 1), fewest=st.integers(0, 4), by_each=st.booleans())
    def reaching(self, seed: int, threshold: float, fewest: int, *, by_each: bool) -> None:
        probe = Template(unit(seed), MODEL)
        found = self.index.reaching(probe, threshold=threshold, fewest=fewest, by_each=by_each)
        wanted = {c.subject_id: c for c in self.exact.reaching(probe, threshold=-2, by_each=by_each)}
        assert len({c.subject_id for c in found}) == len(found)
        assert found == sorted(found, key=lambda c: (-c.score, c.subject_id))
        for candidate in found:
            exact = wanted[candidate.subject_id]
            assert candidate.score == pytest.approx(exact.score, abs=OFF)
        told = {c.subject_id for c in found}
        assert {s for s, c in wanted.items() if c.score > threshold + OFF} <= told
        assert len(told) >= min(fewest, len(wanted))
        if not fewest:
            assert not told & {s for s, c in wanted.items() if c.score < threshold - OFF}

    @rule(seed=st.integers(0, 20), subject=st.sampled_from(SUBJECTS))
    def nearest(self, seed: int, subject: str) -> None:
        probe = Template(unit(seed), MODEL)
        found, wanted = (index.nearest_of(subject, probe=probe) for index in (self.index, self.exact))
        assert (found is None) == (wanted is None)
        if found is not None and wanted is not None:
            assert found.score == pytest.approx(wanted.score, abs=OFF)
            assert set(found.reference_ids) == set(wanted.reference_ids)

    @rule(seed=st.integers(0, 3))
    def some(self, seed: int) -> None:
        subjects, vectors = self.index.some(people=99, seed=seed)
        assert sorted(subjects) == sorted(self.exact.subjects())
        for subject, own in zip(subjects, vectors, strict=True):
            exact = self.exact.vectors_of(subject)
            assert own.shape == exact.shape
            near = own @ exact.T
            assert near.max(axis=1).min() > 1 - OFF

    @invariant()
    def count(self) -> None:
        assert self.index.count() == self.exact.count()


CodedAgreesWithExact.TestCase.settings = settings(max_examples=80, stateful_step_count=30, deadline=None)
TestCodedAgreesWithExact = CodedAgreesWithExact.TestCase


def test_everybody_is_found_among_thousands() -> None:
    index, subjects, vectors = filled(6_000)
    noise = np.random.default_rng(5).normal(size=(300, DIMENSION)) * 0.06
    for number in range(300):
        probe = vectors[number, 0] + noise[number].astype(np.float32)
        probe /= np.linalg.norm(probe)
        (first, *_) = index.reaching(Template(probe, MODEL), threshold=0.8, fewest=2)
        assert first.subject_id == subjects[number]
        assert first.score == pytest.approx(float(vectors[number, 0] @ probe), abs=OFF)


def test_who_has_several_references_is_found_by_their_sum_and_by_each_where_that_is_asked() -> None:
    index, subjects, vectors = filled(1_500, each=3)
    total = vectors[7].sum(axis=0)
    probe = Template((total / np.linalg.norm(total)).astype(np.float32), MODEL)
    (found,) = index.reaching(probe, threshold=0.95)
    assert (found.subject_id, len(found.reference_ids)) == (subjects[7], 3)
    one = Template(vectors[7, 1], MODEL)
    assert index.reaching(one, threshold=0.9) == []
    (by_one,) = index.reaching(one, threshold=0.9, by_each=True)
    assert (by_one.subject_id, len(by_one.reference_ids)) == (subjects[7], 1)


def test_who_is_forgotten_is_found_no_more_and_nothing_of_them_is_left() -> None:
    index, subjects, vectors = filled(2_000)
    (segment,) = index._segments
    packer = segment._scan.get_CodePacker()
    rows = segment.rows_of(index._subjects.pack([subjects[3]])[0])
    index.remove_subject(subjects[3])
    found = index.reaching(Template(vectors[3, 0], MODEL), threshold=0.9)
    assert subjects[3] not in {candidate.subject_id for candidate in found}
    assert index.nearest_of(subjects[3], probe=Template(vectors[3, 0], MODEL)) is None
    assert index.count() == 1_999
    assert not segment.content.codes[rows].any()
    assert not segment.vectors(rows).any()
    codes = faiss.rev_swig_ptr(segment._scan.codes.get(), segment._scan.codes.size()).reshape(-1, packer.block_size)
    block, place = divmod(int(rows[0]), packer.nvec)
    assert not packer.unpack_1(codes[block : block + 1], place).any()
    neighbour = packer.unpack_1(codes[block : block + 1], place + 1 if place + 1 < packer.nvec else place - 1)
    assert neighbour.any()


def test_a_segment_of_which_much_is_gone_is_made_anew() -> None:
    index, subjects, vectors = filled(2_000)
    for subject in subjects[:500]:
        index.remove_subject(subject)
    index.settle()
    (segment,) = index._segments
    assert len(segment.content) < 1_700
    assert index.count() == 1_500
    (found,) = index.reaching(Template(vectors[1_900, 0], MODEL), threshold=0.97)
    assert found.subject_id == subjects[1_900]


def test_nobody_is_missed_while_segments_are_made() -> None:
    """Somebody who stays is found by every search, whoever comes and goes meanwhile."""
    index, subjects, vectors = filled(3_000, tail=200)
    done, missed = threading.Event(), []

    def look(number: int) -> None:
        while not done.is_set():
            found = index.reaching(Template(vectors[number, 0], MODEL), threshold=0.9)
            if subjects[number] not in {candidate.subject_id for candidate in found}:
                missed.append(number)

    lookers = [threading.Thread(target=look, args=(number,)) for number in (0, 1_000, 2_999)]
    for looker in lookers:
        looker.start()
    for turn in range(30):
        come = [new_id("sub") for _ in range(150)]
        index.put_many(
            reference_ids=[new_id("ref") for _ in come],
            subject_ids=come,
            vectors=np.stack([unit(1_000 * turn + number) for number in range(150)]),
            model_id=MODEL,
        )
        for subject in come[:100]:
            index.remove_subject(subject)
    done.set()
    for looker in lookers:
        looker.join()
    assert missed == []
    assert index.count() == 3_000 + 30 * 50


def test_a_segment_that_cannot_be_made_leaves_everybody_where_they_were(monkeypatch: pytest.MonkeyPatch) -> None:
    failures: list[object] = []
    monkeypatch.setattr(threading, "excepthook", failures.append)

    def out_of_memory(_parts: object) -> None:
        raise MemoryError

    with monkeypatch.context() as broken:
        broken.setattr("visavis.adapters.faiss.index.Content.joined", out_of_memory)
        index, subjects, vectors = filled(150, tail=100)
    assert len(failures) == 1
    assert (index.count(), len(index._segments)) == (150, 0)
    (found,) = index.reaching(Template(vectors[7, 0], MODEL), threshold=0.99)
    assert found.subject_id == subjects[7]
    index.remove_subject(subjects[7])  # tries anew
    index.settle()
    assert (index.count(), len(index._segments)) == (149, 1)


def test_a_row_that_is_packed_again_is_the_same() -> None:
    once = unpacked(*packed(np.stack([unit(seed, 128) for seed in range(200)])))
    np.testing.assert_array_equal(unpacked(*packed(once)), once)


def test_identifiers_come_back_as_they_were() -> None:
    names = Names("ref")
    given = [
        *(new_id("ref") for _ in range(50)),
        "ref_short",
        "sub_" + "a" * 26,
        "",
        "ref_" + "a" * 25 + "b",
        "ref_" + "ä" * 26,
    ]
    assert names.unpack(names.pack(given)) == given
    assert len({tuple(row) for row in names.pack(given).tolist()}) == len(given)


@pytest.mark.parametrize("dimension", [4, 128, 512])
def test_six_bits_keep_a_vector(dimension: int) -> None:
    vectors = np.stack([unit(seed, dimension) for seed in range(200)] + [np.zeros(dimension, np.float32)])
    back = unpacked(*packed(vectors))
    assert np.abs(back - vectors).max() <= np.abs(vectors).max() / 31 / 2 * 1.01
    assert not back[-1].any()
    if dimension == 128:
        off = ((back - vectors) @ vectors.T)[:200, :200]
        assert np.abs(off).max() < FaissIndex.error
