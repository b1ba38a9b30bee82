"""What a run keeps: every whole record, no torn one, and for nobody else."""

from pathlib import Path

import numpy as np
import pytest

from visavis.adapters.evaluation.work import work_file
from visavis.model.evaluation import WorkUnusable

ONE, TWO, THREE = (bytes([number]) * 32 for number in (1, 2, 3))
VECTOR = (np.arange(8) / 7).astype(np.float32)


def filled(folder: Path) -> Path:
    with work_file(folder, key="k", dimension=8, keep=True) as work:
        work.put(ONE, VECTOR, "")
        work.put(TWO, None, "no_face")
        work.put(THREE, VECTOR[::-1], "several_faces")
    (path,) = folder.iterdir()
    return path


def test_what_was_put_is_there_in_the_next_run(tmp_path: Path) -> None:
    filled(tmp_path / "work")
    with work_file(tmp_path / "work", key="k", dimension=8, keep=True) as work:
        assert len(work) == 3
        found = work.get(ONE)
        assert found is not None
        vector, code = found
        assert vector is not None
        assert vector.tolist() == VECTOR.tolist()
        assert code == ""
        assert work.get(TWO) == (None, "no_face")
        assert work.get(b"x" * 32) is None


@pytest.mark.parametrize("lost", range(1, 120, 7))
def test_a_torn_record_is_none_and_the_next_is_put_in_its_place(tmp_path: Path, lost: int) -> None:
    path = filled(tmp_path / "work")
    path.write_bytes(path.read_bytes()[:-lost])
    with work_file(tmp_path / "work", key="k", dimension=8, keep=True) as work:
        assert len(work) == (2 if lost < 110 else 1)
        work.put(THREE, None, "too_small")
    with work_file(tmp_path / "work", key="k", dimension=8, keep=True) as work:
        assert work.get(THREE) == (None, "too_small")


def test_a_record_that_was_changed_is_none(tmp_path: Path) -> None:
    path = filled(tmp_path / "work")
    content = bytearray(path.read_bytes())
    content[-30] ^= 1
    path.write_bytes(content)
    with work_file(tmp_path / "work", key="k", dimension=8, keep=True) as work:
        assert work.get(THREE) is None
        assert work.get(TWO) is not None


def test_a_file_of_another_form_is_begun_anew(tmp_path: Path) -> None:
    path = filled(tmp_path / "work")
    path.write_bytes(b"something else")
    with work_file(tmp_path / "work", key="k", dimension=8, keep=True) as work:
        assert len(work) == 0


def test_two_runs_do_not_work_in_one_file(tmp_path: Path) -> None:
    with work_file(tmp_path / "work", key="k", dimension=8, keep=True):
        with (
            pytest.raises(WorkUnusable, match="Another run"),
            work_file(tmp_path / "work", key="k", dimension=8, keep=True),
        ):
            pytest.fail("it was let in")
        with work_file(tmp_path / "work", key="other", dimension=8, keep=True):
            pass


def test_an_error_leaves_everything_and_a_good_end_nothing(tmp_path: Path) -> None:
    folder = tmp_path / "work"

    def fails() -> None:
        with work_file(folder, key="k", dimension=8, keep=False) as work:
            work.put(ONE, VECTOR, "")
            raise KeyError

    with pytest.raises(KeyError):
        fails()
    assert len(list(folder.iterdir())) == 1
    with work_file(folder, key="k", dimension=8, keep=False) as work:
        assert work.get(ONE) is not None
    assert not folder.exists()
