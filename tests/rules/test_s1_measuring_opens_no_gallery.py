"""Rules S1 and S2 beside ``visavis evaluate``: it compares photos without anybody's act, so it must reach nobody."""

import json
import subprocess
import sys
from pathlib import Path

import click
from click.testing import CliRunner
from sim.labelled import labelled_folder, simulated
from support.surface import commands

from visavis.cli.main import program

CLOSED = (
    "sqlalchemy", "fastapi", "visavis.adapters.sql", "visavis.bootstrap", "visavis.bootstrap_data", "visavis.web",
    "visavis.client", "visavis.consent", "visavis.protect", "visavis.match", "visavis.flows.enrol",
    "visavis.flows.keyring", "visavis.flows.live", "visavis.flows.identify", "visavis.flows.verify",
)  # fmt: skip
"""What opens a database, a key, a gallery or a session."""


def test_s1_what_measures_loads_nothing_that_opens_a_gallery() -> None:
    script = "import json, sys, visavis.bootstrap_evaluate; print(json.dumps(sorted(sys.modules)))"
    loaded = set(json.loads(subprocess.check_output([sys.executable, "-c", script], text=True)))
    assert "visavis.flows.evaluate" in loaded
    assert not loaded & set(CLOSED)


def test_s1_measuring_leaves_an_installation_as_it_is(tmp_path: Path) -> None:
    labelled_folder(tmp_path / "set", 12)
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "visavis.db").write_bytes(b"not to be opened")
    environment = {"VISAVIS_DATA_DIR": str(tmp_path / "data"), "VISAVIS_KEY_FILE": str(tmp_path / "root.key")}
    with simulated():
        words = ["evaluate", str(tmp_path / "set"), "--gallery", "4", "--work", str(tmp_path / "work")]
        assert CliRunner(env=environment).invoke(program, words).exit_code == 0
    assert sorted(path.name for path in tmp_path.iterdir()) == ["data", "set"]
    assert [path.read_bytes() for path in (tmp_path / "data").iterdir()] == [b"not to be opened"]


def test_s2_measuring_takes_no_gallery_station_or_subject() -> None:
    (command,) = [command for path, command in commands() if path == "visavis evaluate"]
    taken = {name for parameter in command.params for name in (parameter.name, *parameter.opts)}
    assert not {"--station", "--gallery-id", "--subject", "--reference", "--api-key"} & taken
    (size,) = [parameter for parameter in command.params if parameter.name == "galleries"]
    assert isinstance(size.type, click.IntRange), "a size of galleries to draw, and never one that is there"
