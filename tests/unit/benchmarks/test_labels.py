"""The rules that find wrong labels, on made-up people and pictures."""

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest
from benchmarks.accuracy.labels import Finding, Judge, Seen, corrected_by, greys
from numpy.typing import NDArray
from PIL import Image, ImageOps

PEOPLE = 60
PHOTOS = 4
DIMENSION = 256


@pytest.fixture
def seen() -> Seen:
    """Sixty people with four photos each, mates at a cosine of about 0.7; photo 3 of person 5 is row 23."""
    random = np.random.default_rng(0)
    people = np.repeat(np.arange(PEOPLE, dtype=np.int32), PHOTOS)
    faces = _unit(random.normal(size=(PEOPLE, DIMENSION)))
    vectors = _unit(faces[people] + 0.65 * _unit(random.normal(size=(len(people), DIMENSION))))
    pictures = np.stack([greys(_picture(row)) for row in range(len(people))])
    return Seen(vectors, people, np.full(len(people), 12.0, np.float32), pictures)


def _unit(vectors: NDArray[np.floating]) -> NDArray[np.float32]:
    return np.asarray(vectors / np.linalg.norm(vectors, axis=-1, keepdims=True), np.float32)


def _picture(seed: int) -> Image.Image:
    small = np.random.default_rng(seed).integers(256, size=(12, 12), dtype=np.uint8)
    return Image.fromarray(small).resize((250, 250), Image.Resampling.BICUBIC)


def _judged(seen: Seen, means_another: Callable[[int, list[int]], str] = lambda _row, _others: "") -> list[Finding]:
    return Judge(seen, means_another).judged()


def _stranger(seen: Seen, *rows: int) -> Seen:
    """The same, with somebody unlike all others on some photos."""
    random = np.random.default_rng(1)
    vectors = seen.vectors.copy()
    for row in rows:
        vectors[row] = _unit(random.normal(size=DIMENSION))
    return replace(seen, vectors=vectors)


def _renamed(seen: Seen, row: int, person: int) -> Seen:
    people = seen.people.copy()
    people[row] = person
    return replace(seen, people=people)


def test_where_all_labels_are_right_nothing_is_found(seen: Seen) -> None:
    assert _judged(seen) == []


@pytest.mark.parametrize("changed", [lambda picture: picture, ImageOps.mirror, lambda picture: picture.point(_paler)])
def test_one_photograph_under_two_names_is_left_out_where_it_does_not_fit(
    seen: Seen, changed: Callable[[Image.Image], Image.Image]
) -> None:
    vectors, pictures = seen.vectors.copy(), seen.pictures.copy()
    vectors[40], pictures[40] = vectors[3], greys(changed(_picture(3)))
    (found,) = _judged(replace(seen, vectors=vectors, pictures=pictures))
    assert (found.kind, found.photos, found.left_out) == ("same_photo", (3, 40), (40,))
    vectors, pictures = seen.vectors.copy(), seen.pictures.copy()
    vectors[3], pictures[3] = vectors[40], greys(changed(_picture(40)))
    (found,) = _judged(replace(seen, vectors=vectors, pictures=pictures))
    assert (found.kind, found.photos, found.left_out) == ("same_photo", (3, 40), (3,))


def _paler(value: int) -> int:
    return value // 2 + 60


def test_two_people_before_the_same_wall_are_no_same_photo(seen: Seen) -> None:
    pictures = seen.pictures.copy()
    pictures[40] = pictures[3]
    assert _judged(replace(seen, pictures=pictures)) == []


def test_two_folders_of_one_person_are_merged(seen: Seen) -> None:
    people = seen.people.copy()
    people[22:24] = PEOPLE
    (found,) = _judged(replace(seen, people=people))
    assert (found.kind, found.left_out, found.merged) == ("one_person_two_names", (), (5, PEOPLE))
    right = corrected_by(people, [found])
    assert right.kept.all()
    assert (right.people == seen.people).all()


def test_a_photo_in_another_folder_is_left_out(seen: Seen) -> None:
    (found,) = _judged(_renamed(seen, row=23, person=9))
    assert (found.kind, found.left_out, found.merged) == ("one_person_two_names", (23,), None)
    assert np.flatnonzero(~corrected_by(seen.people, [found]).kept).tolist() == [23]


def test_a_photo_of_somebody_else_is_left_out_where_the_others_agree(seen: Seen) -> None:
    (found,) = _judged(_stranger(seen, 23))
    assert (found.kind, found.left_out) == ("wrong_person", (23,))


def test_a_photo_that_is_not_clear_proves_nothing(seen: Seen) -> None:
    lengths = seen.lengths.copy()
    lengths[23] = 9.0
    assert _judged(replace(_stranger(seen, 23), lengths=lengths)) == []


def test_where_another_face_is_meant_the_label_is_not_called_wrong(seen: Seen) -> None:
    lengths = seen.lengths.copy()
    lengths[23] = 9.0
    asked: list[tuple[int, list[int]]] = []

    def means_another(row: int, others: list[int]) -> str:
        asked.append((row, others))
        return "It is the one beside."

    (found,) = _judged(replace(_stranger(seen, 23), lengths=lengths), means_another)
    assert (found.kind, found.left_out, found.reason) == ("another_face", (23,), "It is the one beside.")
    assert asked == [(23, [20, 21, 22])]


def test_nothing_is_said_of_a_photo_whose_fellows_do_not_agree(seen: Seen) -> None:
    assert _judged(_stranger(seen, 21, 22, 23)) == []


def test_of_two_photos_of_two_people_the_later_is_left_out(seen: Seen) -> None:
    people = np.concatenate([seen.people, [PEOPLE, PEOPLE]]).astype(np.int32)
    vectors = _unit(np.random.default_rng(2).normal(size=(2, DIMENSION)))
    pictures = np.stack([greys(_picture(row)) for row in (900, 901)])
    more = Seen(
        np.concatenate([seen.vectors, vectors]),
        people,
        np.full(len(people), 12.0, np.float32),
        np.concatenate([seen.pictures, pictures]),
    )
    (found,) = _judged(more)
    first = PEOPLE * PHOTOS
    assert (found.kind, found.photos, found.left_out) == ("wrong_person", (first, first + 1), (first + 1,))
