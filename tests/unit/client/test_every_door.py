"""Both clients have a method for every door, and each method goes to its own."""

import inspect
import re
from collections.abc import Callable
from typing import Any, cast

import httpx2
import pytest
from fixtures.answers import Answer, FakeServer
from fixtures.every_call import EVERY_CALL, KINDS, Kind

from visavis.web.app import create_app
from visavis.web.services import Services

NAMES = [f"{kind.sync.__name__}: {door}" for kind, door, _, _ in EVERY_CALL]


OF_BROWSERS = ("/v1/console/", "/v1/visits")
"""A person logs in there with a cookie; programs have API keys. A visit is what a person does who has no receipt."""


def doors() -> set[tuple[str, str]]:
    """Method and path of every operation that the server documents."""
    document = create_app(cast("Services", None)).openapi()
    return {(method.upper(), path) for path, methods in document["paths"].items() for method in methods}


def is_at(door: str, *, method: str, path: str) -> bool:
    asked_method, _, asked_path = door.partition(" ")
    pattern = re.sub(r"\{[a-z_]+\}", "[^/]+", path.replace("{path}", ".+"))
    return method == asked_method and re.fullmatch(pattern, asked_path) is not None


def test_every_door_of_the_server_has_a_call() -> None:
    called = [door for _, door, _, _ in EVERY_CALL]
    missing = {
        (m, p)
        for m, p in doors()
        if not p.startswith(OF_BROWSERS) and not any(is_at(door, method=m, path=p) for door in called)
    }
    assert missing == set()


def test_every_call_has_a_door() -> None:
    known = doors()
    assert [d for _, d, _, _ in EVERY_CALL if not any(is_at(d, method=m, path=p) for m, p in known)] == []


@pytest.mark.parametrize(("kind", "door", "answer", "call"), EVERY_CALL, ids=NAMES)
def test_a_method_goes_to_its_door(kind: Kind, door: str, answer: Answer, call: Callable[[Any], Any]) -> None:
    server = FakeServer({door: answer})
    with kind.sync(*kind.arguments, **kind.named, transport=server.transport) as caller:
        check(call(caller), server=server, door=door, answer=answer)


@pytest.mark.parametrize(("kind", "door", "answer", "call"), EVERY_CALL, ids=NAMES)
@pytest.mark.asyncio
async def test_its_twin_goes_there_too(kind: Kind, door: str, answer: Answer, call: Callable[[Any], Any]) -> None:
    server = FakeServer({door: answer})
    async with kind.aio(*kind.arguments, **kind.named, transport=server.transport) as caller:
        check(await call(caller), server=server, door=door, answer=answer)


def check(got: Any, *, server: FakeServer, door: str, answer: Answer) -> None:
    assert server.called == [door]
    if answer is None:
        assert got is None
    elif isinstance(answer, httpx2.Response):
        content = got.encode() if isinstance(got, str) else got if isinstance(got, bytes) else got.content
        assert content == answer.content.strip()
    else:
        assert set(cast("dict[str, Any]", answer)) <= set(got.model_dump(mode="json"))


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.sync.__name__)
def test_every_method_is_called_here(kind: Kind) -> None:
    tried: set[str] = set()

    class Noted:
        def __getattr__(self, name: str) -> Callable[..., None]:
            tried.add(name)
            return lambda *_args, **_kwargs: None

    for _, _, call in kind.calls:
        call(Noted())
    assert tried == methods(kind.sync) - {"close", *kind.silent, *kind.composed}


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.sync.__name__)
def test_both_clients_have_the_same_methods_with_the_same_parameters(kind: Kind) -> None:
    assert methods(kind.sync) == methods(kind.aio)
    for name in methods(kind.sync):
        ours, theirs = (inspect.signature(getattr(cls, name)) for cls in (kind.sync, kind.aio))
        assert ours == theirs, name
        assert inspect.iscoroutinefunction(getattr(kind.aio, name)) != (name in kind.silent), name
        assert not inspect.iscoroutinefunction(getattr(kind.sync, name)), name


def methods(cls: type[Any]) -> set[str]:
    return {name for name, _ in inspect.getmembers(cls, inspect.isfunction) if not name.startswith("_")}
