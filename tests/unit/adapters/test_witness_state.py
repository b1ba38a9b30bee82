"""A witness's folder: nothing in it is believed that does not check out, and nothing is begun anew by itself."""

import os
import shutil
import stat
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from support.submitting import ORIGIN, SomeLog, cosigner_of, key_of

from visavis.adapters.witness.state import MOST_EVIDENCE, State, held, make_state
from visavis.audit.note import Note, NoteSigner, read_note
from visavis.audit.witnessing import Cosigned
from visavis.model.access import AlreadyExists
from visavis.model.audit import VerifierKeyMalformed
from visavis.model.errors import StartupError
from visavis.model.keys import DataLocked
from visavis.model.witness import LogUnknown, WitnessStateDamaged, WitnessStateMissing, WitnessStateUnsafe

LOG = SomeLog()
OTHER = SomeLog(origin="log.example/b")
NOW = 1_770_000_000


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    make_state(tmp_path / "witness", name="witness.example/w1")
    return tmp_path / "witness"


def cosigned(state: State, size: int, *, log: SomeLog = LOG, moment: int = NOW) -> Cosigned:
    note = read_note(log.note(size))
    own = state.cosigner.cosign(note.text, moment=moment)
    return Cosigned(Note(note.text, (*note.signatures, own)), log.checkpoint(size), moment)


def record(folder: Path, log: SomeLog = LOG) -> Path:
    """The file of one log."""
    with held(folder) as state:
        before = set((folder / "latest").iterdir())
        state.trust(log.key)
        (made,) = set((folder / "latest").iterdir()) - before
    return made


@pytest.fixture
def watching(folder: Path) -> Path:
    """A witness that has cosigned seven entries."""
    record(folder)
    with held(folder) as state:
        state.keep(ORIGIN, cosigned(state, 7))
    return folder


def sizes(folder: Path) -> dict[str, int | None]:
    logs = State(folder).logs
    return {one.origin: None if one.latest is None else one.latest.checkpoint.size for one in logs}


def test_a_new_witness_is_its_owners_alone(folder: Path) -> None:
    modes = {str(path.relative_to(folder)): stat.S_IMODE(path.stat().st_mode) for path in folder.rglob("*")}
    assert modes == {"key": 0o600, "witness": 0o600, "trusted": 0o600, "latest": 0o700, "evidence": 0o700}
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert State(folder).key.algorithm == 4
    assert f"{State(folder).key}\n" == (folder / "witness").read_text()


def test_two_witnesses_have_two_keys(tmp_path: Path) -> None:
    assert make_state(tmp_path / "a", name="w") != make_state(tmp_path / "b", name="w")


def test_a_witness_is_made_in_an_empty_folder_that_was_made_for_it(tmp_path: Path) -> None:
    (tmp_path / "w").mkdir(mode=0o755)
    make_state(tmp_path / "w", name="w")
    assert State(tmp_path / "w").logs == []


def test_a_witness_is_not_made_in_the_place_of_anything(folder: Path) -> None:
    before = (folder / "key").read_bytes()
    with pytest.raises(AlreadyExists):
        make_state(folder, name="witness.example/w1")
    assert (folder / "key").read_bytes() == before


@pytest.mark.parametrize("name", ["", "a b", "a+b", "a\nb", "a\u202eb"])
def test_a_witness_has_a_name_that_keys_can_have(tmp_path: Path, name: str) -> None:
    with pytest.raises(VerifierKeyMalformed):
        make_state(tmp_path / "w", name=name)
    assert not (tmp_path / "w").exists()


def test_what_is_kept_is_there_afterwards(watching: Path) -> None:
    assert sizes(watching) == {ORIGIN: 7}
    latest = State(watching).watched(ORIGIN).latest
    assert latest is not None
    assert (latest.checkpoint, latest.moment) == (LOG.checkpoint(7), NOW)


def test_a_log_that_is_not_trusted_is_unknown(watching: Path) -> None:
    with pytest.raises(LogUnknown):
        State(watching).watched("log.example/b")


