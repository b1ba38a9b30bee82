"""What README and guides tell a person to type, works."""

import os
import re
import shlex
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import click
import pytest
from support.live_server import WEIGHTS, LiveServer, live_server
from support.pages import ROOT, Block, blocks, command_lines, pages

from visavis.cli.main import program

PORTRAITS = ROOT / ".work" / "portraits"
PHOTOS = {"me-1.jpg": "obama.jpg", "me-2.jpg": "obama2.jpg", "somebody-else.jpg": "biden.jpg"}
GUIDE = ROOT / "docs" / "guides" / "first-steps.md"
PACE_S = 2.1
DECIDING = ("visavis identify", "visavis verify", "visavis pin", "visavis qr")
BY_THE_FIXTURE = ("visavis init\n", "visavis serve\n")
NO_MATCH_EXIT = 10

LINES = [(str(page.relative_to(ROOT)), line) for page in pages() for line in command_lines(page)]
PYTHON = [block for page in pages() for block in blocks(page, "python")]


def make_targets() -> set[str]:
    return set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE))


def test_the_two_commands_are_targets_of_the_makefile() -> None:
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    targets = make_targets()
    named = re.findall(r"^make ([a-z-]+)", readme, re.MULTILINE)
    assert named == ["demo", "test"]
    assert set(named) <= targets


def test_every_make_target_that_a_page_names_exists() -> None:
    targets = make_targets()
    named = {name for page in pages() for name in re.findall(r"`?\bmake ([a-z-]+)`", page.read_text(encoding="utf-8"))}
    assert named - targets == set()


@pytest.mark.parametrize(("page", "line"), LINES, ids=[f"{page}: {line[:50]}" for page, line in LINES])
def test_a_command_line_parses(page: str, line: str) -> None:
    del page
    words = shlex.split(line.partition("#")[0] if " # " in line else line)[1:]
    command: click.Command = program
    context = click.Context(command, info_name="visavis", **program.context_settings)
    rest = _parsed(command, context, words)
    while isinstance(command, click.Group):
        inner = command.get_command(context, rest[0])
        assert inner is not None, rest[0]
        context = click.Context(inner, info_name=rest[0], parent=context)
        command, rest = inner, _parsed(inner, context, rest[1:])
    assert rest == []


def _parsed(command: click.Command, context: click.Context, words: list[str]) -> list[str]:
    """Read options and arguments as click does, without acting on them; what is left is a subcommand's."""
    parser = command.make_parser(context)
    parser.allow_interspersed_args = not isinstance(command, click.Group)
    values, rest, _ = parser.parse_args(list(words))
    for parameter in command.params:
        value = values.get(str(parameter.name))
        by_environment = isinstance(parameter, click.Option) and parameter.envvar is not None
        missing = value is None or not isinstance(value, str | bool | tuple | list | int)
        assert not (parameter.required and missing and not by_environment), f"{parameter.name} is missing"
        for choice in value if isinstance(value, list | tuple) else [value]:
            if isinstance(parameter.type, click.Choice) and isinstance(choice, str):
                parameter.type.convert(choice, parameter, context)
    return list(rest)


@pytest.mark.parametrize("block", PYTHON, ids=[f"{b.page}:{n}" for n, b in enumerate(PYTHON)])
def test_a_python_block_compiles(block: Block) -> None:
    compile(block.text, block.page, "exec")


@pytest.mark.parametrize(
    "block", [b for b in PYTHON if "visavis.client" not in b.text and b.page.startswith("docs/concepts")]
)
def test_a_python_block_that_needs_no_server_runs(block: Block) -> None:
    ran = subprocess.run([sys.executable, "-c", block.text], capture_output=True, text=True, timeout=60, check=False)
    assert ran.returncode == 0, ran.stderr


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LiveServer]:
    if not all((PORTRAITS / name).is_file() for name in PHOTOS.values()):
        pytest.skip(f"There are no portraits in {PORTRAITS}: 'make demo' fetches them.")
    folder = tmp_path_factory.mktemp("guide")
    with live_server(folder) as started:
        yield started


