"""``visavis enrol``: somebody who will be asked, with photos of yours or of their own."""

from collections.abc import Sequence
from datetime import date, datetime
from pathlib import Path

import click

from visavis.cli.output import draw, show, show_other_way
from visavis.cli.shell import Command, Shell, pass_shell, progress
from visavis.wire.people import InvitedAnswer


@click.command(cls=Command)
@click.argument("gallery_id")
@click.argument("photos", nargs=-1, type=click.Path(path_type=Path))
@click.option("--reference", required=True, help="Your own name for the person, such as a staff number.")
@click.option("--invite", is_flag=True, help="No photos: the person is invited to send their own.")
@click.option("--without-face", is_flag=True, help="No photos: the person is served by PIN and QR credential only.")
@click.option(
    "--guardian-until",
    type=click.DateTime(["%Y-%m-%d"]),
    help="A guardian has to agree for the person, and their consent ends on this day: YYYY-MM-DD.",
)
@pass_shell
def enrol(
    shell: Shell,
    gallery_id: str,
    photos: Sequence[Path],
    reference: str,
    invite: bool,
    without_face: bool,
    guardian_until: datetime | None,
) -> None:
    """Enrol one person with one to five PHOTOS, or invite them to send their own.

    The answer is a one-time link. Hand it to the person: until they open it and agree, nobody is recognised.
    """
    until: date | None = None if guardian_until is None else guardian_until.date()
    if without_face and until is not None:
        raise click.UsageError("--guardian-until is for photos: without a face nobody is asked.")
    if [bool(photos), invite, without_face].count(True) != 1:
        raise click.UsageError("Give photos, or --invite, or --without-face.")
    with shell.operator() as server:
        if without_face:
            added = server.add_without_face(gallery_id, external_reference=reference)
            show(shell, added if shell.as_json else {"subject_id": added.subject_id})
            if not shell.as_json:
                show_other_way(added.other_way)
            return
        if invite:
            _tell_invited(shell, server.invite_to_enrol(gallery_id, external_reference=reference, guardian_until=until))
            return
        with progress().status("Looking at the photos"):
            pending = server.enrol(gallery_id, external_reference=reference, photos=photos, guardian_until=until)
    show(shell, pending)
    if not shell.as_json:
        draw(pending.consent_link)
        progress().print("PENDING: hand the link to the person. Nobody is recognised before they agree.")


def _tell_invited(shell: Shell, invited: InvitedAnswer) -> None:
    show(shell, invited)
    if not shell.as_json:
        draw(invited.enrol_link)
        progress().print("PENDING: hand the link to the person, and to nobody else: whoever opens it sends the face.")
