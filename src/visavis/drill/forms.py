"""The forms in which a template, a name or a photo may lie in bytes.

A form is a short piece: whoever leaks a row, a page or a block leaks at least one. Each is eight bytes or longer, and
none is so plain that other data would have it by chance.
"""

import json
import unicodedata
from base64 import b64encode, urlsafe_b64encode
from collections.abc import Iterator
from typing import Final

import numpy as np
from numpy.typing import NDArray

SHORTEST: Final = 8
"""Bytes of the shortest form."""

_COMPONENTS: Final = 8
"""Components of a template in one piece: 15 that lie together have a whole piece among them."""
_SMALL: Final = 16
"""The same where a component is one byte."""
_PIECE: Final = 48
_PIECES: Final = 120
"""Pieces of a photo, spread over it."""
_TELLING: Final = 5
"""Different bytes that any piece has."""
_VARIED: Final = 16
"""Different values that a piece of a photo has: flat ones are in other data, too."""

Forms = dict[bytes, str]
"""Each piece with the form it is in."""


def of_template(vector: NDArray[np.floating], *, called: str = "template") -> Forms:
    """Every number format a template may be stored in, as bytes and written out."""
    forms: Forms = {}
    plain = np.asarray(vector, dtype=np.float64)
    peak = float(np.abs(plain).max())
    for name, stored, size in (
        *(
            (f"float{8 * width}{order}", plain.astype(f"{order}f{width}"), _COMPONENTS)
            for width in (8, 4, 2)
            for order in "<>"
        ),
        ("int8", np.rint(plain * 127).astype(np.int8), _SMALL),
        ("int8 of the peak", np.rint(plain / peak * 127).astype(np.int8), _SMALL),
        ("uint8", np.rint(plain * 127 + 128).astype(np.uint8), _SMALL),
        ("uint8 of the peak", np.rint(plain / peak * 127 + 128).astype(np.uint8), _SMALL),
    ):
        for start in range(0, stored.size - size + 1, size):
            forms |= _carried(stored[start : start + size].tobytes(), f"{called}, {name}")
    forms |= _written(vector, called)
    return _telling(forms)


def of_text(text: str, *, called: str = "name") -> Forms:
    """A name in every spelling, encoding and case that a program may give it."""
    spelled = {unicodedata.normalize(form, text) for form in ("NFC", "NFD", "NFKD")}
    spelled |= {"".join(c for c in unicodedata.normalize("NFKD", text) if not unicodedata.combining(c))}
    cased = {change(spelling) for spelling in spelled for change in (str, str.lower, str.upper, str.casefold)}
    cased |= {write(word)[1:-1] for word in cased for write in (json.dumps, ascii)}
    forms: Forms = {}
    for word in sorted(cased):
        for encoding in ("utf-8", "utf-16-le", "utf-16-be", "latin-1"):
            try:
                forms |= _carried(word.encode(encoding), f"{called}, {encoding}")
            except UnicodeEncodeError:
                continue
    return _telling(forms)


def of_photo(photo: bytes, pixels: NDArray[np.uint8] | None = None, *, called: str = "photo") -> Forms:
    """Pieces of a photo's file, and of its picture if that is given (rows, columns, three channels)."""
    forms: Forms = {}
    for piece in _spread(photo):
        forms |= _carried(piece, f"{called}, its file")
    if pixels is not None:
        for name, order in (("RGB", pixels), ("BGR", pixels[:, :, ::-1])):
            forms |= dict.fromkeys(_spread(order.tobytes()), f"{called}, its picture in {name}")
    return _telling(forms) if len(photo) >= _PIECE else forms


def _spread(data: bytes) -> Iterator[bytes]:
    """Pieces from all over, of which each is told from other data."""
    if len(data) < _PIECE:
        yield data
        return
    for start in np.linspace(0, len(data) - _PIECE, _PIECES).astype(int):
        piece = data[start : start + _PIECE]
        if len(set(piece)) >= _VARIED:
            yield piece


def _carried(piece: bytes, form: str) -> Forms:
    """A piece as it is, in base64 however it is aligned there, and in hexadecimal."""
    found = {piece: form, piece.hex().encode(): f"{form}, hex", piece.hex().upper().encode(): f"{form}, hex"}
    for ahead in range(3):
        for encode in (b64encode, urlsafe_b64encode):
            text = encode(bytes(ahead) + piece)
            # Characters that hold bits of the neighbours are not the piece's own.
            own = text[(0, 2, 3)[ahead] : (len(piece) + ahead) * 8 // 6]
            found[own] = f"{form}, base64"
    return {form_bytes: label for form_bytes, label in found.items() if len(form_bytes) >= SHORTEST}


def _written(vector: NDArray[np.floating], called: str) -> Forms:
    """Two components that follow each other, in digits."""
    forms: Forms = {}
    single, double = vector.astype(np.float32), [float(x) for x in vector]
    for start in range(0, vector.size - 1, 2):
        for pair in ([repr(x) for x in double[start : start + 2]], [str(x) for x in single[start : start + 2]]):
            for between in (",", ", ", " ", "\n"):
                forms[between.join(pair).encode()] = f"{called}, in digits"
    return forms


def _telling(forms: Forms) -> Forms:
    """Without those that are so plain that other data have them by chance, such as a few zeros."""
    return {piece: form for piece, form in forms.items() if len(set(piece)) >= _TELLING}
