"""The port: free, another program's, or a running Visavis's."""

import http.server
import os
import socket
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from support.installation import Authority, certify, make_installation, settings_of

from visavis.adapters.doctor.port import port
from visavis.adapters.listening import require_free
from visavis.bootstrap import DataDirectory
from visavis.model.keys import AddressUnusable, TlsUnusable
from visavis.settings import Settings


class Answer(http.server.BaseHTTPRequestHandler):
    """What a Visavis server says, or another program."""

    body = b'{"status":"ok"}'
    request_id: str | None = "0123456789abcdef"

    def do_GET(self) -> None:
        self.send_response(200)
        if self.request_id:
            self.send_header("Request-Id", self.request_id)
        self.send_header("Content-Length", str(len(self.body)))
        self.end_headers()
        self.wfile.write(self.body)

    def log_message(self, *_: object) -> None:
        """Say nothing."""


class Foreign(Answer):
    body = b"welcome"
    request_id = None


@contextmanager
def listening(handler: type[Answer], *, tls: dict[str, Path] | None = None) -> Iterator[int]:
    server = http.server.HTTPServer(("127.0.0.1", 0), handler)
    if tls:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(tls["tls_cert"], tls["tls_key"])
        server.socket = context.wrap_socket(server.socket, server_side=True)
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    try:
        yield server.server_port
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


@pytest.fixture
def free() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def told(settings: Settings) -> tuple[str, str]:
    (check,) = port(settings)
    assert bool(check.mend) == (check.state != "ok")
    return check.state, check.message


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return make_installation(tmp_path)


def test_a_port_that_is_free(folder: Path, free: int) -> None:
    state, message = told(settings_of(folder, port=free))
    assert (state, message) == ("ok", f"127.0.0.1, port {free} is free.")


def test_a_port_that_another_program_has(folder: Path) -> None:
    with listening(Foreign) as taken, pytest.raises(AddressUnusable, match="another program"):
        told(settings_of(folder, port=taken))


def test_a_port_that_is_bound_by_something_that_does_not_speak(folder: Path) -> None:
    with socket.socket() as mute:
        mute.bind(("127.0.0.1", 0))
        mute.listen()

        def hang_up() -> None:
            mute.accept()[0].close()

        threading.Thread(target=hang_up).start()
        with pytest.raises(AddressUnusable):
            told(settings_of(folder, port=mute.getsockname()[1]))


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost"])
def test_a_port_that_this_server_has(folder: Path, host: str) -> None:
    with listening(Answer) as taken, DataDirectory(folder / "data"):
        state, message = told(settings_of(folder, port=taken, host=host))
    assert state == "ok"
    assert f"process {os.getpid()} listens" in message


def test_a_port_that_this_server_has_with_tls(folder: Path) -> None:
    files = certify(folder, by=Authority("Somebody"))
    with listening(Answer, tls=files) as taken, DataDirectory(folder / "data"):
        state, _ = told(settings_of(folder, port=taken, **files))
    assert state == "ok"


def test_a_port_that_a_server_of_other_data_has(folder: Path) -> None:
    with listening(Answer) as taken:
        state, message = told(settings_of(folder, port=taken))
    assert (state, "other data" in message) == ("fail", True)


def test_data_that_a_server_elsewhere_holds(folder: Path, free: int) -> None:
    with DataDirectory(folder / "data"):
        state, message = told(settings_of(folder, port=free))
    assert (state, f"process {os.getpid()}" in message) == ("warn", True)


@pytest.mark.parametrize(
    ("host", "words"), [("192.0.2.77", "no such address"), ("no-such-host.invalid", "Nobody knows")]
)
def test_an_address_that_is_not_this_machines(tmp_path: Path, free: int, host: str, words: str) -> None:
    with pytest.raises(AddressUnusable, match=words):
        require_free(settings_of(tmp_path, host=host, port=free))


def test_a_port_that_needs_rights(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refused(*_: object) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(socket.socket, "bind", refused)
    with pytest.raises(AddressUnusable, match="1024"):
        require_free(settings_of(tmp_path, port=80))


def test_tls_that_cannot_be_used_has_a_name(tmp_path: Path) -> None:
    from visavis.adapters.listening import require_tls_usable  # noqa: PLC0415 -- of interest here only

    files = certify(tmp_path)
    require_tls_usable(settings_of(tmp_path, **files))
    files["tls_key"].write_text("SECRET")
    with pytest.raises(TlsUnusable) as refused:
        require_tls_usable(settings_of(tmp_path, **files))
    assert "SECRET" not in str(refused.value)
