"""A language that nobody speaks: from right to left, in brackets and longer, so that what is not translated is seen."""

import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Final

from visavis.web.texts import CATALOGUES, DEFAULT, Catalogue

CODE: Final = "x-rtl"
_KEPT: Final = re.compile(r"(\{\w+\}|</?\w+>)")
_LETTERS: Final = str.maketrans("aeiouAEIOU", "áéíóúÁÉÍÓÚ")
_LONGER: Final = "ـ" * 3
"""German is about a third longer than English; other languages are too."""


def pseudo(texts: Mapping[str, str]) -> Catalogue:
    """English made strange. Its tag is one of Arabic: browsers know how to write its dates and numbers."""
    made = {key: _strange(text) for key, text in texts.items()}
    return Catalogue.of(CODE, made | {"language.tag": "ar-x-rtl"})


@contextmanager
def spoken() -> Iterator[Catalogue]:
    """While it lasts, servers in this process speak it to whoever asks with ``?lang=x-rtl``."""
    CATALOGUES[CODE] = pseudo(CATALOGUES[DEFAULT].texts)
    try:
        yield CATALOGUES[CODE]
    finally:
        del CATALOGUES[CODE]


def _strange(text: str) -> str:
    if not any(letter.isalpha() for letter in text):
        return text  # a sign, such as that between thousands
    parts = [part if _KEPT.fullmatch(part) else part.translate(_LETTERS) for part in _KEPT.split(text)]
    return f"⟧{''.join(parts)}{_LONGER * (1 + len(text) // 20)}⟦"
