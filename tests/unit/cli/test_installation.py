"""What is done to an installation, with the server's own code played."""

import json
import sys
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from click.testing import Result
from fixtures.answers import STATION, FakeServer, page

import visavis
from visavis.adapters.doctor import Check
from visavis.model.configuration import SettingsUnknown, SettingsUnsafe
from visavis.model.keys import DataLocked, PlaceUnusable
from visavis.model.weights import ModelDigestMismatch
from visavis.settings import Settings

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
    played.serve = lambda settings, **_: played.served.append(settings)
    monkeypatch.setitem(sys.modules, "visavis.bootstrap", played)
    monkeypatch.setattr(visavis, "bootstrap", played, raising=False)
    monkeypatch.setenv("VISAVIS_DATA_DIR", str(tmp_path / "data"))
    monkeypatch.setenv("VISAVIS_MODELS", str(tmp_path))
    return played


def raising(error: Exception) -> Callable[..., Any]:
    def fail(*_: object, **_named: object) -> None:
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
    disk, drift = json.loads(result.stdout)
    assert disk == {"state": "fail", "name": "disk", "message": "Full.", "mend": "Make room."}
    assert (drift["name"], drift["state"]) == ("drift", "ok")


def test_models_tells_what_is_installed(run: Run, bootstrap: SimpleNamespace, tmp_path: Path) -> None:
    assert json.loads(run("models", "list", "--json").stdout)[0]["installed"] is False
    (tmp_path / "yunet.onnx").touch()
    assert json.loads(run("models", "install", "--from", str(tmp_path), "--json").stdout)[0]["installed"] is True
    bootstrap.install_models = raising(ModelDigestMismatch("yunet.onnx is another file."))
    result = run("models", "install")
    assert result.exit_code == 1
    assert "model_digest_mismatch" in result.stderr


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "visavis.toml"
    path.write_text('port = 11\nhost = "::1"\n')
    path.chmod(0o600)
    return path


def test_serve_takes_its_options_over_the_environment_and_that_over_the_file(
    run: Run, bootstrap: SimpleNamespace, file: Path
) -> None:
    result = run("serve", "--config", str(file), "--port", "9", env={"VISAVIS_PORT": "10", "VISAVIS_THREADS": "3"})
    assert result.exit_code == 0, result.output
    assert run("serve", env={"VISAVIS_CONFIG": str(file)}).exit_code == 0
    by_option, by_variable = bootstrap.served
    assert (by_option.host, by_option.port, by_option.threads) == ("::1", 9, 3)
    assert (by_variable.host, by_variable.port) == ("::1", 11)


@pytest.mark.usefixtures("bootstrap")
@pytest.mark.parametrize(
    "command",
    [["init"], ["serve"], ["models", "install"], ["models", "list"], ["settings", "show"]],
    ids=" ".join,
)
def test_settings_that_are_wrong_are_told_with_the_mend(run: Run, file: Path, command: list[str]) -> None:
    file.write_text("prot = 1")
    result = run("--json", *command, "--config", str(file))
    told = json.loads(result.stderr)
    assert (result.exit_code, result.stdout, told["code"]) == (1, "", "settings_unknown")
    assert "Is 'port' meant?" in told["detail"]
    assert told["mend"] == SettingsUnknown.mend


def test_a_doctor_tells_settings_that_are_wrong_as_a_finding(run: Run, bootstrap: SimpleNamespace, file: Path) -> None:
    file.chmod(0o666)
    bootstrap.diagnose = raising(AssertionError())
    result = run("doctor", "--json", "--config", str(file))
    assert result.exit_code == 1
    (finding,) = json.loads(result.stdout)
    assert (finding["state"], finding["name"], finding["mend"]) == ("fail", "settings", SettingsUnsafe.mend)
    assert "Nothing else was checked." in finding["message"]


@pytest.mark.usefixtures("bootstrap")
def test_a_variable_that_nothing_reads_is_told(run: Run) -> None:
    result = run("models", "list", "--json", env={"VISAVIS_KEYFILE": "SECRET"})
    assert result.exit_code == 0
    assert "Nothing reads the environment variable VISAVIS_KEYFILE. Is VISAVIS_KEY_FILE meant?" in result.stderr
    assert "SECRET" not in result.output
    assert isinstance(json.loads(result.stdout), list)


def test_settings_show_tells_what_counts_and_where_it_comes_from(run: Run, file: Path) -> None:
    result = run("settings", "show", "--json", "--config", str(file), env={"VISAVIS_PORT": "12"})
    rows = {row["setting"]: row for row in json.loads(result.stdout)}
    assert list(rows) == list(Settings.model_fields)
    assert rows["port"] == {"setting": "port", "value": "12", "from": "environment", "variable": "VISAVIS_PORT"}
    assert (rows["host"]["value"], rows["host"]["from"]) == ("::1", "file")
    assert (rows["public_url"]["value"], rows["public_url"]["from"]) == ("http://[::1]:12", "default")
    assert rows["tls_cert"]["value"] is None
    told = run("settings", "show", "--config", str(file))
    assert f"Settings file: {file}" in told.stderr
    assert "VISAVIS_RATE_PER_MINUTE" in told.stdout
    assert "Settings file: none" in run("settings", "show").stderr


def test_settings_example_is_a_settings_file(run: Run, tmp_path: Path) -> None:
    (tmp_path / "visavis.toml").write_text(run("settings", "example").stdout)
    assert json.loads(run("settings", "example", "--json").stdout) == {"toml": run("settings", "example").stdout}
    (tmp_path / "visavis.toml").chmod(0o600)
    assert run("settings", "show", "--config", str(tmp_path / "visavis.toml")).exit_code == 0


@pytest.mark.usefixtures("bootstrap")
@pytest.mark.parametrize(
    ("drift", "state", "said"),
    [
        ("none", "ok", "At 1 of 1 stations scores are those of the calibration"),
        ("not_enough", "ok", "At 0 of 1 stations"),
        ("own", "warn", STATION["id"]),
        ("both", "warn", "At 1 of 1 stations scores are not those"),
    ],
)
def test_doctor_asks_a_running_server_about_its_stations(
    run: Run, server: FakeServer, drift: str, state: str, said: str
) -> None:
    server.answers["GET /v1/stations"] = page({**STATION, "drift": drift})
    found = json.loads(run("doctor", "--json").stdout)[-1]
    assert (found["name"], found["state"]) == ("drift", state)
    assert said in found["message"]
    assert bool(found["mend"]) == (state == "warn")


@pytest.mark.usefixtures("bootstrap")
def test_doctor_is_content_where_no_server_can_be_asked(run: Run) -> None:
    for env in ({"VISAVIS_API_KEY": ""}, {}):
        result = run("doctor", "--json", env=env)
        assert result.exit_code == 0
        assert json.loads(result.stdout)[-1]["state"] == "ok"
