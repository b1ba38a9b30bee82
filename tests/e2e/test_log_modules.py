"""The page's own check of the log against the vectors that everybody has, and against servers that lie."""

import json
from base64 import b64encode
from collections.abc import Callable, Iterator
from dataclasses import asdict
from datetime import date
from pathlib import Path
from typing import Any, Final

import pytest
import rfc8785
from playwright.sync_api import Browser, Page
from support.browser import at_modules
from support.log_builder import Tree
from support.log_lies import LIES
from support.own_log import Shown, remembering, shown

from visavis.audit.leaf import write_entry
from visavis.audit.merkle import leaf_hash
from visavis.audit.tiles import tiles_between
from visavis.model.access import ReadingKind
from visavis.model.audit import Event

pytestmark = pytest.mark.browser

ROOT: Final = Path(__file__).resolve().parents[2]
VECTORS: Final[dict[str, Any]] = json.loads((ROOT / "spec" / "vectors" / "audit-log.json").read_text(encoding="utf-8"))
SALT_BYTES: Final = 32
_LONGEST: Final = 256 * 1024
"""As the page reads no more of a tile."""
WITNESSES_ONLY: Final = {"a false cosignature", "one of two witnesses", "one witness twice"}
"""The page knows no witnesses, so what they signed or did not sign is nothing to it."""

# Runs ``act`` for each of ``g`` and says with which code it was refused, or null.
EACH: Final = """
  const codes = [];
  for (const one of g) {
    try { await act(one); codes.push(null); } catch (error) { codes.push(error.code ?? String(error)); }
  }
  return codes;
"""


@pytest.fixture(scope="module")
def modules(browser: Browser) -> Iterator[Page]:
    """One page for all: modules keep nothing between calls."""
    context = browser.new_context(locale="en-GB", timezone_id="UTC")
    page = context.new_page()
    at_modules(page)
    yield page
    context.close()


def run(page: Page, module: str, body: str, given: Any = None) -> Any:
    return page.evaluate(f"async (g) => {{ const m = await import('/static/js/{module}.js'); {body} }}", given)


def codes(page: Page, act: str, given: list[Any]) -> list[str | None]:
    found: list[str | None] = run(page, "log/log", f"const act = async (one) => {{ {act} }}; {EACH}", given)
    return found


def names(vectors: list[dict[str, Any]], ends: list[str | None]) -> dict[str, str | None]:
    return {vector["name"]: end for vector, end in zip(vectors, ends, strict=True)}


def test_every_entry_ends_as_its_vector_says(modules: Page) -> None:
    vectors = VECTORS["entries"]
    ends = codes(modules, "m.readEntry(one)", [vector["entry"] for vector in vectors])
    assert names(vectors, ends) == {vector["name"]: vector["failure"] for vector in vectors}


def test_every_kind_of_reading_is_read_here_as_well(modules: Page) -> None:
    commitment, day = VECTORS["commitments"][0]["commitment"], date(2027, 1, 15)
    entries = [write_entry(Event.READING, day=day, commitment=commitment, act=kind.value) for kind in ReadingKind]
    assert codes(modules, "m.readEntry(one)", [entry.decode() for entry in entries]) == [None] * len(ReadingKind)


def test_a_new_pin_that_somebody_made_is_told_with_who_made_it(modules: Page) -> None:
    entry = {"event": "credential", "day": "2027-01-15", "commitment": "", "handle": "", "v": 1}
    told = [
        run(modules, "log/log-words", "return m.whatInWords(g)", {"entry": entry, "details": details})
        for details in ({}, {"by": "front desk", "by_id": "key_x"})
    ]
    assert told == ["You were given a PIN and a QR code", "A new PIN and QR code were made for you by front desk"]


def test_every_commitment_is_the_one_of_its_vector(modules: Page) -> None:
    given = [[_base64url(vector["salt_hex"]), vector["details"]] for vector in VECTORS["commitments"]]
    made = run(modules, "log/log", "return Promise.all(g.map((one) => m.commitmentTo(...one)))", given)
    assert made == [vector["commitment"] for vector in VECTORS["commitments"]]


