"""Data on standard output: JSON, or tables for people."""

import json
import sys
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final, TypeVar

import click
import segno
from pydantic import BaseModel
from rich.console import Console
from rich.table import Table

from visavis.cli.shell import Shell, plain, progress
from visavis.wire.people import OtherWay
from visavis.wire.shape import Page

T = TypeVar("T", bound=BaseModel)

_WIDE: Final = 200
"""Columns where there is no terminal to ask, so that identifiers are not broken."""

_MOST_PER_CALL: Final = 200
_LONGEST_NESTED: Final = 400


def list_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """``--limit`` and ``--after``, as every list has them."""
    command = click.option("--after", help="Begin after this entry: 'next' of the list before.")(command)
    limit = click.IntRange(min=1, max=100_000)
    return click.option("--limit", type=limit, default=200, show_default=True, help="Most entries.")(command)


def gather(fetch: Callable[..., Page[T]], *, after: str | None, limit: int) -> Page[T]:
    """Up to ``limit`` entries of a list, over as many pages as that takes."""
    items: list[T] = []
    while True:
        page = fetch(after=after, limit=min(limit - len(items), _MOST_PER_CALL))
        items += page.items
        after = page.next
        if after is None or not page.items or len(items) >= limit:
            return Page(items=items, next=after)


def show(shell: Shell, answer: BaseModel | Mapping[str, Any]) -> None:
    """One answer: every field that has a value."""
    fields = answer.model_dump(mode="json") if isinstance(answer, BaseModel) else dict(answer)
    if shell.as_json:
        _json(fields)
        return
    table = Table(show_header=False, box=None, pad_edge=False)
    table.add_column(style="bold", no_wrap=True)
    table.add_column(overflow="fold")
    for name, value in fields.items():
        if value is not None:
            table.add_row(plain(name), plain(_cell(value)))
    _console().print(table)


def show_page(shell: Shell, page: Page[T], columns: Sequence[str]) -> None:
    """A list: the named fields of each entry as a table, or everything as JSON."""
    if shell.as_json:
        _json(page.model_dump(mode="json"))
        return
    show_rows(shell, [item.model_dump(mode="json") for item in page.items], columns)
    if page.next is not None:
        progress().print(f"There are more: --after {page.next}")


def show_rows(shell: Shell, rows: Sequence[Mapping[str, Any]], columns: Sequence[str]) -> None:
    """The same for rows that did not come over the wire."""
    if shell.as_json:
        _json([dict(row) for row in rows])
        return
    table = Table(box=None, pad_edge=False, header_style="bold")
    for column in columns:
        table.add_column(column, overflow="fold", no_wrap=column.endswith("id"))
    for row in rows:
        table.add_row(*(plain(_cell(row[column])) for column in columns))
    _console().print(table)


def show_other_way(other_way: OtherWay | None) -> None:
    """The PIN, and the QR credential drawn for a camera. They are shown this once."""
    if other_way is None:
        return
    _console().print(f"PIN  {other_way.pin}", highlight=False)
    draw(other_way.qr)
    _console().print("Keep both: they are shown once, and are the way in without a face.", highlight=False)


def draw(text: str) -> None:
    """A QR code in the terminal, with its text below for those who cannot scan it."""
    segno.make(text, micro=False).terminal(out=sys.stdout, compact=True)
    click.echo(text)


def _console() -> Console:
    return Console(file=sys.stdout, width=None if sys.stdout.isatty() else _WIDE, highlight=False)


def _cell(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, list) and all(isinstance(item, str) for item in value):
        return ", ".join(value)
    if isinstance(value, list):
        return "\n".join(_cell(item) for item in value)
    if isinstance(value, dict):
        return "  ".join(f"{name}: {_short(_cell(item))}" for name, item in value.items() if item is not None)
    return str(value)


def _short(text: str) -> str:
    """Signed texts are for programs: ``--json`` has them whole."""
    return text if len(text) <= _LONGEST_NESTED else f"{text[:24]}…"


def _json(data: Any) -> None:
    click.echo(json.dumps(data, ensure_ascii=False, indent=2))
