"""What an open page compares, to know whether it is still one of the server's."""

import os
import re
import shutil
from pathlib import Path

import pytest
from support.world import World

from visavis.web import modules


@pytest.fixture
def web(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A copy of everything that the pages are made of, which a test may change."""
    for folder in ("pages", "texts"):
        shutil.copytree(modules._WEB / folder, tmp_path / folder)
    shutil.copytree(
        modules.STATIC, tmp_path / "static", ignore=shutil.ignore_patterns("vendor", "*.wasm", "*.gz", "*.br")
    )
    monkeypatch.setattr(modules, "_WEB", tmp_path)
    monkeypatch.setattr(modules, "_MANIFEST", tmp_path / "static" / "js" / "manifest.json")
    return tmp_path


def built_again(web: Path) -> str:
    manifest = web / "static" / "js" / "manifest.json"
    os.utime(manifest, ns=(0, manifest.stat().st_mtime_ns + 1))
    return modules.pages_stamp()


def test_every_page_bears_the_same_stamp(world: World) -> None:
    stamps = {re.findall(r'data-pages="(\w{16})"', world.http.get(path).text)[0] for path in ("/", "/me", "/console")}
    assert stamps == {modules.pages_stamp()}


@pytest.mark.parametrize(
    "part", ["pages/console/health.html", "texts/de.json", "static/js/console/health.js", "static/js/manifest.json"]
)
def test_whatever_changes_changes_the_stamp(web: Path, part: str) -> None:
    before = built_again(web)
    assert built_again(web) == before, "what was built again from the same is the same"
    changed = web / part
    changed.write_text(changed.read_text(encoding="utf-8") + "\n", encoding="utf-8")
    assert built_again(web) != before
