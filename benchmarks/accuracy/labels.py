"""Which labels of ``lfw-dev`` are wrong, by rules with numbers and without a list of names: ``make labels``.

1. **same_photo**: two pictures under two names are the same (the middle, in 20 x 20 greys, also mirrored, correlates by
   0.97) and so are their faces (cosine 0.8). One is left out: the one whose folder's other photos it does not fit, or,
   where that tells nothing, the later one.
2. **one_person_two_names**: two photos under two names have a cosine of 0.57, which no two people reach here whom one
   can see to be two (two brothers come to 0.556). Where the photos of both folders agree, the folders are one person.
   A photo that does not fit its own folder is left out instead.
3. **wrong_person**: of three photos or more, one is less like each of the others than one in a hundred comparisons of
   two people is, while the others agree (median 0.5). It is left out. Of two photos that are so little alike nobody can
   tell which bears its name; the later one is left out. Both have to be clear: the network's vector has a length of 10,
   which 98 in 100 photos reach, and those with a bad crop, a profile or dark glasses often do not.
4. **another_face**: as 3, clear or not, but the face that was taken does not hold the middle of the picture, where the
   person is whom the label means, or another face in it fits the folder. The label is right and the photo left out.

A photo fits its folder when the median of its cosines with the other photos there is at least 0.35. Templates are the
best that ``variants`` has: the mean of an upright and a mirrored crop, less the mean of people's means. The rules were
set by looking at the photos that they find, so that what they find is right; they find not all there is.

Findings with names, reasons and figures go to ``.work/lfw-dev/labels.json``, and nowhere else. The last line printed
is one JSON object with how many there are of each.
"""

import hashlib
import json
import sys
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Final

import numpy as np
from benchmarks.accuracy.ablation import centred
from benchmarks.accuracy.lfw_dev import PHOTOS, WORK, models_folder
from benchmarks.accuracy.variants import CROPS, unit, variants
from numpy.typing import NDArray
from PIL import Image

from visavis.adapters.model_store import ModelStore
from visavis.adapters.openvino.runtime import Runtime
from visavis.adapters.openvino.stages import open_detector, open_embedder
from visavis.capture.align import align
from visavis.capture.centre import nearest_the_centre
from visavis.capture.decode import decode
from visavis.evaluate.comparisons import ROWS, compare_all
from visavis.evaluate.rates import Rates

KINDS: Final = ("same_photo", "one_person_two_names", "wrong_person", "another_face")
FOUND: Final = WORK / "lfw-dev" / "labels.json"
SAME_PICTURE: Final = 0.97
SAME_FACE: Final = 0.8
ONE_PERSON: Final = 0.57
FITS: Final = 0.35
AGREE: Final = 0.5
CLEAR: Final = 10.0
STRANGERS: Final = 1e-2
"""Share of comparisons of two people that are more alike than a photo and its folder have to be."""
_LOOKED_AT: Final = 5
"""Photos of a folder that another face is compared with."""
_GREYS: Final = 20
_MIDDLE: Final = (50, 50, 200, 200)

Vectors = NDArray[np.float32]
People = NDArray[np.int32]
MeansAnother = Callable[[int, list[int]], str]
"""Told a row and the rows of its folder: why another face of the photo is meant, or "" if none is."""


@dataclass(frozen=True, slots=True)
class Seen:
    """All that is looked at, one row per photo."""

    vectors: Vectors
    """Unit templates."""
    people: People
    """Who it is by the label, 0 to people - 1."""
    lengths: NDArray[np.float32]
    """Of the network's vector before it was made a unit."""
    pictures: Vectors
    """Greys of the middle of each picture, row by row, mean 0 and length 1."""


@dataclass(frozen=True, slots=True)
class Finding:
    """One wrong label, by rows of photos and numbers of people."""

    kind: str
    photos: tuple[int, ...]
    reason: str
    figures: dict[str, float]
    left_out: tuple[int, ...] = ()
    merged: tuple[int, int] | None = None


