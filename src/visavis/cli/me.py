"""``visavis me``: a person with their receipt."""

import hashlib
import json
from base64 import b64encode, urlsafe_b64encode
from collections.abc import Collection, Sequence
from pathlib import Path
from typing import Any, Final

import click

from visavis.cli.consent import require_agreement, tell_record
from visavis.cli.language import language_option
from visavis.cli.output import show, show_rows
from visavis.cli.own_log import in_words
from visavis.cli.shell import Group, Shell, pass_shell, plain, progress, sure
from visavis.client import (
    CheckedArchive,
    Language,
    OwnEntry,
    OwnLog,
    Person,
    Receipt,
    VisavisProblem,
    check_archive,
)
from visavis.client.link import offered
from visavis.client.private_files import replace_private, require_writable, write_private

_NewFile: Final = click.Path(path_type=Path, dir_okay=False)
_COLUMNS: Final = ("when", "what", "who", "purpose", "result", "in the log")
_DIGEST_SHOWN: Final = 8
"""Hexadecimal digits that tell files of evidence apart."""
_TOO_EARLY: Final = (
    "There is nothing to renew: your consent does not end soon, or cannot be made longer. 'visavis me show' says when."
)


@click.group(cls=Group)
def me() -> None:
    """What a person does with their receipt file."""


@me.command("show")
@click.argument("receipt", type=click.Path(path_type=Path))
@pass_shell
def show_held(shell: Shell, receipt: Path) -> None:
    """Everything that is held about you."""
    with Person(Receipt.load(receipt)) as person:
        held = person.me()
    ends = [day for one in held.receipts if one.countersignature and (day := _guardian_until(one.offer))]
    show(shell, {**held.model_dump(mode="json"), "guardian_until": min(ends, default=None)})


@me.command("log")
@click.argument("receipt", type=click.Path(path_type=Path))
@click.option("--proofs", type=click.Path(path_type=Path, file_okay=False), help="Folder for each entry and its proof.")
@click.option("--log-key", help="Key of the log, where you have it from elsewhere. [that of the receipt]")
@click.option("--witness-key", "witness_keys", multiple=True, help="Key of a witness; as often as you like.")
@click.option("--witnesses", type=click.IntRange(min=0), help="How many of them must have cosigned. [all]")
@pass_shell
def show_log(shell: Shell, /, *, receipt: Path, proofs: Path | None, **whom: Any) -> None:
    """Who looked, when, for what purpose and with what result, checked against the public log.

    What does not check out is told as an error, and nothing is shown. The receipt file remembers the log's key and the
    newest tree that was seen: a log that forgets or rewrites it is refused the next time.
    """
    kept = Receipt.load(receipt)
    try:
        with Person(kept) as person:
            found = person.log(**whom)
    except VisavisProblem as problem:
        if problem.evidence is not None:
            _keep_evidence(receipt, problem.evidence)
        raise
    found.receipt.save_again(receipt)
    if proofs is not None:
        _save_proofs(proofs, found.entries)
    if shell.as_json:
        show(shell, _as_data(found))
        return
    show_rows(shell, [in_words(own, purposes=_purposes(kept)) for own in found.entries], _COLUMNS)
    _tell_tree(found)


@me.command("archive")
@click.argument("receipt", type=click.Path(path_type=Path))
@click.argument("file", type=_NewFile)
@language_option
@pass_shell
def take_along(shell: Shell, receipt: Path, file: Path, language: Language) -> None:
    """Take along everything that is held about you: a zip file with a page to read, data, and a signature.

    It is checked before it is kept, as 'visavis me archive-check' does it. Keep it as carefully as your receipt.
    """
    kept = Receipt.load(receipt)
    require_writable(file)
    with Person(kept) as person:
        data = person.archive(language=language)
    checked = check_archive(data, receipt=kept)
    write_private(file, data)
    show(shell, {"file": str(file), **_checked(checked)})


@me.command("archive-check")
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False, exists=True))
@click.option("--receipt", type=click.Path(path_type=Path), help="Your receipt: then the key has to be that of it.")
@pass_shell
def check_taken(shell: Shell, file: Path, receipt: Path | None) -> None:
    """Check that an archive is whole and genuine. No server is asked.

    Without a receipt the key is the archive's own word: compare key_id with the 'kid' that the server publishes at
    /.well-known/jwks.json.
    """
    kept = None if receipt is None else Receipt.load(receipt)
    show(shell, _checked(check_archive(file.read_bytes(), receipt=kept)))


