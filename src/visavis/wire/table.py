"""Tables as text for spreadsheets: RFC 4180 in UTF-8, in which no cell is a formula."""

import csv
import io
from collections.abc import Iterable, Sequence
from typing import Final

MEDIA_TYPE: Final = "text/csv; charset=utf-8; header=present"

_STARTS: Final = ("=", "+", "-", "@", "\t", "\r", "\n", "'", "＝", "＋", "－", "＠")  # noqa: RUF001 -- spreadsheets take the wide forms for formulas too
"""What spreadsheets take for the beginning of a formula (OWASP, CSV injection), and the sign that stops them."""


def table_text(header: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    """A table with its header; every cell quoted, lines ending with CR and LF.

    A cell that a spreadsheet would run gets an apostrophe before it, and so does one that has an apostrophe there:
    taking one away from every cell that begins with it gives what was meant.
    """
    out = io.StringIO(newline="")
    writer = csv.writer(out, quoting=csv.QUOTE_ALL, lineterminator="\r\n")
    writer.writerow(header)
    writer.writerows([_inert(str(cell)) for cell in row] for row in rows)
    return out.getvalue()


def _inert(cell: str) -> str:
    return f"'{cell}" if cell.lstrip(" \N{NO-BREAK SPACE}").startswith(_STARTS) or cell.startswith(_STARTS) else cell
