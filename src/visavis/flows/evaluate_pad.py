"""How well attack presentations are told from living people: from a set to the figures of ISO/IEC 30107-3:2023.

For measuring only, as ``visavis.flows.evaluate`` is. What leaves is counts of presentations, and nobody's name.
"""

import hashlib
import os
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from visavis.evaluate.binomial import counted_share
from visavis.flows.data_set import MadeTemplates, PresentationSet
from visavis.flows.presenting import PASSED, REJECTED, Look, Seen
from visavis.model.evaluation import DataSetUnreadable
from visavis.model.presentations import Form, Presentations
from visavis.model.purpose import LivenessMode

SCHEMA: Final = "visavis.pad-evaluation/1"
STANDARD: Final = "ISO/IEC 30107-3:2023"


@dataclass(frozen=True, slots=True)
class AskedPad:
    """What is to be measured. ``fmr`` is the rate whose bar the comparison uses; ``about`` says what the set is."""

    fmr: float
    threshold: float
    about: str = ""


class EvaluatePad:
    """Measures the liveness mode ``active`` on captures and ``passive`` on photos.

    Of photos, where no model finds attacks in them, it is told what the rest of the product lets pass.

    :param looks: how presentations of each form are looked at. :param models: what is told of the networks, by role.
    """

    def __init__(self, *, looks: Mapping[Form, Look], models: Mapping[str, Mapping[str, str]]) -> None:
        self._looks = looks
        self._models = models

    def run(
        self,
        data: PresentationSet,
        *,
        before: MadeTemplates,
        asked: AskedPad,
        told: Callable[[str, int, int], None] = lambda _what, _done, _of: None,
    ) -> dict[str, Any]:
        """The report.

        1. Every entry is looked at, or was in an earlier run.
        2. Of each species, and of the living, it is counted what was answered, what passed, and what was accepted: what
           gave no answer is counted apart, and is not accepted by the whole system.
        3. Species come worst first.

        :raises DataSetUnreadable: an entry cannot be read. :raises DecoderUnavailable: nothing decodes here.
        """
        # 1
        there, seen = data.presentations, self._look_at_all(data, before=before, told=told)
        # 2
        accepted, compared = _accepted(there, seen, threshold=asked.threshold)
        mode = self._mode(there.form)
        counting = _Counting(np.array([code for _, code in seen], np.str_), accepted, compared, mode is not None)
        bona_fide = counting.bona_fide(there)
        species = [counting.attack(there, number, frr=bona_fide["frr"]) for number in range(len(there.names))]
        lost = counting.codes[there.is_reference & (counting.codes != "")]
        return {
            "schema": SCHEMA,
            "standard": STANDARD,
            "about": asked.about,
            "mode": None if mode is None else mode.value,
            "fmr": asked.fmr,
            "models": {role: dict(card) for role, card in self._models.items()},
            "left_out": there.left_out,
            "references": int(there.is_reference.sum()),
            "references_lost": _by_code(lost),
            "bona_fide": bona_fide,
            # 3
            "attacks": sorted(species, key=_worst_first),
        }

    def _mode(self, form: Form) -> LivenessMode | None:
        if form is Form.CAPTURE:
            return LivenessMode.ACTIVE
        return LivenessMode.PASSIVE if "pad" in self._models else None

    def _look_at_all(
        self, data: PresentationSet, *, before: MadeTemplates, told: Callable[[str, int, int], None]
    ) -> list[Seen]:
        references = data.presentations.is_reference

        def one(entry: int) -> tuple[bytes, Seen]:
            form, content = data.read(entry)
            is_reference = bool(references[entry])
            # The same photo may be a reference and an attack, and is not looked at alike.
            digest = hashlib.sha256(b"reference" if is_reference else form.value.encode())
            for part in content:
                digest.update(hashlib.sha256(part).digest())
            key = digest.digest()
            try:
                return key, before.get(key) or self._looks[form](content, is_reference=is_reference)
            except DataSetUnreadable as error:
                raise DataSetUnreadable(f"Entry {entry + 1} of the set: {error.detail}") from None

        seen: list[Seen] = []
        pool = ThreadPoolExecutor(len(os.sched_getaffinity(0)) + 1)  # one waits for a disk or for what decodes
        try:
            for key, what in pool.map(one, range(len(references))):
                if before.get(key) is None:
                    before.put(key, *what)
                seen.append(what)
                told("Presentations", len(seen), len(references))
        finally:
            pool.shutdown(cancel_futures=True)
        return seen