class Reader:
    """Somebody who types what the guide says, and puts in what the commands before showed."""

    def __init__(self, server: LiveServer, folder: Path) -> None:
        self.folder = folder
        self.seen = f"{server.api_key}\n"
        bin_folder = folder / "bin"
        bin_folder.mkdir()
        visavis = bin_folder / "visavis"
        visavis.write_text(f'#!/bin/sh\nexec "{sys.executable}" -c "from visavis.cli.main import main; main()" "$@"\n')
        visavis.chmod(0o755)
        for ours, theirs in PHOTOS.items():
            (folder / ours).write_bytes((PORTRAITS / theirs).read_bytes())
        self.environment = {
            **{name: value for name, value in os.environ.items() if not name.startswith("VISAVIS_")},
            "PATH": f"{bin_folder}:{os.environ['PATH']}",
            "VISAVIS_URL": server.url,
            "VISAVIS_DATA_DIR": str(server.folder / "data"),
            "VISAVIS_KEY_FILE": str(server.folder / "keys" / "root.key"),
            "VISAVIS_MODELS": str(WEIGHTS),
        }
        (folder / "env.sh").write_text("")

    def type(self, text: str) -> str:
        """Run one block; returns what it said. Fails on an exit code other than 0 and that of NO_MATCH."""
        if text.startswith(DECIDING):
            time.sleep(PACE_S)
        pin = re.search(r"^PIN\s+(\d{6})", self.seen, re.MULTILINE)
        typed = "I agree\n" if "consent sign" in text else f"{pin[1] if pin else ''}\n"
        script = f". ./env.sh\n{self.filled_in(text)}\nstatus=$?\nexport -p > env.sh\nexit $status"
        ran = subprocess.run(
            ["bash", "-c", script],
            cwd=self.folder,
            env=self.environment,
            input=typed,
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )
        assert ran.returncode in {0, NO_MATCH_EXIT}, f"{text}\n{ran.stdout}{ran.stderr}"
        self.seen += ran.stdout
        return ran.stdout

    def filled_in(self, text: str) -> str:
        """The text with every identifier, key and link as it was shown last."""
        for shown, pattern in {
            "vv1.key_…": r"vv1\.key_\S+",
            "http://127.0.0.1:8642/consent#…": r"http://\S+/consent#\S+",
            **{f"{prefix}_…": rf"\b{prefix}_[a-z2-7]{{26}}" for prefix in ("pur", "gal", "sta", "sub")},
        }.items():
            if shown in text:
                text = text.replace(shown, re.findall(pattern, self.seen)[-1])
        assert "…" not in text
        return text


def test_the_guide_of_first_steps_works_word_for_word(server: LiveServer, tmp_path: Path) -> None:
    reader, said = Reader(server, tmp_path), ""
    todo = [block for block in blocks(GUIDE, "sh", "text") if block.run]
    assert [block.text for block in todo if block.text in BY_THE_FIXTURE] == list(BY_THE_FIXTURE)
    for block in todo:
        if block.kind == "text":
            squeezed = " ".join(said.split())
            missing = [line for line in block.text.splitlines() if " ".join(line.split()) not in squeezed]
            assert missing == [], said
        elif block.text not in BY_THE_FIXTURE:
            said = reader.type(block.text)


def test_the_guide_of_a_station_works(server: LiveServer, tmp_path: Path) -> None:
    reader = Reader(server, tmp_path)
    program_text = "".join(block.text for block in blocks(ROOT / "docs" / "guides" / "station.md", "python"))
    ran = subprocess.run(
        [sys.executable, "-c", program_text],
        cwd=tmp_path,
        env={**reader.environment, "VISAVIS_API_KEY": server.api_key},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert ran.returncode == 0, ran.stderr
    assert "Welcome, guest 12" in ran.stdout
    assert "session_too_soon" in ran.stdout