def test_no_other_opening_opens_an_entry(modules: Page) -> None:
    for vector in VECTORS["openings"]:
        data = bytes.fromhex(vector["opening_hex"])
        salt, written = data[:SALT_BYTES], data[SALT_BYTES:]
        try:
            details = json.loads(written)
        except ValueError:
            continue  # no JSON reaches the page in which this could be written
        if json.dumps(details, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode() != written:
            continue  # the same
        made = run(modules, "log/log", "return m.commitmentTo(...g)", [_base64url(salt.hex()), details])
        assert (made == vector["commitment"]) == (vector["failure"] is None), vector["name"]


def test_every_checkpoint_ends_as_its_vector_says(modules: Page) -> None:
    vectors = VECTORS["checkpoints"]
    act = f"await m.requireCheckpoint(one, await m.readKey({json.dumps(VECTORS['log_key'])}))"
    ends = names(vectors, codes(modules, act, [vector["note"] for vector in vectors]))
    expected = {v["name"]: None if v["name"] in WITNESSES_ONLY else v["failure"] for v in vectors}
    assert ends == expected


def test_every_proof_ends_as_its_vector_says(modules: Page) -> None:
    vectors = VECTORS["proofs"]
    act = f"""
      const proof = m.readProof(one.proof);
      const tree = await m.requireCheckpoint(proof.checkpoint, await m.readKey({json.dumps(VECTORS["log_key"])}));
      await m.requireInclusion({{ leaf: await m.leafHash(new TextEncoder().encode(one.entry)), proof, tree }});
    """
    ends = names(vectors, codes(modules, act, vectors))
    assert ends == {vector["name"]: vector["failure"] for vector in vectors}


@pytest.mark.parametrize("text", ["", "a", "a+b", "a+00000000+AAAA", str(VECTORS["witness_keys"][0]), "a b+0+A"])
def test_what_is_no_key_of_a_log_is_refused(modules: Page, text: str) -> None:
    assert codes(modules, "await m.readKey(one)", [text]) == ["verifier_key_malformed"]


def test_json_is_written_as_rfc_8785_says(modules: Page) -> None:
    given: Any = {
        "\u20ac": 1,
        "\r": [None, True, 1e21, "\u00f6\u0000"],
        "1": {"b": 0.1, "a": -0.0},
        "\U0001f600": 2,
        "\ufb33": 3,
    }
    assert run(modules, "log/log", "return m.canonicalJson(g)", given).encode() == rfc8785.dumps(given)


class Forest:
    """The tree of the vectors (entries are their index in decimal digits), and its tiles at any size."""

    def __init__(self, size: int) -> None:
        self.tree = Tree()
        for number in range(size):
            self.tree.add(leaf_hash(str(number).encode()))

    def tiles(self, size: int) -> dict[str, bytes]:
        return {tile.path: self.tree.tile(tile) for tile in tiles_between(0, size)}

    def at(self, size: int) -> dict[str, Any]:
        return {"origin": "x", "size": size, "note": "", "root": list(self.tree.edge(size).root())}


@pytest.fixture(scope="module")
def forest() -> Forest:
    return Forest(70_000)


class Server:
    """Where a page finds tiles."""

    def __init__(self, page: Page) -> None:
        self.page = page
        self.tiles: Callable[[str], bytes | None] = lambda _path: None
        self.asked: list[str] = []

    def tile(self, path: str) -> str | None:
        self.asked.append(path)
        found = self.tiles(path)
        return None if found is None else b64encode(found[:_LONGEST]).decode()


@pytest.fixture(scope="module")
def exposed(modules: Page) -> Server:
    server = Server(modules)
    modules.expose_function("tile", server.tile)
    return server


@pytest.fixture
def serving(exposed: Server) -> Server:
    """One that has nothing, and was asked for nothing."""
    exposed.tiles, exposed.asked = lambda _path: None, []
    return exposed


FETCH: Final = """
  const { Problem } = await import("/static/js/server/api.js");
  const fetchTile = async (path) => {
    const found = await tile(path);
    if (found === null) throw new Problem({ code: "log_resource_missing", detail: "gone", mend: "wait" });
    return Uint8Array.from(atob(found), (c) => c.charCodeAt(0));
  };
"""
BEGINS: Final = f"""{FETCH}
  const tree = (one) => ({{ ...one, root: Uint8Array.from(one.root) }});
  try {{ await m.requireBeginsWith(tree(g.older), tree(g.newer), fetchTile); return null; }}
  catch (error) {{ return error.code ?? String(error); }}
"""


def begins(serving: Server, older: dict[str, Any], newer: dict[str, Any], tiles: dict[str, bytes]) -> str | None:
    serving.tiles, serving.asked = tiles.get, []
    code: str | None = run(serving.page, "log/tiles", BEGINS, {"older": older, "newer": newer})
    return code


GREW: Final = [
    (0, 1), (1, 2), (1, 255), (255, 256), (256, 257), (256, 65536), (300, 65536), (257, 70000), (65535, 70000),
    (65536, 70000), (69999, 70000), (70000, 70000),
]  # fmt: skip


def test_a_tree_that_grew_is_believed(serving: Server, forest: Forest) -> None:
    for older, newer in GREW:
        assert begins(serving, forest.at(older), forest.at(newer), forest.tiles(newer)) is None, (older, newer)
        assert len(serving.asked) == len(set(serving.asked)) <= 8


def test_the_roots_of_the_vectors_are_made(serving: Server, forest: Forest) -> None:
    for vector in VECTORS["trees"]:
        at = forest.at(vector["size"])
        assert bytes(at["root"]).hex() == vector["root_hex"]
        assert begins(serving, forest.at(min(1, vector["size"])), at, forest.tiles(vector["size"])) is None


def test_a_tree_that_is_another_is_refused(serving: Server, forest: Forest) -> None:
    tiles, newer = forest.tiles(70_000), forest.at(70_000)
    lie = {**forest.at(300), "root": list(bytes(32))}
    assert begins(serving, lie, newer, tiles) == "log_forked"
    assert begins(serving, {**newer, "root": list(bytes(32))}, newer, tiles) == "log_forked"
    assert begins(serving, newer, forest.at(300), forest.tiles(300)) == "checkpoint_stale"
    assert begins(serving, forest.at(300), {**newer, "root": list(bytes(32))}, tiles) == "tile_wrong"


def test_a_tile_that_is_wrong_torn_or_missing_is_refused(serving: Server, forest: Forest) -> None:
    tiles, older, newer = forest.tiles(70_000), forest.at(300), forest.at(70_000)
    for path in ("tile/0/001", "tile/1/001.p/17", "tile/0/273.p/112", "tile/2/000.p/1"):
        true = tiles[path]
        for harm, code in (
            (bytes(len(true)), "tile_wrong"),
            (true + true, "tile_malformed"),
            (true[:-1], "tile_malformed"),
            (b"", "tile_malformed"),
        ):
            assert begins(serving, older, newer, {**tiles, path: harm}) == code, path
        without = {name: data for name, data in tiles.items() if name != path}
        assert begins(serving, older, newer, without) == "log_resource_missing", path


def test_a_tile_that_is_full_by_now_stands_in_for_its_beginning(serving: Server, forest: Forest) -> None:
    tiles = {**forest.tiles(600), **forest.tiles(500)}
    del tiles["tile/0/001.p/244"]
    assert begins(serving, forest.at(300), forest.at(500), tiles) is None


CHECK: Final = f"""{FETCH}
  try {{
    const {{ entries, newest }} = await m.checkOwn(g.said, g.receipt, fetchTile);
    return [null, entries.map(({{ index, proven }}) => [index, proven]), newest && newest.size];
  }} catch (error) {{ return [error.code ?? String(error), error.message, error.mend]; }}
"""


def checked(serving: Server, one: Shown) -> tuple[str | None, Any, Any]:
    serving.tiles = one.tiles
    receipt = {name: value for name, value in asdict(one.receipt).items() if value is not None}
    code, first, second = run(serving.page, "log/own-log", CHECK, {"said": one.said, "receipt": receipt})
    return code, first, second


def test_what_checks_out_is_shown_as_what_it_is(serving: Server, tmp_path: Path) -> None:
    one = remembering(shown(tmp_path / "log"), 50)
    code, entries, size = checked(serving, one)
    assert code is None
    assert [proven for _, proven in entries] == [True, True, True, False]
    assert [index for index, _ in entries] == [item["index"] for item in one.items]
    assert size == 325


def test_the_page_refuses_servers_that_lie_by_the_same_names(serving: Server, tmp_path: Path) -> None:
    ends = {}
    for number, (name, (lie, _)) in enumerate(LIES.items()):
        one = shown(tmp_path / f"log {number}")
        lie(one, tmp_path / f"more {number}")
        ends[name], words, mend = checked(serving, one)
        assert words, name
        assert mend, name
    assert ends == {name: code for name, (_, code) in LIES.items()}


def _base64url(text: str) -> str:
    return b64encode(bytes.fromhex(text)).decode().rstrip("=").translate(str.maketrans("+/", "-_"))
