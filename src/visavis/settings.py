"""Everything that can be set, read once: from the environment (``VISAVIS_…``)."""

import ipaddress
import os
from pathlib import Path

from pydantic import Field
from pydantic_settings import BaseSettings, SettingsConfigDict

_MOST_THREADS = 4
"""Cores beyond this speed one picture up no further."""


def _cores() -> int:
    """Cores that this process may use."""
    return len(os.sched_getaffinity(0))


def _home(*parts: str) -> Path:
    return Path.home().joinpath(*parts)


class Settings(BaseSettings):
    """Settings of a server. Paths may use ``~``; thresholds cannot be set: they follow from purposes."""

    model_config = SettingsConfigDict(env_prefix="VISAVIS_", extra="ignore", frozen=True)

    data_dir: Path = Field(default_factory=lambda: _home(".local", "share", "visavis"))
    """The database. Sealed; safe to back up."""
    key_file: Path = Field(default_factory=lambda: _home(".config", "visavis", "root.key"))
    """The root key, outside the data directory. Keep it apart from backups of the data."""
    models: Path = Field(default_factory=lambda: _home(".cache", "visavis", "models"))
    """Installed model weights."""
    detector: str = "yunet-2023mar"
    """Card of the detector."""
    embedder: str = "sface-2021dec"
    """Card of the embedder."""
    cards: Path | None = None
    """Folder of model cards; the ones that come with this release if not set."""
    host: str = "127.0.0.1"
    """Address to listen on. Beyond this machine only with TLS."""
    port: int = Field(default=8642, ge=1, le=65535)
    """TCP port."""
    tls_cert: Path | None = None
    """Certificate chain (PEM). Needed, with its key, beyond this machine; anywhere it is set with its key or not."""
    tls_key: Path | None = None
    """Private key of the certificate (PEM)."""
    public_url: str | None = None
    """What links given to people begin with; the address the server listens on if not set. Beyond this machine it must
    be set, and begin with ``https``."""
    threads: int | None = Field(default=None, ge=1, le=64)
    """Cores that one inference uses; if not set all there are, up to four, since a person waits for the answer."""
    streams: int | None = Field(default=None, ge=1, le=64)
    """Inferences that run at once; if not set as many as have cores of their own. More wait."""
    purge_every_s: float = Field(default=60.0, gt=0)
    """Seconds between purges of what is over."""
    rate_per_minute: int = Field(default=600, ge=1)
    """Calls that one API key, station or person may make in a minute."""
    failures_per_minute: int = Field(default=30, ge=1)
    """Failed authentications that one address may make in a minute."""

    @property
    def cores_per_inference(self) -> int:
        """``threads``, or what it stands for on this machine."""
        return self.threads or min(_MOST_THREADS, _cores())

    @property
    def inferences_at_once(self) -> int:
        """``streams``, or what it stands for on this machine."""
        return self.streams or max(1, _cores() // self.cores_per_inference)

    @property
    def database_url(self) -> str:
        """Where the database is."""
        return f"sqlite:///{self.data_dir / 'visavis.db'}"

    @property
    def is_loopback(self) -> bool:
        """Whether only this machine reaches ``host``. Of names only ``localhost`` is known to."""
        try:
            return ipaddress.ip_address(self.host).is_loopback
        except ValueError:
            return self.host == "localhost"

    @property
    def base_url(self) -> str:
        """What links begin with."""
        if self.public_url is not None:
            return self.public_url.rstrip("/")
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{'https' if self.tls_cert else 'http'}://{host}:{self.port}"