@dataclass(frozen=True, slots=True)
class Corrected:
    """The set without its wrong labels."""

    kept: NDArray[np.bool_]
    """Photos that stay, shape (photos,)."""
    people: People
    """The person of every photo, those left out included, two folders of one person under one number."""


class Judge:
    """Applies the rules in their order; what one leaves out the next does not see."""

    def __init__(self, seen: Seen, means_another: MeansAnother) -> None:
        self._seen = seen
        self._means_another = means_another
        self._people = seen.people.copy()
        self._out: set[int] = set()
        self.findings: list[Finding] = []
        self.strangers = Rates.of(compare_all(seen.vectors, seen.people)).threshold_at(STRANGERS)

    def judged(self) -> list[Finding]:
        """All findings."""
        for first, second, cosine, correlation in same_pictures(self._seen):
            self._same_photo(first, second, {"correlation": correlation, "cosine": cosine})
        links: dict[tuple[int, int], list[tuple[int, int, float]]] = {}
        for first, second, cosine in alike_under_two_names(self._seen):
            links.setdefault((self._people[first], self._people[second]), []).append((first, second, cosine))
        for found in links.values():
            self._one_person(found)
        for person in np.unique(self._people):
            self._odd_ones(self._rows(person))
        return self.findings

    def _rows(self, person: int) -> list[int]:
        return [int(row) for row in np.flatnonzero(self._people == person) if row not in self._out]

    def _own(self, row: int) -> Vectors:
        others = [other for other in self._rows(self._people[row]) if other != row]
        return np.asarray(self._seen.vectors[others] @ self._seen.vectors[row], np.float32)

    def _misfit(self, row: int) -> bool:
        own = self._own(row)
        return len(own) > 0 and float(np.median(own)) < FITS

    def _found(self, finding: Finding) -> None:
        self.findings.append(finding)
        self._out.update(finding.left_out)
        if finding.merged:
            self._people[self._people == finding.merged[1]] = finding.merged[0]

    def _same_photo(self, first: int, second: int, figures: dict[str, float]) -> None:
        if self._out & {first, second}:
            return
        if self._misfit(second):
            out, why = second, "the left-out copy does not fit the other photos of its name"
        elif self._misfit(first):
            out, why = first, "the left-out copy does not fit the other photos of its name"
        elif len(self._own(second)) and not len(self._own(first)):
            out, why = first, "the other copy fits the other photos of its name"
        else:
            out, why = second, "no other photo tells which name is right"
        self._found(Finding(KINDS[0], (first, second), f"The same photograph under two names; {why}.", figures, (out,)))

    def _one_person(self, links: list[tuple[int, int, float]]) -> None:
        links = [(first, second, cosine) for first, second, cosine in links if not self._out & {first, second}]
        misfits = sorted({row for first, second, _ in links for row in (first, second) if self._misfit(row)})
        if misfits:
            first, second, cosine = links[0]
            figures = {"cosine": cosine, "own_median": float(np.median(self._own(misfits[0])))}
            reason = "One person under two names; the left-out photo does not fit the others of its name."
            self._found(Finding(KINDS[1], (first, second), reason, figures, tuple(misfits)))
        elif links:
            first, second, cosine = links[0]
            mine, theirs = self._rows(self._people[first]), self._rows(self._people[second])
            between = float(np.median(self._seen.vectors[mine] @ self._seen.vectors[theirs].T))
            if between >= FITS:
                figures = {"cosine": cosine, "median_between": between, "photos": len(mine) + len(theirs)}
                merged = (int(self._people[first]), int(self._people[second]))
                reason = "One person under two names: the photos of both agree."
                self._found(Finding(KINDS[1], (first, second), reason, figures, merged=merged))

    def _odd_ones(self, rows: list[int]) -> None:
        if len(rows) < 2:  # noqa: PLR2004 -- nothing to compare with
            return
        own = self._seen.vectors[rows] @ self._seen.vectors[rows].T
        np.fill_diagonal(own, -1)
        best = own.max(axis=1)
        for place in np.flatnonzero(best < self.strangers):
            others = [row for row in rows if row != rows[place] and row not in self._out]
            if rows[place] not in self._out and others:
                self._odd_one(rows[place], others, best=float(best[place]))

    def _odd_one(self, row: int, others: list[int], *, best: float) -> None:
        among = self._seen.vectors[others] @ self._seen.vectors[others].T
        agree = float(np.median(among[np.triu_indices(len(others), 1)])) if len(others) > 1 else float("nan")
        if agree < AGREE:
            return
        figures = {"own_best": best, "length": float(self._seen.lengths[row])} | self._nearest_of_others(row)
        why = self._means_another(row, others)
        if why:
            self._found(Finding(KINDS[3], (row,), why, figures, (row,)))
        elif len(others) > 1 and self._seen.lengths[row] >= CLEAR:
            reason = "Unlike all other photos of its name, which agree."
            self._found(Finding(KINDS[2], (row,), reason, figures | {"others_median": agree}, (row,)))
        elif len(others) == 1 and row > others[0] and self._seen.lengths[[row, others[0]]].min() >= CLEAR:
            reason = "Two photos of two people under one name; nobody can tell who bears it."
            self._found(Finding(KINDS[2], (others[0], row), reason, figures, (row,)))

    def _nearest_of_others(self, row: int) -> dict[str, float]:
        cosines = self._seen.vectors @ self._seen.vectors[row]
        cosines[self._people == self._people[row]] = -1
        return {"nearest_other": float(cosines.max()), "nearest_row": int(cosines.argmax())}


