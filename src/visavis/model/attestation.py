"""Who vouches for the device that holds a station's key, and why a voucher is refused."""

from dataclasses import dataclass
from datetime import datetime
from typing import Final

from visavis.model.errors import RequestRefused, StartupError

MAX_CHAIN: Final = 5
"""Most certificates of a chain, the device's and the root's among them."""
MAX_CHAIN_BYTES: Final = 16 * 1024
"""Longest chain in PEM."""


@dataclass(frozen=True, slots=True)
class Attestation:
    """What a chain of certificates says of a device: who issued its certificate, and until when every part is good."""

    issuer: str
    until: datetime


class AttestationRefused(RequestRefused):
    """A chain of certificates does not show that a station's key is in a device that this server takes for one."""

    code = "attestation_refused"
    mend = (
        "Send the chain as PEM, the device's certificate first: of the very key that the station is registered with, "
        "issued below one of the certificates in 'attestation_roots', and good today."
    )


class AttestationRootsInvalid(StartupError):
    """The certificates of those whose word is taken for a device cannot be used."""

    code = "attestation_roots_invalid"
    mend = "Name a file of certificates in PEM in 'attestation_roots', or leave the setting out."
