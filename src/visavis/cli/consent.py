"""``visavis consent``: the person's own act, where they have no browser; run it on their machine, or let them type."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import click
from rich.panel import Panel

from visavis.cli.output import show, show_other_way, show_rows
from visavis.cli.shell import Group, Shell, pass_shell, plain, progress, sure
from visavis.client import ConsentLink, GrantLink, Receipt, VisavisProblem
from visavis.wire.deciding import GrantTermsAnswer
from visavis.wire.people import SentPhoto, TermsAnswer

AGREE = "I agree"
"""What a person types; a key press by accident is no consent."""


@click.group(cls=Group)
def consent() -> None:
    """What a person does with their one-time link. LINK is the whole link: put it in quotes."""


@consent.command("show")
@click.argument("link")
@pass_shell
def show_terms(shell: Shell, link: str) -> None:
    """What you are asked to agree to."""
    with ConsentLink(link) as asked:
        terms = asked.terms()
    if shell.as_json:
        show(shell, terms)
    else:
        _tell(terms)


@consent.command("photos")
@click.argument("link")
@click.argument("photos", nargs=-1, type=click.Path(path_type=Path))
@click.option("--anew", is_flag=True, help="Start over: what you sent before is erased first.")
@pass_shell
def send_photos(shell: Shell, link: str, photos: Sequence[Path], anew: bool) -> None:
    """Send one to five PHOTOS of yourself, where you were invited to.

    Nobody is matched with them before you sign. Ends with 1 where none was taken.
    """
    if not photos and not anew:
        raise click.UsageError("Give photos, or --anew.")
    with ConsentLink(link) as asked:
        if anew:
            asked.forget_photos()
            progress().print("What you sent before is erased.")
        if not photos:
            return
        with progress().status("Looking at the photos"):
            sent = asked.send_photos(photos)
    if shell.as_json:
        show(shell, sent)
    else:
        rows = [_told(photos[photo.number - 1], photo) for photo in sent.photos]
        show_rows(shell, rows, ("photo", "status", "what to do"))
        progress().print(f"{sent.held} of at most {sent.at_most} photos wait for your signature.")
    if not sent.held:
        raise click.exceptions.Exit(1)


@consent.command()
@click.argument("link")
@click.option(
    "--receipt", "path", type=click.Path(path_type=Path), default=Path("visavis-receipt.json"), show_default=True
)
@click.option(
    "--earlier",
    type=click.Path(path_type=Path),
    help="Your receipt from before, if photos were added: its key is used again.",
)
@click.option(
    "--photo",
    "photos",
    multiple=True,
    type=click.Path(path_type=Path),
    help="A photo that you sent, where you were invited to; once for each of them.",
)
@pass_shell
def sign(shell: Shell, link: str, path: Path, earlier: Path | None, photos: Sequence[Path]) -> None:
    """Read the purpose and agree to it, with a key that is made here and stays in the receipt file.

    If you sent photos, name them again: nobody else's can then be put in their place.
    """
    before = None if earlier is None else Receipt.load(earlier)
    with ConsentLink(link) as asked:
        terms = asked.terms()
        if terms.photos is not None and terms.photos.held and not photos:
            raise click.UsageError("Name the photos that you sent, each with --photo.")
        _tell(terms)
        require_agreement()
        receipt = asked.prepare(terms, earlier=before)
        # Kept before it is sent: a consent whose key was lost could be withdrawn by an operator only.
        receipt.save(path)
        try:
            agreed = asked.countersign(receipt, photos=photos)
        except VisavisProblem as problem:
            if problem.refused:
                path.unlink()
            raise
    if shell.as_json:
        show(shell, {"receipt": str(path), **agreed.model_dump(mode="json", exclude={"offer", "countersignature"})})
        return
    show(shell, {"status": agreed.status, "subject_id": agreed.subject_id, "receipt": str(path)})
    show_other_way(agreed.other_way)
    progress().print("Keep the receipt file to yourself: with it you see what is held, and withdraw.")


@consent.command()
@click.argument("link")
@sure("Your face is erased at once; you are served by PIN and QR instead. Decline?")
@pass_shell
def decline(shell: Shell, link: str) -> None:
    """Say no: the face is erased at once, and you get the other way in."""
    with ConsentLink(link) as asked:
        declined = asked.decline()
    if shell.as_json:
        show(shell, declined)
        return
    show(shell, {"status": declined.status})
    show_other_way(declined.other_way)


@consent.command()
@click.argument("link")
@pass_shell
def grant(shell: Shell, link: str) -> None:
    """Let a document of yours be checked, once."""
    with GrantLink(link) as asked:
        terms = asked.terms()
        tell_grant(terms)
        require_agreement()
        show(shell, asked.grant(terms))


def tell_grant(terms: GrantTermsAnswer) -> None:
    """Show the holder of a document what they are asked."""
    console = progress()
    console.print(Panel(plain(terms.text), title=plain(terms.controller)))
    console.print(plain(terms.statement))


def require_agreement() -> None:
    """Wait for the person to type that they agree; anything else ends the command."""
    typed = click.prompt(f'Type "{AGREE}" to sign', err=True)
    if typed.strip().casefold() != AGREE.casefold():
        raise click.Abort


def _told(path: Path, photo: SentPhoto) -> dict[str, str]:
    return {"photo": path.name, "status": photo.code or photo.status, "what to do": photo.mend or ""}


def tell_record(record: Mapping[str, Any], *, statement: str) -> None:
    """Show a person what they are asked, and the sentence that they would sign."""
    processing = record["pii_processing"]
    party = record["party_identification"][0]
    stated = processing["purposes"][0]
    console = progress()
    console.print(Panel(plain(processing["privacy_notice"]["text"]), title=plain(stated["purpose"])))
    console.print(plain(f"Responsible: {party['party_name']}, {party['party_contact']}"))
    console.print(plain(f"Valid until: {record['valid_until']}, or until you withdraw"))
    console.print(plain(statement))


def _tell(terms: TermsAnswer) -> None:
    tell_record(terms.record, statement=terms.statement)
    console = progress()
    if terms.photos is not None:
        console.print(f"You are invited to send {terms.photos.at_least} to {terms.photos.at_most} photos of yourself.")
        console.print("Send them with 'visavis consent photos', before you sign.")
        if terms.photos.held:
            console.print(f"{terms.photos.held} are there. If you did not send all of them, start over: with --anew.")
