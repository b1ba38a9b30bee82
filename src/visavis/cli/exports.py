"""``visavis exports``: handing references over, with the word of custodians, and bringing in what came."""

import json
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

import click

from visavis.cli.output import gather, list_options, show, show_page
from visavis.cli.reason import reason_option
from visavis.cli.share_words import share_options, words_of
from visavis.cli.shell import EXIT_CODES, Command, Group, Shell, pass_shell, plain, progress
from visavis.client import BundleFile, Timeouts, Visavis
from visavis.client.private_files import write_private, writing_private
from visavis.model.export import ExportMalformed
from visavis.protect.approval import MAX_DOCUMENT, read_request, told_of
from visavis.protect.approval import approve as signed
from visavis.protect.quorum import approval_key_of
from visavis.wire.export import CarriedRow, ExportAnswer

_LONG: Final = Timeouts(read_s=120.0, total_s=6 * 3600.0)
"""A bundle takes as long as its gallery is large."""

_Path = click.Path(path_type=Path)
_File = click.Path(exists=True, dir_okay=False, path_type=Path)


@click.group("exports", cls=Group)
def exports() -> None:
    """Hand references over: custodians approve, and the bundle is encrypted to its recipient."""


@exports.command(cls=Command)
@click.argument("gallery_id")
@click.option("--recipient", required=True, help="The public key ('age1…') that the bundle is encrypted to.")
@click.option("--hours", type=click.IntRange(1, 168), default=72, show_default=True, help="How long they can be asked.")
@reason_option
@pass_shell
def request(shell: Shell, gallery_id: str, *, recipient: str, hours: int, reason: str) -> None:
    """Ask the custodians for an export of a gallery. Nothing leaves by this."""
    with shell.operator() as server:
        answer = server.ask_for_export(gallery_id, recipient=recipient, reason=reason, lasts_hours=hours)
    _show(shell, answer)
    progress().print(f"Each custodian now runs: visavis exports approve {answer.id}")


@exports.command("list", cls=Command)
@list_options
@pass_shell
def list_all(shell: Shell, after: str | None, limit: int) -> None:
    """The requests that custodians can approve now."""
    with shell.operator() as server:
        page = gather(server.exports, after=after, limit=limit)
    show_page(shell, page, ["id", "gallery_id", "approvals", "needed", "made_at", "expires_at"])


@exports.command("show", cls=Command)
@click.argument("export_id")
@pass_shell
def show_one(shell: Shell, export_id: str) -> None:
    """A request as it stands, and who approved it."""
    with shell.operator() as server:
        _show(shell, server.show_export(export_id))


@exports.command(cls=Command)
@click.argument("export_id")
@share_options
@pass_shell
def approve(shell: Shell, export_id: str, *, share_files: tuple[Path, ...], identity: Path | None) -> None:
    """Approve a request as a custodian. It is shown first; your words stay here, only a signature travels."""
    with shell.operator() as server:
        answer = server.show_export(export_id)
        document = answer.document.encode()
        if read_request(document).id != export_id:
            raise ExportMalformed("The server showed another request.")
        approval = _approval(document, share_files, identity)
        _show(shell, server.approve_export(export_id, key=approval["key"], signature=approval["signature"]))


@exports.command(cls=Command)
@click.argument("request_file", metavar="REQUEST", type=_File)
@click.argument("approval_file", metavar="APPROVAL", type=_Path)
@share_options
@pass_shell
def sign(
    shell: Shell, request_file: Path, approval_file: Path, *, share_files: tuple[Path, ...], identity: Path | None
) -> None:
    """Approve the request in the file REQUEST, which the console saved, and write the file APPROVAL to hand in there.

    Nothing is sent, so that it can be done on a machine without a network. The request is shown first.
    """
    document = request_file.read_bytes()[: MAX_DOCUMENT + 1].strip()
    found = read_request(document)
    approval = _approval(document, share_files, identity)
    write_private(approval_file, json.dumps(approval).encode() + b"\n")
    show(shell, {"id": found.id, "file": str(approval_file)})


