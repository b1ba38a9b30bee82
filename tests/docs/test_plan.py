"""What the guide to planning tells a person to type, works, and its arithmetic is right."""

import shlex
from pathlib import Path

import pytest
from click.testing import CliRunner
from support.pages import ROOT, Block, blocks

from visavis.cli.main import program

GUIDE = ROOT / "docs" / "guides" / "plan.md"
PICTURE = "docs/images/plan-claim.svg"
PYTHON = blocks(GUIDE, "python")


def test_a_person_can_type_what_the_guide_says() -> None:
    assert GUIDE.name == "plan.md"
    said = ""
    for block in blocks(GUIDE, "sh", "text"):
        if not block.run:
            continue
        if block.kind == "sh":
            said = " ".join(" ".join(_typed(line) for line in block.text.splitlines()).split())
        else:
            assert [line for line in block.text.splitlines() if " ".join(line.split()) not in said] == [], said


def _typed(line: str) -> str:
    name, *words = shlex.split(line)
    assert name == "visavis"
    ran = CliRunner(env={"VISAVIS_CONFIG": ""}).invoke(program, words)
    assert ran.exit_code == 0, ran.output
    return ran.stdout


def test_the_picture_is_what_the_guide_says_and_is_drawn_again_as_it_is(tmp_path: Path) -> None:
    (line,) = (block.text for block in blocks(GUIDE, "sh") if not block.run)
    drawn = tmp_path / "again.svg"
    _typed(line.replace(PICTURE, str(drawn)))
    assert drawn.read_text(encoding="utf-8") == (ROOT / PICTURE).read_text(encoding="utf-8")


@pytest.mark.parametrize("block", PYTHON, ids=range(len(PYTHON)))
def test_its_arithmetic_is_right(block: Block) -> None:
    exec(compile(block.text, block.page, "exec"), {})  # noqa: S102 -- our own page
