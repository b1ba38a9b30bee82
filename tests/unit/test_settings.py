"""Settings: where they come from, and each way to get them wrong."""

import os
import stat
import tomllib
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import click
import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.surface import commands

from visavis import settings as module
from visavis.model.configuration import (
    SettingsInvalid,
    SettingsMissing,
    SettingsUnknown,
    SettingsUnreadable,
    SettingsUnsafe,
)
from visavis.model.errors import StartupError
from visavis.settings import (
    OTHER_VARIABLES,
    Settings,
    example,
    read_settings,
    unknown_variables,
    variable_of,
)


@pytest.fixture(autouse=True)
def nothing_set(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in list(os.environ):
        if name.startswith("VISAVIS_"):
            monkeypatch.delenv(name)
    monkeypatch.setenv("VISAVIS_CONFIG", os.devnull)


def written(folder: Path, text: str | bytes) -> Path:
    path = folder / "visavis.toml"
    path.write_bytes(text.encode() if isinstance(text, str) else text)
    path.chmod(0o600)
    return path


def test_options_beat_the_environment_which_beats_the_file_which_beats_the_default(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = written(tmp_path, 'host = "::1"\nport = 1\nthreads = 1\n')
    monkeypatch.setenv("VISAVIS_PORT", "2")
    monkeypatch.setenv("VISAVIS_THREADS", "2")
    settings = read_settings(path, threads=3, streams=None)
    assert (settings.threads, settings.port, settings.host) == (3, 2, "::1")
    assert settings.rate_per_minute == 600
    origins = {name: settings.source_of(name) for name in ("threads", "port", "host", "rate_per_minute", "streams")}
    assert origins == {
        "threads": "option", "port": "environment", "host": "file", "rate_per_minute": "default", "streams": "default",
    }  # fmt: skip
    assert settings.file == path


def test_the_file_is_the_one_named_first_by_the_option_then_by_the_variable_then_at_home(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "home" / ".config" / "visavis").mkdir(parents=True)
    (tmp_path / "named").mkdir()
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    at_home = written(tmp_path / "home" / ".config" / "visavis", "port = 1")
    by_variable, by_option = written(tmp_path, "port = 2"), written(tmp_path / "named", "port = 3")
    monkeypatch.setenv("VISAVIS_CONFIG", str(by_variable))
    assert read_settings(by_option).port == 3
    assert read_settings().port == 2
    monkeypatch.setenv("VISAVIS_CONFIG", "~/.config/visavis/visavis.toml")
    assert read_settings().file == at_home
    for nothing in ("", None):
        if nothing is None:
            monkeypatch.delenv("VISAVIS_CONFIG")
        else:
            monkeypatch.setenv("VISAVIS_CONFIG", nothing)
        assert read_settings().port == 1
    at_home.unlink()
    assert (read_settings().port, read_settings().file) == (8642, None)


def test_dev_null_is_no_file() -> None:
    assert read_settings(Path(os.devnull)).file is None
    assert read_settings().file is None


def test_an_empty_variable_is_not_set(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("VISAVIS_TLS_CERT", "")
    monkeypatch.setenv("VISAVIS_PORT", "")
    settings = read_settings(written(tmp_path, "port = 7"))
    assert (settings.tls_cert, settings.port, settings.source_of("port")) == (None, 7, "file")


def test_paths_in_a_file_begin_at_its_folder_or_at_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", "/home/ann")
    monkeypatch.setenv("VISAVIS_MODELS", "~/models")
    text = 'data_dir = "data"\nkey_file = "~/root.key"\ntls_cert = "/etc/tls.crt"\ndetector = "other"\n'
    settings = read_settings(written(tmp_path, text))
    assert settings.data_dir == tmp_path / "data"
    assert settings.key_file == Path("/home/ann/root.key")
    assert settings.models == Path("/home/ann/models")
    assert (settings.tls_cert, settings.detector) == (Path("/etc/tls.crt"), "other")


def refused(kind: type[StartupError], path: Path | None) -> str:
    with pytest.raises(kind) as error:
        read_settings(path)
    assert error.value.code.startswith("settings_")
    assert "SECRET" not in str(error.value)
    assert error.value.__cause__ is None
    return error.value.detail


def test_a_file_that_was_named_has_to_be_there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert str(tmp_path / "none.toml") in refused(SettingsMissing, tmp_path / "none.toml")
    assert "Is a directory" in refused(SettingsMissing, tmp_path)
    monkeypatch.setenv("VISAVIS_CONFIG", str(tmp_path / "typo.toml"))
    assert "typo.toml" in refused(SettingsMissing, None)
    (tmp_path / "file").write_text("")
    assert "Not a directory" in refused(SettingsMissing, tmp_path / "file" / "visavis.toml")


def test_a_pipe_is_no_file_and_nobody_waits_for_it(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    assert "is not a settings file" in refused(SettingsMissing, tmp_path / "pipe")


def test_a_file_that_cannot_be_read_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = written(tmp_path, "port = 1")

    def denied(*_: object) -> int:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(os, "open", denied)  # root may read everything
    assert "Permission denied" in refused(SettingsMissing, path)


def test_a_huge_file_is_no_settings_file(tmp_path: Path) -> None:
    refused(SettingsMissing, written(tmp_path, b"#" * (1024 * 1024 + 1)))


@pytest.mark.parametrize("mode", [0o620, 0o602, 0o666, 0o664])
def test_a_file_that_others_can_write_is_refused(tmp_path: Path, mode: int) -> None:
    path = written(tmp_path, "port = 1")
    path.chmod(mode)
    assert f"{mode:o}" in refused(SettingsUnsafe, path)


@pytest.mark.parametrize("mode", [0o600, 0o640, 0o644, 0o400])
def test_a_file_that_others_can_read_is_taken(tmp_path: Path, mode: int) -> None:
    path = written(tmp_path, "port = 1")
    path.chmod(mode)
    assert read_settings(path).port == 1


def test_a_file_of_another_user_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = written(tmp_path, "port = 1")
    seen = os.fstat

    def of_somebody(descriptor: int) -> os.stat_result:
        found = list(seen(descriptor))
        found[stat.ST_UID] = 12345
        return os.stat_result(found)

    monkeypatch.setattr(os, "fstat", of_somebody)
    assert "another user" in refused(SettingsUnsafe, path)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("port = 1\nSECRET", "line 2"),
        ("port = SECRET", "line 1"),
        ("port = 1\nport = 2", "line 2"),
        ('port = 1\nhost = "SECRET', "line 2"),
        ("[SECRET", "line 1"),
        ('port = 1\nhost = """SECRET\n\nx', "line 4"),
        (b"port = 1\n# \xff SECRET", "line 2"),
        ("x = " + "[" * 5000, "TOML"),
        ('host = "a\x00SECRET"', "line 1"),
    ],
)
def test_what_is_not_toml_is_told_by_its_line_and_not_by_what_stands_there(
    tmp_path: Path, text: str | bytes, words: str
) -> None:
    assert words in refused(SettingsUnreadable, written(tmp_path, text))


@given(raw=st.binary(max_size=80))
def test_whatever_stands_in_a_file_is_read_or_refused_by_name(
    raw: bytes, tmp_path_factory: pytest.TempPathFactory
) -> None:
    path = written(tmp_path_factory.mktemp("file"), raw)
    with suppress(SettingsUnreadable, SettingsUnknown, SettingsInvalid):
        assert read_settings(path).file == path


@pytest.mark.parametrize(
    ("key", "meant"),
    [
        ("prot", "port"),
        ("DATA_DIR", "data_dir"),
        ("data-dir", "data_dir"),
        ("VISAVIS_DATA_DIR", "data_dir"),
        ("datadir", "data_dir"),
        ("log_adresses", "log_addresses"),
        ("threshold", None),
        ("zzz", None),
    ],
)
def test_a_key_that_is_none_is_told_with_the_one_that_is_meant(tmp_path: Path, key: str, meant: str | None) -> None:
    told = refused(SettingsUnknown, written(tmp_path, f'port = 1\n{key} = "SECRET"\n'))
    assert f"'{key}'" in told
    assert (f"Is '{meant}' meant?" in told) == (meant is not None)


def test_a_key_can_not_steer_the_terminal(tmp_path: Path) -> None:
    told = refused(SettingsUnknown, written(tmp_path, '"\\u001b[31m" = 1'))
    assert "\x1b" not in told


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("port = 0", "greater than or equal to 1"),
        ("port = 65536", "less than or equal to 65535"),
        ('port = "SECRET"', "valid integer"),
        ("port = true", "no values for it"),
        ("port = 1.5", "integer"),
        ("port = [1]", "integer"),
        ("host = 5", "string"),
        ("data_dir = 5", "path"),
        ('data_dir = "~nobody-of-this-name/x"', "home directory"),
        ("threads = 65", "less than or equal to 64"),
        ("purge_every_s = 0", "greater than 0"),
        ("purge_every_s = inf", "finite"),
        ("purge_every_s = nan", "finite"),
        ("purge_every_s = 7200", "3600"),
        ('log_level = "SECRET"', "'debug', 'info', 'warning' or 'error'"),
        ('log_format = "xml"', "'json' or 'text'"),
        ('log_addresses = "SECRET"', "boolean"),
        ("rate_per_minute = 0", "greater than or equal to 1"),
        ("[host]\na = 1", "string"),
        ("port = 2026-11-22", "integer"),
    ],
)
def test_a_value_that_does_not_fit_is_told_by_what_would(tmp_path: Path, line: str, words: str) -> None:
    path = written(tmp_path, line)
    told = refused(SettingsInvalid, path)
    assert words in told
    assert f"{line.strip('[').partition(']')[0].partition(' ')[0]} in {path}" in told


