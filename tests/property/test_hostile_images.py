"""Whatever bytes arrive at whatever door, the answer is a decision or a named refusal, and nothing else changes."""

import os
import shutil
import struct
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from fixtures.images import small_files
from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis import strategies as st
from sim.faces import SeeingExtractor
from support.doors import DOORS, House
from support.world import reopened_world, settings_in

from visavis.adapters.decoding.pool import SPARE, DecodingPool
from visavis.capture.decode import decode
from visavis.model import leaves_loaded
from visavis.model.decision import Outcome
from visavis.model.errors import ImageRefused
from visavis.wire.shape import Problem

EXAMPLES = 300
"""Images thrown at the doors in every run of the tests."""

MANY = 10_000
"""Images thrown at them in ``make test-all``."""

BATCH = 500
MIB = 1024
CODES = {leaf.code for leaf in leaves_loaded()}
OUR_FAULT = {"internal", "decoder_unavailable", "not_ready"}

SIGNATURES = [
    b"\xff\xd8\xff", b"\x89PNG\r\n\x1a\n", b"RIFF\0\0\0\0WEBPVP8 ", b"RIFF\0\0\0\0WEBPVP8L", b"RIFF\0\0\0\0WEBPVP8X",
    b"\0\0\0\x18ftypheic\0\0\0\0mif1heic", b"\0\0\0\x18ftypavif\0\0\0\0mif1avif", b"",
]  # fmt: skip


