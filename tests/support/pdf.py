"""What a PDF of ours draws, read back: text by page, and QR codes as the modules that are dark."""

import base64
import re
import zlib
from contextlib import suppress

import segno

from visavis.web.sheets import runs


def pages(pdf: bytes) -> list[str]:
    """The drawing operators of each page."""
    packed = rb"/Filter \[ /ASCII85Decode /FlateDecode \] /Length \d+\s*>>\s*stream\r?\n(.*?)~>\s*endstream"
    texts = [zlib.decompress(base64.a85decode(stream)) for stream in re.findall(packed, pdf, re.DOTALL)]
    return [text.decode("latin-1") for text in texts if b" Tj" in text]


def files_inside(pdf: bytes) -> list[bytes]:
    """The JSON files that are attached to it."""
    return [content for content in unpacked(pdf) if content.startswith(b"{")]


def unpacked(pdf: bytes) -> list[bytes]:
    """Everything in it that is compressed by itself."""
    found = []
    for stream in re.findall(rb"stream\r?\n(.*?)\r?\nendstream", pdf, re.DOTALL):
        with suppress(zlib.error):
            found.append(zlib.decompress(stream))
    return found


def drawn_codes(page: str) -> list[frozenset[tuple[int, int, int]]]:
    """Of each QR code its dark runs: column, row from below, length."""
    codes = re.findall(r"^((?:\d+ \d+ \d+ 1 re ?)+) ?f", page, re.MULTILINE)
    return [
        frozenset((int(a), int(b), int(c)) for a, b, c in re.findall(r"(\d+) (\d+) (\d+) 1 re", code)) for code in codes
    ]


def code_of(text: str) -> frozenset[tuple[int, int, int]]:
    """The same for a text, made by the QR library alone."""
    rows = [bytes(row) for row in segno.make(text, micro=False, error="m", mask=3).matrix]
    return frozenset((begin, up, length) for up, row in enumerate(reversed(rows)) for begin, length in runs(row))
