"""Each infer request keeps to one shape of pictures, and a new shape takes the place of the oldest."""

import threading
from collections import Counter
from contextlib import ExitStack
from typing import Any, cast

import pytest
from hypothesis import given
from hypothesis import strategies as st

from visavis.adapters.openvino import runtime
from visavis.adapters.openvino.runtime import _Requests

SHAPES = runtime._SHAPES


class Compiled:
    """Counts the requests it makes; each remembers the shape it was shown last, and how often that was another."""

    def __init__(self) -> None:
        self.made: list[Counter[str]] = []

    def create_infer_request(self) -> Counter[str]:
        self.made.append(Counter())
        return self.made[-1]


@pytest.fixture
def compiled() -> Compiled:
    return Compiled()


def of(compiled: Compiled) -> _Requests:
    return _Requests(cast("Any", compiled))


def shape(number: int) -> tuple[int, ...]:
    return 1, 10, number, 3


def used(requests: _Requests, number: int) -> object:
    with requests.one(shape(number)) as request:
        return request


def test_a_shape_that_is_used_keeps_its_request_whatever_shapes_come_by(compiled: Compiled) -> None:
    requests = of(compiled)
    own = used(requests, 0)
    for number in range(1, 3 * SHAPES):
        used(requests, number)
        assert used(requests, 0) is own, "the first shapes are not those that stay"
    late = 3 * SHAPES
    again = used(requests, late)
    for number in range(late + 1, late + SHAPES - 1):
        assert used(requests, number) is not again
        assert used(requests, late) is again, "a shape that came late keeps its request as well"


def test_no_more_requests_are_made_than_ran_at_once_for_each_of_twelve_shapes(compiled: Compiled) -> None:
    requests = of(compiled)
    for number in range(10 * SHAPES):
        used(requests, number)
    assert len(compiled.made) == SHAPES


def test_a_request_that_was_at_work_while_its_shape_was_given_up_is_used_again(compiled: Compiled) -> None:
    requests = of(compiled)
    with requests.one(shape(0)) as at_work:
        for number in range(1, SHAPES + 1):
            used(requests, number)
        with requests.one(shape(0)) as second:
            assert second is not at_work
    before = len(compiled.made)
    with ExitStack() as all_:
        found = [all_.enter_context(requests.one(shape(SHAPES))) for _ in range(2)]
    assert at_work in found
    assert len(compiled.made) <= before + 1


@given(st.lists(st.integers(0, SHAPES + 3), max_size=200))
def test_the_shapes_that_keep_theirs_are_the_newest_twelve(numbers: list[int]) -> None:
    requests = of(Compiled())
    newest: list[int] = []
    for number in numbers:
        used(requests, number)
        newest = [*(one for one in newest if one != number), number][-SHAPES:]
        assert [*requests._idle] == [shape(one) for one in newest]


def test_nobody_gets_a_request_that_somebody_else_has(compiled: Compiled) -> None:
    requests, busy, lock, clashes = of(compiled), set[int](), threading.Lock(), list[int]()

    def work(first: int) -> None:
        for number in range(first, first + 300):
            with requests.one(shape(number % (2 * SHAPES))) as request:
                with lock:
                    clashes.extend({id(request)} & busy)
                    busy.add(id(request))
                with lock:
                    busy.discard(id(request))

    threads = [threading.Thread(target=work, args=(7 * first,)) for first in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert clashes == []
    assert len(compiled.made) <= 4 * SHAPES