@exports.command(cls=Command)
@click.argument("export_id")
@click.argument("file", type=_Path)
@pass_shell
def fetch(shell: Shell, export_id: str, file: Path) -> None:
    """Carry out what enough custodians approved, and write the bundle to FILE. It is given once."""
    size = 0
    with _patient(shell) as server, writing_private(file) as write:

        def keep(chunk: bytes) -> None:
            nonlocal size
            size += len(chunk)
            write(chunk)

        server.fetch_export(export_id, write=keep)
    show(shell, {"id": export_id, "file": str(file), "bytes": size})


@exports.command("import", cls=Command)
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--gallery", "gallery_id", required=True, help="Identifier of the gallery they are brought into.")
@click.option("--identity", type=_Path, required=True, help="The file with your secret key, readable by you only.")
@click.option(
    "--controller-key",
    required=True,
    help="The exporting controller's public key ('x' of their /.well-known/jwks.json), from a source you believe.",
)
@click.option("--name", help="The import's name; the same name goes on with the same import. [the name of FILE]")
@pass_shell
@click.pass_context
def import_bundle(
    ctx: click.Context,
    shell: Shell,
    *,
    file: Path,
    gallery_id: str,
    identity: Path,
    controller_key: str,
    name: str | None,
) -> None:
    """Bring in the people of the bundle in FILE whose receipts check out. Each is asked, and stays PENDING until then.

    Only where the bundle comes from this very installation (a move to another machine) do their receipts stand as they
    are. The bundle is decrypted here, and nothing is sent before all of it was found right. Run it again as often as
    you like. The links of those who are asked: visavis import links.

    Exit codes: 0 everybody was taken in, 11 some were left out, 1 nothing, or it did not come to an end.
    """
    bundle = BundleFile(file, identity=identity, controller_key=controller_key)
    contents = bundle.check()
    rows: list[CarriedRow] = []
    with _patient(shell) as server:
        opened = server.open_import(gallery_id, name=name or file.resolve().stem)

        def send(header: str, people: Sequence[str]) -> None:
            rows.extend(
                server.bring_bundle(opened.id, controller_key=controller_key, header=header, people=people).people
            )

        bundle.hand_on(send)
    _tell(shell, opened.id, rows, people=contents.end.people)
    if any(row.outcome == "LEFT_OUT" for row in rows):
        ctx.exit(EXIT_CODES["REFUSED"])


def _approval(document: bytes, share_files: tuple[Path, ...], identity: Path | None) -> dict[str, str]:
    """A custodian's word for what they are shown here first."""
    for name, value in json.loads(document).items():
        progress().print(plain(f"{name:12}  {value}"))
    click.confirm("Do you approve exactly this?", abort=True, err=True)
    (words,) = words_of(share_files, identity, count=1)
    return told_of(signed(document, approval_key=approval_key_of(words)))


def _patient(shell: Shell) -> Visavis:
    return Visavis(base_url=shell.url, api_key=shell.api_key, timeouts=_LONG)


def _show(shell: Shell, answer: ExportAnswer) -> None:
    """The request in its own words; as JSON with the document that is signed, byte by byte."""
    if shell.as_json:
        show(shell, answer)
        return
    told: dict[str, Any] = {name: value for name, value in json.loads(answer.document).items() if name != "format"}
    told |= {"state": answer.state, "needed": answer.needed}
    told["approved"] = [one.name or "no custodian any more" for one in answer.approvals]
    show(shell, told)


def _tell(shell: Shell, import_id: str, rows: Sequence[CarriedRow], *, people: int) -> None:
    outcomes = Counter(row.outcome for row in rows)
    codes = Counter(row.code for row in rows if row.code is not None)
    told = {
        "import_id": import_id,
        "people": people,
        "pending": outcomes["PENDING"],
        "moved": outcomes["MOVED"],
        "left_out": outcomes["LEFT_OUT"],
        "because": dict(codes) or None,
    }
    show(shell, told)
    mends = {row.code: row.mend for row in rows if row.code is not None}
    for code, mend in mends.items():
        progress().print(plain(f"{code}: {mend}"))