@dataclass(frozen=True, slots=True)
class _Counting:
    """What became of every entry.

    ``compared`` says where there was a reference to compare with, ``classifies`` whether anything here tells attacks
    from living people.
    """

    codes: NDArray[np.str_]
    accepted: NDArray[np.bool_]
    compared: NDArray[np.bool_]
    classifies: bool

    def bona_fide(self, there: Presentations) -> dict[str, Any]:
        which = there.is_bona_fide
        rejected, compared = which & self._rejected, which & self.compared
        return {
            "people": len(np.unique(there.person[which])),
            **self._responses(which, "bpnrr"),
            "bpcer": self._classified(rejected, which),
            "frr": _share(int((compared & ~self.accepted).sum()), int(compared.sum()), why=_NO_REFERENCE),
        }

    def attack(self, there: Presentations, species: int, *, frr: Mapping[str, Any]) -> dict[str, Any]:
        which = there.species == species
        passed, compared = which & self._passed, which & self.compared
        iapar = _share(int((compared & self.accepted).sum()), int(compared.sum()), why=_NO_REFERENCE)
        known = iapar["known"] and frr["known"]
        return {
            "species": there.names[species],
            "targets": len(np.unique(there.person[which])),
            **self._responses(which, "apnrr"),
            "apcer": self._classified(passed, which),
            "iapar": iapar,
            "riapar": {"known": True, "value": iapar["value"] + frr["value"]} if known else _unknown(_NO_REFERENCE),
        }

    @property
    def _too_poor(self) -> NDArray[np.bool_]:
        """What was taken for a living person, and then not compared."""
        return np.asarray(np.char.startswith(self.codes, PASSED), np.bool_)

    @property
    def _passed(self) -> NDArray[np.bool_]:
        return np.asarray(self.codes == "", np.bool_) | self._too_poor

    @property
    def _rejected(self) -> NDArray[np.bool_]:
        return np.isin(self.codes, list(REJECTED))

    def _responses(self, which: NDArray[np.bool_], rate: str) -> dict[str, Any]:
        silent, all_of_them = which & ~(self._passed | self._rejected), int(which.sum())
        too_poor = np.array([code.removeprefix(PASSED) for code in self.codes[which & self._too_poor]], np.str_)
        return {
            "presentations": all_of_them,
            "taken_for_attacks": _by_code(self.codes[which & self._rejected]),
            "passed_too_poor_to_compare": _by_code(too_poor),
            "non_responses": _by_code(self.codes[silent]),
            rate: _share(int(silent.sum()), all_of_them, why=_NO_ANSWER),
        }

    def _classified(self, errors: NDArray[np.bool_], which: NDArray[np.bool_]) -> dict[str, Any]:
        if not self.classifies:
            return _unknown(_NO_MODEL)
        answered = which & (self._passed | self._rejected)
        return _share(int(errors.sum()), int(answered.sum()), why=_NO_ANSWER)


_NO_MODEL: Final = "Nothing here finds attacks in single photos."
_NO_ANSWER: Final = "No presentation gave an answer."
_NO_REFERENCE: Final = "Nobody who was presented has a reference that could be used."


def _accepted(
    there: Presentations, seen: Sequence[Seen], *, threshold: float
) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    """Which entries the whole system took for the person they show, and of which presentations that is to be told."""
    references = {
        int(there.person[entry]): vector
        for entry in np.flatnonzero(there.is_reference).tolist()
        if (vector := seen[entry][0]) is not None
    }
    found = [references.get(int(person)) for person in there.person]
    compared = np.array([one is not None for one in found]) & ~there.is_reference
    accepted = np.array(
        [
            vector is not None and reference is not None and float(vector @ reference) >= threshold
            for (vector, _), reference in zip(seen, found, strict=True)
        ]
    )
    return accepted, compared


def _worst_first(one: Mapping[str, Any]) -> tuple[float, float, str]:
    apcer, iapar = ((-one[rate]["value"] if one[rate]["known"] else 1.0) for rate in ("apcer", "iapar"))
    return apcer, iapar, one["species"]


def _by_code(codes: NDArray[np.str_]) -> dict[str, int]:
    return dict(sorted(Counter(codes.tolist()).items()))


def _share(errors: int, of: int, *, why: str) -> dict[str, Any]:
    if not of:
        return _unknown(why)
    found = counted_share(errors, of)
    return {"known": True, "value": found.value, "low": found.low, "high": found.high, "errors": errors, "of": of}


def _unknown(why: str) -> dict[str, Any]:
    return {"known": False, "why": why}