def test_where_a_value_stands_that_does_not_fit_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("VISAVIS_PORT", "SECRET")
    assert refused(SettingsInvalid, written(tmp_path, "port = 1")).startswith("VISAVIS_PORT: ")
    with pytest.raises(SettingsInvalid, match="--tls-key: "):
        read_settings(tls_key=5)


def test_without_a_home_it_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    def none() -> Path:
        raise RuntimeError("Could not determine home directory.")

    monkeypatch.setattr(Path, "home", none)
    assert "no home directory" in refused(SettingsInvalid, None)


@pytest.mark.parametrize(
    ("variable", "meant"),
    [
        ("VISAVIS_DATADIR", "VISAVIS_DATA_DIR"),
        ("VISAVIS_KEYFILE", "VISAVIS_KEY_FILE"),
        ("VISAVIS_TLS_CERTIFICATE", "VISAVIS_TLS_CERT"),
        ("VISAVIS_APIKEY", "VISAVIS_API_KEY"),
        ("visavis_prot", "VISAVIS_PORT"),
        ("VISAVIS_QQQ", None),
    ],
)
def test_a_variable_that_nothing_reads_is_told(variable: str, meant: str | None) -> None:
    assert unknown_variables({variable: "SECRET", "PATH": "/bin"}) == [(variable, meant)]


