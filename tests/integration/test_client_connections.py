"""What the clients do with real connections: given back, bounded in number, and never waited for without end."""

import asyncio
import json
import os
import re
import threading
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from typing import cast

import pytest
from fixtures.answers import API_KEY, GALLERY, an_id, page

from visavis.client import AsyncVisavis, Connections, Retries, Timeouts, Visavis
from visavis.client.errors import TimedOut, Unreachable

BODY = json.dumps(page(GALLERY)).encode()
HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n" % len(BODY)
LATEST_S = 5.0
DROP_S = 0.05
DRIPPING_S = len(BODY) * DROP_S
Act = Callable[[asyncio.StreamWriter], Awaitable[None]]


class Peer:
    """A server that answers every request with ``act``, and counts."""

    def __init__(self, act: Act) -> None:
        self.act = act
        self.open = self.most_open = self.requests = 0
        self.asked = asyncio.Event()
        self.tasks: set[asyncio.Task[None]] = set()
        self.url = ""

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.tasks.add(cast("asyncio.Task[None]", asyncio.current_task()))
        self.open += 1
        self.most_open = max(self.open, self.most_open)
        try:
            while True:
                head = await reader.readuntil(b"\r\n\r\n")
                length = re.search(rb"content-length: (\d+)", head.lower())
                await reader.readexactly(int(length[1]) if length else 0)
                self.requests += 1
                self.asked.set()
                # Whoever goes away while we answer is noticed.
                answering, leaving = asyncio.ensure_future(self.act(writer)), asyncio.ensure_future(reader.read(1))
                try:
                    await asyncio.wait({answering, leaving}, return_when=asyncio.FIRST_COMPLETED)
                finally:
                    gone = leaving.done()
                    answering.cancel()
                    leaving.cancel()
                if gone:
                    break
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            self.open -= 1
            writer.close()


@asynccontextmanager
async def peer(act: Act) -> AsyncIterator[Peer]:
    found = Peer(act)
    server = await asyncio.start_server(found.serve, "127.0.0.1", 0)
    found.url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    async with server:
        yield found
        for task in found.tasks:
            task.cancel()
        await asyncio.gather(*found.tasks, return_exceptions=True)


@contextmanager
def peer_elsewhere(act: Act) -> Iterator[Peer]:
    """The same in a thread of its own, for the client that blocks."""
    loop, ready, stop, found = asyncio.new_event_loop(), threading.Event(), asyncio.Event(), list[Peer]()

    async def run() -> None:
        async with peer(act) as started:
            found.append(started)
            ready.set()
            await stop.wait()

    thread = threading.Thread(target=loop.run_until_complete, args=(run(),))
    thread.start()
    ready.wait(5)
    try:
        yield found[0]
    finally:
        loop.call_soon_threadsafe(stop.set)
        thread.join(5)
        loop.close()


async def answer(writer: asyncio.StreamWriter) -> None:
    await asyncio.sleep(0.05)
    writer.write(HEAD + BODY)


async def say_nothing(_writer: asyncio.StreamWriter) -> None:
    await asyncio.Event().wait()


async def stop_half_way(writer: asyncio.StreamWriter) -> None:
    writer.write(HEAD + BODY[:20])
    await asyncio.Event().wait()


async def drip(writer: asyncio.StreamWriter) -> None:
    writer.write(HEAD)
    for byte in BODY:
        writer.write(bytes([byte]))
        await asyncio.sleep(DROP_S)


async def hang_up(writer: asyncio.StreamWriter) -> None:
    writer.transport.abort()


async def settled(condition: Callable[[], bool]) -> bool:
    """Whether something comes true within five seconds."""
    for _ in range(500):
        if condition():
            return True
        await asyncio.sleep(0.01)
    return False


@pytest.mark.parametrize("act", [say_nothing, stop_half_way], ids=["no answer yet", "half an answer"])
@pytest.mark.asyncio
async def test_a_cancelled_call_leaves_no_connection(act: Act) -> None:
    async with peer(act) as server, AsyncVisavis(base_url=server.url, api_key=API_KEY) as client:
        call = asyncio.create_task(client.galleries())
        await server.asked.wait()
        await asyncio.sleep(0.02)
        call.cancel()
        with pytest.raises(asyncio.CancelledError):
            await call
        assert await settled(lambda: server.open == 0)
        assert server.requests == 1, "what was cancelled is not sent again"