def test_trusting_again_changes_nothing(watching: Path) -> None:
    before = (watching / "trusted").read_bytes()
    with held(watching) as state:
        state.trust(LOG.key)
        state.trust(OTHER.key)
        state.trust(LOG.key)
    assert sizes(watching) == {ORIGIN: 7, "log.example/b": None}
    assert (watching / "trusted").read_bytes() == before + f"{OTHER.key}\n".encode()


def test_another_key_of_a_log_is_trusted_only_where_that_is_said(watching: Path) -> None:
    second = NoteSigner(ORIGIN, key_of("its next key")).key
    with held(watching) as state:
        with pytest.raises(AlreadyExists):
            state.trust(second)
        assert state.watched(ORIGIN).keys == (LOG.key,)
        state.trust(second, also=True)
        assert state.watched(ORIGIN).keys == (LOG.key, second)
    assert State(watching).watched(ORIGIN).keys == (LOG.key, second)
    assert sizes(watching) == {ORIGIN: 7}


def test_a_key_that_a_log_no_longer_has_can_be_taken_out(watching: Path) -> None:
    second = NoteSigner(ORIGIN, key_of("its next key")).key
    (watching / "trusted").write_text(f"{second}\n")
    assert sizes(watching) == {ORIGIN: 7}


def test_the_key_of_a_witness_is_not_the_key_of_a_log(watching: Path) -> None:
    with held(watching) as state, pytest.raises(VerifierKeyMalformed):
        state.trust(cosigner_of("witness.example/w2").key)


def test_a_log_that_is_trusted_again_goes_on_where_it_was(watching: Path) -> None:
    """Else whoever could have it taken out and in again could have a fork cosigned."""
    (watching / "trusted").write_bytes(b"")
    assert sizes(watching) == {}
    with held(watching) as state:
        state.trust(LOG.key)
    assert sizes(watching) == {ORIGIN: 7}


def test_one_process_at_a_time_signs(watching: Path) -> None:
    with held(watching):
        with pytest.raises(DataLocked), held(watching):
            pytest.fail("two processes sign")
        assert sizes(watching) == {ORIGIN: 7}  # to be looked at it need not be held
    with held(watching):
        pass


def test_no_witness_no_folder(tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir(mode=0o700)
    for place in (tmp_path / "none", tmp_path / "empty"):
        with pytest.raises(WitnessStateMissing):
            State(place)
        with pytest.raises(WitnessStateMissing), held(place):
            pytest.fail("there is no witness")
    assert [*(tmp_path / "empty").iterdir()] == []


@pytest.mark.parametrize("name", [".", "key"])
@pytest.mark.parametrize("mode", [0o750, 0o701, 0o722])
def test_what_others_can_read_or_change_is_not_used(watching: Path, name: str, mode: int) -> None:
    (watching / name).chmod(mode)
    with pytest.raises(WitnessStateUnsafe):
        State(watching)
    (watching / name).chmod(0o700)


def _gone(path: Path) -> None:
    shutil.rmtree(path) if path.is_dir() else path.unlink()


def _empty(path: Path) -> None:
    path.write_bytes(b"")


def _half(path: Path) -> None:
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])


def _noise(path: Path) -> None:
    path.write_bytes(b"\xff\x00noise\n")


# "trusted" without a line is no damage: no log is watched, and one that is trusted again goes on where it was.
@pytest.mark.parametrize(
    ("name", "damage"),
    [
        *((name, damage) for name in ("key", "witness", "latest") for damage in (_gone, _empty, _half, _noise)),
        *(("trusted", damage) for damage in (_gone, _half, _noise)),
    ],
)
def test_damage_is_told_and_nothing_begins_anew(watching: Path, name: str, damage: Callable[[Path], None]) -> None:
    (found,) = (watching / "latest").iterdir()
    path = found if name == "latest" and damage is not _gone else watching / name
    damage(path)
    with pytest.raises(WitnessStateDamaged):
        State(watching)


def test_a_record_that_is_missing_is_damage(watching: Path) -> None:
    (found,) = (watching / "latest").iterdir()
    found.unlink()
    with pytest.raises(WitnessStateDamaged):
        State(watching)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(st.data())