@st.composite
def mutated(draw: st.DrawFn) -> bytes:
    """A valid file of some format, with bytes turned, cut out, doubled, put in or taken from another file."""
    content = bytearray(draw(st.sampled_from(small_files())))
    for _ in range(draw(st.integers(0, 3))):
        start = draw(st.integers(0, len(content)))
        stop = min(len(content), start + draw(st.integers(0, 64)))
        act = draw(st.sampled_from(["insert", "cut", "double", "splice", "zero", "largest"]))
        if act == "insert":
            content[start:start] = draw(st.binary(max_size=16))
        elif act == "cut":
            del content[start:stop]
        elif act == "double":
            content[start:start] = content[start:stop]
        elif act == "splice":
            content[start:stop] = draw(st.sampled_from(small_files()))[start : start + draw(st.integers(0, 256))]
        else:
            content[start:stop] = (b"\0" if act == "zero" else b"\xff") * (stop - start)
    for place, value in draw(
        st.lists(st.tuples(st.integers(0, max(0, len(content) - 1)), st.integers(0, 255)), max_size=8)
    ):
        if place < len(content):
            content[place] = value
    return bytes(content[: draw(st.integers(len(content) // 2, len(content)))])


@st.composite
def rearranged(draw: st.DrawFn) -> bytes:
    """The parts of a valid file (segments, chunks, boxes) in another order, some missing, some twice."""
    head, parts = draw(st.sampled_from([parted(file) for file in small_files()]))
    chosen = draw(st.lists(st.sampled_from(range(len(parts))), max_size=2 * len(parts)))
    order = chosen if draw(st.booleans()) else draw(st.permutations(range(len(parts))))
    return head + b"".join(parts[number] for number in order)


def parted(file: bytes) -> tuple[bytes, list[bytes]]:
    """What begins a file, and its parts."""
    if file.startswith(b"\xff\xd8"):
        return file[:2], [b"\xff" + part for part in file[3:].split(b"\xff")]
    if file.startswith(b"\x89PNG"):
        return file[:8], list(cut(file, 8, lambda place: 12 + struct.unpack_from(">I", file, place)[0]))
    if file.startswith(b"RIFF"):
        size: Callable[[int], int] = lambda place: 8 + (struct.unpack_from("<I", file, place + 4)[0] + 1) // 2 * 2  # noqa: E731 -- as beside it
        return file[:12], list(cut(file, 12, size))
    boxes = list(cut(file, 0, lambda place: struct.unpack_from(">I", file, place)[0]))
    (meta,) = (box for box in boxes if box[4:8] == b"meta")
    inner = list(cut(meta, 12, lambda place: struct.unpack_from(">I", meta, place)[0]))
    return boxes[0] + struct.pack(">I", len(meta)) + meta[4:12], [*inner, *boxes[2:]]


def cut(content: bytes, place: int, size: Callable[[int], int]) -> Iterator[bytes]:
    while place < len(content):
        end = place + size(place)
        yield content[place:end]
        place = end


made = st.builds(bytes.__add__, st.sampled_from(SIGNATURES), st.binary(max_size=200))
images = st.one_of(mutated(), mutated(), rearranged(), made, st.sampled_from(small_files()))


# The function


@settings(max_examples=400, deadline=None)
@given(images)
def test_whatever_arrives_is_seen_or_refused_by_name(content: bytes) -> None:
    try:
        frame = decode(content)
    except ImageRefused:
        return
    assert frame.pixels.ndim == 3
    assert frame.pixels.dtype == np.uint8


def test_of_the_undamaged_files_only_films_are_refused() -> None:
    found = []
    for file in small_files():
        try:
            decode(file)
        except ImageRefused as refusal:
            found.append(refusal.code)
    assert found == ["image_animated"] * 3


# The doors


@pytest.fixture(scope="module")
def pool() -> Iterator[DecodingPool]:
    opened = DecodingPool()
    yield opened
    opened.close()


@pytest.fixture(scope="module")
def house(blank: tuple[Path, str], pool: DecodingPool, tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    """A server with the real decoders behind simulated faces."""
    folder, secret = blank
    copy = tmp_path_factory.mktemp("house")
    shutil.copytree(folder, copy, dirs_exist_ok=True)
    with reopened_world(copy, settings_in(copy), secret, faces=SeeingExtractor(pool)) as world:
        yield House.over(world)


def answered(response: Any) -> None:
    """A decision, an enrolment or a problem, with a code that is known and not of our making."""
    body = response.json()
    if response.status_code in {200, 202}:
        said = {body.get("reason"), *(photo["code"] for photo in body.get("refusals", []))}
        assert said - {None} <= CODES - OUR_FAULT
        assert "decision" not in body or body["decision"] in {outcome.value for outcome in Outcome}
    else:
        problem = Problem.model_validate(body)
        assert response.status_code == problem.status < 500
        assert problem.code in CODES - OUR_FAULT
        assert problem.mend


def thrown(house: House, *, examples: int, number: int) -> None:
    """Throw so many images at the doors."""

    @seed(number)
    @settings(
        max_examples=examples,
        deadline=None,
        database=None,
        phases=[Phase.generate, Phase.shrink],
        suppress_health_check=list(HealthCheck),
    )
    @given(st.sampled_from(sorted(DOORS)), images)
    def throw(door: str, content: bytes) -> None:
        answered(DOORS[door](house, content))

    throw()


def state(pool: DecodingPool) -> dict[str, int]:
    """What must not grow."""
    own = Path("/proc/self")
    return {
        "descriptors": len(list((own / "fd").iterdir())),
        "children": sum(len(task.read_text().split()) for task in own.glob("task/*/children")),
        "workers": len(pool.pids()),
        "memory": memory_mib(os.getpid()),
    }


def memory_mib(pid: int) -> int:
    lines = Path(f"/proc/{pid}/status").read_text(encoding="ascii").splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("VmRSS")) // MIB


def unchanged(pool: DecodingPool, before: dict[str, int], *, growth_mib: int) -> None:
    after = state(pool)
    assert after["workers"] == pool.at_once + SPARE
    assert after["children"] == before["children"]
    assert after["descriptors"] <= before["descriptors"] + 4
    assert after["memory"] <= before["memory"] + growth_mib
    assert max(memory_mib(pid) for pid in pool.pids()) < 150


def test_every_door_takes_what_is_a_photo(house: House) -> None:
    for door in DOORS.values():
        response = door(house, small_files()[0])
        assert response.status_code in {200, 202}, response.text
        answered(response)
        refused = door(house, b"no photo")
        assert refused.status_code in {200, 422}
        assert "image_format_unsupported" in refused.text


@pytest.mark.slow
def test_no_image_at_any_door_breaks_anything(house: House, pool: DecodingPool) -> None:
    thrown(house, examples=40, number=0)
    before = state(pool)
    thrown(house, examples=EXAMPLES, number=1)
    unchanged(pool, before, growth_mib=40)


@pytest.mark.slow
def test_ten_thousand_images_at_every_door_break_nothing(house: House, pool: DecodingPool) -> None:
    thrown(house, examples=BATCH, number=2)
    before = state(pool)
    for number in range(MANY // BATCH):
        thrown(house, examples=BATCH, number=10 + number)
    unchanged(pool, before, growth_mib=100)