def same_pictures(seen: Seen) -> Iterator[tuple[int, int, float, float]]:
    """Rows under two names whose pictures and faces are the same: both rows, cosine, correlation."""
    mirrored = seen.pictures.reshape(-1, _GREYS, _GREYS)[:, :, ::-1].reshape(len(seen.pictures), -1)
    for start in range(0, len(seen.pictures), ROWS):
        block = seen.pictures[start : start + ROWS]
        correlation = np.maximum(block @ seen.pictures.T, block @ mirrored.T)
        for first, second in np.argwhere(correlation >= SAME_PICTURE):
            row, other = int(first) + start, int(second)
            cosine = float(seen.vectors[row] @ seen.vectors[other])
            if row < other and seen.people[row] != seen.people[other] and cosine >= SAME_FACE:
                yield row, other, cosine, float(correlation[first, second])


def alike_under_two_names(seen: Seen) -> list[tuple[int, int, float]]:
    """Rows under two names with a cosine of at least ``ONE_PERSON``, the most alike first."""
    found = []
    for start in range(0, len(seen.vectors), ROWS):
        cosines = seen.vectors[start : start + ROWS] @ seen.vectors.T
        for first, second in np.argwhere(cosines >= ONE_PERSON):
            row, other = int(first) + start, int(second)
            if row < other and seen.people[row] != seen.people[other]:
                found.append((row, other, float(cosines[first, second])))
    return sorted(found, key=lambda link: (-link[2], link[:2]))


def corrected_by(people: People, findings: list[Finding]) -> Corrected:
    """The set as the findings leave it."""
    kept, whose = np.ones(len(people), bool), people.copy()
    for finding in findings:
        kept[list(finding.left_out)] = False
        if finding.merged:
            whose[whose == finding.merged[1]] = finding.merged[0]
    return Corrected(kept, whose)


def greys(picture: Image.Image) -> NDArray[np.float32]:
    """The middle of a picture of 250 x 250, shape (400,), mean 0 and length 1."""
    small = picture.convert("L").crop(_MIDDLE).resize((_GREYS, _GREYS), Image.Resampling.BOX)
    values = np.asarray(small, np.float32).ravel()
    values = values - values.mean()
    return np.asarray(values / max(float(np.linalg.norm(values)), 1e-6), np.float32)


