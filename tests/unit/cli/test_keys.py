"""``visavis keys``: ceremonies on an installation of its own, and where words come from."""

import json
import stat
from pathlib import Path

import pytest
from pyrage import x25519
from support.quorum import Installation, given, installation

from visavis import bootstrap, bootstrap_keys
from visavis.adapters.doctor.check import Check, made
from visavis.adapters.doctor.diagnose import CHECKS
from visavis.cli.share_words import words_of
from visavis.model.custodians import CeremonyMissing, NoQuorum, ShareFileUnreadable, SharesUnsafe
from visavis.settings import Settings


@pytest.fixture
def held(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Installation:
    found = installation(tmp_path, port=8642)
    for name, value in found.environment.items():
        monkeypatch.setenv(name, value)
    return found


def sheet(of: Installation, number: int, out: str = "shares") -> Path:
    return of.folder / out / f"share-{number}.html"


def begun(of: Installation, *more: str, out: str = "shares") -> str:
    numbers = ["--shares", "3", "--threshold", "2", "--out", str(of.folder / out), "--later"]
    return of.done("keys", "ceremony", *numbers, *more)


def told(of: Installation) -> dict[str, object]:
    found: dict[str, object] = json.loads(of.done("--json", "keys", "custodians"))
    return found


def typed(of: Installation, *numbers: int, out: str = "shares") -> list[str]:
    return [words_of((sheet(of, number, out),), None, count=1)[0] for number in numbers]


def test_a_ceremony_asks_the_shares_back_and_takes_the_key_file_away(held: Installation) -> None:
    kept = held.key_file.open("rb")  # as whoever reads the disk later has it
    out = str(held.folder / "shares")
    refused = held.refused("keys", "ceremony", "--shares", "3", "--threshold", "2", "--out", out, typed=["no", "words"])
    assert refused == "share_malformed"
    assert told(held)["mode"] == "keyfile", "nothing is changed before the shares were given back"
    held.done("keys", "confirm", typed=typed(held, 3, 1))
    assert told(held)["mode"] == "quorum"
    assert not held.key_file.exists()
    assert set(kept.read()) == {0}
    kept.close()
    assert [mode_of(path) for path in (held.folder / "shares", sheet(held, 1))] == [0o700, 0o600]
    assert held.refused("keys", "confirm", typed=[]) == "ceremony_missing"


def mode_of(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def test_no_output_shows_a_word(held: Installation) -> None:
    said = begun(held)
    words = typed(held, 1, 2)
    result = held.run("keys", "confirm", typed=words)
    assert result.exit_code == 0
    for text in (said, result.stdout, result.stderr):
        assert not [share for share in words if " ".join(share.split()[:3]) in text]


def test_nothing_takes_words_from_the_command_line() -> None:
    from support.surface import options  # noqa: PLC0415 -- loads everything there is

    assert not {option for path, option in options() if path.startswith("visavis keys") and "word" in option}


def test_a_share_for_somebody_is_encrypted_to_them(held: Installation) -> None:
    identity = x25519.Identity.generate()
    file = held.folder / "ann.txt"
    file.write_text(f"# created by age\n{identity}\n")
    begun(held, "--custodian", f"Ann={identity.to_public()}", "--custodian", "Bob", "--custodian", "Cas")
    assert not sheet(held, 1).exists()
    sealed = held.folder / "shares" / "share-1.html.age"
    assert b"Ann" not in sealed.read_bytes()
    found = words_of((sealed,), file, count=1)[0]
    assert len(found.split()) == 33
    for identity_file in (None, _another(held.folder)):
        with pytest.raises(ShareFileUnreadable):
            words_of((sealed,), identity_file, count=1)
    held.done("keys", "confirm", "--identity", str(file), *given([sealed, sheet(held, 3)]))
    assert json.dumps(told(held)["custodians"]).count("age1") == 1


def _another(folder: Path) -> Path:
    path = folder / "another.txt"
    path.write_text(str(x25519.Identity.generate()))
    return path


@pytest.mark.slow
def test_custodians_are_replaced_by_enough_of_the_former(held: Installation) -> None:
    begun(held)
    held.done("keys", "confirm", *given([sheet(held, 1), sheet(held, 2)]))
    numbers = ["--shares", "2", "--threshold", "2", "--out", str(held.folder / "new"), "--later"]
    assert held.run("keys", "ceremony", *numbers).exit_code == 2, "custodians hold the root: --replace is missing"
    few = held.refused("keys", "ceremony", *numbers, "--replace", *given([sheet(held, 1)]))
    assert few == "shares_too_few"
    held.done("keys", "ceremony", *numbers, "--replace", typed=typed(held, 1, 3))
    held.done("keys", "confirm", "--discard", *given([sheet(held, 1), sheet(held, 2)]))
    assert held.refused("keys", "confirm", *given([sheet(held, 1, "new")])) == "ceremony_missing"
    numbers[5] = str(held.folder / "newer")
    held.done("keys", "ceremony", *numbers, "--replace", *given([sheet(held, 1), sheet(held, 2)]))
    held.done("keys", "confirm", *given([sheet(held, 1, "newer"), sheet(held, 2, "newer")]))
    assert len(json.loads(json.dumps(told(held)["custodians"]))) == 2


@pytest.mark.slow
def test_a_key_file_of_another_installation_stays(held: Installation) -> None:
    begun(held)
    held.done("keys", "confirm", *given([sheet(held, 1), sheet(held, 2)]))
    held.key_file.write_text("00" * 32 + "\n")
    held.key_file.chmod(0o600)
    begun(held, "--replace", *given([sheet(held, 1), sheet(held, 2)]), out="new")
    held.done("keys", "confirm", *given([sheet(held, 1, "new"), sheet(held, 2, "new")]))
    assert held.key_file.read_text() == "00" * 32 + "\n"


def test_a_power_cut_before_the_key_file_is_gone_leaves_custodians_who_open(
    held: Installation, monkeypatch: pytest.MonkeyPatch
) -> None:
    def cut(_: Path) -> None:
        raise KeyboardInterrupt

    begun(held)
    settings = Settings()
    words = typed(held, 1, 2)
    monkeypatch.setattr("visavis.bootstrap_keys.drop_key_file", cut)
    with pytest.raises(KeyboardInterrupt):
        bootstrap_keys.confirm_ceremony(settings, words=words)
    assert bootstrap_keys.starts_sealed(settings, asked=False)
    (finding,) = findings("key file")
    assert (finding.state, "shred" in finding.mend) == ("warn", True)


@pytest.mark.slow
def test_doctor_tells_who_holds_the_key(held: Installation) -> None:
    def protection() -> list[tuple[str, str]]:
        return [(finding.state, finding.message) for finding in findings("key protection")]

    ((state, message),) = protection()
    assert (state, "not a stolen disk" in message) == ("warn", True)
    begun(held)
    assert [state for state, _ in protection()] == ["warn", "warn"]
    held.done("keys", "confirm", *given([sheet(held, 1), sheet(held, 2)]))
    assert protection() == [("ok", "2 of 3 custodians open the key store together: a stolen disk opens nothing.")]
    for name in ("key file", "key store", "key fits data", "key place", "log"):
        assert [finding.state for finding in findings(name)] == ["ok"], name


def findings(name: str) -> list[Check]:
    return made(name, CHECKS[name], Settings())


def test_shares_go_into_a_folder_of_their_own_and_not_beside_what_they_open(held: Installation) -> None:
    settings = Settings()
    (held.folder / "full").mkdir()
    (held.folder / "full" / "letter.txt").touch()
    for out in (settings.data_dir / "shares", settings.key_store_folder / "x", held.folder / "full", held.key_file):
        with pytest.raises(SharesUnsafe):
            bootstrap_keys.hold_ceremony(settings, named=[], threshold=2, out=out)
    assert held.key_file.exists()


def test_a_running_server_is_stopped_first(held: Installation) -> None:
    with bootstrap.DataDirectory(Settings().data_dir):
        numbers = ["--shares", "3", "--threshold", "2", "--out", str(held.folder / "shares")]
        assert held.refused("keys", "ceremony", *numbers) == "data_locked"


@pytest.mark.usefixtures("held")
def test_a_server_that_is_to_start_sealed_needs_custodians() -> None:
    settings = Settings()
    assert not bootstrap_keys.starts_sealed(settings, asked=False)
    with pytest.raises(NoQuorum):
        bootstrap_keys.starts_sealed(settings, asked=True)
    with pytest.raises(CeremonyMissing):
        bootstrap_keys.awaited(settings)


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        (["--shares", "2", "--threshold", "3"], "quorum_impossible"),
        (["--shares", "3", "--threshold", "2", "--custodian", "Ann"], "custodian_misnamed"),
        (["--shares", "2", "--threshold", "2", "--custodian", "Ann", "--custodian", "Bob=age1x"], "custodian_misnamed"),
    ],
)
def test_a_ceremony_that_cannot_be_writes_nothing(held: Installation, arguments: list[str], code: str) -> None:
    out = held.folder / "shares"
    assert held.refused("keys", "ceremony", *arguments, "--out", str(out)) == code
    assert not out.exists()
    assert told(held)["mode"] == "keyfile"


def test_files_that_hold_no_share_are_refused(tmp_path: Path) -> None:
    (tmp_path / "binary").write_bytes(b"\xff\xfe")
    for name in ("binary", "missing"):
        with pytest.raises(ShareFileUnreadable):
            words_of((tmp_path / name,), None, count=1)
