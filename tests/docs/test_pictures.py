"""Every picture of a page is taken by a test, lies in the documents, and is told in words."""

import re
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).parents[2]
SHOWN: Final = re.compile(r"!\[(?P<says>[^\]]+)\]\(images/pages/(?P<name>[a-z0-9-]+)\.png\)")


def taken() -> set[str]:
    """What the tests of the pages take."""
    tests = "".join(path.read_text(encoding="utf-8") for path in (ROOT / "tests" / "e2e").glob("test_*.py"))
    return set(re.findall(r'\blook\("([a-z0-9-]+)"', tests))


def test_every_picture_is_taken_kept_and_told() -> None:
    kept = {path.stem for path in (ROOT / "docs" / "images" / "pages").glob("*.png")}
    told = [found["name"] for found in SHOWN.finditer((ROOT / "docs" / "pages.md").read_text(encoding="utf-8"))]
    assert sorted(told) == sorted(kept) == sorted(taken())
