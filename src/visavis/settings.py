"""Everything that can be set, read once: options beat the environment (``VISAVIS_…``), which beats one TOML file."""

import difflib
import ipaddress
import os
import re
import stat
import textwrap
import tomllib
from collections.abc import Mapping
from datetime import timedelta
from pathlib import Path
from typing import Any, Final, Literal, get_args
from urllib.parse import parse_qsl, urlsplit

from pydantic import Field, PrivateAttr, ValidationError, field_validator
from pydantic.fields import FieldInfo
from pydantic_settings import BaseSettings, SettingsConfigDict

from visavis.model.account import read_roles
from visavis.model.configuration import (
    SettingsInvalid,
    SettingsMissing,
    SettingsUnknown,
    SettingsUnreadable,
    SettingsUnsafe,
)

PREFIX: Final = "VISAVIS_"
CONFIG_VARIABLE: Final = "VISAVIS_CONFIG"
OTHER_VARIABLES: Final = frozenset({
    CONFIG_VARIABLE, "VISAVIS_URL", "VISAVIS_API_KEY", "VISAVIS_STATION", "VISAVIS_STATION_KEY",
    "VISAVIS_REASON", "VISAVIS_WITNESS_STATE", "VISAVIS_LOG_KEY",
})  # fmt: skip
"""Variables that are no settings: of the command line, and the one that names the file."""

_OTHER_PREFIXES: Final = ("VISAVIS_BENCH_", "VISAVIS_DEMO_", "VISAVIS_TEST_")
_MOST_THREADS: Final = 4
"""Cores beyond this speed one picture up no further."""
_MOST_BYTES: Final = 1024 * 1024

Source = Literal["option", "environment", "file", "default"]
"""Where a setting comes from, the strongest first."""


def _cores() -> int:
    """Cores that this process may use."""
    return len(os.sched_getaffinity(0))


def _home(*parts: str) -> Path:
    return Path.home().joinpath(*parts)


