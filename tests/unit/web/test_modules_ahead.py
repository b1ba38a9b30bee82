"""Whatever a page's modules import as they start is asked for with the page, and nothing else is."""

import re
from pathlib import PurePosixPath
from typing import Final

import pytest

from visavis.web.modules import STATIC, scripts

BUILT: Final = STATIC / "js"
PAGES: Final = sorted(path.stem for path in (BUILT / "pages").glob("*.js"))
IMPORTED: Final = re.compile(r'^import (?:[^"();]* from )?"([^"]+)";', re.MULTILINE)
TOLD: Final = re.compile(r'(?:src|href)="/static/js/([^"]+)"')


def imported(file: str) -> set[str]:
    """The file, and all that it imports, by their places below the folder of modules."""
    found: set[str] = set()
    waiting = [PurePosixPath(file)]
    while waiting:
        at = waiting.pop()
        if str(at) in found:
            continue
        found.add(str(at))
        for name in IMPORTED.findall((BUILT / at).read_text("utf-8")):
            there = BUILT / name.removeprefix("/static/js/") if name.startswith("/") else BUILT / at.parent / name
            waiting.append(PurePosixPath(there.resolve().relative_to(BUILT.resolve())))
    return found


@pytest.mark.parametrize("page", PAGES)
def test_all_that_a_page_needs_to_start_is_asked_for_at_once(page: str) -> None:
    told = TOLD.findall(scripts(f"pages/{page}"))
    assert len(told) == len(set(told))
    assert set(told) == imported(f"pages/{page}.js")


def test_a_package_of_others_that_a_page_starts_with_is_among_them() -> None:
    """What draws codes is in every page that may show one; what writes PDF files is loaded when somebody wants one."""
    told = " ".join(TOLD.findall(scripts("pages/enrol")))
    assert "vendor/uqr-" in told
    assert "pdf-lib" not in told
