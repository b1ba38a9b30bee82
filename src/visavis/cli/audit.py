"""``visavis audit``: a log checked by somebody who does not trust the server."""

from base64 import b64encode
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

import click
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from visavis import bootstrap_audit
from visavis.audit.checkpoint import Signed, Trust, require_checkpoint
from visavis.audit.leaf import Entry, read_entry
from visavis.audit.note import MAX_NOTE, read_key
from visavis.audit.proof import MAX_PROOF, read_proof, require_logged
from visavis.audit.remember import Memory, read_memory, write_memory
from visavis.audit.stats import By, Counts, Row, chart
from visavis.audit.tiles import MAX_ENTRY
from visavis.audit.verify import Known, read_head, require_begins_with
from visavis.cli.output import show, show_rows
from visavis.cli.shell import Group, Shell, pass_shell, progress
from visavis.client import VisavisProblem
from visavis.client.private_files import replace_private, require_writable, write_private
from visavis.model.audit import LogRefused, LogUnreachable
from visavis.wire.table import table_text

_NewFile = click.Path(path_type=Path, dir_okay=False)
_OldFile = click.Path(path_type=Path, dir_okay=False, exists=True)
_ROOT_SHOWN: Final = 4
"""Bytes of a root that tell files of evidence apart."""


@click.group(cls=Group)
def audit() -> None:
    """Check a log without trusting its server. PLACE is the log's address, or a folder with a copy of it.

    These commands need the log, and the keys of those you believe; no server, no data directory, no models.
    """


def _whom(command: Callable[..., Any]) -> Callable[..., Any]:
    """The options that say whom to believe; see ``_trust``."""
    for option in (
        click.option("--witnesses", type=click.IntRange(min=0), help="How many of them must have cosigned. [all]"),
        click.option("--witness-key", "witness_keys", multiple=True, help="Key of a witness; as often as you like."),
        click.option("--log-key", envvar="VISAVIS_LOG_KEY", required=True, help="Key of the log. [VISAVIS_LOG_KEY]"),
    ):
        command = option(command)
    return command


def _trust(*, log_key: str, witness_keys: tuple[str, ...], witnesses: int | None) -> Trust:
    known = {key.name: key for key in map(read_key, witness_keys)}
    if witnesses is not None and witnesses > len(known):
        raise click.UsageError(f"--witnesses asks for {witnesses}, and keys of {len(known)} are given.")
    return Trust(read_key(log_key), tuple(known.values()), len(known) if witnesses is None else witnesses)


@audit.command()
@click.argument("place")
@_whom
@click.option("--remember", type=_NewFile, help="Keep here what was checked; next time only what is new is read.")
@pass_shell
def verify(shell: Shell, /, *, place: str, remember: Path | None, **whom: Any) -> None:
    """Check everything in the log: signatures, every tile, every entry, and what the entries tell.

    With --remember the log has to begin with what it showed the last time. If it does not, or anything else is wrong,
    its checkpoints are kept beside that file as evidence.
    """
    trust = _trust(**whom)
    before = None
    if remember is not None:
        require_writable(remember)
        if remember.exists():
            before = read_memory(remember.read_bytes(), log=trust.log)
    shown: list[Signed] = []
    try:
        known = _checked(place, trust, shown, before=before)
    except LogUnreachable:
        raise
    except LogRefused as refusal:
        if remember is None or not shown:
            raise
        kept = _kept_evidence(remember, [*([before.signed] if before else []), *shown])
        raise type(refusal)(f"{refusal.detail} {kept}") from None
    (signed,) = shown
    if remember is not None:
        replace_private(remember, write_memory(Memory(signed, known), log=trust.log))
    size, old_size = signed.checkpoint.size, before.signed.checkpoint.size if before else 0
    show(shell, {**_told(signed), "read": size - old_size, "last_day": known.grammar.last_day or None})


@audit.command()
@click.argument("older", type=_OldFile)
@click.argument("place")
@click.option("--newer", type=_OldFile, help="Another checkpoint that you kept, instead of the one the log has now.")
@_whom
@pass_shell
def consistency(shell: Shell, /, *, older: Path, place: str, newer: Path | None, **whom: Any) -> None:
    """Check that the log begins with the tree of the checkpoint in the file OLDER. Its entries are not read."""
    trust = _trust(**whom)
    first = require_checkpoint(_read(older, MAX_NOTE), trust=trust)
    with bootstrap_audit.open_source(place) as source:
        if newer is None:
            second = read_head(source.fetch, trust=trust)
        else:
            second = require_checkpoint(_read(newer, MAX_NOTE), trust=trust)
            if second.checkpoint.size < first.checkpoint.size:
                first, second = second, first
        require_begins_with(first.checkpoint, second.checkpoint, source.fetch)
    show(shell, {**_told(second), "begins_with": first.checkpoint.size})