@me.command()
@click.argument("receipt", type=click.Path(path_type=Path))
@pass_shell
def renew(shell: Shell, receipt: Path) -> None:
    """Agree to go on, in the last month before your consent ends, with the key you have. No new photo is needed.

    The new receipt takes the place of the old one in the file. Until its answer has come it lies beside it, with .new
    at the end of the name: if the line breaks, call this again.
    """
    held, waiting = Receipt.load(receipt), receipt.with_name(f"{receipt.name}.new")
    with Person(held) as person:
        mine = person.me()
        if _has_arrived(waiting, {one.receipt_id for one in mine.receipts if one.countersignature}):
            renewed = Receipt.load(waiting)
        elif held.receipt_id not in mine.renewable:
            raise click.ClickException(_TOO_EARLY)
        else:
            terms = person.renewal(held.receipt_id)
            tell_record(offered(terms.offer), statement=terms.statement)
            require_agreement()
            renewed = person.prepare_renewal(terms)
            renewed.save_again(waiting)
            try:
                person.renew(held.receipt_id, renewed)
            except VisavisProblem as problem:
                if problem.refused:
                    waiting.unlink()
                raise
    renewed.save_again(receipt)
    waiting.unlink(missing_ok=True)
    until = offered(renewed.offer)["valid_until"]
    show(shell, {"receipt_id": renewed.receipt_id, "receipt": str(receipt), "valid_until": until})
    progress().print("Keep the file as you kept the old one: the receipt in it is another now.")


@me.command()
@click.argument("receipt", type=click.Path(path_type=Path))
@sure("Everything held about you is destroyed; nobody can bring it back. Withdraw?")
@pass_shell
def withdraw(shell: Shell, receipt: Path) -> None:
    """Take your consent back. You are not recognised any more."""
    held = Receipt.load(receipt)
    with Person(held) as person:
        person.withdraw()
    show(shell, {"subject_id": held.subject_id, "state": "WITHDRAWN"})


def _has_arrived(waiting: Path, agreed: Collection[str]) -> bool:
    """Whether the receipt of an earlier try is in force, whose answer was lost."""
    return waiting.exists() and Receipt.load(waiting).receipt_id in agreed


def _checked(checked: CheckedArchive) -> dict[str, Any]:
    return {
        "subject_id": checked.subject_id,
        "made_at": checked.made_at.isoformat(),
        "key_id": checked.key_id,
        "key": "that of your receipt" if checked.key_is_known else "not compared with a receipt",
        "receipts": checked.receipts,
        "log_entries": checked.entries,
        "proven": checked.proven,
    }


def _save_proofs(folder: Path, entries: Sequence[OwnEntry]) -> None:
    """Three files for each entry that is proven: what ``visavis audit proof`` takes, and what opens it."""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    for own in entries:
        if own.proof is None:
            continue
        opening = {"salt": urlsafe_b64encode(own.opened.salt).rstrip(b"=").decode(), "details": dict(own.details)}
        replace_private(folder / f"{own.index}.entry", own.text)
        replace_private(folder / f"{own.index}.tlog-proof", bytes(own.proof))
        replace_private(folder / f"{own.index}.opening.json", json.dumps(opening, ensure_ascii=False).encode() + b"\n")


def _keep_evidence(receipt: Path, evidence: bytes) -> None:
    """Beside the receipt; what was kept before stays as it is."""
    path = receipt.with_name(f"{receipt.name}.evidence-{hashlib.sha256(evidence).hexdigest()[:_DIGEST_SHOWN]}.json")
    if not path.exists():
        write_private(path, evidence)
    progress().print(plain(f"What the server sent was kept: {path}"))


def _purposes(receipt: Receipt) -> dict[str, str]:
    """What the person agreed to, in their own copy of the offer, by the identifiers that entries have."""
    record = offered(receipt.offer)
    purpose = record["pii_processing"]["purposes"][0]
    return {str(purpose.get("purpose_id")): purpose["purpose"], str(record.get("gallery_id")): purpose["purpose"]}


def _guardian_until(offer: str) -> str | None:
    """The day with which a guardian's consent ends, as the offer has it; None where the person agreed themselves."""
    try:
        guardian = offered(offer).get("guardian")
    except VisavisProblem:
        return None  # what else is held is shown all the same
    return str(guardian.get("until")) if isinstance(guardian, dict) else None


def _as_data(found: OwnLog) -> dict[str, Any]:
    tree = None if found.signed is None else found.signed.checkpoint
    return {
        "log_key": found.receipt.log_key,
        "size": None if tree is None else tree.size,
        "root": None if tree is None else b64encode(tree.root).decode(),
        "entries": [
            {
                "index": own.index,
                "event": own.entry.event.value,
                "day": own.entry.day,
                **own.entry.fields,
                "details": dict(own.details),
                "proven": own.proven,
            }
            for own in found.entries
        ],
    }


def _tell_tree(found: OwnLog) -> None:
    told = progress()
    if found.signed is None:
        told.print("Nothing of the log is published yet, so nothing above is proven.")
        return
    tree = found.signed.checkpoint
    told.print(f"The log {tree.origin} has {tree.size} entries and the root {b64encode(tree.root).decode()}.")
    told.print("Whoever looks now has to see the same; compare it with somebody who does not ask this server.")
