"""A real server process, started and ended by the drill."""

import json
import os
import signal
import socket
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Final, Self

import httpx2
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from visavis.client import CustodianClient, StationClient, Visavis, public_key_text
from visavis.drill.place import Place
from visavis.wire.deciding import DecisionAnswer
from visavis.wire.setup import StationRequest

PATIENCE_S: Final = 120.0
_STOPPING_S: Final = 30.0
_PAUSE_S: Final = 0.05


class NotStarted(Exception):
    """The server ended by itself. ``code`` is why, as its log says; "" where it says nothing."""

    def __init__(self, code: str) -> None:
        super().__init__(f"The server did not start: {code or 'no reason was told'}.")
        self.code = code


@dataclass(frozen=True, slots=True)
class Program:
    """How a server is started: the command for an installation in a folder, and what its environment has besides."""

    command: Callable[[Path], Sequence[str]]
    environment: Mapping[str, str] = field(default_factory=dict)


class Server:
    """A server over a place, from entering to leaving the block.

    :param sealed: where custodians hold the root, leave it sealed.
    :raises NotStarted: it refused to.
    """

    def __init__(self, place: Place, program: Program, *, api_key: str, sealed: bool = False) -> None:
        self._stays_sealed = sealed
        self.place = place
        self._program = program
        self._api_key = api_key
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = int(probe.getsockname()[1])
        self.url = f"http://127.0.0.1:{self.port}"

    def __enter__(self) -> Self:
        """Start it, and wait until it answers."""
        self._logged = self.place.log.stat().st_size if self.place.log.exists() else 0
        with self.place.log.open("ab") as log:
            self._process = subprocess.Popen(  # noqa: S603 -- our own program
                self._program.command(self.place.folder),
                env={**self.place.environment(self.port), **self._program.environment},
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                cwd=self.place.folder,
            )
        try:
            self._wait()
        except BaseException:
            self.stop()
            raise
        return self

    def __exit__(
        self, _kind: type[BaseException] | None, _error: BaseException | None, _at: TracebackType | None
    ) -> None:
        """Stop it as a service manager does."""
        self.stop()

    @property
    def pid(self) -> int:
        """Its process id."""
        return self._process.pid

    def stop(self) -> None:
        """Stop it as a service manager does."""
        if self._process.poll() is None:
            self._process.terminate()
        try:
            self._process.wait(timeout=_STOPPING_S)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()

    def crash(self) -> bool:
        """Let it die as of a fault of its own; whether the system took a dump of its memory."""
        self._process.send_signal(signal.SIGABRT)
        _, status = os.waitpid(self.pid, 0)
        self._process.returncode = -os.WTERMSIG(status) if os.WIFSIGNALED(status) else os.waitstatus_to_exitcode(status)
        return os.WIFSIGNALED(status) and os.WCOREDUMP(status)

    def operator(self, api_key: str | None = None) -> Visavis:
        """A client with an API key; by default one that may do everything."""
        return Visavis(base_url=self.url, api_key=api_key or self._api_key)

    def identify(self, photo: bytes, *, gallery_id: str) -> DecisionAnswer:
        """Show a photo to a station that was registered a moment ago, so that no pace is in the way."""
        key = Ed25519PrivateKey.generate()
        with self.operator() as operator:
            request = StationRequest(
                name=f"probe {key.public_key().public_bytes_raw().hex()[:12]}",
                gallery_id=gallery_id,
                public_key=public_key_text(key),
                attended=True,
            )
            station_id = operator.register_station(request).id
        with StationClient(base_url=self.url, station_id=station_id, private_key=key) as station:
            return station.identify(station.open_session("identify").session_id, photo=photo)

    def _wait(self) -> None:
        if self.place.shares:
            self._wait_for("/healthz")
            if self._stays_sealed:
                return
            with CustodianClient(self.url) as custodian:
                for words in self.place.shares:
                    custodian.give_share(words)
        self._wait_for("/readyz")

    def _wait_for(self, path: str) -> None:
        until = time.monotonic() + PATIENCE_S
        with httpx2.Client(trust_env=False, timeout=PATIENCE_S) as http:
            while time.monotonic() < until and self._process.poll() is None:
                try:
                    if http.get(f"{self.url}{path}").is_success:
                        return
                except httpx2.TransportError:
                    pass
                time.sleep(_PAUSE_S)
        raise NotStarted(self._reason())

    def _reason(self) -> str:
        with self.place.log.open("rb") as log:
            log.seek(self._logged)
            lines = log.read().decode(errors="replace").splitlines()
        for line in reversed(lines):
            try:
                told = json.loads(line)
            except ValueError:
                continue
            if isinstance(told, dict) and told.get("event") in {"not_started", "uncaught"}:
                return str(told.get("code") or told.get("error", ""))
        return ""
