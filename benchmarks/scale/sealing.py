"""What sealing and opening references cost beside bare AES-GCM of the same bytes, in the same run."""

import os
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final

import numpy as np
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from numpy.typing import NDArray

from visavis.model.ids import new_id
from visavis.model.keys import SubjectSecret
from visavis.model.purpose import Gallery
from visavis.model.template import Template
from visavis.protect.gallery_keys import GalleryKeys
from visavis.protect.keys import new_subject_secret
from visavis.protect.opening import read_many
from visavis.protect.references import Names, open_plain, open_sealed, seal_template

REFERENCES: Final = 100_000
AT_ONCE: Final = 2_000
"""References sealed and opened in one turn; the bare cipher has a turn after each, so that both meet the same noise."""
DIMENSION: Final = 128
OVERHEAD: Final = 33
"""Bytes that a sealed value has beside its plaintext."""


@dataclass(frozen=True, slots=True)
class One:
    """A reference to be sealed; every person has one, and a key of their own."""

    template: Template
    secret: SubjectSecret
    reference_id: str
    receipt_id: str
    subject_id: str
    names: Names
    context: bytes
    """As many bytes as the product authenticates beside the reference."""


def measure() -> dict[str, float]:
    """How many times the bare cost sealing and opening take; ``seal_vs_raw`` is the worse of the two.

    The bare cost is a cipher with each person's key, a fresh nonce, and as many bytes as the product seals and
    authenticates. ``one_key_us`` is the same with one key for all, which the product cannot have: erasing somebody is
    destroying their key.
    """
    gallery = Gallery(new_id("gal"), new_id("pur"), "bench", "sface-2021dec", datetime.now(UTC))
    keys = GalleryKeys({1: os.urandom(32)})
    took = dict.fromkeys(("seal", "open", "open one", "raw seal", "raw open", "one key"), 0.0)
    for turn, people in enumerate(_people(gallery)):
        _measure_some(took, people, [_asked(one, keys, gallery) for one in people], raw_first=bool(turn % 2))
    us = {name: 1e6 * seconds / REFERENCES for name, seconds in took.items()}
    return {
        "seal_vs_raw": round(max(us["seal"] / us["raw seal"], us["open"] / us["raw open"]), 2),
        "sealing_vs_raw": round(us["seal"] / us["raw seal"], 2),
        "opening_vs_raw": round(us["open"] / us["raw open"], 2),
        "opening_one_vs_raw": round(us["open one"] / us["raw open"], 2),
        **{f"{name.replace(' ', '_')}_us": round(value, 2) for name, value in us.items()},
    }


def _measure_some(took: dict[str, float], people: list[One], asked: list[dict[str, Any]], *, raw_first: bool) -> None:
    """Both in turns, and each as often first, since who comes second finds the data in the processor's caches."""
    sealed = [seal_template(**each) for each in asked]
    plain = _open(sealed, people)
    bare = _raw_seal(plain, people)
    _require_same_size(sealed, bare)
    acts: list[tuple[str, Callable[[], object]]] = [
        ("seal", lambda: [seal_template(**each) for each in asked]),
        ("raw seal", lambda: _raw_seal(plain, people)),
        ("open", lambda: _open(sealed, people)),
        ("raw open", lambda: _raw_open(bare, people)),
        ("open one", lambda: _open_each(sealed, people)),
        ("one key", lambda: _one_key(plain, people)),
    ]
    for name, act in reversed(acts) if raw_first else acts:
        begun = time.perf_counter()
        act()
        took[name] += time.perf_counter() - begun


def _people(gallery: Gallery) -> Iterator[list[One]]:
    random = np.random.default_rng(5)
    for _ in range(REFERENCES // AT_ONCE):
        vectors = random.normal(size=(AT_ONCE, DIMENSION))
        vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
        yield [_one(vector, gallery) for vector in vectors.astype(np.float32)]


def _one(vector: NDArray[np.float32], gallery: Gallery) -> One:
    ids = new_id("ref"), new_id("rec"), new_id("sub")
    names = (*ids, gallery.id, gallery.model_id)
    context = os.urandom(5 + 2 + len("transformed reference") + sum(2 + len(name) for name in names))
    return One(Template(vector, gallery.model_id), new_subject_secret(), *ids, names, context)


def _asked(one: One, keys: GalleryKeys, gallery: Gallery) -> dict[str, Any]:
    """What ``seal_template`` is given, as enrolling does it, the transform of the gallery included."""
    return {
        "template": one.template,
        "secret": one.secret,
        "keys": keys,
        "reference_id": one.reference_id,
        "receipt_id": one.receipt_id,
        "subject_id": one.subject_id,
        "gallery": gallery,
    }


def _open(sealed: list[bytes], people: list[One]) -> list[bytes]:
    """As loading a gallery does it, up to vectors that can be searched."""
    plain = [open_plain(value, secret=one.secret, names=one.names) for value, one in zip(sealed, people, strict=True)]
    read_many(plain)
    return plain


def _open_each(sealed: list[bytes], people: list[One]) -> None:
    """As a decision does it for the one who was found."""
    for value, one in zip(sealed, people, strict=True):
        open_sealed(value, secret=one.secret, names=one.names)


def _raw_seal(plain: list[bytes], people: list[One]) -> list[tuple[bytes, bytes]]:
    made = []
    for value, one in zip(plain, people, strict=True):
        nonce = os.urandom(12)
        made.append((nonce, AESGCM(one.secret.sealing).encrypt(nonce, value, one.context)))
    return made


def _raw_open(bare: list[tuple[bytes, bytes]], people: list[One]) -> None:
    for (nonce, value), one in zip(bare, people, strict=True):
        AESGCM(one.secret.sealing).decrypt(nonce, value, one.context)


def _one_key(plain: list[bytes], people: list[One]) -> None:
    cipher = AESGCM(people[0].secret.sealing)
    for value, one in zip(plain, people, strict=True):
        cipher.encrypt(os.urandom(12), value, one.context)


def _require_same_size(sealed: list[bytes], bare: list[tuple[bytes, bytes]]) -> None:
    if {len(value) for value in sealed} != {len(value) + OVERHEAD - 16 for _, value in bare}:
        raise SystemExit("The bare cipher was given other bytes than the product seals.")
