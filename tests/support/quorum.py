"""An installation whose root key is with custodians, and a server process of it."""

import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx2
import pytest
from click.testing import CliRunner, Result

from support.live_server import _free_port
from visavis.cli.main import program

_SCRIPT = Path(__file__).resolve().parents[1] / "sim" / "server.py"
_START_S = 60.0


@dataclass
class Installation:
    """A folder with everything of one installation; its commands run in this process, its server in another."""

    folder: Path
    port: int
    secret: str = ""

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def environment(self) -> dict[str, str]:
        return {
            "VISAVIS_CONFIG": os.devnull,
            "VISAVIS_DATA_DIR": str(self.folder / "data"),
            "VISAVIS_KEY_FILE": str(self.key_file),
            "VISAVIS_PORT": str(self.port),
            "VISAVIS_URL": self.url,
            "VISAVIS_API_KEY": self.secret,
        }

    @property
    def key_file(self) -> Path:
        return self.folder / "keys" / "root.key"

    def run(self, *arguments: str, typed: Sequence[str] = ()) -> Result:
        """A command, with what is typed at its prompts."""
        said = "".join(f"{line}\n" for line in typed)
        return CliRunner(env=self.environment).invoke(program, list(arguments), input=said)

    def done(self, *arguments: str, typed: Sequence[str] = ()) -> str:
        """The same, which has to succeed; its standard output."""
        result = self.run(*arguments, typed=typed)
        assert result.exit_code == 0, (result.stdout, result.stderr)
        return result.stdout

    def refused(self, *arguments: str, typed: Sequence[str] = ()) -> str:
        """The same, which has to be refused; the code."""
        result = self.run(*arguments, "--json", typed=typed)
        assert result.exit_code == 1, (result.stdout, result.stderr)
        return str(json.loads(result.stderr.strip().splitlines()[-1])["code"])

    def ask(self, method: str, path: str, **body: Any) -> httpx2.Response:
        """A request to the server, if there is one."""
        # Loading certificates takes longer than the call.
        with httpx2.Client(base_url=self.url, timeout=20, trust_env=False, verify=False) as http:
            return http.request(method, path, **body)

    def hold_ceremony(self, *, shares: int = 5, threshold: int = 3, out: str = "shares") -> list[Path]:
        """A ceremony that is confirmed; the sheets."""
        folder = self.folder / out
        numbers = ["--shares", str(shares), "--threshold", str(threshold)]
        self.done("keys", "ceremony", *numbers, "--out", str(folder), "--later")
        sheets = [folder / f"share-{number}.html" for number in range(1, shares + 1)]
        self.done("keys", "confirm", *given(sheets[:threshold]))
        return sheets

    @contextmanager
    def serving(self) -> Iterator["subprocess.Popen[bytes]"]:
        """A server process, listening; killed at the end where it did not end by itself."""
        tests = _SCRIPT.parents[1]
        environment = {
            **{name: value for name, value in os.environ.items() if not name.startswith("VISAVIS_")},
            **self.environment,
            "PYTHONPATH": os.pathsep.join((str(tests), str(tests.parent / "src"))),
        }
        with (self.folder / "log").open("ab") as log:
            command = [sys.executable, str(_SCRIPT), str(self.folder)]
            process = subprocess.Popen(command, env=environment, stdout=log, stderr=subprocess.STDOUT)
        try:
            self._wait(process, "/healthz")
            yield process
        finally:
            process.kill()
            process.wait()

    def wait_until_open(self, process: "subprocess.Popen[bytes]") -> None:
        self._wait(process, "/readyz")

    def log(self) -> bytes:
        return (self.folder / "log").read_bytes()

    def _wait(self, process: "subprocess.Popen[bytes]", path: str) -> None:
        until = time.monotonic() + _START_S
        while time.monotonic() < until and process.poll() is None:
            try:
                if self.ask("GET", path).is_success:
                    return
            except httpx2.TransportError:
                pass
            time.sleep(0.05)
        pytest.fail(f"The server did not answer: {self.log().decode(errors='replace')[-2000:]}")


def installation(folder: Path, *, port: int | None = None) -> Installation:
    """A fresh one, with a key file; where no server is to run a port can be given, since sockets are forbidden."""
    made = Installation(folder, port or _free_port())
    made.secret = str(json.loads(made.done("--json", "init"))["api_key"])
    return made


def given(sheets: Sequence[Path]) -> list[str]:
    """The options that name share files."""
    return [text for sheet in sheets for text in ("--share-file", str(sheet))]
