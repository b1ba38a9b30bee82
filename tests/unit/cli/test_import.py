"""``visavis import``: folders and tables as people have them, in front of a whole server with simulated faces."""

import csv
import itertools
import json
import os
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx2
import pytest
from click.testing import CliRunner, Result
from sim.faces import BROKEN, CROWD, NOBODY, photo
from structlog.testing import capture_logs
from support.pdf import code_of, drawn_codes, pages
from support.world import BASE, World

from visavis.cli import importing
from visavis.cli.main import program

Import = Callable[..., Result]


@pytest.fixture
def gallery(world: World) -> str:
    return world.gallery()


@pytest.fixture
def call(world: World, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Import:
    """The program as a shell would run it."""
    transport = world.transport
    monkeypatch.setattr(httpx2.HTTPTransport, "handle_request", lambda _, request: transport.handle_request(request))
    monkeypatch.setattr("time.sleep", lambda _: None)
    monkeypatch.chdir(tmp_path)
    environment = {"VISAVIS_URL": BASE, "VISAVIS_API_KEY": world.secret, "VISAVIS_REASON": "to hand out links"}

    def call(*arguments: str) -> Result:
        with capture_logs():  # the server's, which is in this process
            return CliRunner(env=environment).invoke(program, ["--json", "import", *arguments])

    return call


@pytest.fixture
def bring(call: Import, gallery: str) -> Import:
    return lambda source, *more: call("run", str(source), "--gallery", gallery, *more)


@pytest.fixture
def people(tmp_path: Path) -> Path:
    """Three people in folders of their own."""
    root = tmp_path / "people"
    for name in ("ann", "bea", "cec"):
        put(root / name / "1.jpg", photo(name))
        put(root / name / "2.JPG", photo(name, 2))
    return root


def put(path: Path, content: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)


def told(result: Result) -> dict[str, Any]:
    answer: dict[str, Any] = json.loads(result.stdout)
    return answer


def rows(path: Path) -> list[dict[str, str]]:
    with path.open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def refused(path: Path) -> list[tuple[str, str, str]]:
    found = rows(path)
    assert all(row["what_to_do"] for row in found)
    return sorted((row["external_reference"], row["photo"], row["code"]) for row in found)


def test_a_folder_is_brought_whole(world: World, bring: Import, people: Path) -> None:
    result = bring(people)
    assert result.exit_code == 0, result.output
    answer = told(result)
    assert (answer["people"], answer["brought"], answer["name"]) == (3, 3, "people")
    assert answer["import"] == {"pending": 3, "refused": 0, "erased": 0, "photos_stored": 6, "photos_refused": 0}
    assert world.sql("SELECT DISTINCT state FROM subjects") == [("PENDING",)]


def test_run_again_it_brings_what_is_new_and_nothing_twice(world: World, bring: Import, people: Path) -> None:
    bring(people)
    seen = len(world.faces.seen)
    again = told(bring(people))
    assert (again["brought"], again["brought_before"], len(world.faces.seen)) == (0, 3, seen)
    put(people / "dan" / "1.png", photo("dan"))
    more = told(bring(people))
    assert (more["brought"], more["brought_before"], more["import"]["pending"]) == (1, 3, 4)
    assert world.sql("SELECT count(*) FROM subjects") == [(4,)]


def test_another_name_is_another_import(bring: Import, people: Path) -> None:
    first, second = told(bring(people)), told(bring(people, "--name", "second"))
    assert first["import_id"] != second["import_id"]
    assert second["brought"] == 3


def test_what_cannot_be_read_is_reported_and_the_rest_is_brought(bring: Import, people: Path, tmp_path: Path) -> None:
    put(tmp_path / "outside.jpg", photo("x"))
    put(people / "ann" / "notes.txt", b"hello")
    put(people / "ann" / ".DS_Store", b"")
    put(people / "ann" / "deeper" / "1.jpg", photo("ann", 3))
    (people / "bea" / "link.jpg").symlink_to(tmp_path / "outside.jpg")
    (people / "bea" / "inside.jpg").symlink_to(people / "bea" / "1.jpg")
    (people / "bea" / "loop.jpg").symlink_to(people / "bea" / "loop.jpg")
    (people / "cec" / "gone.jpg").symlink_to(people / "nothing.jpg")
    os.mkfifo(people / "cec" / "pipe.jpg")
    put(people / "cec" / "large.jpg", b"\0" * (12 * 1024 * 1024 + 1))
    put(people / "stray.jpg", photo("x"))
    (people / "dan").mkdir()
    put(tmp_path / "elsewhere" / "1.jpg", photo("x"))
    (people / "eve").symlink_to(tmp_path / "elsewhere")
    result = bring(people, "--refused", "refused.csv")
    assert result.exit_code == 11, result.output
    assert refused(tmp_path / "refused.csv") == [
        ("", "stray.jpg", "photo_stray"),
        ("ann", "deeper", "folder_nested"),
        ("ann", "notes.txt", "photo_kind_unknown"),
        ("bea", "link.jpg", "photo_outside"),
        ("bea", "loop.jpg", "photo_outside"),
        ("cec", "gone.jpg", "photo_unreadable"),
        ("cec", "large.jpg", "image_too_large"),
        ("cec", "pipe.jpg", "photo_unreadable"),
        ("dan", "", "no_photos"),
        ("eve", "", "photo_outside"),
    ]
    answer = told(result)
    assert (answer["brought"], answer["without_photos"]) == (3, 1)


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_a_photo_that_may_not_be_read_is_reported(bring: Import, people: Path, tmp_path: Path) -> None:
    (people / "ann" / "1.jpg").chmod(0)
    assert bring(people, "--refused", "refused.csv").exit_code == 11
    assert refused(tmp_path / "refused.csv") == [("ann", "1.jpg", "photo_unreadable")]


def test_what_the_server_refuses_is_in_the_same_report(bring: Import, people: Path, tmp_path: Path) -> None:
    put(people / "ann" / "3.jpg", NOBODY)
    put(people / "eve" / "1.jpg", CROWD)
    put(people / "eve" / "2.jpg", BROKEN)
    for number in range(6):
        put(people / "fay" / f"{number}.jpg", photo("fay", number))
    expected = [
        ("ann", "3.jpg", "no_face"),
        ("eve", "1.jpg", "several_faces"),
        ("eve", "2.jpg", "image_unreadable"),
        ("fay", "5.jpg", "photo_left_out"),
    ]
    for _ in range(2):  # also where everybody was brought before
        result = bring(people, "--refused", "refused.csv")
        assert result.exit_code == 11
        assert refused(tmp_path / "refused.csv") == expected
    assert told(result)["import"]["refused"] == 1
    assert told(bring(people, "--name", "other"))["refused"] == 1


def test_names_are_one_however_the_file_system_writes_them(world: World, bring: Import, tmp_path: Path) -> None:
    root = tmp_path / "people"
    put(root / "Zoe\u0301" / "1.jpg", photo("zoe"))
    put(root / "Zo\u00e9" / "2.jpg", photo("zoe", 2))
    put(root / "\u5c71\u7530" / "1.jpg", photo("y"))
    put(root / ("x" * 201) / "1.jpg", photo("x"))
    put(Path(os.fsdecode(bytes(root) + b"/\xff\xfe")) / "1.jpg", photo("x"))
    result = bring(root, "--refused", "refused.csv", "--links", "links.csv")
    assert result.exit_code == 11, result.output
    assert refused(tmp_path / "refused.csv") == [
        ("??", "", "name_unusable"),
        ("Zo\u00e9", "", "name_twice"),
        ("x" * 201, "", "name_unusable"),
    ]
    assert {row["external_reference"] for row in rows(tmp_path / "links.csv")} == {"Zo\u00e9", "\u5c71\u7530"}
    assert world.sql("SELECT count(*) FROM subjects") == [(2,)]


def test_a_table_of_minors_is_not_brought(world: World, bring: Import, people: Path) -> None:
    table = people.parent / "people.csv"
    table.write_text(
        "external_reference,photo,guardian_until\nann,people/ann/1.jpg,\nbea,people/bea/1.jpg,2031-05-01\n"
    )
    result = bring(table)
    assert result.exit_code == 2
    assert "an import asks no guardian" in result.stderr
    assert world.sql("SELECT count(*) FROM subjects") == [(0,)]


def test_a_table_is_brought(world: World, bring: Import, people: Path, tmp_path: Path) -> None:
    table = tmp_path / "people.csv"
    put(tmp_path / "out" / "x.jpg", photo("x"))
    table.write_text(
        "\ufeffphoto,department,external_reference\r\n"
        "people/ann/1.jpg,A,ann\r\n"
        'people/bea/1.jpg,B,"Bea, the second"\r\n'
        "people/ann/2.JPG,A, ann \r\n"
        "people/none.jpg,A,ann\r\n"
        "../out/x.jpg,A,ann\r\n"
        "/etc/hostname,A,ann\r\n"
        ",A,ann\r\n"
        "people/cec/1.jpg,A,\r\n",
        encoding="utf-8",
    )
    moved = tmp_path / "moved"
    moved.mkdir()
    table.rename(moved / "people.csv")
    people.rename(moved / "people")
    result = bring(moved / "people.csv", "--refused", "refused.csv")
    assert result.exit_code == 11, result.output
    assert refused(tmp_path / "refused.csv") == [
        ("", "people/cec/1.jpg", "row_incomplete"),
        ("ann", "", "row_incomplete"),
        ("ann", "../out/x.jpg", "photo_outside"),
        ("ann", "/etc/hostname", "photo_outside"),
        ("ann", "none.jpg", "photo_unreadable"),
    ]
    assert told(result)["import"]["photos_stored"] == 3
    assert world.sql("SELECT count(*) FROM subjects") == [(2,)]


@pytest.mark.parametrize("content", [b"a,b\r\n1,2\r\n", b"", b"\xff\xfe\x00", b'external_reference,photo\r\n"a,b'])
def test_a_file_that_is_no_such_table_is_a_wrong_command_line(bring: Import, tmp_path: Path, content: bytes) -> None:
    put(tmp_path / "x.csv", content)
    result = bring(tmp_path / "x.csv")
    assert result.exit_code == 2
    assert "x.csv" in result.stderr


def test_links_come_as_a_table_and_as_sheets_for_their_owner_only(
    world: World, bring: Import, people: Path, tmp_path: Path
) -> None:
    assert bring(people, "--links", "links.csv", "--sheets", "sheets.pdf").exit_code == 0
    links = [row["consent_link"] for row in rows(tmp_path / "links.csv")]
    assert len(links) == 3
    (page,) = pages((tmp_path / "sheets.pdf").read_bytes())
    assert drawn_codes(page) == [code_of(link) for link in links]
    for name in ("links.csv", "sheets.pdf"):
        assert (tmp_path / name).stat().st_mode & 0o777 == 0o600
    assert world.countersign(links[0].partition("#")[2]).status_code == 200
    assert bring(people, "--links", "links.csv").exit_code == 0
    assert [row["consent_link"] for row in rows(tmp_path / "links.csv")] == links[1:]
    assert sorted(path.name for path in tmp_path.iterdir() if path.is_file()) == ["links.csv", "sheets.pdf"]


def test_links_can_be_written_later(call: Import, bring: Import, people: Path, tmp_path: Path) -> None:
    import_id = told(bring(people))["import_id"]
    shown = told(call("status", import_id))
    assert (shown["pending"], shown["name"]) == (3, "people")
    result = call("links", import_id, "--links", "links.csv", "--sheets", "s.pdf", "--refused", "r.csv")
    assert told(result) == {"written": ["links.csv", "s.pdf", "r.csv"]}
    assert len(rows(tmp_path / "links.csv")) == 3
    assert call("links", import_id).exit_code == 2


def test_many_links_are_one_table_and_several_sheets(
    call: Import, bring: Import, people: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from visavis.client import Visavis  # noqa: PLC0415 -- patched here alone

    for name in ("import_table", "import_sheets"):
        method = getattr(Visavis, name)
        monkeypatch.setattr(Visavis, name, lambda *a, m=method, **k: m(*a, **k, limit=2))
    import_id = told(bring(people))["import_id"]
    result = call("links", import_id, "--links", "links.csv", "--sheets", "s.pdf")
    assert told(result) == {"written": ["links.csv", "s.pdf", "s-2.pdf"]}
    assert [row["number"] for row in rows(tmp_path / "links.csv")] == ["1", "2", "3"]


def test_a_file_that_cannot_be_written_is_found_out_before_anybody_is_brought(
    world: World, bring: Import, people: Path
) -> None:
    for path in ("nowhere/links.csv", "."):
        result = bring(people, "--links", path)
        assert result.exit_code == 1
        assert json.loads(result.stderr.splitlines()[-1])["code"] == "file_unwritable"
    assert world.sql("SELECT count(*) FROM imports") == [(0,)]


def test_a_full_gallery_stops_and_the_next_run_goes_on(call: Import, world: World, people: Path) -> None:
    gallery = world.gallery(target=3e-5)
    for name in ("ann", "bea", "cec"):
        (people / name / "2.JPG").unlink()
        put(people / f"{name} too" / "1.jpg", photo(f"{name} too".replace(" ", "_")))
    result = call("run", str(people), "--gallery", gallery, "--parallel", "1")
    assert result.exit_code == 1
    assert json.loads(result.stderr.splitlines()[-1])["code"] == "gallery_full"
    assert told(result)["import"]["pending"] == 3
    for (subject_id,) in world.sql("SELECT id FROM subjects"):
        world.api("POST", f"/v1/subjects/{subject_id}/withdrawal")
    again = call("run", str(people), "--gallery", gallery)
    assert told(again)["import"]["pending"] == 3
    assert told(again)["import"]["erased"] == 3


def test_who_was_erased_is_told_and_not_brought_back(world: World, bring: Import, people: Path, tmp_path: Path) -> None:
    bring(people, "--links", "links.csv")
    links = {row["external_reference"]: row["consent_link"] for row in rows(tmp_path / "links.csv")}
    link = links["ann"].partition("#")[2]
    assert world.link("POST", "/v1/consent/refusal", link).status_code == 200
    again = told(bring(people))
    assert (again["brought_before"], again["import"]["erased"], again["import"]["pending"]) == (3, 1, 2)
    other = bring(people, "--name", "other", "--refused", "refused.csv")
    assert other.exit_code == 11
    assert told(other)["erased_before"] == 1
    assert refused(tmp_path / "refused.csv") == [("ann", "", "erased_before")]


def test_a_server_that_is_away_for_a_while_is_waited_for(
    world: World, bring: Import, people: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    transport, asked = world.transport, []

    def flaky(_self: object, request: httpx2.Request) -> httpx2.Response:
        asked.append(request)
        if len(asked) % 3:
            raise httpx2.ConnectError("away")
        return transport.handle_request(request)

    monkeypatch.setattr(httpx2.HTTPTransport, "handle_request", flaky)
    result = bring(people, "--parallel", "1")
    assert result.exit_code == 0, result.output
    assert told(result)["import"]["photos_stored"] == 6


def test_an_answer_that_was_lost_is_asked_for_again_and_stored_once(
    world: World, bring: Import, people: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    transport, answers = world.transport, itertools.count()

    def losing(_self: object, request: httpx2.Request) -> httpx2.Response:
        response = transport.handle_request(request)
        if next(answers) % 2 == 0:
            raise httpx2.ReadError("lost")
        return response

    monkeypatch.setattr(httpx2.HTTPTransport, "handle_request", losing)
    assert bring(people, "--parallel", "1").exit_code == 0
    assert world.sql("SELECT count(*) FROM subjects") == [(3,)]
    assert world.sql('SELECT count(*) FROM "references"') == [(6,)]


def test_a_fault_of_the_server_with_one_person_does_not_stop_the_others(
    world: World, bring: Import, people: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    put_one, once = type(world.services.imports).put, threading.Event()

    def failing(self: object, import_id: str, **person: Any) -> Any:
        if person["external_reference"] == "bea" and not once.is_set():
            once.set()
            raise RuntimeError
        return put_one(self, import_id, **person)  # type: ignore[arg-type] # the same object

    monkeypatch.setattr(type(world.services.imports), "put", failing)
    result = bring(people, "--refused", "refused.csv")
    assert result.exit_code == 1
    assert (told(result)["failed"], told(result)["brought"]) == (1, 2)
    assert refused(tmp_path / "refused.csv") == [("bea", "", "internal")]
    assert bring(people).exit_code == 0


def test_a_server_that_only_fails_is_left_alone(
    world: World, bring: Import, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    root = tmp_path / "people"
    for number in range(40):
        put(root / f"p{number}" / "1.jpg", photo("x", number))

    def failing(*_args: object, **_kwargs: object) -> None:
        raise RuntimeError

    monkeypatch.setattr(type(world.services.imports), "put", failing)
    result = bring(root, "--parallel", "2")
    assert result.exit_code == 1
    assert 20 <= told(result)["failed"] <= 24


def test_ctrl_c_loses_nobody_and_says_how_to_go_on(
    world: World, bring: Import, people: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    take_in = importing.Bringing._take_in

    def interrupted(self: importing.Bringing, *args: Any) -> None:
        take_in(self, *args)
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(importing.Bringing, "_take_in", interrupted)
        result = bring(people, "--parallel", "1")
    assert result.exit_code == 1
    assert "Run the same command again" in result.stderr
    again = told(bring(people))
    assert again["import"]["pending"] == 3
    assert again["brought_before"] >= 1
    assert world.sql("SELECT count(*) FROM subjects") == [(3,)]


def test_people_are_brought_several_at_once(
    world: World, bring: Import, people: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    together, put_one = threading.Barrier(3, timeout=30), type(world.services.imports).put

    def meeting(self: object, import_id: str, **person: Any) -> Any:
        together.wait()
        return put_one(self, import_id, **person)  # type: ignore[arg-type] # the same object

    monkeypatch.setattr(type(world.services.imports), "put", meeting)
    assert bring(people, "--parallel", "3").exit_code == 0


def test_a_gallery_that_is_not_there_is_told(call: Import, people: Path) -> None:
    result = call("run", str(people), "--gallery", "gal_x")
    assert result.exit_code == 1
    assert json.loads(result.stderr.splitlines()[-1])["code"] == "not_found"


def test_nothing_is_nothing(bring: Import, tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    result = bring(tmp_path / "empty", "--links", "links.csv")
    assert result.exit_code == 0
    assert told(result)["people"] == 0
    assert rows(tmp_path / "links.csv") == []


def test_files_about_people_need_a_reason(
    call: Import, world: World, gallery: str, people: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("click.testing.CliRunner.make_env", lambda *_: {"VISAVIS_REASON": None})
    result = call("--url", BASE, "run", str(people), "--gallery", gallery, "--links", "links.csv")
    assert result.exit_code == 2
    assert world.sql("SELECT count(*) FROM imports") == [(0,)]
