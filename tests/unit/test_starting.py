"""Where a server may listen, what its links begin with, and data that it cannot use."""

import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from support.world import World, settings_in

from visavis import bootstrap
from visavis.adapters.sql.store import SqlStore
from visavis.model.keys import DataUnreadable, UnsafeListen
from visavis.settings import Settings

TLS: dict[str, Any] = {"tls_cert": Path("tls.crt"), "tls_key": Path("tls.key")}
BEYOND: dict[str, Any] = {"host": "192.168.1.5", "public_url": "https://faces.example", **TLS}


@pytest.mark.parametrize(
    ("host", "is_loopback"),
    [
        *((host, True) for host in ("127.0.0.1", "127.8.0.1", "::1", "localhost")),
        *((host, False) for host in ("0.0.0.0", "::", "192.168.1.5", "localhost.example", "")),  # noqa: S104 -- nobody listens
    ],
)
def test_one_rule_says_what_is_this_machine(host: str, is_loopback: bool) -> None:  # noqa: FBT001 -- pytest passes by name
    assert Settings(host=host).is_loopback is is_loopback


@pytest.mark.parametrize(
    ("changed", "url"),
    [
        ({"host": "::1"}, "http://[::1]:8642"),
        ({"host": "127.0.0.1", **TLS}, "https://127.0.0.1:8642"),
        ({"host": "::", "public_url": "https://faces.example/"}, "https://faces.example"),
    ],
)
def test_links_begin_with_an_address_that_can_be_opened(changed: dict[str, Any], url: str) -> None:
    assert Settings(**changed).base_url == url


@pytest.mark.parametrize("changed", [{"host": "127.8.0.1"}, {"host": "::1", **TLS}, BEYOND])
def test_what_is_safe_may_listen(world: World, changed: dict[str, Any]) -> None:
    bootstrap.require_safe_listen(Settings(**changed), world.services)


@pytest.mark.parametrize(
    ("changed", "words"),
    [
        ({"tls_cert": TLS["tls_cert"]}, "only one"),
        ({"tls_key": TLS["tls_key"]}, "only one"),
        ({**BEYOND, "tls_key": None}, "only one"),
        ({**BEYOND, "tls_cert": None, "tls_key": None}, "without TLS"),
        ({**BEYOND, "public_url": None}, "VISAVIS_PUBLIC_URL"),
        ({**BEYOND, "public_url": "http://faces.example"}, "VISAVIS_PUBLIC_URL"),
        ({**BEYOND, "public_url": "https://ann:word@faces.example"}, "without user"),
        ({"public_url": ""}, "VISAVIS_PUBLIC_URL"),
        ({"public_url": "https://faces.example/#x"}, "without user"),
        ({"public_url": "faces.example"}, "without user"),
    ],
)
def test_what_is_not_safe_may_not_listen(world: World, changed: dict[str, Any], words: str) -> None:
    with pytest.raises(UnsafeListen, match=words):
        bootstrap.require_safe_listen(Settings(**changed), world.services)


def test_beyond_this_machine_somebody_holds_a_key(world: World) -> None:
    world.sql("DELETE FROM api_keys")
    with pytest.raises(UnsafeListen, match="API key"):
        bootstrap.require_safe_listen(Settings(**BEYOND), world.services)


def spoil(database: Path) -> None:
    database.write_bytes(b"not a database, but long enough to look at" * 50)


def empty(database: Path) -> None:
    with closing(sqlite3.connect(database)) as connection:
        connection.execute("DROP TABLE server")


@pytest.mark.parametrize("wrong", [spoil, empty])
def test_a_database_that_cannot_be_used_is_told_without_a_statement(
    tmp_path: Path, wrong: Callable[[Path], None]
) -> None:
    settings = settings_in(tmp_path)
    bootstrap.initialise(settings)
    wrong(settings.data_dir / "visavis.db")
    with pytest.raises(DataUnreadable) as told:
        bootstrap.open_services(settings)
    assert "SELECT" not in str(told.value)
    assert told.value.__cause__ is None


def test_a_database_that_is_locked_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def locked(_: SqlStore) -> None:
        with closing(sqlite3.connect(tmp_path / "held.db", timeout=0)) as holder:
            holder.execute("BEGIN EXCLUSIVE")
            store = SqlStore(f"sqlite:///{tmp_path / 'held.db'}?timeout=0")
            store.load("anything")

    monkeypatch.setattr(SqlStore, "migrate", locked)
    with pytest.raises(DataUnreadable, match="database is locked"):
        bootstrap.initialise(settings_in(tmp_path))


def test_an_installation_that_breaks_half_way_leaves_nothing_in_the_way_of_the_next(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = settings_in(tmp_path)

    def broken(*_: object) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patched:
        patched.setattr(SqlStore, "keep", broken)
        with pytest.raises(OSError, match="No space"):
            bootstrap.initialise(settings)
    assert bootstrap.initialise(settings)