class Settings(BaseSettings):
    """Settings of a server. Paths may use ``~``; thresholds cannot be set: they follow from purposes."""

    model_config = SettingsConfigDict(
        env_prefix=PREFIX,
        env_ignore_empty=True,
        extra="ignore",
        frozen=True,
        hide_input_in_errors=True,
        use_attribute_docstrings=True,
    )

    data_dir: Path = Field(default_factory=lambda: _home(".local", "share", "visavis"))
    """The database and the published log. Sealed; safe to back up."""
    database: str | None = Field(default=None, max_length=500, examples=["postgresql://visavis@db.example/visavis"])
    """A PostgreSQL in place of the database file in the data directory, for several servers at once. They share the
    data directory, for the published log, and the key store. The password comes from PostgreSQL's own password file."""
    key_file: Path = Field(default_factory=lambda: _home(".config", "visavis", "root.key"))
    """The root key, outside the data directory. Keep it apart from backups of the data."""
    key_store: Path | None = Field(default=None, examples=["/etc/visavis/keys"])
    """Folder of the key store, outside the data directory; beside the key file if not set. It changes every day and is
    never part of a backup: what is erased stays readable in old backups for whoever has an old copy of it."""
    backup_window_days: int = Field(default=30, ge=1, le=365)
    """Days for which a backup can be brought back. After that nobody opens what it holds of people who were erased,
    with every key there is. The terms that people agree to tell this number."""
    models: Path = Field(default_factory=lambda: _home(".cache", "visavis", "models"))
    """Installed model weights."""
    detector: str = "yunet-2023mar"
    """Card of the detector."""
    embedder: str = "sface-2021dec-centred"
    """Card of the embedder."""
    landmarker: str = "face-mesh-468"
    """Card of what finds the points of a face."""
    eyes: str = "eye-contour-71"
    """Card of what sees how far eyes are open."""
    cards: Path | None = Field(default=None, examples=["/etc/visavis/cards"])
    """Folder of model cards; the ones that come with this release if not set."""
    pad_card: Path | None = Field(default=None, examples=["/etc/visavis/pad"])
    """Folder with the card of a model that finds attacks in single photos, for the liveness mode 'passive'. None comes
    with this release."""
    pad_report: Path | None = Field(default=None, examples=["/etc/visavis/pad-report.toml"])
    """File with what others measured of the liveness mode 'active', which the presets '63b' and 'fido' ask for."""
    attestation_roots: Path | None = Field(default=None, examples=["/etc/visavis/attestation-roots.pem"])
    """File with the certificates (PEM) of those whose word is taken that a station's key is in a device: the makers of
    TPMs or tokens, or your own. The liveness mode 'active+attested' needs it. It is read when the server starts."""
    host: str = "127.0.0.1"
    """Address to listen on. Beyond this machine only with TLS."""
    port: int = Field(default=8642, ge=1, le=65535)
    """TCP port."""
    tls_cert: Path | None = Field(default=None, examples=["/etc/visavis/tls.crt"])
    """Certificate chain (PEM). Needed, with its key, beyond this machine; anywhere it is set with its key or not."""
    tls_key: Path | None = Field(default=None, examples=["/etc/visavis/tls.key"])
    """Private key of the certificate (PEM)."""
    public_url: str | None = Field(default=None, examples=["https://faces.example"])
    """What links given to people begin with; the address the server listens on if not set. Beyond this machine it must
    be set, and begin with ``https``."""
    threads: int | None = Field(default=None, ge=1, le=64, examples=[2])
    """Cores that one inference uses; if not set all there are, up to four, since a person waits for the answer."""
    streams: int | None = Field(default=None, ge=1, le=64, examples=[1])
    """Inferences that run at once; if not set as many as have cores of their own. More wait."""
    purge_every_s: float = Field(default=60.0, gt=0, le=3600, allow_inf_nan=False)
    """Seconds between purges of what is over, an hour at most."""
    rate_per_minute: int = Field(default=600, ge=1)
    """Calls that one API key, station or person may make in a minute."""
    failures_per_minute: int = Field(default=30, ge=1)
    """Failed authentications that one address may make in a minute."""
    oidc_issuer: str | None = Field(default=None, pattern=r"^https?://[!-~]{1,300}$", examples=["https://id.example"])
    """OpenID Connect provider by which people log in at the console, as it names itself. Without it there are accounts
    of this server's own only. With it 'oidc_client_id', 'oidc_client_secret_file' and 'oidc_roles' have to be set."""
    oidc_client_id: str | None = Field(default=None, min_length=1, max_length=300, examples=["visavis"])
    """What this server is called at the provider. There its redirect address is 'public_url' and '/console/oidc/back'.
    """
    oidc_client_secret_file: Path | None = Field(default=None, examples=["/etc/visavis/oidc.secret"])
    """File with this server's secret at the provider, which nobody else can read (mode 0600)."""
    oidc_roles_claim: str = Field(default="groups", min_length=1, max_length=100)
    """The claim of the ID token that roles at the console follow from: a text, or a list of texts."""
    oidc_roles: str | None = Field(default=None, max_length=4000, examples=["door-admins=admin, front-desk=operator"])
    """Which value of that claim has which role: 'value=role', with commas between. Roles: admin, operator, auditor,
    custodian, caseworker. Who has none of these values does not get in."""
    log_origin: str | None = Field(default=None, pattern=r"^[!-*,-~]{1,200}$", examples=["faces.example/log"])
    """Name of the transparency log, which its checkpoints carry; an address without ``https://`` is usual. It is fixed
    when the log begins: made of ``public_url`` and a random number if not set then."""
    log_witnesses: Path | None = Field(default=None, examples=["/etc/visavis/witnesses.txt"])
    """File of the witnesses that cosign the log: a line for each, with its key and its address."""
    log_witnesses_required: int = Field(default=0, ge=0, le=32)
    """Witnesses that have to cosign a checkpoint before it is published."""
    log_publish_every_s: float = Field(default=1.0, ge=0.05, le=60, allow_inf_nan=False)
    """Seconds between publications of the log."""
    log_publish_within_s: float = Field(default=600.0, ge=1, le=86400, allow_inf_nan=False)
    """Seconds for which the server goes on while the log cannot be published, since the disk or the witnesses fail.
    Then it refuses everything that has to be in the log; withdrawing goes on."""
    log_level: Literal["debug", "info", "warning", "error"] = "info"
    """The least that is logged. ``debug`` adds calls that ask whether the server is alive, and what pages load; it
    adds nothing about people."""
    log_format: Literal["json", "text"] = "json"
    """A line of the log: an object for programs, or words for a terminal."""
    log_addresses: bool = False
    """Whether the log names the network address of each caller. That is personal data: set it only where you need it
    and delete such logs in time."""

    _file: Path | None = PrivateAttr(default=None)
    _sources: dict[str, Source] = PrivateAttr(default_factory=dict)

    @field_validator("*", mode="after")
    @classmethod
    def _expanded(cls, value: object) -> object:
        if not isinstance(value, Path):
            return value
        try:
            return value.expanduser()
        except RuntimeError:
            raise ValueError("there is no such home directory") from None

    @field_validator("database")
    @classmethod
    def _without_password(cls, value: str | None) -> str | None:
        parts = urlsplit(value or "postgresql:")
        if parts.scheme != "postgresql":
            raise ValueError("it begins with 'postgresql://'")
        if parts.password is not None or "password" in dict(parse_qsl(parts.query)):
            raise ValueError("no password here: put it into PostgreSQL's password file (PGPASSFILE, ~/.pgpass)")
        return value

    @field_validator("oidc_roles")
    @classmethod
    def _readable(cls, value: str | None) -> str | None:
        read_roles(value or "")
        return value

    @property
    def file(self) -> Path | None:
        """The settings file that was read; None without one."""
        return self._file

    def source_of(self, name: str) -> Source:
        """Where the setting of this name comes from."""
        return self._sources.get(name, "default")

    def effective(self, name: str) -> object:
        """The value of a setting; where it is not set, what that stands for on this machine, or None."""
        stands_for = {
            "threads": self.cores_per_inference,
            "streams": self.inferences_at_once,
            "public_url": self.base_url,
            "key_store": self.key_store_folder,
        }
        value = getattr(self, name)
        return stands_for.get(name) if value is None else value

    @property
    def cores_per_inference(self) -> int:
        """``threads``, or what it stands for on this machine."""
        return self.threads or min(_MOST_THREADS, _cores())

    @property
    def inferences_at_once(self) -> int:
        """``streams``, or what it stands for on this machine."""
        return self.streams or max(1, _cores() // self.cores_per_inference)

    @property
    def key_store_folder(self) -> Path:
        """``key_store``, or what it stands for: beside the key file, named like it."""
        return self.key_store or self.key_file.with_suffix(".store")

    @property
    def tombstone_list(self) -> Path:
        """The list of who was erased, beside the key store and so outside the data directory."""
        return self.key_store_folder / "tombstones"

    @property
    def backup_window(self) -> timedelta:
        """How long a backup can be brought back."""
        return timedelta(days=self.backup_window_days)

    @property
    def database_url(self) -> str:
        """Where the database is."""
        return self.database or f"sqlite:///{self.data_dir / 'visavis.db'}"

    @property
    def is_shared(self) -> bool:
        """Whether several servers may use the database."""
        return self.database is not None

    @property
    def log_folder(self) -> Path:
        """Where the log is published."""
        return self.data_dir / "log"

    @property
    def is_loopback(self) -> bool:
        """Whether only this machine reaches ``host``. Of names only ``localhost`` is known to."""
        return is_this_machine(self.host)

    @property
    def base_url(self) -> str:
        """What links begin with."""
        if self.public_url is not None:
            return self.public_url.rstrip("/")
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{'https' if self.tls_cert else 'http'}://{host}:{self.port}"


def read_settings(config: Path | None = None, **options: Any) -> Settings:
    """The settings of this process.

    1. The file is the one named by ``config``, by ``VISAVIS_CONFIG``, or ``~/.config/visavis/visavis.toml``; the last
       need not be there. ``/dev/null`` stands for no file.
    2. It belongs to who runs this, or to root, and nobody else can write it.
    3. It is TOML.
    4. Each of its keys is a setting.
    5. Each value is one that its setting takes, wherever it comes from.

    A path in the file that is not absolute begins at the file's folder.

    :param options: settings given on the command line, which beat everything; None is not given.
    :raises SettingsMissing: 1. :raises SettingsUnsafe: 2. :raises SettingsUnreadable: 3. :raises SettingsUnknown: 4.
    :raises SettingsInvalid: 5.
    """
    sources: dict[str, Source] = {}
    try:
        path, in_file = _found(config)
        in_environment = {name.upper() for name, value in os.environ.items() if value}
        options = {name: value for name, value in options.items() if value is not None}
        for name in Settings.model_fields:
            if name in options:
                sources[name] = "option"
            elif variable_of(name) in in_environment:
                sources[name] = "environment"
            elif name in in_file:
                sources[name] = "file"
        weaker = {name: value for name, value in in_file.items() if sources[name] == "file"}
        settings = Settings(**weaker, **options)
    except ValidationError as invalid:
        raise SettingsInvalid("; ".join(_told(error, sources, path) for error in invalid.errors())) from None
    except RuntimeError:  # Path.home(), for a user without an entry in /etc/passwd
        raise SettingsInvalid("This user has no home directory; set VISAVIS_CONFIG and every path.") from None
    settings._file = path  # noqa: SLF001 -- this function is the class's second constructor
    settings._sources = sources  # noqa: SLF001 -- as above
    return settings


def is_this_machine(host: str) -> bool:
    """Whether only this machine is reached by that name or address. Of names only ``localhost`` is known to."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def variable_of(name: str) -> str:
    """The environment variable of a setting."""
    return f"{PREFIX}{name.upper()}"


def unknown_variables(environment: Mapping[str, str] | None = None) -> list[tuple[str, str | None]]:
    """Variables that look like ours and that nothing reads, each with the nearest that something does."""
    known = {variable_of(name) for name in Settings.model_fields} | OTHER_VARIABLES
    rests = {name.removeprefix(PREFIX) for name in known}
    ours = sorted(name for name in (environment or os.environ) if name.upper().startswith(PREFIX))
    strange = [name for name in ours if name.upper() not in known and not name.upper().startswith(_OTHER_PREFIXES)]
    found = [(name, _nearest(name.upper().removeprefix(PREFIX), rests)) for name in strange]
    return [(name, None if meant is None else f"{PREFIX}{meant}") for name, meant in found]


def _nearest(name: str, known: set[str]) -> str | None:
    """The known name that this one was probably meant to be."""
    return next(iter(difflib.get_close_matches(name, sorted(known), n=1)), None)


def example() -> str:
    """A settings file with every setting, each commented out, at its default or at an example of its form."""
    lines = [
        "# Settings of a Visavis server (TOML). Each line that is commented out shows a default, or an example where",
        "# there is none. The environment beats this file, and options of 'visavis serve' beat both.",
    ]
    for name, field in Settings.model_fields.items():
        words = " ".join((field.description or "").split()).replace("``", "'")
        default = shown_default(field)
        shown = (field.examples or [""])[0] if default is None else default
        lines += ["", *(f"# {line}" for line in textwrap.wrap(words, 110)), f"# {name} = {_toml(shown)}"]
    return "\n".join(lines) + "\n"


def shown_default(field: FieldInfo) -> object:
    """A default as people write it, with ``~``; None where the setting is not set."""
    default = field.get_default(call_default_factory=True, validated_data={})
    if isinstance(default, Path) and default.is_relative_to(Path.home()):
        return f"~/{default.relative_to(Path.home())}"
    return default


def _toml(value: object) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    return str(value) if isinstance(value, int | float) else f'"{value}"'


def _found(config: Path | None) -> tuple[Path | None, dict[str, Any]]:
    """The settings file and what it says; nothing where there need be none."""
    named = config or (Path(os.environ[CONFIG_VARIABLE]) if os.environ.get(CONFIG_VARIABLE) else None)
    path = named.expanduser().absolute() if named else _home(".config", "visavis", "visavis.toml")
    try:
        values = _parsed(path, _read(path))
    except FileNotFoundError:
        if named is None:
            return None, {}
        raise SettingsMissing(f"There is no settings file at {path}.") from None
    except OSError as error:
        raise SettingsMissing(f"The settings file {path} cannot be read: {error.strerror}.") from None
    return (path if path != Path(os.devnull) else None), values


def _read(path: Path) -> bytes:
    """The bytes of a file that only its owner writes. What is checked is what is read: one open descriptor."""
    # A pipe would keep us waiting for its other end.
    with os.fdopen(os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC), "rb") as file:
        found = os.fstat(file.fileno())
        if found.st_rdev == Path(os.devnull).stat().st_rdev and stat.S_ISCHR(found.st_mode):
            return b""
        if not stat.S_ISREG(found.st_mode) or found.st_size > _MOST_BYTES:
            raise SettingsMissing(f"{path} is not a settings file.")
        if stat.S_IMODE(found.st_mode) & 0o022:
            raise SettingsUnsafe(f"Others can write {path}: it has mode {stat.S_IMODE(found.st_mode):o}.")
        if found.st_uid not in {0, os.geteuid()}:
            raise SettingsUnsafe(f"{path} belongs to another user.")
        return file.read()


def _parsed(path: Path, raw: bytes) -> dict[str, Any]:
    """What a file says. Nothing of it is repeated in an error but the name of a key."""
    try:
        values = tomllib.loads(raw.decode("utf-8") + "\n")
    except UnicodeDecodeError as error:
        line = raw.count(b"\n", 0, error.start) + 1
        raise SettingsUnreadable(f"{path} is not UTF-8, in line {line}.") from None
    except (tomllib.TOMLDecodeError, RecursionError) as error:
        place = re.search(r"line \d+", str(error))
        told = place[0] if place else f"line {len(raw.splitlines())}"
        raise SettingsUnreadable(f"{path} is not TOML, in {told}.") from None
    for name, value in values.items():
        field = Settings.model_fields.get(name)
        if field is None:
            close = _nearest(name.lower().replace("-", "_").removeprefix("visavis_"), set(Settings.model_fields))
            meant = f" Is '{close}' meant?" if close else ""
            raise SettingsUnknown(f"{path} has the key '{_printable(name)}', which is no setting.{meant}")
        kinds = {field.annotation, *get_args(field.annotation)}
        if isinstance(value, bool) and bool not in kinds:
            raise SettingsInvalid(f"{name} in {path}: true and false are no values for it.")
        if isinstance(value, str) and Path in kinds and not value.startswith("~"):
            values[name] = path.parent / value
    return values


def _printable(name: str) -> str:
    return "".join(c if c.isprintable() else "?" for c in name[:60])


def _told(error: Any, sources: Mapping[str, Source], path: Path | None) -> str:
    """What a setting takes, and where the value stands that it does not take; never the value."""
    name = str(error["loc"][0])
    place = {
        "option": f"--{name.replace('_', '-')}",
        "environment": variable_of(name),
        "file": f"{name} in {path}",
    }.get(sources.get(name, "default"), name)
    return f"{place}: {error['msg']}"
