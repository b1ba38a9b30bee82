"""Large bodies: of whoever is named by their proof one at a time is taken in, since a link is in anybody's hands."""

import asyncio
import json
from typing import Any

from starlette.requests import Request
from starlette.types import Message, Receive, Scope, Send

from visavis.web.body import STRANGERS_BODY, BoundedBody

LARGE = STRANGERS_BODY + 1


class Call:
    """One request whose body comes when the test lets it."""

    def __init__(self, sender: str | None) -> None:
        self.sender = sender
        self.go_on = asyncio.Event()
        self.answer: list[Message] = []

    @property
    def scope(self) -> Scope:
        headers = [(b"content-length", str(LARGE).encode()), (b"x-sender", (self.sender or "").encode())]
        return {"type": "http", "method": "POST", "path": "/", "headers": headers, "state": {"request_id": "0" * 16}}

    async def receive(self) -> Message:
        await self.go_on.wait()
        return {"type": "http.request", "body": b"x" * LARGE}

    async def send(self, message: Message) -> None:
        self.answer.append(message)

    @property
    def outcome(self) -> Any:
        """The status, and the code of a problem."""
        content = self.answer[1]["body"]
        return self.answer[0]["status"], json.loads(content)["code"] if content else ""


async def app(_scope: Scope, receive: Receive, send: Send) -> None:
    assert len((await receive())["body"]) == LARGE
    await send({"type": "http.response.start", "status": 204, "headers": []})
    await send({"type": "http.response.body", "body": b""})


def proven(request: Request) -> str | None:
    return request.headers["x-sender"] or None


async def outcomes(*senders: str | None) -> list[Any]:
    """Who begins to send while the first of these is still sending, and the first again when all have ended."""
    body = BoundedBody(app, require_proof=proven)
    calls = [Call(sender) for sender in senders]
    tasks = []
    for call in calls:
        tasks.append(asyncio.create_task(body(call.scope, call.receive, call.send)))
        await asyncio.sleep(0.05)
    for call in calls:
        call.go_on.set()
    await asyncio.gather(*tasks)
    again = Call(senders[0])
    again.go_on.set()
    await body(again.scope, again.receive, again.send)
    return [call.outcome for call in (*calls, again)]


def test_who_is_sending_already_waits_and_nobody_else() -> None:
    taken, busy = (204, ""), (429, "rate_limited")
    assert asyncio.run(outcomes("link a", "link a", "link b")) == [taken, busy, taken, taken]


def test_a_caller_whom_we_know_sends_as_many_as_they_like() -> None:
    assert asyncio.run(outcomes(None, None)) == [(204, "")] * 3


def test_who_hangs_up_is_not_sending_any_more() -> None:
    async def hung_up() -> Any:
        body, call = BoundedBody(app, require_proof=proven), Call("link a")

        async def gone() -> Message:
            return {"type": "http.disconnect"}

        await body(call.scope, gone, call.send)
        again = Call("link a")
        again.go_on.set()
        await body(again.scope, again.receive, again.send)
        return call.answer, again.outcome

    assert asyncio.run(hung_up()) == ([], (204, ""))