class _Faces:
    """Looks at a photo again, with all its faces."""

    def __init__(self, files: list[Path]) -> None:
        store, runtime = ModelStore(models_folder()), Runtime(threads=1, streams=1)
        self._detector, self._embedder = open_detector(store, runtime), open_embedder(store, runtime)
        self._files = files

    def means_another(self, row: int, others: list[int]) -> str:
        """Why, or ""."""
        frame = decode(self._files[row].read_bytes())
        faces = self._detector.detect(frame)
        taken = nearest_the_centre(faces, frame=frame)
        across, down = frame.width / 2 - taken.left, frame.height / 2 - taken.top
        if not (0 <= across <= taken.width and 0 <= down <= taken.height):
            return "The face that was taken does not hold the middle of the picture, where the one meant is."
        left = [face for face in faces if face is not taken]
        if left:
            own = np.stack([self._template(other) for other in others[:_LOOKED_AT]])
            fit = np.median(own @ unit(self._embedder.embed([align(frame, face) for face in left])).T, axis=0)
            if float(fit.max()) >= FITS:
                return "Another face in the picture fits the other photos of the name."
        return ""

    def _template(self, row: int) -> NDArray[np.float32]:
        frame = decode(self._files[row].read_bytes())
        face = nearest_the_centre(self._detector.detect(frame), frame=frame)
        return unit(self._embedder.embed([align(frame, face)])[0])


def photo_files() -> list[Path]:
    """The photos in the order of rows."""
    return sorted(PHOTOS.glob("*/*.jpg"))


def findings() -> list[Finding]:
    """What is wrong, from ``.work`` if this file and the set are the same."""
    files = photo_files()
    key = hashlib.sha256(
        "".join([Path(__file__).read_text(), *(f"{file.name}\n" for file in files)]).encode()
    ).hexdigest()
    if FOUND.is_file():
        kept = json.loads(FOUND.read_text(encoding="utf-8"))
        if kept["made_from"] == key:
            return [_from_fields(fields) for fields in kept["findings"]]
    made = variants()
    if len(made.people) != len(files):
        sys.exit("A photo without a face: rows are no longer files.")
    crops = made.unit(("two looks", False), ("two looks", True))
    pictures = np.stack([greys(Image.open(file)) for file in files])
    vectors = centred(crops, made.people)(crops)
    seen = Seen(vectors, made.people, np.linalg.norm(made.raw[:, CROPS.index("plain")], axis=-1), pictures)
    found = Judge(seen, _Faces(files).means_another).judged()
    told = [asdict(finding) | {"files": [files[row].stem for row in finding.photos]} for finding in found]
    FOUND.write_text(json.dumps({"made_from": key, "findings": told}, indent=1) + "\n", encoding="utf-8")
    return found


def _from_fields(fields: dict[str, object]) -> Finding:
    kept: dict[str, object] = {
        name: tuple(value) if isinstance(value, list) else value for name, value in fields.items() if name != "files"
    }
    return Finding(**kept)  # type: ignore[arg-type] # what asdict made


def left_out() -> set[int]:
    """Rows of photos that are left out."""
    return {row for finding in findings() for row in finding.left_out}


def corrected() -> Corrected:
    """``lfw-dev`` without its wrong labels."""
    people = np.unique([file.parent.name for file in photo_files()], return_inverse=True)[1].astype(np.int32)
    return corrected_by(people, findings())


def main() -> None:
    """Look for them, and print how many there are."""
    found = findings()
    counts = Counter(finding.kind for finding in found)
    for kind in KINDS:
        own = [finding for finding in found if finding.kind == kind]
        for reason, number in sorted(Counter(finding.reason for finding in own).items()):
            print(f"{kind:22}{number:4}  {reason}")
    print(f"{sum(finding.merged is not None for finding in found)} pairs of folders are one person. See {FOUND}.")
    out = sum(len(finding.left_out) for finding in found)
    print(json.dumps({kind: counts[kind] for kind in KINDS} | {"photos_left_out": out}))


if __name__ == "__main__":
    main()
