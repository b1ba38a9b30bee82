"""While people are enrolled, agree and withdraw, no file has a template, a name or a photo of theirs in the clear."""

import threading
from collections.abc import Mapping
from pathlib import Path

import pytest
from sim.faces import photo

from visavis.client import ConsentLink, Person
from visavis.drill.forms import Forms, of_photo, of_template, of_text
from visavis.drill.people import Somebody
from visavis.drill.scene import Scene
from visavis.drill.search import Searcher
from visavis.drill.thief import transforms_of

_MANY = 12


def _people() -> list[Somebody]:
    return [
        Somebody(
            f"Bartholomew Østergård-{number:05}",
            (photo(f"bartholomew-{number:05}"), photo(f"bartholomew-{number:05}", 2)),
        )
        for number in range(_MANY)
    ]


def _secrets(scene: Scene, people: list[Somebody]) -> Mapping[str, Forms]:
    found = {}
    for one in people:
        template = scene.equipment.stages.extractor.extract(one.enrolled[0]).vector
        forms = of_text(one.name) | of_photo(one.enrolled[0]) | of_template(template)
        for turned in transforms_of(scene.place):
            forms |= of_template(turned(template), called="transformed template")
        found[one.name] = forms
    return found


def _live(scene: Scene, people: list[Somebody], failed: list[BaseException]) -> None:
    """Everybody is enrolled and agrees; then everybody withdraws."""
    try:
        with scene.server.operator() as operator:
            for one in people:
                one.be_asked(operator, scene.gallery_id)
                one.agree()
        for one in people:
            assert one.receipt is not None
            with Person(one.receipt) as person:
                person.withdraw()
    except BaseException as error:  # noqa: BLE001 -- told to the test, which is in another thread
        failed.append(error)


@pytest.mark.slow
def test_nothing_is_in_the_clear_while_people_come_and_go(scene: Scene, tmp_path: Path) -> None:
    people, failed = _people(), list[BaseException]()
    searcher = Searcher(_secrets(scene, people))
    (tmp_path / "planted").write_bytes(scene.equipment.stages.extractor.extract(people[3].enrolled[0]).vector.tobytes())
    assert {found.whose for found in searcher.files(tmp_path)} == {people[3].name}
    lives = threading.Thread(target=_live, args=(scene, people, failed))
    lives.start()
    found, looks = set(), 0
    while lives.is_alive():
        for path in sorted(scene.place.data_dir.rglob("*")):
            try:
                found |= searcher(path.read_bytes(), place=path.name) if path.is_file() else set()
            except FileNotFoundError:
                continue  # a temporary file of the log's, renamed meanwhile
        looks += 1
    lives.join()
    assert failed == []
    assert looks > 3
    assert found == set()
    # After the erasures: all files, the server's log and the key store.
    assert searcher.files(scene.place.data_dir, scene.place.key_store, scene.place.log) == set()
    assert scene.place.sql("SELECT count(*) FROM subjects WHERE id IN (SELECT subject_id FROM tombstones)")[0][0] == 0


def test_an_offer_that_nobody_answered_leaks_nothing_either(scene: Scene) -> None:
    one = Somebody("Philippa Ærøskøbing-00042", (photo("philippa-00042"), photo("philippa-00042", 2)))
    searcher = Searcher(_secrets(scene, [one]))
    with scene.server.operator() as operator:
        one.be_asked(operator, scene.gallery_id)
    assert searcher.files(scene.place.data_dir, scene.place.log) == set()
    with ConsentLink(one.link) as link:
        link.decline()
    assert searcher.files(scene.place.data_dir, scene.place.log) == set()
