"""``visavis witness`` on the command line."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from support.submitting import ORIGIN, SomeLog, cosigner_of

from visavis import bootstrap_witness, logs
from visavis.adapters.witness.state import held
from visavis.audit.note import COSIGNATURE, read_key
from visavis.cli.main import program
from visavis.witness.cosigning import Cosigning

Run = Callable[..., Result]
LOG = SomeLog()
NOW = 1_770_000_000


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "witness"


@pytest.fixture
def cli(folder: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    monkeypatch.setattr(logs, "configure", lambda **_: None)  # it is for a whole process

    def call(*words: str) -> Result:
        environment = {"VISAVIS_WITNESS_STATE": str(folder)}
        return CliRunner(env=environment).invoke(program, ["--json", "witness", *words])

    return call


def refused(result: Result) -> str:
    """The code that a command failed with."""
    assert result.exit_code == 1, result.output
    return str(json.loads(result.stderr)["code"])


def test_a_witness_is_made_told_whom_to_trust_and_shown(cli: Run, folder: Path) -> None:
    made = json.loads(cli("init", "--name", "witness.example/w1").stdout)
    key = read_key(made["key"])
    assert (key.name, key.algorithm) == ("witness.example/w1", COSIGNATURE)
    assert made["state"] == str(folder)
    assert json.loads(cli("accept", str(LOG.key)).stdout) == {"log": ORIGIN, "key": str(LOG.key)}
    with held(folder) as state:
        Cosigning(state, state.cosigner, now=lambda: NOW).add_checkpoint(LOG.submission(0, 7))
        assert json.loads(cli("show").stdout) == {  # beside a running one
            "key": made["key"],
            "logs": [
                {
                    "log": ORIGIN,
                    "size": 7,
                    "root": LOG.note(7).decode().splitlines()[2],
                    "cosigned_at": "2026-02-02T02:40:00+00:00",
                    "evidence": 0,
                }
            ],
        }
    table = CliRunner().invoke(program, ["witness", "show", "--state", str(folder)])
    assert ORIGIN in table.stdout
    assert made["key"] in table.stdout
    shutil.rmtree(folder / "latest")
    assert refused(cli("show")) == "witness_state_damaged"


def test_what_is_refused_has_a_code(cli: Run, folder: Path) -> None:
    assert refused(cli("show")) == "witness_state_missing"
    assert refused(cli("accept", str(LOG.key))) == "witness_state_missing"
    assert refused(cli("serve")) == "witness_state_missing"
    assert cli("init", "--name", "w").exit_code == 0
    assert refused(cli("init", "--name", "w")) == "already_exists"
    assert refused(cli("accept", "no key")) == "verifier_key_malformed"
    assert refused(cli("accept", str(cosigner_of("witness.example/w2").key))) == "verifier_key_malformed"
    assert cli("accept", str(LOG.key)).exit_code == 0
    second = SomeLog(seed="its next key").key
    assert refused(cli("accept", str(second))) == "already_exists"
    assert cli("accept", "--also", str(second)).exit_code == 0
    with held(folder):
        assert refused(cli("accept", str(LOG.key))) == "data_locked"
        assert refused(cli("serve")) == "data_locked"
    folder.chmod(0o755)
    assert refused(cli("serve")) == "witness_state_unsafe"


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["init", "--name", "a b"], "no spaces"),
        (["init"], "--name"),
        (["serve", "--host", "192.0.2.7"], "Beyond this machine"),
        (["serve", "--host", "0.0.0.0"], "Beyond this machine"),  # noqa: S104 -- it is refused
        (["serve", "--tls-cert", "tls.crt"], "both"),
        (["serve", "--tls-key", "tls.key"], "both"),
    ],
)
def test_a_command_line_that_cannot_be_meant(cli: Run, folder: Path, words: list[str], said: str) -> None:
    result = cli(*words)
    assert result.exit_code == 2
    assert said in result.stderr
    assert not folder.exists()


def test_a_witness_needs_a_folder() -> None:
    result = CliRunner(env={"VISAVIS_WITNESS_STATE": ""}).invoke(program, ["witness", "show"])
    assert result.exit_code == 2
    assert "--state" in result.stderr


def test_a_witness_listens_where_it_is_told(
    cli: Run, folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[tuple[Path, bootstrap_witness.Place]] = []
    monkeypatch.setattr(bootstrap_witness, "serve", lambda *words: asked.append(words))
    tls = [str(tmp_path / "tls.crt"), str(tmp_path / "tls.key")]
    assert cli("serve").exit_code == 0
    assert (
        cli("serve", "--host", "192.0.2.7", "--port", "443", "--tls-cert", tls[0], "--tls-key", tls[1]).exit_code == 0
    )
    assert asked == [
        (folder, bootstrap_witness.Place("127.0.0.1", 8653)),
        (folder, bootstrap_witness.Place("192.0.2.7", 443, Path(tls[0]), Path(tls[1]))),
    ]


def test_certificate_and_key_that_cannot_be_used_stop_it(cli: Run, tmp_path: Path) -> None:
    cli("init", "--name", "w")
    for name in ("tls.crt", "tls.key"):
        (tmp_path / name).write_text("SECRET")
    result = cli("serve", "--tls-cert", str(tmp_path / "tls.crt"), "--tls-key", str(tmp_path / "tls.key"))
    assert refused(result) == "tls_unusable"
    assert "SECRET" not in result.output