def test_a_record_with_any_byte_changed_or_cut_off_is_damage(watching: Path, data: st.DataObject) -> None:
    (path,) = (watching / "latest").iterdir()
    whole = path.read_bytes()
    at = data.draw(st.integers(0, len(whole) - 1))
    changed = bytearray(whole)
    changed[at] ^= data.draw(st.integers(1, 255))
    for content in (bytes(changed), whole[:at]):
        path.write_bytes(content)
        try:
            latest = State(watching).watched(ORIGIN).latest
        except WitnessStateDamaged:
            continue
        finally:
            path.write_bytes(whole)
        # A changed signature of the log's is passed over where its key id was changed: our own holds the text.
        assert latest is not None
        assert (latest.checkpoint, latest.moment) == (LOG.checkpoint(7), NOW)


def test_the_record_of_another_log_is_damage(watching: Path) -> None:
    (found,) = (watching / "latest").iterdir()
    other = record(watching, OTHER)
    shutil.copy(found, other)
    with pytest.raises(WitnessStateDamaged, match=r"log\.example/b"):
        State(watching)


def test_the_record_of_another_witness_is_damage(watching: Path, tmp_path: Path) -> None:
    make_state(tmp_path / "second", name="witness.example/w1")
    mine = record(tmp_path / "second")
    (found,) = (watching / "latest").iterdir()
    assert mine.name == found.name
    shutil.copy(found, mine)
    with pytest.raises(WitnessStateDamaged):
        State(tmp_path / "second")


def test_the_key_of_another_witness_is_damage(watching: Path, tmp_path: Path) -> None:
    make_state(tmp_path / "second", name="witness.example/w1")
    shutil.copy(tmp_path / "second" / "key", watching / "key")
    with pytest.raises(WitnessStateDamaged, match="not the key of"):
        State(watching)


def test_what_a_killed_process_left_half_written_is_written_over(watching: Path) -> None:
    (found,) = (watching / "latest").iterdir()
    found.with_name(f".{found.name}.new").write_bytes(b"half of a rec")
    assert sizes(watching) == {ORIGIN: 7}
    with held(watching) as state:
        state.keep(ORIGIN, cosigned(state, 9))
    assert sizes(watching) == {ORIGIN: 9}
    assert [*(watching / "latest").iterdir()] == [found]


def test_the_disk_has_the_bytes_before_their_name_and_the_name_before_it_is_said(
    watching: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    done: list[str] = []
    fsync, move = os.fsync, Path.replace

    def synced(descriptor: int) -> None:
        done.append("folder" if stat.S_ISDIR(os.fstat(descriptor).st_mode) else "file")
        fsync(descriptor)

    def moved(self: Path, target: Path) -> Path:
        done.append("name")
        return move(self, target)

    monkeypatch.setattr(os, "fsync", synced)
    monkeypatch.setattr(Path, "replace", moved)
    with held(watching) as state:
        state.keep(ORIGIN, cosigned(state, 9))
    assert done == ["file", "name", "folder"]


def test_evidence_is_kept_once_and_not_without_end(watching: Path) -> None:
    with held(watching) as state:
        assert state.keep_evidence(ORIGIN, b"a fork", code="log_forked")
        assert not state.keep_evidence(ORIGIN, b"a fork", code="log_forked")
        kept = [state.keep_evidence(ORIGIN, b"%d" % one, code="proof_wrong") for one in range(MOST_EVIDENCE + 5)]
        assert kept == [True] * MOST_EVIDENCE + [False] * 5
        assert state.keep_evidence(ORIGIN, b"another fork", code="log_forked")
        found = [path.read_bytes() for path in state.evidence(ORIGIN)]
    assert len(found) == MOST_EVIDENCE + 2
    latest = State(watching).watched(ORIGIN).latest
    assert latest is not None
    assert b"cosigned:\n" + str(latest.note).encode() + b"\nsubmitted:\na fork" in found


def test_every_refusal_to_start_is_one() -> None:
    for leaf in (WitnessStateMissing, WitnessStateUnsafe, WitnessStateDamaged):
        assert issubclass(leaf, StartupError)
