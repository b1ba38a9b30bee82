"""``visavis evaluate pad`` on captures whose every figure can be counted by hand."""

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from unittest.mock import patch

import pytest
from click.testing import CliRunner, Result
from sim.faces import BROKEN, CALIBRATION, SimExtractor, photo
from sim.films import SimFilming
from sim.labelled import SimDecoder
from support.kept_captures import keep, taken, without_moving

from visavis.cli.main import program
from visavis.client import VisavisProblem, keep_capture
from visavis.model.challenge import MAX_FRAME_BYTES
from visavis.model.template import Template
from visavis.model.unfit import TooDark

Run = Callable[..., Result]
ASKED_OF_TEXT = '{"steps":[{"do":"left","pause_ms":"500","within_ms":4000}]}'


class Choosy(SimExtractor):
    """Finds every single picture of Dim too poor."""

    def extract(self, photo: bytes, **how: Any) -> Template:
        if b"SIM dim " in photo:
            raise TooDark
        return super().extract(photo, **how)


@pytest.fixture
def filming() -> SimFilming:
    return SimFilming(SimExtractor())


@pytest.fixture
def run(tmp_path: Path, filming: SimFilming) -> Iterator[Run]:
    def call(*words: str | Path) -> Result:
        asked = ["evaluate", "pad", *map(str, words), "--work", str(tmp_path / "work")]
        return CliRunner(env={"VISAVIS_PAD_CARD": ""}).invoke(program, asked)

    with patch.multiple(
        "visavis.bootstrap_evaluate",
        DecodingPool=lambda at_once: SimDecoder(at_once=at_once),
        open_extractor=lambda *_args, **_more: Choosy(),
        open_filming=lambda *_args, **_more: filming,
        read_calibration=lambda _folder: CALIBRATION,
    ):
        yield call


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    root = tmp_path / "captures"
    lost = taken("ann")
    lost.frames[4:5] = [(lost.frames[4][0], b"\xff\xd8\xff" + BROKEN)]  # type: ignore[index]  # a list, here
    keep(root, "bona_fide/Ann_Quidam", taken("ann"), taken("ann", done=without_moving()), lost)
    keep(root, "bona_fide/Bea_Quidam", taken("bea"))
    keep(root, "attacks/photo/Ann_Quidam", taken("ann", depth=0.0), taken("ann", done=without_moving()))
    keep(root, "attacks/puppet/Ann_Quidam", taken("ann", still=True), taken("ann"), taken("cem"))
    (root / "bona_fide/Ann_Quidam/reference.jpg").write_bytes(photo("ann", 7))
    (root / "attacks/photo/Ann_Quidam/0.bundle/NOTES.txt").write_text("Matte paper")
    return root


def share(one: dict[str, Any]) -> tuple[int, int]:
    assert one["known"], one
    return one["errors"], one["of"]


def test_captures_are_judged_and_counted_by_species(run: Run, folder: Path) -> None:
    result = run(folder, "--json")
    assert result.exit_code == 0, result.stderr
    found = json.loads(result.stdout)
    assert (found["mode"], found["references"], found["left_out"]) == ("active", 1, 0)
    assert set(found["models"]) == {"detector", "embedder", "landmarker", "eyes"}
    puppet, paper = found["attacks"]
    assert [one["species"] for one in (puppet, paper)] == ["puppet", "photo"]
    assert (share(puppet["apcer"]), share(puppet["iapar"]), share(puppet["apnrr"])) == ((2, 3), (1, 3), (0, 3))
    assert (share(paper["apcer"]), share(paper["iapar"]), share(paper["apnrr"])) == ((0, 2), (0, 2), (0, 2))
    assert puppet["taken_for_attacks"] == {"frames_unlike_sensor": 1}
    assert paper["taken_for_attacks"] == {"challenge_not_done": 1, "face_flat": 1}


def test_who_gave_no_answer_is_counted_apart_from_who_did_not_do_what_was_asked(run: Run, folder: Path) -> None:
    living = json.loads(run(folder, "--json").stdout)["bona_fide"]
    assert (living["people"], living["presentations"]) == (2, 4)
    assert living["non_responses"] == {"image_unreadable": 1}
    assert living["taken_for_attacks"] == {"challenge_not_done": 1}
    assert (share(living["bpnrr"]), share(living["bpcer"]), share(living["frr"])) == ((1, 4), (1, 3), (2, 3))


def test_who_passed_and_was_too_poor_to_compare_had_an_answer(run: Run, tmp_path: Path) -> None:
    keep(tmp_path / "set", "bona_fide/Dim", taken("dim"))
    keep(tmp_path / "set", "attacks/mask/Dim", taken("dim"), taken("dim", depth=0.0))
    (tmp_path / "set/bona_fide/Dim/reference.jpg").write_bytes(photo("ann"))
    found = json.loads(run(tmp_path / "set", "--json").stdout)
    living, (mask,) = found["bona_fide"], found["attacks"]
    assert (share(living["bpcer"]), share(living["bpnrr"])) == ((0, 1), (0, 1))
    assert (share(mask["apcer"]), share(mask["apnrr"])) == ((1, 2), (0, 2))
    assert (share(living["frr"]), share(mask["iapar"])) == ((1, 1), (0, 2))
    assert [one["passed_too_poor_to_compare"] for one in (living, mask)] == [{"too_dark": 1}, {"too_dark": 1}]


def test_steps_that_were_not_shown_as_they_were_asked_give_no_answer(run: Run, folder: Path) -> None:
    asked = folder / "bona_fide/Bea_Quidam/0.bundle/asked.json"
    asked.write_text(asked.read_text().replace('"pause_ms":500', '"pause_ms":1200'))
    living = json.loads(run(folder, "--json").stdout)["bona_fide"]
    assert living["non_responses"] == {"capture_retimed": 1, "image_unreadable": 1}


