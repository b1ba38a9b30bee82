"""The repository's Markdown as its tests read it."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).resolve().parents[2]
_ELSEWHERE: Final = {".venv", ".work", ".git", ".pytest_cache", ".hypothesis", "node_modules", "dist"}
_FENCE: Final = re.compile(
    r"^(?P<comment><!-- not run -->\n)?```(?P<kind>\w*)\n(?P<text>.*?)^```$", re.MULTILINE | re.DOTALL
)


@dataclass(frozen=True, slots=True)
class Block:
    """One fenced block; ``run`` is False where the page says that it is not run."""

    page: str
    kind: str
    text: str
    run: bool


def pages() -> list[Path]:
    """Every Markdown file, in order."""
    found = (path for path in ROOT.rglob("*.md") if not _ELSEWHERE & set(path.relative_to(ROOT).parts))
    return sorted(found)


def blocks(page: Path, *kinds: str) -> list[Block]:
    """The fenced blocks of these kinds, in order."""
    name = str(page.relative_to(ROOT))
    text = page.read_text(encoding="utf-8")
    return [
        Block(name, found["kind"], found["text"], found["comment"] is None)
        for found in _FENCE.finditer(text)
        if found["kind"] in kinds
    ]


def prose(page: Path) -> str:
    """The page without its fenced blocks and code spans, where brackets are not links."""
    return re.sub(r"`[^`\n]*`", "", _FENCE.sub("", page.read_text(encoding="utf-8")))


def command_lines(page: Path) -> Iterator[str]:
    """Every line in a shell block that calls ``visavis``, with continued lines joined."""
    for block in blocks(page, "sh"):
        for line in block.text.replace("\\\n", " ").splitlines():
            if line.startswith("visavis "):
                yield line
