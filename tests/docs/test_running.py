"""What the guide of running a server tells a person to type and to write, works."""

import ast
import configparser
import json
import os
import re
import shlex
import subprocess
import sys
from pathlib import Path

import click
import pytest
from support.live_server import WEIGHTS, _free_port
from support.pages import ROOT, blocks

from visavis.adapters.listening import require_private
from visavis.cli.main import program
from visavis.logs import FIELDS
from visavis.protect.backup import read_header
from visavis.settings import read_settings

GUIDE = ROOT / "docs" / "guides" / "running.md"
WITH_A_FILE_OF_OUR_OWN, OF_A_SERVICE, WITH_WITNESSES = blocks(GUIDE, "toml")


@pytest.mark.slow
def test_a_person_can_type_what_the_guide_says(tmp_path: Path) -> None:
    if not list(WEIGHTS.glob("*.onnx")):
        pytest.skip(f"There are no model weights in {WEIGHTS}: run 'visavis models install' or set VISAVIS_MODELS.")
    (tmp_path / "bin").mkdir()
    visavis = tmp_path / "bin" / "visavis"
    visavis.write_text(f'#!/bin/sh\nexec "{sys.executable}" -c "from visavis.cli.main import main; main()" "$@"\n')
    visavis.chmod(0o755)
    (tmp_path / "bin" / "python3").symlink_to(sys.executable)
    environment = {
        **{name: value for name, value in os.environ.items() if not name.startswith("VISAVIS_")},
        "PATH": f"{tmp_path / 'bin'}:{os.environ['PATH']}",
        "VISAVIS_MODELS": str(WEIGHTS),
        "VISAVIS_PORT": str(_free_port()),
    }
    said = {}
    for block in blocks(GUIDE, "sh", "toml"):
        if block == WITH_A_FILE_OF_OUR_OWN:
            with (tmp_path / "visavis.toml").open("a", encoding="utf-8") as file:
                file.write(block.text)
        elif block.kind == "sh" and block.run:
            ran = subprocess.run(
                ["bash", "-ec", block.text],
                cwd=tmp_path,
                env=environment,
                capture_output=True,
                text=True,
                timeout=120,
                check=False,
            )
            assert ran.returncode == 0, f"{block.text}\n{ran.stdout}{ran.stderr}"
            said[block.text.split(" --config")[0].strip()] = ran.stdout
    shown = said["visavis settings show"]
    assert re.search(rf"data_dir +{tmp_path}/data +file +VISAVIS_DATA_DIR", shown)
    assert re.search(r"port +\d+ +environment +VISAVIS_PORT", shown)
    assert re.search(r"host +127\.0\.0\.1 +default", shown)
    assert "ok   key fits data" in said["visavis doctor"]
    assert "fail" not in said["visavis doctor"]
    header, _ = read_header((tmp_path / "first-backup").read_bytes().partition(b"\n")[0] + b"\n")
    assert header.log_size == 1, "the first API key is in its log"


def test_the_settings_of_a_service_are_settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in list(os.environ):
        if name.startswith("VISAVIS_"):
            monkeypatch.delenv(name)
    (tmp_path / "visavis.toml").write_text(OF_A_SERVICE.text, encoding="utf-8")
    (tmp_path / "visavis.toml").chmod(0o644)
    settings = read_settings(tmp_path / "visavis.toml")
    require_private(settings)
    assert str(settings.key_file).startswith("/etc/visavis/keys/")


def test_the_settings_of_witnesses_are_settings(tmp_path: Path) -> None:
    (tmp_path / "visavis.toml").write_text(WITH_WITNESSES.text, encoding="utf-8")
    (tmp_path / "visavis.toml").chmod(0o600)
    settings = read_settings(tmp_path / "visavis.toml")
    assert (settings.log_witnesses, settings.log_witnesses_required) == (tmp_path / "witnesses.txt", 2)


def test_the_unit_starts_what_there_is() -> None:
    (block,) = blocks(GUIDE, "ini")
    unit = configparser.ConfigParser(strict=True)
    unit.optionxform = str  # type: ignore[assignment,method-assign] # its documented way to keep capitals
    unit.read_string(block.text)
    words = shlex.split(unit["Service"]["ExecStart"])[1:]
    context = program.make_context("visavis", words, resilient_parsing=True)
    name, command, rest = program.resolve_command(context, [*context._protected_args, *context.args])
    assert name == "serve"
    assert isinstance(command, click.Command)
    made = command.make_context("serve", rest, parent=context, resilient_parsing=True)
    assert made.params["config"] == Path("/etc/visavis/visavis.toml")
    folders = unit["Service"]["ReadWritePaths"]
    assert f'data_dir = "{folders}/data"' in OF_A_SERVICE.text
    assert unit["Service"]["LimitCORE"] == "0"


def test_the_line_of_the_log_is_one() -> None:
    (block,) = blocks(GUIDE, "json")
    assert set(json.loads(block.text)) <= FIELDS


def test_every_event_and_field_of_the_log_is_in_the_guide() -> None:
    told = set()
    for path in (ROOT / "src" / "visavis").rglob("*.py"):
        if "get_logger" in (text := path.read_text(encoding="utf-8")):
            for node in ast.walk(ast.parse(text)):
                if isinstance(node, ast.Call) and re.match(r"(log\.\w+|tell)$", ast.unparse(node.func)) and node.args:
                    told.add(str(ast.literal_eval(node.args[0])))
    page = GUIDE.read_text(encoding="utf-8")
    row = next(line for line in page.splitlines() if line.startswith("| `event`"))
    assert set(re.findall(r"`(\w+)`", row)) - {"event"} == told