def test_a_captures_folder_in_capitals_is_one_and_one_out_of_place_is_left_out(run: Run, folder: Path) -> None:
    kept = folder / "attacks/puppet/Ann_Quidam"
    first = run(folder, "--json").stdout
    (kept / "1.bundle").rename(kept / "1.BUNDLE")
    assert run(folder, "--json").stdout == first
    (kept / "loose.bundle").write_text("a file")
    files = len(list((kept / "1.BUNDLE").iterdir()))
    (kept / "1.BUNDLE").rename(folder / "attacks" / "1.bundle")
    found = json.loads(run(folder, "--json").stdout)
    assert found["left_out"] == 1 + files
    assert [one["presentations"] for one in found["attacks"]] == [2, 2]


def test_the_table_names_the_mode_and_nobody(run: Run, folder: Path) -> None:
    said = run(folder).stdout
    assert said.splitlines()[1] == "Mode active."
    assert said.splitlines()[-4:] == [
        "puppet: taken for an attack: frames_unlike_sensor 1",
        "photo: taken for an attack: challenge_not_done 1, face_flat 1",
        "(living people): taken for an attack: challenge_not_done 1",
        "(living people): no answer: image_unreadable 1",
    ]
    assert "Quidam" not in said


def test_a_run_that_ended_early_looks_at_no_capture_twice(run: Run, filming: SimFilming, folder: Path) -> None:
    first = run(folder, "--json", "--keep").stdout
    looked_at = filming.seen
    assert looked_at > 0
    assert run(folder, "--json").stdout == first
    assert filming.seen == looked_at


def test_photos_and_captures_are_not_measured_together(run: Run, folder: Path) -> None:
    (folder / "attacks/photo/Ann_Quidam/loose.jpg").write_bytes(photo("ann"))
    refused = run(folder)
    assert (refused.exit_code, "presentations_mixed" in refused.stderr) == (1, True)


@pytest.mark.parametrize(
    ("spoil", "said"),
    [
        (lambda capture: (capture / "manifest.json").unlink(), "No such file"),
        (lambda capture: (capture / "asked.json").unlink(), "No such file"),
        (lambda capture: (capture / "asked.json").write_text("{"), "not written as the server told it"),
        (lambda capture: (capture / "asked.json").write_text('{"steps":[{"do":"left"}]}'), "not written as the server"),
        (lambda capture: (capture / "asked.json").write_text(ASKED_OF_TEXT), "not written as the server told it"),
        (lambda capture: [file.unlink() for file in capture.iterdir()], "No such file"),
        (lambda capture: (capture / "003.jpg").write_bytes(bytes(MAX_FRAME_BYTES + 1)), "larger than any"),
        (lambda capture: (capture / "003.jpg").unlink(), "not those that its manifest names"),
        (lambda capture: (capture / "003.jpg").rename(capture / "999.jpg"), "not those that its manifest names"),
        (lambda capture: (capture / "more.jpg").write_bytes(b"more"), "not those that its manifest names"),
    ],
    ids=[
        "no manifest",
        "not what was asked",
        "no JSON",
        "half a step",
        "texts",
        "nothing",
        "a large frame",
        "a frame is missing",
        "another order",
        "a frame too many",
    ],
)
def test_a_capture_that_was_not_kept_whole_ends_the_run(
    run: Run, folder: Path, spoil: Callable[[Path], object], said: str
) -> None:
    spoil(folder / "attacks/puppet/Ann_Quidam/1.bundle")
    refused = run(folder)
    told = " ".join(refused.stderr.split())
    assert (refused.exit_code, "data_set_unreadable" in told, said in told) == (1, True, True), told
    assert "Entry 4 of the set" in told
    assert "Quidam" not in told


@pytest.mark.parametrize("written", [b"{", b"[]", b"{}", b"\xff", b"[" * 20_000], ids=lambda text: text[:3])
def test_a_manifest_of_another_form_gives_no_answer(run: Run, folder: Path, written: bytes) -> None:
    (folder / "bona_fide/Bea_Quidam/0.bundle/manifest.json").write_bytes(written)
    living = json.loads(run(folder, "--json").stdout)["bona_fide"]
    assert living["non_responses"] == {"capture_malformed": 1, "image_unreadable": 1}


def test_a_frame_that_comes_twice_is_no_film(run: Run, tmp_path: Path) -> None:
    twice = taken("ann")
    twice.frames[5:6] = [(twice.frames[5][0], twice.frames[4][1])]  # type: ignore[index]  # a list, here
    keep(tmp_path / "set", "bona_fide/A", taken("ann"))
    keep(tmp_path / "set", "attacks/frozen/A", twice)
    (found,) = json.loads(run(tmp_path / "set", "--json").stdout)["attacks"]
    assert share(found["apcer"]) == (0, 1)


def test_a_captures_folder_is_new_and_says_nothing_of_the_session(tmp_path: Path) -> None:
    keep_capture(taken("ann"), tmp_path / "one.bundle")
    said = (tmp_path / "one.bundle" / "manifest.json").read_text()
    assert "ses_" not in said
    assert taken("ann").challenge.nonce not in said
    assert (tmp_path / "one.bundle").stat().st_mode & 0o777 == 0o700
    with pytest.raises(VisavisProblem, match="file_exists"):
        keep_capture(taken("ann"), tmp_path / "one.bundle")
    (tmp_path / "file").write_text("")
    with pytest.raises(VisavisProblem, match="file_unwritable"):
        keep_capture(taken("ann"), tmp_path / "file" / "one.bundle")