@audit.command()
@click.argument("proof", type=_OldFile)
@click.option("--entry", "entry_file", type=_OldFile, required=True, help="The entry, as it stands in the log.")
@_whom
@pass_shell
def proof(shell: Shell, /, *, proof: Path, entry_file: Path, **whom: Any) -> None:
    """Check that an entry is in the log, by a proof in a file of C2SP tlog-proof. The log is not asked."""
    trust = _trust(**whom)
    # No entry ends with a line's end, and many programs that write one to a file add it.
    data = _read(entry_file, MAX_ENTRY).removesuffix(b"\n")
    found = read_proof(_read(proof, MAX_PROOF))
    signed = require_logged(data, found, trust=trust)
    entry = read_entry(data)
    show(shell, {**_told(signed), "index": found.index, "event": entry.event.value, "day": entry.day, **entry.fields})


@audit.command()
@click.argument("place")
@_whom
@click.option("--by", type=click.Choice(["day", "month", "all"]), default="day", show_default=True, help="How finely.")
@click.option("--csv", "as_csv", is_flag=True, help="Data as CSV on standard output.")
@click.option("--plot", type=_NewFile, help="Draw the days into this file too (SVG).")
@pass_shell
def stats(shell: Shell, /, *, place: str, by: By, as_csv: bool, plot: Path | None, **whom: Any) -> None:
    """How often what happened. The whole log is checked first, and nothing is told of one that does not check out."""
    trust, counts = _trust(**whom), Counts()
    if as_csv and shell.as_json:
        raise click.UsageError("Give --csv or --json.")
    if plot is not None:
        require_writable(plot)
    _checked(place, trust, [], seen=counts.see)
    if plot is not None:
        replace_private(plot, chart(counts.rows(), origin=trust.log.name).encode())
    rows = counts.rows(by)
    if as_csv:
        click.echo(table_text(Row._fields, rows), nl=False)
    else:
        told = [name for name in Row._fields if any(getattr(row, name) for row in rows)]
        show_rows(shell, [row._asdict() for row in rows], told)


def _checked(
    place: str,
    trust: Trust,
    shown: list[Signed],
    *,
    before: Memory | None = None,
    seen: Callable[[Entry], None] | None = None,
) -> Known:
    """Check a log, with a bar that shows how far it is. ``shown`` gets its checkpoint, whatever becomes of the rest."""
    console = progress()
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with (
        bootstrap_audit.open_source(place) as source,
        # Whoever runs this every hour wants to hear of it only if something is wrong.
        Progress(*columns, console=console, disable=not console.is_terminal) as bar,
    ):
        task = bar.add_task("Checking", total=None)

        def head(signed: Signed) -> None:
            shown.append(signed)
            bar.update(task, total=signed.checkpoint.size - (before.signed.checkpoint.size if before else 0))

        def advanced(entries: int) -> None:
            bar.advance(task, entries)

        known = before.known if before else None
        return bootstrap_audit.audit(source, trust=trust, known=known, seen=seen, head=head, advanced=advanced)


def _told(signed: Signed) -> dict[str, Any]:
    checkpoint = signed.checkpoint
    return {
        "log": checkpoint.origin,
        "entries": checkpoint.size,
        "root": b64encode(checkpoint.root).decode(),
        "cosigned": {name: _moment(at) for name, at in signed.cosigned.items()},
    }


def _moment(seconds: int) -> str:
    try:
        return datetime.fromtimestamp(seconds, UTC).isoformat()
    except (OSError, OverflowError, ValueError):  # a witness may sign any number
        return str(seconds)


def _kept_evidence(remember: Path, seen: list[Signed]) -> str:
    """Write checkpoints beside the file of what is remembered, and say where. One that is there stays as it is."""
    told = []
    for signed in seen:
        checkpoint = signed.checkpoint
        name = f"{remember.name}.evidence-{checkpoint.size}-{checkpoint.root[:_ROOT_SHOWN].hex()}"
        path = remember.with_name(name)
        try:
            if not path.exists():
                write_private(path, str(signed.note).encode())
            told.append(f"Evidence: {path}.")
        except VisavisProblem as problem:
            # What is wrong with the log is told all the same, and the checkpoint with it.
            told.append(f"Evidence could not be written ({problem.code}: {path}): {signed.note}")
    return " ".join(told)


def _read(path: Path, most: int) -> bytes:
    """A file's bytes; of a longer one so many that whoever reads them finds it too long."""
    with path.open("rb") as file:
        return file.read(most + 2)
