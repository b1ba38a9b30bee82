"""Slips with one-time links, to print, cut and hand out: A4, three a page, each as large as a DL envelope.

A slip has three panels of 70 mm: whom it is for, what they are asked, and the link as a QR code. Folded at its dotted
line, print inward, it shows the first and hides the other two; cut off, it shows nothing of the next one.
"""

import io
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from pathlib import Path
from typing import Final

import reportlab
import segno
from reportlab.lib.units import mm
from reportlab.pdfbase import pdfmetrics
from reportlab.pdfbase.cidfonts import UnicodeCIDFont
from reportlab.pdfbase.ttfonts import TTFont
from reportlab.pdfgen.canvas import Canvas

PAGE: Final = (210 * mm, 297 * mm)
SLIPS_A_PAGE: Final = 3
_SLIP: Final = PAGE[1] / SLIPS_A_PAGE
_PANEL: Final = PAGE[0] / 3
_MARGIN: Final = 9 * mm
_WIDTH: Final = _PANEL - 2 * _MARGIN
_QR: Final = 50 * mm
_QUIET: Final = 4
"""Modules of white around a QR code (ISO/IEC 18004, 6.3.8)."""

_TYPABLE: Final = 200
"""Longest link that is printed as text too, in characters."""

_BODY, _BOLD, _ADDRESS = "Vera", "VeraBd", "Courier"
_EAST_ASIAN: Final = (
    ("HeiseiKakuGo-W5", "shift_jis", "\u3040", "\u30ff"),
    ("HYGothic-Medium", "cp949", "\uac00", "\ud7a3"),
    ("STSong-Light", "gbk", "\u4e00", "\u9fff"),
    ("MSung-Light", "big5", "\u4e00", "\u9fff"),
    ("HeiseiKakuGo-W5", "shift_jis", "\u4e00", "\u9fff"),
)
"""Fonts that PDF readers bring for these languages, the character sets they are made for, and the letters that call
for each: kana, hangul, Chinese characters. They are not in the PDF, so that a reader may lack them; the number is there
in any case."""


@dataclass(frozen=True, slots=True)
class Slip:
    """What one person is handed. ``number`` is theirs in the list of links, whatever their name is written in."""

    number: int
    external_reference: str
    link: str
    until: datetime


@dataclass(frozen=True, slots=True)
class Asking:
    """Who asks, and for what."""

    controller: str
    contact: str
    purpose: str


def sheets(slips: Sequence[Slip], *, asking: Asking) -> bytes:
    """A PDF of all slips, in their order; the same bytes for the same slips."""
    _load_fonts()
    out = io.BytesIO()
    canvas = Canvas(out, pagesize=PAGE, invariant=1, pageCompression=1)
    canvas.setTitle("One-time links")
    for place, slip in enumerate(slips):
        row = place % SLIPS_A_PAGE
        if place and not row:
            canvas.showPage()
        _draw(canvas, slip, asking, bottom=PAGE[1] - (row + 1) * _SLIP)
    canvas.showPage()
    canvas.save()
    return out.getvalue()


def font_for(text: str, *, bold: bool = False) -> str | None:
    """A font that has every letter of ``text``; None: we have none, and print no boxes in its place."""
    _load_fonts()
    name = _BOLD if bold else _BODY
    glyphs = pdfmetrics.getFont(name).face.charToGlyph
    if not text.isprintable():
        return None
    if all(ord(letter) in glyphs for letter in text):
        return name
    fits = (
        font
        for font, codec, first, last in _EAST_ASIAN
        if any(first <= letter <= last for letter in text) and _encodes(text, codec)
    )
    return next(fits, None)


def _encodes(text: str, codec: str) -> bool:
    try:
        text.encode(codec)
    except UnicodeEncodeError:
        return False
    return True


@cache
def _load_fonts() -> None:
    folder = Path(reportlab.__file__).parent / "fonts"
    for name in (_BODY, _BOLD):
        pdfmetrics.registerFont(TTFont(name, str(folder / f"{name}.ttf")))
    for name in {font for font, *_ in _EAST_ASIAN}:
        pdfmetrics.registerFont(UnicodeCIDFont(name))


def _draw(canvas: Canvas, slip: Slip, asking: Asking, *, bottom: float) -> None:
    _marks(canvas, bottom)
    top = bottom + _SLIP - _MARGIN
    _whom(canvas, slip, asking, top=top)
    _what(canvas, slip, asking, top=top)
    _link(canvas, slip, top=top)


def _marks(canvas: Canvas, bottom: float) -> None:
    canvas.setLineWidth(0.4)
    canvas.setStrokeGray(0.5)
    canvas.setFillGray(0.4)
    canvas.setFont(_BODY, 5)
    fold = 2 * _PANEL
    canvas.setDash(1, 2)
    canvas.line(fold, bottom + 3 * mm, fold, bottom + _SLIP - 3 * mm)
    canvas.drawCentredString(fold, bottom + 1 * mm, "fold, print inward")
    if bottom > 1:
        canvas.setDash(4, 3)
        canvas.line(0, bottom, PAGE[0], bottom)
        canvas.drawString(2 * mm, bottom + 1 * mm, "cut")
    canvas.setDash()
    canvas.setFillGray(0)


