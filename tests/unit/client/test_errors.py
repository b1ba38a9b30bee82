"""One exception class for each code, below the sort that the server's tree puts it in."""

import inspect

import pytest
from fixtures.answers import API_KEY, BASE, FakeServer, problem

from visavis.client import AsyncVisavis, Visavis, VisavisProblem, errors
from visavis.client.problem import OWN_CODES
from visavis.client.raising import problem_here
from visavis.model import leaves_loaded
from visavis.model.errors import VisavisError

CLASSES = {
    name: cls
    for name, cls in inspect.getmembers(errors, inspect.isclass)
    if issubclass(cls, VisavisProblem) and cls is not VisavisProblem
}
STALE = "run python src/make_client.py"


def test_every_code_of_the_server_and_the_client_has_its_class_and_no_other_code_has() -> None:
    assert set(errors.BY_CODE) == {leaf.code for leaf in leaves_loaded()} | set(OWN_CODES), STALE
    assert len(set(errors.BY_CODE.values())) == len(errors.BY_CODE), "two codes share a class"


def test_every_class_is_a_code_or_a_sort_of_the_servers() -> None:
    sorts = {cls.__name__ for leaf in leaves_loaded() for cls in leaf.__mro__ if not vars(cls).get("code")}
    leaves = set(errors.BY_CODE.values())
    assert {name for name, cls in CLASSES.items() if cls not in leaves} <= sorts | {"FoundHere"}, STALE


@pytest.mark.parametrize("leaf", leaves_loaded(), ids=lambda leaf: leaf.code)
def test_a_class_stands_where_the_servers_does(leaf: type[VisavisError]) -> None:
    ours = errors.BY_CODE[leaf.code]
    above = leaf.__mro__[1 : leaf.__mro__.index(VisavisError)]
    assert ours.__name__ == leaf.__name__, STALE
    assert [cls.__name__ for cls in ours.__mro__[1 : ours.__mro__.index(VisavisProblem)]] == [
        cls.__name__ for cls in above
    ], STALE


@pytest.mark.parametrize("code", sorted(OWN_CODES))
def test_what_the_client_finds_itself_is_a_sort_of_its_own(code: str) -> None:
    found = problem_here(code, "What happened.")
    assert type(found) is errors.BY_CODE[code]
    assert isinstance(found, errors.FoundHere)
    assert (found.code, found.status, found.refused) == (code, 0, False)


@pytest.mark.parametrize("code", [leaf.code for leaf in leaves_loaded()])
def test_a_refusal_comes_as_its_class(code: str) -> None:
    server = FakeServer({"GET /v1/purposes/x": problem(code)})
    with pytest.raises(VisavisProblem) as raised:
        Visavis(base_url=BASE, api_key=API_KEY, transport=server.transport).purpose("x")
    assert type(raised.value) is errors.BY_CODE[code]
    assert raised.value.code == code
    assert raised.value.refused


def test_a_code_of_a_later_server_is_a_plain_problem() -> None:
    server = FakeServer({"GET /v1/purposes/x": problem("moon_in_the_way", 503)})
    with pytest.raises(VisavisProblem) as raised:
        Visavis(base_url=BASE, api_key=API_KEY, transport=server.transport).purpose("x")
    assert type(raised.value) is VisavisProblem
    assert (raised.value.code, raised.value.mend) == ("moon_in_the_way", "What to do.")


@pytest.mark.asyncio
async def test_the_async_client_raises_the_same_classes() -> None:
    server = FakeServer({"GET /v1/purposes/x": problem("gallery_full")})
    async with AsyncVisavis(base_url=BASE, api_key=API_KEY, transport=server.transport) as client:
        with pytest.raises(errors.PolicyRefused) as raised:
            await client.purpose("x")
    assert type(raised.value) is errors.GalleryFull


@pytest.mark.parametrize("sort", ["Image", "Face", "Consent", "Session", "Access", "Policy", "Request"])
def test_sorts_can_be_caught(sort: str) -> None:
    assert any(issubclass(cls, CLASSES[f"{sort}Refused"]) for cls in errors.BY_CODE.values())


@pytest.mark.parametrize("cls", CLASSES.values(), ids=CLASSES.keys())
def test_every_class_says_what_it_means(cls: type[VisavisProblem]) -> None:
    assert cls.__doc__
    assert cls.__doc__ is not VisavisProblem.__doc__
