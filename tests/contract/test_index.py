"""What the search port promises, for every engine, against the plainest one there could be."""

import threading
import time
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule
from numpy.typing import NDArray

from visavis.adapters.faiss.index import FaissIndex
from visavis.match.exact import ExactIndex
from visavis.match.index import GalleryIndex
from visavis.model.template import Template

DIMENSION = 8
MODEL = "m"
ENGINES: list[Callable[[], GalleryIndex]] = [
    lambda: ExactIndex(model_id=MODEL, dimension=DIMENSION),
    lambda: FaissIndex(model_id=MODEL, dimension=DIMENSION),
]
SUBJECTS = st.sampled_from(["sub_a", "sub_b", "sub_c"])
REFERENCES = st.sampled_from([f"ref_{number}" for number in range(6)])


def unit(seed: int) -> Template:
    """Few directions, so that equal scores are common."""
    vector = np.random.default_rng(seed // 2).normal(size=DIMENSION)
    return Template((vector / np.linalg.norm(vector)).astype(np.float32), MODEL)


VECTORS = st.integers(0, 11).map(unit)


def put_all(index: GalleryIndex, many: list[tuple[str, str, Template]]) -> None:
    vectors = np.array([template.vector for _, _, template in many], dtype=np.float32).reshape(-1, DIMENSION)
    names = ([reference for reference, _, _ in many], [subject for _, subject, _ in many])
    index.put_many(reference_ids=names[0], subject_ids=names[1], vectors=vectors, model_id=MODEL)


class Plain:
    """The port as one would say it."""

    def __init__(self) -> None:
        self.held: dict[str, tuple[str, NDArray[np.float32]]] = {}

    def scores(self, probe: Template) -> dict[str, float]:
        sums: dict[str, NDArray[np.float64]] = {}
        for subject, vector in self.held.values():
            sums[subject] = sums.get(subject, np.zeros(DIMENSION)) + vector
        return {subject: float(total @ probe.vector / np.linalg.norm(total)) for subject, total in sums.items()}

    def references_of(self, subject_id: str) -> set[str]:
        return {reference for reference, (subject, _) in self.held.items() if subject == subject_id}


class EngineAgreesWithPlain(RuleBasedStateMachine):
    """Any sequence of changes leaves both with the same answers."""

    engine = staticmethod(ENGINES[0])

    def __init__(self) -> None:
        super().__init__()
        self.index = self.engine()
        self.plain = Plain()

    @rule(reference=REFERENCES, subject=SUBJECTS, template=VECTORS)
    def put(self, reference: str, subject: str, template: Template) -> None:
        self.index.put(reference_id=reference, subject_id=subject, template=template)
        self.plain.held[reference] = (subject, template.vector)

    @rule(many=st.lists(st.tuples(REFERENCES, SUBJECTS, VECTORS), max_size=8))
    def put_many(self, many: list[tuple[str, str, Template]]) -> None:
        put_all(self.index, many)
        for reference, subject, template in many:
            self.plain.held[reference] = (subject, template.vector)

    @rule(subject=SUBJECTS)
    def remove(self, subject: str) -> None:
        self.index.remove_subject(subject)
        self.plain.held = {r: held for r, held in self.plain.held.items() if held[0] != subject}

    @rule(probe=VECTORS, threshold=st.floats(-1, 1))
    def reaching(self, probe: Template, threshold: float) -> None:
        found = self.index.reaching(probe, threshold=threshold)
        expected = self.plain.scores(probe)
        clear = {s for s, score in expected.items() if abs(score - threshold) > 1e-5}
        assert {c.subject_id for c in found} & clear == {s for s in clear if expected[s] >= threshold}
        assert [c.subject_id for c in found] == [
            c.subject_id for c in sorted(found, key=lambda c: (-c.score, c.subject_id))
        ]
        for candidate in found:
            assert candidate.score == pytest.approx(expected[candidate.subject_id], abs=1e-5)
            assert set(candidate.reference_ids) == self.plain.references_of(candidate.subject_id)

    @rule(probe=VECTORS, threshold=st.floats(-1, 1), fewest=st.integers(1, 4))
    def some_in_any_case(self, probe: Template, threshold: float, fewest: int) -> None:
        found = self.index.reaching(probe, threshold=threshold, fewest=fewest)
        reaching = self.index.reaching(probe, threshold=threshold)
        assert found[: len(reaching)] == reaching
        expected = sorted(self.plain.scores(probe).values(), reverse=True)
        assert len(found) == max(len(reaching), min(fewest, len(expected)))
        assert [c.score for c in found] == pytest.approx(expected[: len(found)], abs=1e-5)

    @rule(probe=VECTORS, subject=SUBJECTS)
    def nearest(self, probe: Template, subject: str) -> None:
        found = self.index.nearest_of(subject, probe=probe)
        expected = self.plain.scores(probe).get(subject)
        assert (found is None) == (expected is None)
        if found is not None:
            assert found.score == pytest.approx(expected, abs=1e-5)
            assert found.subject_id == subject
            assert set(found.reference_ids) == self.plain.references_of(subject)

    @invariant()
    def count(self) -> None:
        assert self.index.count() == len(self.plain.held)


class FaissAgreesWithPlain(EngineAgreesWithPlain):
    """The same of the engine for millions while it has few."""

    engine = staticmethod(ENGINES[1])


for machine in (EngineAgreesWithPlain, FaissAgreesWithPlain):
    machine.TestCase.settings = settings(max_examples=60, stateful_step_count=25, deadline=None)
TestEngineAgreesWithPlain = EngineAgreesWithPlain.TestCase
TestFaissAgreesWithPlain = FaissAgreesWithPlain.TestCase


@pytest.fixture(params=ENGINES)
def index(request: pytest.FixtureRequest) -> GalleryIndex:
    made: GalleryIndex = request.param()
    return made


def test_some_are_drawn_whole_and_as_copies(index: GalleryIndex) -> None:
    owners = {f"ref_{number}": f"sub_{number // 2}" for number in range(20)}
    put_all(index, [(reference, owner, unit(2 * n)) for n, (reference, owner) in enumerate(owners.items())])
    subjects, held = index.some(people=4, seed=1)
    assert len(set(subjects)) == len(subjects) == len(held) == 4
    for subject, rows in zip(subjects, held, strict=True):
        own = [unit(2 * n).vector for n, owner in enumerate(owners.values()) if owner == subject]
        np.testing.assert_array_equal(np.sort(rows, axis=0), np.sort(np.array(own), axis=0))
        rows[:] = 0
    assert all(index.nearest_of(subject, probe=unit(0)) is not None for subject in subjects)
    again, copies = index.some(people=4, seed=1)
    assert again == subjects
    assert all(rows.any() for rows in copies)
    assert len(index.some(people=99, seed=1)[0]) == 10
    index.remove_subject("sub_3")
    assert "sub_3" not in index.some(people=99, seed=1)[0]


def test_ties_stand_in_the_order_of_their_identifiers(index: GalleryIndex) -> None:
    for subject in ("sub_c", "sub_a", "sub_b"):
        index.put(reference_id=f"ref_{subject}", subject_id=subject, template=unit(2))
    assert [c.subject_id for c in index.reaching(unit(3), threshold=0.5)] == ["sub_a", "sub_b", "sub_c"]


def test_a_score_that_is_the_threshold_reaches_it(index: GalleryIndex) -> None:
    index.put(reference_id="ref_a", subject_id="sub_a", template=unit(2))
    (found,) = index.reaching(unit(4), threshold=-1)
    assert index.reaching(unit(4), threshold=found.score) == [found]
    assert index.reaching(unit(4), threshold=float(np.nextafter(np.float32(found.score), np.float32(2)))) == []


def test_the_best_are_told_in_any_case_among_many_that_have_several_references(index: GalleryIndex) -> None:
    for number in range(400):
        subject = "sub_many" if number % 2 else f"sub_{number:03}"
        index.put(reference_id=f"ref_{number}", subject_id=subject, template=unit(number))
    probe = unit(1)
    everybody = index.reaching(probe, threshold=-1)
    for fewest in (1, 2, 3, 60):
        assert index.reaching(probe, threshold=2, fewest=fewest) == everybody[:fewest]
    assert index.reaching(probe, threshold=2, fewest=1000) == everybody
    index.remove_subject("sub_many")
    assert len(index.reaching(probe, threshold=2, fewest=2)) == 2


def test_somebody_is_found_by_one_of_their_references_where_that_is_asked_for(index: GalleryIndex) -> None:
    put_all(index, [("ref_a", "sub_a", unit(1)), ("ref_b", "sub_a", unit(7)), ("ref_c", "sub_c", unit(3))])
    together, probe = index.nearest_of("sub_a", probe=unit(1)), unit(1)
    assert together is not None
    assert together.score < 0.99
    assert index.reaching(probe, threshold=0.99) == []
    (by_one,) = index.reaching(probe, threshold=0.99, by_each=True)
    assert (by_one.subject_id, by_one.reference_ids) == ("sub_a", ("ref_a",))
    between = Template(unit(1).vector + unit(7).vector, probe.model_id)
    between.vector[:] /= np.linalg.norm(between.vector)
    (by_both,) = index.reaching(between, threshold=0.99, by_each=True)
    assert (by_both.subject_id, set(by_both.reference_ids)) == ("sub_a", {"ref_a", "ref_b"})


def test_nothing_reaches_a_threshold_that_is_not_a_number(index: GalleryIndex) -> None:
    index.put(reference_id="ref_a", subject_id="sub_a", template=unit(2))
    assert index.reaching(unit(2), threshold=float("nan")) == []


@pytest.mark.parametrize(
    "template",
    [
        Template(unit(1).vector, "another model"),
        Template(np.zeros(DIMENSION + 1, np.float32), MODEL),
        Template(np.zeros((1, DIMENSION), np.float32), MODEL),
    ],
)
def test_a_template_of_another_model_or_size_is_refused(index: GalleryIndex, template: Template) -> None:
    with pytest.raises(ValueError, match="another model"):
        index.put(reference_id="ref_a", subject_id="sub_a", template=template)
    with pytest.raises(ValueError, match="another model"):
        index.reaching(template, threshold=0)
    with pytest.raises(ValueError, match="another model"):
        index.nearest_of("sub_a", probe=template)
    assert index.count() == 0


@pytest.mark.parametrize(
    ("references", "subjects", "shape", "model"),
    [
        (["ref_a"], ["sub_a"], (1, DIMENSION), "another model"),
        (["ref_a"], ["sub_a"], (1, DIMENSION + 1), MODEL),
        (["ref_a"], ["sub_a"], (2, DIMENSION), MODEL),
        (["ref_a"], ["sub_a"], (DIMENSION,), MODEL),
        (["ref_a", "ref_b"], ["sub_a"], (2, DIMENSION), MODEL),
        (["ref_a"], ["sub_a", "sub_b"], (1, DIMENSION), MODEL),
    ],
)
def test_many_of_another_model_size_or_number_are_refused(
    index: GalleryIndex, references: list[str], subjects: list[str], shape: tuple[int, ...], model: str
) -> None:
    vectors = np.ones(shape, dtype=np.float32)
    with pytest.raises(ValueError, match="another model"):
        index.put_many(reference_ids=references, subject_ids=subjects, vectors=vectors, model_id=model)
    assert index.count() == 0


def test_forgetting_one_of_many_takes_no_longer_than_one_of_few(index: GalleryIndex) -> None:
    many = [(f"ref_{number}", f"sub_{number}", unit(number)) for number in range(20_000)]
    put_all(index, many)
    begun = time.perf_counter()
    for number in range(0, 20_000, 2):
        index.remove_subject(f"sub_{number}")
    took = time.perf_counter() - begun
    assert index.count() == 10_000
    assert index.nearest_of("sub_1", probe=unit(1)) is not None
    assert took < 2, "a search for each would take some ten seconds"


@given(counts=st.lists(st.integers(1, 90), min_size=1, max_size=4), removed=st.integers(0, 3))
@settings(max_examples=25, deadline=None)
def test_removing_overwrites_the_memory_of_the_exact_index(counts: list[int], removed: int) -> None:
    index = ExactIndex(model_id=MODEL, dimension=DIMENSION)
    blocks = []
    for subject, count in enumerate(counts):
        own = [(f"ref_{subject}_{number}", f"sub_{subject}", unit(2 * subject)) for number in range(count)]
        for at in range(0, count, 7):
            put_all(index, own[at : at + 7])
            blocks.append(index._rows)
        for reference_id, subject_id, template in own:
            index.put(reference_id=reference_id, subject_id=subject_id, template=template)
            blocks.append(index._rows)
    gone = removed % len(counts)
    index.remove_subject(f"sub_{gone}")
    old = [block for block in blocks if block is not index._rows]
    assert not any(block.any() for block in old), "what the index outgrew was not overwritten"
    several = sum(count > 1 for subject, count in enumerate(counts) if subject != gone)
    assert np.count_nonzero(index._rows.any(axis=1)) == index.count() + several
    assert not any(np.array_equal(row, unit(2 * gone).vector) for row in index._rows)


class SlowProbe(np.ndarray[Any, Any]):
    """A probe during whose first comparison something happens: between the first half of the rows and the second."""

    meanwhile: Callable[[], None] | None = None

    def __array_ufunc__(self, ufunc: Any, method: str, *inputs: Any, **rest: Any) -> Any:
        plain = [np.asarray(one) for one in inputs]
        act, self.meanwhile = self.meanwhile, None
        if ufunc is not np.matmul or act is None:
            return getattr(ufunc, method)(*plain, **rest)
        rows, vector = plain
        first = rows[: len(rows) // 2] @ vector
        act()
        return np.concatenate((first, rows[len(rows) // 2 :] @ vector))


@pytest.mark.parametrize("going", [1, 5])
def test_who_stays_is_found_whoever_goes_meanwhile(index: GalleryIndex, going: int) -> None:
    """Where rows move when others go, a search looks where they are not yet, and then where they were."""
    leaving = [(f"ref_{number}", f"sub_{number}", unit(4)) for number in range(10)]
    staying = [(f"ref_stays_{number}", f"stays_{number}", unit(0)) for number in range(10)]
    put_all(index, [*leaving, *staying])
    probe = unit(1).vector.view(SlowProbe)

    def leave() -> None:
        for subject in range(going):
            index.remove_subject(f"sub_{subject}")

    probe.meanwhile = leave
    found = index.reaching(Template(probe, MODEL), threshold=0.999)
    assert {candidate.subject_id for candidate in found} == {f"stays_{number}" for number in range(10)}
    for candidate in found:
        assert candidate.reference_ids == (f"ref_{candidate.subject_id}",)


def test_who_went_meanwhile_is_not_found(index: GalleryIndex) -> None:
    put_all(index, [("ref_a", "sub_a", unit(0)), ("ref_b", "sub_b", unit(0))])
    probe = unit(1).vector.view(SlowProbe)
    probe.meanwhile = lambda: index.remove_subject("sub_a")
    assert [candidate.subject_id for candidate in index.reaching(Template(probe, MODEL), threshold=0.9)] == ["sub_b"]


def test_who_comes_in_the_place_of_who_went_meanwhile_is_not_taken_for_them(index: GalleryIndex) -> None:
    put_all(index, [("ref_a", "sub_a", unit(0)), ("ref_b", "sub_b", unit(4))])
    probe = unit(1).vector.view(SlowProbe)

    def leave_and_come() -> None:
        index.remove_subject("sub_a")
        index.put(reference_id="ref_c", subject_id="sub_c", template=unit(4))

    probe.meanwhile = leave_and_come
    assert index.reaching(Template(probe, MODEL), threshold=0.9) == []
    assert [candidate.subject_id for candidate in index.reaching(unit(5), threshold=0.9)] == ["sub_b", "sub_c"]


def test_who_stays_is_found_though_the_index_grows_meanwhile(index: GalleryIndex) -> None:
    put_all(index, [("ref_a", "sub_a", unit(0)), ("ref_b", "sub_b", unit(0))])
    probe = unit(1).vector.view(SlowProbe)
    probe.meanwhile = lambda: put_all(index, [(f"ref_{number}", f"sub_{number}", unit(4)) for number in range(500)])
    found = index.reaching(Template(probe, MODEL), threshold=0.9)
    assert [candidate.subject_id for candidate in found] == ["sub_a", "sub_b"]


def test_who_has_several_references_is_found_by_the_direction_of_their_sum(index: GalleryIndex) -> None:
    put_all(index, [("ref_a", "sub_a", unit(0)), ("ref_b", "sub_a", unit(4)), ("ref_c", "sub_c", unit(8))])
    middle = unit(0).vector + unit(4).vector
    probe = Template((middle / np.linalg.norm(middle)).astype(np.float32), MODEL)
    (found,) = index.reaching(probe, threshold=0.999)
    assert (found.subject_id, set(found.reference_ids)) == ("sub_a", {"ref_a", "ref_b"})
    assert index.reaching(unit(0), threshold=0.999) == [], "the nearest of several does not speak for them"
    index.put(reference_id="ref_b", subject_id="sub_b", template=unit(4))
    assert [c.subject_id for c in index.reaching(unit(0), threshold=0.999)] == ["sub_a"]
    assert [c.subject_id for c in index.reaching(unit(4), threshold=0.999)] == ["sub_b"]
    assert index.count() == 3


def test_references_that_cancel_each_other_out_match_nobody(index: GalleryIndex) -> None:
    opposite = Template(-unit(0).vector, MODEL)
    put_all(index, [("ref_a", "sub_a", unit(0)), ("ref_b", "sub_a", opposite)])
    (found,) = index.reaching(unit(0), threshold=-1)
    assert found.score == 0


def test_whose_sum_changes_meanwhile_is_found_by_what_they_had(index: GalleryIndex) -> None:
    put_all(index, [("ref_a", "sub_a", unit(0)), ("ref_b", "sub_a", unit(0))])
    probe = unit(1).vector.view(SlowProbe)
    probe.meanwhile = lambda: index.put(reference_id="ref_c", subject_id="sub_a", template=unit(0))
    (found,) = index.reaching(Template(probe, MODEL), threshold=0.9)
    assert found.subject_id == "sub_a"


def test_places_that_people_left_are_used_again() -> None:
    index = ExactIndex(model_id=MODEL, dimension=DIMENSION)
    for turn in range(50):
        put_all(index, [(f"ref_{turn}_{number}", f"sub_{turn}", unit(0)) for number in range(60)])
        index.remove_subject(f"sub_{turn}")
    assert index.count() == 0
    assert len(index._rows) == 64


def test_it_may_be_used_from_several_threads(index: GalleryIndex) -> None:
    failures: list[Exception] = []

    def come_and_go(name: str) -> None:
        try:
            for number in range(60):
                for which in range(3):
                    index.put(reference_id=f"ref_{name}_{which}", subject_id=f"sub_{name}", template=unit(number))
                for candidate in index.reaching(unit(number), threshold=0.99):
                    for reference_id in candidate.reference_ids:
                        assert reference_id.split("_")[1] == candidate.subject_id.split("_")[1]
                index.remove_subject(f"sub_{name}")
                assert index.nearest_of(f"sub_{name}", probe=unit(0)) is None
        except Exception as error:  # noqa: BLE001 -- told by the main thread
            failures.append(error)

    threads = [threading.Thread(target=come_and_go, args=(name,)) for name in "abcd"]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []
    assert index.count() == 0
