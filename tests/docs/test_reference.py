"""Reference pages say what the code says."""

import importlib.util
import re
from collections.abc import Iterator
from types import ModuleType

import pytest
from pydantic import BaseModel
from support.pages import ROOT

from visavis.adapters import cards
from visavis.model import leaves_loaded

REFERENCE = ROOT / "docs" / "reference"


@pytest.fixture(scope="module")
def generate() -> ModuleType:
    spec = importlib.util.spec_from_file_location("generate", ROOT / "docs" / "generate.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.mark.parametrize("name", ["refusals.md", "cli.md", "settings.md", "rest.md", "retention.md"])
def test_a_generated_page_is_fresh(generate: ModuleType, name: str) -> None:
    assert set(generate.PAGES) == {"refusals.md", "cli.md", "settings.md", "rest.md", "retention.md"}
    assert (REFERENCE / name).read_text(encoding="utf-8") == generate.PAGES[name](), "run python docs/generate.py"


def test_the_table_of_refusals_has_every_code_and_no_other() -> None:
    page = (REFERENCE / "refusals.md").read_text(encoding="utf-8")
    server, _, _client = page.partition("## Codes of the Python client")
    codes = re.findall(r"^\| `([a-z_]+)` \|", server, re.MULTILINE)
    assert codes == [leaf.code for leaf in leaves_loaded()]
    assert len(codes) == len(set(codes))


def test_every_refusal_has_a_meaning_and_a_mend() -> None:
    page = (REFERENCE / "refusals.md").read_text(encoding="utf-8")
    rows = [line.strip("|").split("|") for line in page.splitlines() if line.startswith("| `")]
    assert rows
    assert [row for row in rows if not all(cell.strip() for cell in row)] == []


@pytest.mark.parametrize("card", [cards.DetectorCard, cards.EmbedderCard], ids=["detector", "embedder"])
def test_the_page_on_model_cards_names_every_field(card: type[BaseModel]) -> None:
    page = (REFERENCE / "model-cards.md").read_text(encoding="utf-8")
    assert [name for name in _fields(card) if not re.search(rf"`[^`\n]*\b{name}\b[^`\n]*`", page)] == []


def _fields(shape: type[BaseModel]) -> Iterator[str]:
    """The names of a card's fields and of its tables' fields."""
    for name, field in shape.model_fields.items():
        yield field.alias or name
        for kind in getattr(field.annotation, "__args__", (field.annotation,)):
            if isinstance(kind, type) and issubclass(kind, BaseModel):
                yield from _fields(kind)
