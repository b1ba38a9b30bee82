"""``visavis audit``: a log checked by somebody who does not trust the server."""

from base64 import b64encode
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

import click
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from visavis import auditing
from visavis.audit.checkpoint import Checkpoint, Signed, Trust, require_checkpoint
from visavis.audit.leaf import Entry, read_entry
from visavis.audit.note import MAX_NOTE, read_key
from visavis.audit.proof import MAX_PROOF, read_proof, require_logged
from visavis.audit.remember import Memory, read_memory, write_memory
from visavis.audit.stats import Counts, Row, chart
from visavis.audit.tiles import MAX_ENTRY
from visavis.audit.verify import read_head, require_begins_with
from visavis.cli.output import show, show_rows
from visavis.cli.shell import Group, Shell, pass_shell, progress
from visavis.client.private_files import replace_private, require_writable, write_private
from visavis.model.audit import LogRefused
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
@click.option("--remember", type=_NewFile, help="Keep here what was checked, and read only what is new next time.")
@pass_shell
def verify(shell: Shell, *, place: str, remember: Path | None, **whom: Any) -> None:
    """Check everything in the log: signatures, every tile, every entry, and what the entries tell.

    With --remember the log has to begin with what it showed the last time. If it does not, both checkpoints are kept
    beside that file as evidence.
    """
    trust = _trust(**whom)
    if remember is not None:
        require_writable(remember)
    before = _remembered(remember, trust)
    shown: list[Signed] = []
    try:
        with _checking(place) as (source, advanced):

            def begin(signed: Signed) -> None:
                shown.append(signed)
                advanced.begin(signed.checkpoint.size - (before.signed.checkpoint.size if before else 0))

            known = auditing.audit(
                source, trust=trust, known=before and before.known, head=begin, advanced=advanced.advance
            )
    except LogRefused:
        if remember is not None:
            _keep_evidence(remember, [before.signed] if before else [], shown)
        raise
    (signed,) = shown
    if remember is not None:
        replace_private(remember, write_memory(Memory(signed, known), log=trust.log))
    show(
        shell,
        {
            **_told(signed),
            "read": signed.checkpoint.size - (before.signed.checkpoint.size if before else 0),
            "before": before and before.signed.checkpoint.size,
            "last_day": known.grammar.last_day or None,
        },
    )
