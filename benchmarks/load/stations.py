"""Many stations at one server, each verifying people at its pace: a locust process of its own.

Run as ``python -m benchmarks.load.stations`` with a plan (JSON) on standard input; the last line is one JSON object.
"""

from gevent import monkey

monkey.patch_all()

import base64  # noqa: E402 -- gevent has to patch the sockets before anybody imports them
import json  # noqa: E402 -- as above
import sys  # noqa: E402 -- as above
import time  # noqa: E402 -- as above
from collections.abc import Iterator  # noqa: E402 -- as above
from itertools import cycle  # noqa: E402 -- as above
from pathlib import Path  # noqa: E402 -- as above
from typing import Any, ClassVar  # noqa: E402 -- as above

import gevent  # noqa: E402 -- as above
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey  # noqa: E402 -- as above
from locust import FastHttpUser, task  # noqa: E402 -- as above
from locust.env import Environment  # noqa: E402 -- as above

from visavis.wire.signature import sign  # noqa: E402 -- as above

PACE_S = 2.01
BOUNDARY = "a-photo-and-a-name"


def multipart(photo: bytes, *, claim: str) -> bytes:
    """What a station sends: somebody's name and their photo."""
    part = f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="'
    name = f'{part}external_reference"\r\n\r\n{claim}\r\n'
    file = f'{part}photo"; filename="p.jpg"\r\nContent-Type: image/jpeg\r\n\r\n'
    return name.encode() + file.encode() + photo + f"\r\n--{BOUNDARY}--\r\n".encode()


class Station(FastHttpUser):  # type: ignore[misc] # locust publishes no types where it is not installed
    """One station: a session, one photo, a decision; then the next person, two seconds later at the earliest."""

    devices: ClassVar[Iterator[tuple[str, Ed25519PrivateKey]]]
    bodies: ClassVar[Iterator[bytes]]

    def on_start(self) -> None:
        """Take the next registered station's place."""
        self._id, self._key = next(self.devices)

    def wait_time(self) -> float:
        """Nothing more: the pace is kept before a session is opened."""
        return 0.0

    @task  # type: ignore[untyped-decorator] # as above
    def verify(self) -> None:
        """Verify one person."""
        with self._signed("/v1/sessions", b'{"kind":"verify"}', "application/json", "session") as opened:
            if opened.status_code != 201:  # noqa: PLR2004 -- HTTP's "created"
                opened.failure(f"{opened.status_code} {opened.text[:200]}")
                return
            session_id, ready_at = opened.json()["session_id"], time.monotonic() + PACE_S
        path = f"/v1/sessions/{session_id}/verify"
        kind = f"multipart/form-data; boundary={BOUNDARY}"
        with self._signed(path, next(self.bodies), kind, "verify") as decided:
            if decided.status_code != 200 or decided.json()["decision"] != "MATCH":  # noqa: PLR2004 -- HTTP's "OK"
                decided.failure(f"{decided.status_code} {decided.text[:200]}")
        gevent.sleep(max(0.0, ready_at - time.monotonic()))

    def _signed(self, path: str, body: bytes, kind: str, name: str) -> Any:
        created = int(time.time())
        headers = sign(method="POST", path=path, body=body, signer=self._id, private_key=self._key, created=created)
        headers["Content-Type"] = kind
        return self.client.request("POST", path, data=body, headers=headers, name=name, catch_response=True)


def main() -> None:
    """Follow the plan: so many stations, until so many requests were answered or so many seconds went by."""
    plan = json.loads(sys.stdin.read())
    Station.host = plan["url"]
    keys = {id_: Ed25519PrivateKey.from_private_bytes(base64.b64decode(key)) for id_, key in plan["devices"].items()}
    Station.devices = cycle(list(keys.items()))
    Station.bodies = cycle([multipart(Path(photo).read_bytes(), claim=plan["claim"]) for photo in plan["photos"]])
    environment = Environment(user_classes=[Station])
    runner = environment.create_local_runner()
    stations = len(keys)
    runner.start(stations, spawn_rate=stations / PACE_S)
    gevent.sleep(plan["warm_up_s"])
    environment.stats.reset_all()
    begun = time.monotonic()
    while environment.stats.total.num_requests < plan["requests"] and time.monotonic() - begun < plan["seconds"]:
        gevent.sleep(0.2)
    took = time.monotonic() - begun
    verify = environment.stats.get("verify", "POST")
    answers, failures = verify.num_requests, environment.stats.total.num_failures
    figures = {
        "stations": stations,
        "requests": environment.stats.total.num_requests,
        "verify_p50_ms": verify.get_response_time_percentile(0.5),
        "verify_p99_ms": verify.get_response_time_percentile(0.99),
        "session_p50_ms": environment.stats.get("session", "POST").get_response_time_percentile(0.5),
        "verify_per_s": round((answers - verify.num_failures) / took, 1),
        "failures": failures,
        "errors": sorted({str(error.error)[:160] for error in environment.stats.errors.values()})[:5],
        "seconds": round(took, 1),
    }
    runner.quit()
    print(json.dumps(figures))


if __name__ == "__main__":
    main()
