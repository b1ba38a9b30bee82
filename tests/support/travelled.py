"""Everything that went to a server and came back, to be looked for where it must not be."""

import base64
import html
import json
from collections.abc import Iterator
from functools import cache
from typing import Any
from urllib.parse import parse_qsl, quote, quote_plus, unquote

import httpx2

SHORTEST = 5
"""Shorter values are in every text by chance."""


class Travelled:
    """Collects what travels through an HTTP client: addresses, headers, bodies and answers."""

    def __init__(self) -> None:
        self.values: set[bytes] = set()
        self.statuses: set[int] = set()
        self.request_ids: list[str] = []

    def watch(self, client: httpx2.Client) -> None:
        """Look at each exchange of this client from now on."""
        send = client.send

        def watched(request: httpx2.Request, **options: Any) -> httpx2.Response:
            self._note_request(request)
            response = send(request, **options)
            self._note_answer(response)
            return response

        client.send = watched  # type: ignore[method-assign] # every call of the client goes through it

    def add(self, *values: str | bytes) -> None:
        self.values |= {value.encode() if isinstance(value, str) else value for value in values}

    def _note_request(self, request: httpx2.Request) -> None:
        request.read()
        address = request.url.raw_path.decode("latin-1")
        path, _, query = address.partition("?")
        self.add(address, path, query, *path.split("/"), *map(unquote, path.split("/")))
        self.add(*(value for pair in parse_qsl(query) for value in pair))
        for name, value in request.headers.items():
            if name in {"host", "content-type", "accept", "accept-encoding", "connection", "content-length"}:
                continue
            self.add(value, *value.split(" "), *(part for part in value.split('"')))
        self.add(request.content, *request.content.splitlines())
        self.add(*_strings(request.content))

    def _note_answer(self, response: httpx2.Response) -> None:
        self.statuses.add(response.status_code)
        self.request_ids.append(response.headers["Request-Id"])
        if "json" in response.headers.get("content-type", "") and "/openapi" not in str(response.url):
            self.add(*_strings(response.content))
            if response.is_error:
                problem = response.json()
                public = {problem[name] for name in ("code", "title", "mend", "type", "request_id")}
                self.values -= {str(value).encode() for value in public}

    def found_in(self, log: bytes, *, known: bytes) -> list[str]:
        """Each value that stands in ``log`` in any encoding, and is no part of what may stand there."""
        return sorted(
            f"{value!r} as {encoded!r}"
            for value in self.values
            if len(value) >= SHORTEST
            for encoded in encodings(value)
            if encoded in log and encoded not in known
        )


def _strings(content: bytes) -> Iterator[str]:
    """Every text in a JSON document, and every link's parts."""
    try:
        waiting = [json.loads(content)]
    except ValueError:
        return
    while waiting:
        thing = waiting.pop()
        if isinstance(thing, dict):
            waiting += [*thing.keys(), *thing.values()]
        elif isinstance(thing, list):
            waiting += thing
        elif isinstance(thing, str):
            yield thing
            yield from thing.split("#")
            yield from thing.split(".")


@cache
def encodings(value: bytes) -> frozenset[bytes]:
    """A value as it could stand in a text: plain, escaped, quoted, in hexadecimal and in Base64 at every offset."""
    found = {value, value.hex().encode(), value.hex().upper().encode(), repr(value)[2:-1].encode()}
    found |= {quote(value, safe="").encode(), quote(value).encode(), quote_plus(value).encode()}
    text = value.decode("utf-8", "replace")
    found |= {json.dumps(text)[1:-1].encode(), json.dumps(text, ensure_ascii=False)[1:-1].encode()}
    found |= {html.escape(text).encode(), repr(text)[1:-1].encode(), text.lower().encode(), text.upper().encode()}
    for offset in range(3):
        whole = base64.b64encode(b"\0" * offset + value)
        # Only what no neighbour has a part in: the first and last digits hold bits of what stands beside.
        inner = whole[2 * offset if offset else 0 : -4]
        found |= {inner, inner.replace(b"+", b"-").replace(b"/", b"_")}
    return frozenset(encoded for encoded in found if len(encoded) >= SHORTEST)
