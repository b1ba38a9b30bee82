"""What attackers bring: many hands at once, requests signed their own way, and a close look at every answer."""

import base64
import hashlib
import secrets
import threading
from collections.abc import Callable
from typing import Any, TypeVar

import httpx2
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from support.world import World

T = TypeVar("T")

_EACH_TIME_ANEW = {"request-id", "date"}


def at_once(count: int, act: Callable[[int], T]) -> list[T]:
    """Run an act from many threads at the same moment; what each of them got, in their order."""
    barrier = threading.Barrier(count)
    results: dict[int, T] = {}

    def one(number: int) -> None:
        barrier.wait()
        results[number] = act(number)

    threads = [threading.Thread(target=one, args=(number,)) for number in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return [results[number] for number in range(count)]


def signing(
    world: World,
    signer: str,
    key: Ed25519PrivateKey,
    method: str,
    path: str,
    *,
    nonce: str | None = None,
    shift_s: float = 0,
    **body: Any,
) -> httpx2.Request:
    """A signed request that is not sent yet, written from the specification and not with our own signer.

    :param shift_s: by how many seconds the signer's clock is ahead.
    """
    request = world.http.build_request(method, path, **body)
    request.read()
    created = int(world.clock.now().timestamp() + shift_s)
    nonce = nonce or secrets.token_urlsafe(18)
    digest = "sha-256=:" + base64.b64encode(hashlib.sha256(request.content).digest()).decode() + ":"
    covered = f'("@method" "@path" "content-digest");created={created};nonce="{nonce}";keyid="{signer}";alg="ed25519"'
    base = f'"@method": {method}\n"@path": {path}\n"content-digest": {digest}\n"@signature-params": {covered}'
    request.headers["Content-Digest"] = digest
    request.headers["Signature-Input"] = f"visavis={covered}"
    request.headers["Signature"] = "visavis=:" + base64.b64encode(key.sign(base.encode())).decode() + ":"
    return request


def copied(world: World, request: httpx2.Request, **changed: Any) -> httpx2.Request:
    """The same request again, as somebody would send it who had listened; named parts are changed."""
    parts: dict[str, Any] = {
        "method": request.method,
        "url": request.url,
        "content": request.content,
        "headers": request.headers,
    }
    return world.http.build_request(**{**parts, **changed})


def told(response: httpx2.Response) -> str:
    """The one word of an answer: a refusal's code, a decision, or the status of anything else."""
    if response.headers.get("content-type", "").endswith("json"):
        body = response.json()
        if isinstance(body, dict):
            return str(body.get("code") or body.get("decision") or response.status_code)
    return str(response.status_code)


def seen(response: httpx2.Response, *, anew: tuple[str, ...] = ()) -> tuple[Any, ...]:
    """Everything an attacker can see in an answer but what is drawn anew each time, which ``anew`` names.

    Status, headers in their order with their values, the length of the body, and the body.
    """
    headers = [(name, value) for name, value in response.headers.multi_items() if name not in _EACH_TIME_ANEW]
    body = response.json() if response.content else None
    if isinstance(body, dict):
        body = {name: len(str(value)) if name in anew else value for name, value in body.items()}
        body.pop("request_id", None)
    return response.status_code, tuple(headers), len(response.content), repr(body)
