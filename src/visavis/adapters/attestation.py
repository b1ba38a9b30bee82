"""The file with the certificates of those whose word is taken that a station's key is in a device."""

from pathlib import Path

from visavis.liveness.attestation import Roots
from visavis.model.attestation import AttestationRootsInvalid


def read_roots(path: Path) -> Roots:
    """Read it.

    :raises AttestationRootsInvalid: it cannot be read, holds no certificate, or something else.
    """
    try:
        return Roots(path.read_bytes())
    except OSError as error:
        raise AttestationRootsInvalid(f"{path}: {error.strerror}.") from None
    except ValueError as error:
        raise AttestationRootsInvalid(f"{path}: {error}.") from None
