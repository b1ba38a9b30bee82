"""A PostgreSQL of this machine's own packages, for as long as tests run: reached by a socket file, by nobody else."""

import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import count
from pathlib import Path

import pytest
import sqlalchemy as sa

from visavis.adapters.sql.store import SqlStore

TEMPLATE = "template_visavis"
_NUMBERS = count()


class Cluster:
    """A running server with as many databases as tests want."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._admin = sa.create_engine(self._driver("postgres"), isolation_level="AUTOCOMMIT")

    def url(self, name: str) -> str:
        """The URL of a database, as a person writes it into the settings."""
        return f"postgresql://postgres@/{name}?host={self.folder}"

    def empty(self) -> str:
        """The URL of a database that was just made."""
        return self._made("template0")

    def migrated(self) -> str:
        """The URL of one that has this release's schema."""
        with self._admin.connect() as connection:
            there = sa.text("SELECT 1 FROM pg_database WHERE datname = :name")
            if connection.execute(there, {"name": TEMPLATE}).first() is None:
                connection.exec_driver_sql(f"CREATE DATABASE {TEMPLATE} TEMPLATE template0 ENCODING 'UTF8'")
                store = SqlStore(self.url(TEMPLATE))
                store.migrate()
                store.close()
        return self._made(TEMPLATE)

    def copy_of(self, url: str) -> str:
        """The URL of a copy; nobody uses the original meanwhile."""
        self.end_connections(url)
        return self._made(str(sa.make_url(url).database))

    def end_connections(self, url: str) -> None:
        """End every connection to a database, as a restart does."""
        name = sa.make_url(url).database
        with self._admin.connect() as connection:
            ending = sa.text("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = :name")
            connection.execute(ending, {"name": name})

    def close(self) -> None:
        """Give the connections back."""
        self._admin.dispose()

    def _made(self, template: str) -> str:
        name = f"t{next(_NUMBERS)}"
        with self._admin.connect() as connection:
            connection.exec_driver_sql(f"CREATE DATABASE {name} TEMPLATE {template} ENCODING 'UTF8'")
        return self.url(name)

    def _driver(self, name: str) -> str:
        return self.url(name).replace("postgresql://", "postgresql+psycopg://")


@contextmanager
def running() -> Iterator[Cluster]:
    """A cluster, gone afterwards."""
    programs = _programs()
    if programs is None:
        pytest.skip("There is no PostgreSQL on this machine: run ./.ci/postgresql")
    folder = Path(tempfile.mkdtemp(prefix="pg"))  # a socket's path has to be short
    try:
        if os.getuid() == 0:
            shutil.chown(folder, "postgres", "postgres")
        data = folder / "data"
        _run(programs / "initdb", "-D", data, "-U", "postgres", "-A", "trust", "-N", "-E", "UTF8", "--locale=C.UTF-8")
        # What is lost when the machine stops matters to no test.
        options = f"-k {folder} -h '' -F -c full_page_writes=off -c max_connections=200 -c log_min_messages=fatal"
        _run(programs / "pg_ctl", "-D", data, "-l", folder / "log", "-w", "-o", options, "start")
        cluster = Cluster(folder)
        try:
            yield cluster
        finally:
            cluster.close()
            _run(programs / "pg_ctl", "-D", data, "-m", "immediate", "-w", "stop")
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _programs() -> Path | None:
    """Where the newest PostgreSQL is that has all it takes; Debian's programs are not in the path."""
    places = [*sorted(Path("/usr/lib/postgresql").glob("*/bin"), reverse=True), Path("/usr/local/bin")]
    found = [place for place in places if (place / "initdb").exists() and (place / "pg_ctl").exists()]
    return found[0] if found else None


def _run(*command: object) -> None:
    # PostgreSQL refuses to run as root.
    own = ["setpriv", "--reuid=postgres", "--regid=postgres", "--clear-groups"] if os.getuid() == 0 else []
    told = {key: value for key, value in os.environ.items() if not key.startswith("PG")}
    subprocess.run([*own, *map(str, command)], check=True, cwd="/", env=told, stdout=subprocess.DEVNULL)
