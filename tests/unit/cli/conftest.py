"""The command line in this process, in front of a server that is not there."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx2
import pytest
from click.testing import CliRunner, Result
from fixtures.answers import API_KEY, BASE, FakeServer

from visavis.cli.main import program
from visavis.client import make_station_key


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> FakeServer:
    fake = FakeServer()
    monkeypatch.setattr(httpx2.HTTPTransport, "handle_request", lambda _, request: fake(request))
    monkeypatch.setattr("time.sleep", lambda _: None)
    return fake


Run = Callable[..., Result]


@pytest.fixture
def run(server: FakeServer, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Run:  # noqa: ARG001 -- no command may reach a real network
    """Run the program as a shell would."""
    for name in ("VISAVIS_URL", "VISAVIS_API_KEY", "VISAVIS_STATION", "VISAVIS_STATION_KEY", "VISAVIS_REASON"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.chdir(tmp_path)

    def call(*arguments: str, typed: str = "", env: dict[str, str] | None = None) -> Result:
        return CliRunner(
            env={"VISAVIS_URL": BASE, "VISAVIS_API_KEY": API_KEY, "VISAVIS_REASON": "a test", **(env or {})}
        ).invoke(program, list(arguments), input=typed)

    return call


@pytest.fixture
def station(tmp_path: Path) -> list[str]:
    """The options that say which station this is."""
    path = tmp_path / "station.pem"
    make_station_key(path)
    return ["--station", "sta_aaaqeayeaudaocajbifqydiob4", "--station-key", str(path)]


@pytest.fixture
def photo(tmp_path: Path) -> str:
    path = tmp_path / "probe.jpg"
    path.write_bytes(b"a photo")
    return str(path)


def data(result: Result) -> Any:
    return json.loads(result.stdout)