def _whom(canvas: Canvas, slip: Slip, asking: Asking, *, top: float) -> None:
    text = _Column(canvas, left=_MARGIN, top=top)
    text.write("For", size=8)
    font = font_for(slip.external_reference, bold=True)
    if font is None:
        text.write(f"number {slip.number} of the list of links, which has the name", size=12, font=_BOLD)
    else:
        text.write(slip.external_reference, size=14, font=font, lines=4)
    text.gap(4)
    text.write(f"No. {slip.number}", size=9)
    text.gap(2)
    text.write(_or(asking.controller, "The controller is named on the page that the link opens."), size=8, lines=3)
    text.gap(10)
    text.write("Personal. Hand it over closed, to this person only.", size=7)


def _what(canvas: Canvas, slip: Slip, asking: Asking, *, top: float) -> None:
    text = _Column(canvas, left=_PANEL + _MARGIN, top=top)
    text.write("May we recognise you by your face?", size=10, font=_BOLD)
    text.gap(3)
    text.write(_or(asking.controller, "Who asks stands on the page that the link opens."), size=8, lines=2)
    text.write("asks you, for this purpose:", size=8)
    text.write(_or(asking.purpose, "see the page that the link opens"), size=8, font=_BOLD, lines=3)
    text.gap(3)
    text.write("Nobody is recognised before they agree. The link shows what you would agree to; read it first.", size=8)
    text.gap(3)
    text.write("If you say no, your face is erased at once and you are served with a PIN or a QR code instead.", size=8)
    text.gap(3)
    text.write(f"Answer until {slip.until:%Y-%m-%d %H:%M} UTC. After that everything is erased.", size=8, font=_BOLD)
    text.gap(3)
    text.write(_or(f"Questions: {asking.contact}", "The page says whom to ask."), size=7, lines=3)


def _link(canvas: Canvas, slip: Slip, *, top: float) -> None:
    left = 2 * _PANEL + (_PANEL - _QR) / 2
    _qr(canvas, slip.link, left=left, bottom=top - _QR)
    text = _Column(canvas, left=left, top=top - _QR - 1 * mm, width=_QR)
    short = len(slip.link) <= _TYPABLE
    text.write("Scan with your phone, or type:" if short else "Scan with your phone.", size=7)
    if short:
        text.write(slip.link, size=7, font=_ADDRESS)
    text.write(f"No. {slip.number}. The link works once; do not pass it on.", size=6)


def _qr(canvas: Canvas, link: str, *, left: float, bottom: float) -> None:
    """The dark modules, one rectangle for those side by side.

    The mask is fixed: choosing the prettiest takes six times as long, and a link is random enough for any.
    """
    rows = [bytes(row) for row in segno.make(link, micro=False, error="m", mask=3).matrix]
    module = _QR / (len(rows) + 2 * _QUIET)
    canvas.saveState()
    canvas.translate(left + _QUIET * module, bottom + _QUIET * module)
    canvas.scale(module, module)
    # As it stands in the file: drawing methods would spend most of a sheet's time on formatting these numbers.
    boxes = (f"{begin} {up} {length} 1 re" for up, row in enumerate(reversed(rows)) for begin, length in runs(row))
    canvas.addLiteral(" ".join([*boxes, "f"]))
    canvas.restoreState()


def runs(row: bytes) -> Iterator[tuple[int, int]]:
    """Where ones that stand side by side begin, and how many they are."""
    begin: int | None = None
    for place, module in enumerate([*row, 0]):
        if module and begin is None:
            begin = place
        elif not module and begin is not None:
            yield begin, place - begin
            begin = None


def _or(text: str, otherwise: str) -> str:
    return text if font_for(text) is not None else otherwise


class _Column:
    """Text that flows down."""

    def __init__(self, canvas: Canvas, *, left: float, top: float, width: float = _WIDTH) -> None:
        self._canvas = canvas
        self._left = left
        self._width = width
        self.y = top

    def gap(self, points: float) -> None:
        """Leave some space."""
        self.y -= points

    def write(self, text: str, *, size: float, font: str = _BODY, lines: int = 12) -> None:
        """Write ``text`` in at most so many lines; what does not fit ends in dots."""
        if font in {_BODY, _BOLD}:
            font = font_for(text, bold=font == _BOLD) or font
        self._canvas.setFont(font, size)
        for line in _wrapped(text, font, size, self._width, lines):
            self.y -= size * 1.25
            self._canvas.drawString(self._left, self.y, line)


def _wrapped(text: str, font: str, size: float, width: float, lines: int) -> list[str]:
    """``text`` in lines, broken at spaces where there are any, and inside words that are too long."""
    found = [""]
    for word in text.split(" "):
        longer = f"{found[-1]} {word}" if found[-1] else word
        if pdfmetrics.stringWidth(longer, font, size) <= width:
            found[-1] = longer
            continue
        if found[-1]:
            found.append("")
        for letter in word:
            if pdfmetrics.stringWidth(found[-1] + letter, font, size) > width:
                found.append("")
            found[-1] += letter
    if len(found) > lines:
        found = [*found[: lines - 1], f"{found[lines - 1][:-1]}…"]
    return found