def test_variables_that_something_reads_are_not_told() -> None:
    known = {variable_of(name) for name in Settings.model_fields} | OTHER_VARIABLES
    more = {"VISAVIS_BENCH_PYTHON", "VISAVIS_DEMO_PORT", "VISAVIS_TEST_X", "visavis_port", "PATH"}
    assert unknown_variables(dict.fromkeys(known | more, "x")) == []


def test_the_other_variables_are_those_that_the_command_line_reads() -> None:
    assert set(_variables_of_commands()) | {module.CONFIG_VARIABLE} == OTHER_VARIABLES


def _variables_of_commands() -> Iterator[str]:
    for _, command in commands():
        for parameter in command.params:
            if isinstance(parameter, click.Option) and isinstance(parameter.envvar, str):
                yield parameter.envvar


def test_the_example_is_a_file_that_says_nothing_until_a_line_is_uncommented(tmp_path: Path) -> None:
    settings = read_settings(written(tmp_path, example()))
    assert {settings.source_of(name) for name in Settings.model_fields} == {"default"}
    lines = [line[2:] for line in example().splitlines() if line.startswith("# ") and " = " in line]
    uncommented = tomllib.loads("\n".join(lines))
    assert list(uncommented) == list(Settings.model_fields)
    settings = read_settings(written(tmp_path, "\n".join(lines)))
    assert {settings.source_of(name) for name in Settings.model_fields} == {"file"}
    for name in ("data_dir", "port", "log_level", "log_addresses", "purge_every_s"):
        assert getattr(settings, name) == getattr(Settings(), name)


def test_every_setting_says_what_it_is() -> None:
    assert [name for name, field in Settings.model_fields.items() if not field.description] == []


def test_what_is_not_set_stands_for_something() -> None:
    settings = Settings(threads=None, streams=None, public_url=None)
    assert settings.effective("threads") == settings.cores_per_inference
    assert settings.effective("streams") == settings.inferences_at_once
    assert settings.effective("public_url") == "http://127.0.0.1:8642"
    assert (settings.effective("cards"), settings.effective("port")) == (None, 8642)
