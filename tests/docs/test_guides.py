"""What the guides tell a person to type works, word for word, against a real server."""

import shutil
from pathlib import Path

import pytest
from support.live_server import LiveServer
from support.pages import ROOT, blocks
from support.reader import BY_THE_FIXTURE, Reader

GUIDES = ROOT / "docs" / "guides"


def test_every_guide_has_a_test_or_says_that_it_is_not_run() -> None:
    tests = "".join(path.read_text(encoding="utf-8") for path in Path(__file__).parent.glob("test_*.py"))
    untold = [page for page in GUIDES.glob("*.md") if f'"{page.name}"' not in tests]
    assert [block for page in untold for block in blocks(page, "sh", "python") if block.run] == []


@pytest.mark.slow
def test_the_guide_of_first_steps(reader: Reader) -> None:
    todo = [block.text for block in blocks(GUIDES / "first-steps.md", "sh") if block.run]
    assert [text for text in todo if text in BY_THE_FIXTURE] == list(BY_THE_FIXTURE)
    reader.read(GUIDES / "first-steps.md")


def test_the_guide_of_a_station(reader: Reader, server: LiveServer) -> None:
    said = reader.run_python(GUIDES / "station.md", api_key=server.api_key)
    assert "Welcome, guest 12" in said
    assert "session_too_soon" in said


@pytest.mark.slow
def test_the_guide_of_rest(reader: Reader) -> None:
    missing = [tool for tool in ("curl", "openssl") if shutil.which(tool) is None]
    if missing:
        pytest.skip(f"The guide of REST needs {' and '.join(missing)}.")
    reader.read(GUIDES / "rest.md")


@pytest.mark.slow
def test_the_guide_of_the_command_line(reader: Reader) -> None:
    reader.read(GUIDES / "cli.md")


@pytest.mark.slow
def test_the_guide_of_enrolling_at_home(reader: Reader, server: LiveServer) -> None:
    page = GUIDES / "enrol-at-home.md"
    reader.read(page)
    said = reader.run_python(page, api_key=server.api_key).splitlines()
    assert said == ["['TAKEN'] of 5", "CONSENTED"]
    assert all(f"`{line}`" in page.read_text(encoding="utf-8") for line in said)


@pytest.mark.slow
def test_the_guide_of_accounts(reader: Reader) -> None:
    reader.read(GUIDES / "console-accounts.md")


@pytest.mark.slow
def test_the_guide_of_many_people(reader: Reader) -> None:
    if shutil.which("curl") is None:
        pytest.skip("The guide of many people needs curl.")
    reader.read(GUIDES / "bulk.md")


@pytest.mark.slow
def test_the_guide_of_python(reader: Reader, server: LiveServer) -> None:
    said = reader.run_python(GUIDES / "python.md", api_key=server.api_key).splitlines()
    wanted = [line for block in blocks(GUIDES / "python.md", "text") for line in block.text.splitlines()]
    assert wanted
    assert [line for line in wanted if line not in said] == [], said


@pytest.mark.slow
def test_the_guide_of_ones_own_log(reader: Reader) -> None:
    reader.read(GUIDES / "your-log.md")


@pytest.mark.slow
def test_the_guide_of_ones_own_data(reader: Reader) -> None:
    reader.read(GUIDES / "my-data.md")
