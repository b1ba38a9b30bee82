"""A token in software: SoftHSM, with keys that were made in it and do not come out."""

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final
from unittest.mock import patch

import pytest

MODULE: Final = Path("/usr/lib/softhsm/libsofthsm2.so")
LABEL: Final = "station"
PIN: Final = "271828"
P256, EDWARDS, P384 = "p-256", "ed25519", "p-384"
_CURVES: Final = {P256: "secp256r1", P384: "secp384r1", EDWARDS: "1.3.101.112"}
_MAKE: Final = """
import sys, pkcs11
from pkcs11.util.ec import encode_named_curve_parameters
module, token, pin, *keys = sys.argv[1:]
kinds = {"p-256": pkcs11.KeyType.EC, "p-384": pkcs11.KeyType.EC, "ed25519": pkcs11.KeyType.EC_EDWARDS}
how = {"ed25519": {"mechanism": pkcs11.Mechanism.EC_EDWARDS_KEY_PAIR_GEN}}
kept = {pkcs11.Attribute.EXTRACTABLE: False, pkcs11.Attribute.SENSITIVE: True}
with pkcs11.lib(module).get_token(token_label=token).open(user_pin=pin, rw=True) as session:
    for name, curve in zip(keys[::2], keys[1::2], strict=True):
        given = {pkcs11.Attribute.EC_PARAMS: encode_named_curve_parameters(curve)}
        pair = session.create_domain_parameters(kinds[name], given, local=True)
        pair.generate_keypair(label=name, store=True, private_template=kept, **how.get(name, {}))
"""


@dataclass(frozen=True)
class Token:
    """What a station is told of its token."""

    module: Path
    label: str
    pin: str


@contextmanager
def token(folder: Path) -> Iterator[Token]:
    """A new token with a key of each kind, called as the kind is. Skips where SoftHSM is not installed."""
    tool = shutil.which("softhsm2-util")
    if tool is None or not MODULE.exists():
        pytest.skip("There is no SoftHSM: Debian package softhsm2, ./.ci/softhsm installs it.")
    (folder / "tokens").mkdir()
    (folder / "softhsm2.conf").write_text(f"directories.tokendir = {folder / 'tokens'}\nobjectstore.backend = file\n")
    variables = {"SOFTHSM2_CONF": str(folder / "softhsm2.conf")}
    environment = {**os.environ, **variables}
    made = [tool, "--init-token", "--free", "--label", LABEL, "--pin", PIN, "--so-pin", "314159"]
    subprocess.run(made, env=environment, check=True, capture_output=True)
    # By another process: a library looks at its settings once, and is told of new tokens never.

    keys = [word for name, curve in _CURVES.items() for word in (name, curve)]
    subprocess.run([sys.executable, "-c", _MAKE, str(MODULE), LABEL, PIN, *keys], env=environment, check=True)
    with patch.dict(os.environ, variables):
        yield Token(MODULE, LABEL, PIN)
