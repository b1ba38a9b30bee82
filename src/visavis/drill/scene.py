"""The installation that is attacked: set up, filled with people, some of whom withdraw, and copied at two moments."""

import itertools
import re
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from shutil import rmtree
from typing import Final, TypeVar, cast, get_args

from visavis import bootstrap, bootstrap_keys
from visavis.client import Person, Scope, Visavis
from visavis.drill.forms import Forms, of_photo, of_template, of_text
from visavis.drill.people import ASKED, FACELESS, GONE, KEPT, Equipment, Somebody, everybody
from visavis.drill.place import Place
from visavis.drill.search import Searcher
from visavis.drill.server import NotStarted, Server
from visavis.drill.thief import transforms_of
from visavis.model.custodians import Named
from visavis.wire.setup import PurposeRequest

T = TypeVar("T")

SCOPES: Final[tuple[Scope, ...]] = get_args(Scope)

_CUSTODIANS: Final = 5
_THRESHOLD: Final = 3
_ON_A_SHEET: Final = re.compile(r"<li>([a-z]+)</li>")

_PURPOSE: Final = PurposeRequest(
    name="Staff door",
    controller="Acme Drill",
    contact="privacy@acme.example",
    jurisdiction="NL",
    text="We open the door for you when our station recognises your face. This installation exists for a drill.",
    retention_days=365,
    target_kind="fpir",
    target=0.01,
)


@dataclass(slots=True)
class Scene:
    """What an attack has around it.

    ``place`` is the installation; its server runs. ``early`` is a copy of all its files from when everybody was
    enrolled, ``GONE`` too. ``secrets`` is what must be nowhere, by whose it is.
    """

    folder: Path
    place: Place
    equipment: Equipment
    server: Server
    api_key: str = field(repr=False)
    gallery_id: str
    people: Mapping[str, Somebody]
    scope_keys: Mapping[str, str] = field(repr=False)
    early: Place
    secrets: Mapping[str, Forms] = field(repr=False)
    _numbers: Iterator[int] = field(default_factory=itertools.count, repr=False)
    _kept: dict[str, object] = field(default_factory=dict, repr=False)
    _searchers: dict[tuple[str, ...], Searcher] = field(default_factory=dict, repr=False)

    def searcher(self, *whose: str) -> Searcher:
        """Looks for what belongs to these people, or to all."""
        names = whose or tuple(self.secrets)
        if names not in self._searchers:
            self._searchers[names] = Searcher({name: self.secrets[name] for name in names})
        return self._searchers[names]

    @property
    def retention_days(self) -> int:
        """How long consents are valid here."""
        return _PURPOSE.retention_days

    def once(self, name: str, make: Callable[["Scene"], T]) -> T:
        """What several attacks look at and takes long to make."""
        if name not in self._kept:
            self._kept[name] = make(self)
        return cast("T", self._kept[name])

    def scratch(self, name: str) -> Path:
        """A fresh folder."""
        made = self.folder / f"{next(self._numbers)}-{name}"
        made.mkdir()
        return made

    def twin(self, source: Place | None = None) -> Place:
        """A copy of the installation, or of an early copy of it, that may be spoilt."""
        return (source or self.place).copied(self.scratch("twin"))

    @contextmanager
    def serving(self, place: Place) -> Iterator[Server]:
        """A server over such a copy.

        :raises NotStarted: it refused to start.
        """
        with Server(place, self.equipment.program, api_key=self.api_key) as server:
            yield server

    @contextmanager
    def sealed(self, place: Place) -> Iterator[Server]:
        """The same, left sealed."""
        with Server(place, self.equipment.program, api_key=self.api_key, sealed=True) as server:
            yield server

    def whom(self, server: Server, photo: bytes) -> str | None:
        """Whom a station takes the one on a photo for; None where it takes them for nobody."""
        decision = server.identify(photo, gallery_id=self.gallery_id)
        return decision.subject.external_reference if decision.subject else None

    def refused_to_start(self, place: Place) -> str | None:
        """The code by which a server refuses this place; None where it starts."""
        try:
            with self.serving(place):
                return None
        except NotStarted as refused:
            return refused.code or "no reason was told"


@contextmanager
def played(folder: Path, *, models: Path, equipment: Equipment, quorum: bool = False) -> Iterator[Scene]:
    """The scene, from the first key to the withdrawal; gone with the block, but for the folder.

    :param quorum: five custodians are handed the root, of whom three open it.
    """
    place = Place(folder / "installation", models)
    place.folder.mkdir(parents=True)
    api_key = bootstrap.initialise(place.settings())
    if quorum:
        place = _handed_over(place, folder / "shares")
    with Server(place, equipment.program, api_key=api_key) as server:
        people = everybody(equipment.photos)
        with server.operator() as operator:
            purpose = operator.state_purpose(_PURPOSE)
            gallery_id = operator.open_gallery(name="Staff", purpose_id=purpose.id).id
            scope_keys: dict[str, str] = {scope: _key(operator, scope) for scope in SCOPES}
            for name in (KEPT, GONE, ASKED):
                people[name].be_asked(operator, gallery_id)
            operator.add_without_face(gallery_id, external_reference=FACELESS)
        for name in (KEPT, GONE):
            people[name].agree()
            server.identify(people[name].probe, gallery_id=gallery_id)
        early = place.copied(folder / "early")
        receipt = people[GONE].receipt
        assert receipt is not None  # noqa: S101 -- for the type checker: they agreed above
        with Person(receipt) as gone:
            gone.withdraw()
        yield Scene(
            folder=folder,
            place=place,
            equipment=equipment,
            server=server,
            api_key=api_key,
            gallery_id=gallery_id,
            people=people,
            scope_keys=scope_keys,
            early=early,
            secrets={name: _secrets(one, equipment, place) for name, one in people.items()},
        )


def _handed_over(place: Place, out: Path) -> Place:
    """Hold the ceremony; the shares that are needed stay with the place, and the files of all of them go."""
    settings = place.settings()
    named = [Named(f"custodian {number}") for number in range(1, _CUSTODIANS + 1)]
    with bootstrap.DataDirectory(settings.data_dir):
        bootstrap_keys.hold_ceremony(settings, named=named, threshold=_THRESHOLD, out=out)
        sheets = [path.read_text(encoding="utf-8") for path in sorted(out.iterdir())]
        words = tuple(" ".join(_ON_A_SHEET.findall(sheet)) for sheet in sheets[:_THRESHOLD])
        bootstrap_keys.confirm_ceremony(settings, words=words)
    rmtree(out)
    return Place(place.folder, place.models, words)


def _key(operator: Visavis, scope: Scope) -> str:
    made = operator.make_api_key(name=f"only {scope}", scopes=[scope])
    assert made.secret is not None  # noqa: S101 -- for the type checker: it is told once, here
    return made.secret


def _secrets(one: Somebody, equipment: Equipment, place: Place) -> Forms:
    """Everything of somebody that must be nowhere in the clear: templates as made and as each gallery turns them."""
    forms = of_text(one.name)
    for photo in one.photos:
        template = equipment.stages.extractor.extract(photo).vector
        forms |= of_template(template)
        for turned in transforms_of(place):
            forms |= of_template(turned(template), called="transformed template")
        forms |= of_photo(photo, None if equipment.decode is None else equipment.decode(photo))
    return forms