@pytest.mark.asyncio
async def test_after_many_cancelled_calls_the_pool_still_serves() -> None:
    async with peer(say_nothing) as server:
        client = AsyncVisavis(
            base_url=server.url, api_key=API_KEY, connections=Connections(most=2), timeouts=Timeouts(pool_s=5)
        )
        for _ in range(6):
            with pytest.raises(TimeoutError):
                async with asyncio.timeout(0.03):
                    await client.galleries()
        server.act = answer
        assert (await client.galleries()).items[0].id == an_id("gal")
        await client.close()
        assert await settled(lambda: server.open == 0)


@pytest.mark.asyncio
async def test_connections_are_bounded_and_used_again() -> None:
    async with (
        peer(answer) as server,
        AsyncVisavis(base_url=server.url, api_key=API_KEY, connections=Connections(most=3)) as client,
    ):
        await asyncio.gather(*(client.galleries() for _ in range(12)))
        assert (server.requests, server.most_open) == (12, 3)


@pytest.mark.asyncio
async def test_no_connection_left_in_time_is_told() -> None:
    async with peer(say_nothing) as server:
        client = AsyncVisavis(
            base_url=server.url, api_key=API_KEY, connections=Connections(most=1), timeouts=Timeouts(pool_s=0.1)
        )
        first = asyncio.create_task(client.galleries())
        await server.asked.wait()
        with pytest.raises(TimedOut, match="PoolTimeout"):
            await client.galleries()
        first.cancel()
        await client.close()


@pytest.mark.asyncio
async def test_an_answer_that_drips_ends_with_the_calls_time() -> None:
    async with (
        peer(drip) as server,
        AsyncVisavis(base_url=server.url, api_key=API_KEY, timeouts=Timeouts(total_s=0.4)) as client,
    ):
        begun = time.monotonic()
        with pytest.raises(TimedOut):
            await client.galleries()
        assert time.monotonic() - begun < DRIPPING_S / 2
        assert await settled(lambda: server.open == 0)


def test_an_answer_that_drips_ends_for_the_client_that_blocks_too() -> None:
    with (
        peer_elsewhere(drip) as server,
        Visavis(base_url=server.url, api_key=API_KEY, timeouts=Timeouts(total_s=0.4)) as client,
    ):
        begun = time.monotonic()
        with pytest.raises(TimedOut):
            client.galleries()
        assert time.monotonic() - begun < DRIPPING_S / 2


def test_silence_ends_with_the_time_to_read() -> None:
    with (
        peer_elsewhere(say_nothing) as server,
        Visavis(base_url=server.url, api_key=API_KEY, timeouts=Timeouts(read_s=0.2)) as client,
    ):
        with pytest.raises(TimedOut, match="ReadTimeout"):
            client.galleries()
        assert server.requests == 1


@pytest.mark.parametrize(("key", "sent"), [(None, 1), ("once", 3)])
def test_a_write_whose_connection_breaks_is_sent_again_only_with_a_key(key: str | None, sent: int) -> None:
    with (
        peer_elsewhere(hang_up) as server,
        Visavis(base_url=server.url, api_key=API_KEY, retries=Retries(first_pause_s=0.01)) as client,
    ):
        with pytest.raises(Unreachable):
            client.withdraw(an_id("sub"), reason="a test", idempotency_key=key)
        assert server.requests == sent


@pytest.mark.asyncio
async def test_reading_a_slow_file_stops_nobody(tmp_path_factory: pytest.TempPathFactory) -> None:
    """A named pipe is a file that takes as long as its writer likes."""
    pipe, release = tmp_path_factory.mktemp("pipe") / "photo.jpg", threading.Event()
    os.mkfifo(pipe)

    def write() -> None:
        release.wait(LATEST_S)
        pipe.write_bytes(b"photo")

    threading.Thread(target=write).start()
    async with (
        peer(say_nothing) as server,
        AsyncVisavis(base_url=server.url, api_key=API_KEY, timeouts=Timeouts(read_s=0.2)) as client,
    ):
        begun = time.monotonic()
        enrolling = asyncio.create_task(client.enrol(an_id("gal"), external_reference="7", photos=[pipe]))
        await asyncio.sleep(0.1)
        assert time.monotonic() - begun < LATEST_S, "the loop stood still"
        assert not enrolling.done()
        assert server.requests == 0
        release.set()
        with pytest.raises(TimedOut):
            await enrolling
