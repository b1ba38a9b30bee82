"""What is done to an installation, with the server's own code played."""

import json
import sys
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from click.testing import Result

import visavis
from visavis.adapters.doctor import Check
from visavis.model.keys import DataLocked, PlaceUnusable
from visavis.model.weights import ModelDigestMismatch

Run = Callable[..., Result]


@pytest.fixture
def bootstrap(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> SimpleNamespace:
    card = SimpleNamespace(
        id="yunet", role="detector", licence="MIT", licence_note="", file="yunet.onnx", sha256="0" * 64
    )
    played = SimpleNamespace(
        served=[],
        initialise=lambda _: "vv1.key.secret",
        diagnose=lambda _: [Check("disk", "ok", "10 MiB free."), Check("keys", "warn", "In a file.", "Encrypt it.")],
        install_models=lambda _settings, _path: [card],
        chosen_cards=lambda _: [card],
    )
    played.serve = played.served.append
    monkeypatch.setitem(sys.modules, "visavis.bootstrap", played)
    monkeypatch.setattr(visavis, "bootstrap", played, raising=False)
    monkeypatch.setenv("VISAVIS_DATA_DIR", str(tmp_path / "data"))
    monkeypatch.setenv("VISAVIS_MODELS", str(tmp_path))
    return played


def raising(error: Exception) -> Callable[..., Any]:
    def fail(*_: object) -> None:
        raise error

    return fail


@pytest.mark.usefixtures("bootstrap")
def test_init_shows_the_first_key_once(run: Run, tmp_path: Path) -> None:
    result = run("init", "--json")
    assert result.exit_code == 0
    assert json.loads(result.stdout)["api_key"] == "vv1.key.secret"
    assert json.loads(result.stdout)["data_dir"] == str(tmp_path / "data")
    assert "vv1.key.secret" not in result.stderr


def test_init_touches_nothing_that_is_there(run: Run, bootstrap: SimpleNamespace) -> None:
    bootstrap.initialise = raising(FileExistsError("/data/visavis.db"))
    result = run("init")
    assert (result.exit_code, result.stdout) == (1, "")
    assert "already_exists: There is one already: /data/visavis.db." in result.stderr


def test_serve_takes_its_options_over_the_environment(run: Run, bootstrap: SimpleNamespace) -> None:
    result = run("serve", "--host", "::1", "--port", "9", env={"VISAVIS_PORT": "10", "VISAVIS_THREADS": "3"})
    assert result.exit_code == 0, result.output
    (settings,) = bootstrap.served
    assert (settings.host, settings.port, settings.threads) == ("::1", 9, 3)


def test_why_a_server_does_not_start_is_told_with_the_mend(run: Run, bootstrap: SimpleNamespace) -> None:
    bootstrap.serve = raising(DataLocked("Another process holds it."))
    result = run("serve")
    assert result.exit_code == 1
    assert "data_locked: Another process holds it." in result.stderr
    assert DataLocked.mend in result.stderr


@pytest.mark.parametrize("port", ["0", "65536"])
def test_serve_takes_no_port_that_links_cannot_name(run: Run, bootstrap: SimpleNamespace, port: str) -> None:
    assert run("serve", "--port", port).exit_code == 2
    assert bootstrap.served == []


@pytest.mark.parametrize(
    ("name", "command"),
    [
        ("initialise", ["init"]),
        ("serve", ["serve"]),
        ("diagnose", ["doctor"]),
        ("install_models", ["models", "install"]),
        ("chosen_cards", ["models", "list"]),
    ],
)
def test_what_the_machine_refuses_is_told_with_the_mend(
    run: Run, bootstrap: SimpleNamespace, name: str, command: list[str]
) -> None:
    setattr(bootstrap, name, raising(PermissionError(13, "Permission denied", "/data")))
    result = run(*command)
    assert (result.exit_code, result.stdout) == (1, "")
    assert "place_unusable: /data: Permission denied." in result.stderr
    assert PlaceUnusable.mend in result.stderr
    setattr(bootstrap, name, raising(OSError()))
    assert json.loads(run("--json", *command).stderr.splitlines()[-1])["detail"] == "OSError."


@pytest.mark.usefixtures("bootstrap")
def test_doctor_is_content_with_warnings(run: Run) -> None:
    result = run("doctor")
    assert result.exit_code == 0
    assert "warn keys: In a file." in result.stdout
    assert "Encrypt it." in result.stdout


def test_doctor_exits_1_where_something_fails(run: Run, bootstrap: SimpleNamespace) -> None:
    bootstrap.diagnose = lambda _: [Check("disk", "fail", "Full.", "Make room.")]
    result = run("doctor", "--json")
    assert result.exit_code == 1
    assert json.loads(result.stdout) == [{"state": "fail", "name": "disk", "message": "Full.", "mend": "Make room."}]


def test_models_tells_what_is_installed(run: Run, bootstrap: SimpleNamespace, tmp_path: Path) -> None:
    assert json.loads(run("models", "list", "--json").stdout)[0]["installed"] is False
    (tmp_path / "yunet.onnx").touch()
    assert json.loads(run("models", "install", "--from", str(tmp_path), "--json").stdout)[0]["installed"] is True
    bootstrap.install_models = raising(ModelDigestMismatch("yunet.onnx is another file."))
    result = run("models", "install")
    assert result.exit_code == 1
    assert "model_digest_mismatch" in result.stderr
