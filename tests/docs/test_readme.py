"""What any page tells a person to type can be typed."""

import re
import shlex
import subprocess
import sys
from itertools import takewhile

import click
import pytest
from support.pages import ROOT, Block, blocks, command_lines, pages

from visavis.cli.main import program

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
    words = _told_to_visavis(line.partition("#")[0] if " # " in line else line)[1:]
    command: click.Command = program
    context = click.Context(command, info_name="visavis", **program.context_settings)
    rest = _parsed(command, context, words)
    while isinstance(command, click.Group):
        name, inner, rest = command.resolve_command(context, rest)
        assert inner is not None, name
        context = click.Context(inner, info_name=name, parent=context)
        command, rest = inner, _parsed(inner, context, rest)
    assert rest == []


_SHELL = {"<", ">", ">>", "2>", "|", "&&", "||", ";"}


def _told_to_visavis(line: str) -> list[str]:
    """The words of a line up to where the shell does something with what comes out."""
    return list(takewhile(lambda word: word not in _SHELL, shlex.split(line)))


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
