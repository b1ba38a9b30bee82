"""The people of the drill. They agreed to nothing: the drill plays their part, and erases everything when it ends."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Final

import numpy as np
from numpy.typing import NDArray

from visavis.bootstrap import Stages
from visavis.client import ConsentLink, Receipt, Visavis
from visavis.drill.server import Program
from visavis.wire.people import OtherWay

KEPT: Final = "Wilhelmina Quarles-Ödegård 7731"
"""Agreed and stays."""
GONE: Final = "Theodoric Vanterpool-Łoś 9042"
"""Agreed, was recognised, and withdrew."""
ASKED: Final = "Ignatius Brzezicki-Hjørring 5518"
"""Was enrolled and never answered."""
FACELESS: Final = "Zenobia Przybylski-Nuñez 3306"
"""Is served by PIN and QR credential."""


@dataclass(frozen=True, slots=True)
class Equipment:
    """What differs between the drill and its tests: the server's program, the photos, and what becomes of them."""

    program: Program
    photos: Mapping[str, tuple[bytes, ...]] = field(repr=False)
    """Of each of the first three people, the last one for showing at a station."""
    stages: Stages = field(repr=False)
    """What makes templates of photos, as the server does."""
    decode: Callable[[bytes], NDArray[np.uint8]] | None = field(default=None, repr=False)
    """The picture in a photo (rows, columns, three channels); None where photos have none."""


@dataclass(slots=True)
class Somebody:
    """One person, and what they and the attacker-to-be know of them."""

    name: str
    photos: tuple[bytes, ...] = field(repr=False)
    link: str = field(default="", repr=False)
    subject_id: str = ""
    receipt: Receipt | None = field(default=None, repr=False)
    other_way: OtherWay | None = field(default=None, repr=False)

    @property
    def enrolled(self) -> tuple[bytes, ...]:
        """The photos that they are enrolled with."""
        return self.photos[:-1] or self.photos

    @property
    def probe(self) -> bytes:
        """The photo that is shown at a station."""
        return self.photos[-1]

    def be_asked(self, operator: Visavis, gallery_id: str) -> None:
        """Enrol them; their link comes."""
        answer = operator.enrol(gallery_id, external_reference=self.name, photos=list(self.enrolled))
        self.link = answer.consent_link

    def agree(self) -> None:
        """Play their part: read, agree, keep the receipt. SIMULATED CONSENT."""
        with ConsentLink(self.link) as consent:
            self.receipt = consent.prepare(consent.terms())
            self.subject_id = self.receipt.subject_id
            self.other_way = consent.countersign(self.receipt).other_way


def everybody(photos: Mapping[str, tuple[bytes, ...]]) -> dict[str, Somebody]:
    """Everybody, by name."""
    return {name: Somebody(name, photos.get(name, ())) for name in (KEPT, GONE, ASKED, FACELESS)}
