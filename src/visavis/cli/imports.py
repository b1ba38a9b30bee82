"""``visavis import``: many people from a folder or a table, each of whom is asked."""

import time
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any, Final

import click
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from visavis.cli.import_source import Issue, Source, SourceUnusable, read_source
from visavis.cli.importing import PATIENCE, TIMEOUTS, Bringing, Tally, refusals_of
from visavis.cli.output import show
from visavis.cli.reason import reason_option
from visavis.cli.shell import EXIT_CODES, Command, Group, Shell, pass_shell, progress
from visavis.client import Connections, Part, Visavis, VisavisProblem
from visavis.client.private_files import replace_private, require_writable
from visavis.wire.bulk import ImportAnswer
from visavis.wire.table import table_text

SOME_REFUSED: Final = EXIT_CODES["REFUSED"]
"""The exit code where somebody or some photo was not brought, and everything else was."""

_Path = click.Path(path_type=Path)


@click.group("import", cls=Group)
def import_() -> None:
    """Enrol many people at once. Each stays PENDING until they open their own link and agree."""


def _files(command: Callable[..., Any]) -> Callable[..., Any]:
    for name, what in (
        ("--refused", "Write what was refused, and what to do about it (CSV)."),
        ("--sheets", "Write the links as slips to print, cut and hand out (PDF)."),
        ("--links", "Write the links (CSV). Each is for its person only."),
    ):
        command = click.option(name, type=_Path, help=what)(command)
    return command


@import_.command(cls=Command)
@click.argument("source", type=click.Path(exists=True, path_type=Path))
@click.option("--gallery", "gallery_id", required=True, help="Identifier of the gallery.")
@click.option("--name", help="The import's name; the same name goes on with the same import. [the name of SOURCE]")
@click.option("--parallel", type=click.IntRange(1, 32), default=4, show_default=True, help="People brought at once.")
@_files
@click.option("--reason", envvar="VISAVIS_REASON", help="Why you read who is in it, for the files. [VISAVIS_REASON]")
@pass_shell
@click.pass_context
def run(
    ctx: click.Context,
    shell: Shell,
    *,
    source: Path,
    gallery_id: str,
    name: str | None,
    parallel: int,
    links: Path | None,
    sheets: Path | None,
    refused: Path | None,
    reason: str | None,
) -> None:
    """Enrol everybody in SOURCE: a folder with one folder of photos for each person, or a CSV file.

    The folder's name is your own name for the person. The CSV file has the columns external_reference and photo (a path
    that begins at the file), one row a photo. Run it again as often as you like: who was brought stays as they are.
    An import asks no guardian: enrol minors one at a time, with 'visavis enrol --guardian-until'.

    Exit codes: 0 everybody was brought, 11 some people or photos were refused, 1 it did not come to an end.
    """
    _require_ready([links, sheets, refused], reason)
    found = _read(source)
    begun = time.monotonic()
    with _patient(shell, parallel) as server:
        opened = server.open_import(gallery_id, name=name or source.resolve().stem)
        with _bar() as bar:
            task = bar.add_task("Bringing", total=len(found.people))
            bringing = Bringing(server, opened.id, at_once=parallel, brought=lambda: bar.advance(task))
            bringing.tally.issues += found.issues
            ended = _ended(bringing, lambda: bringing.run(found.people))
        after = server.show_import(opened.id) if ended is None or ended.status else opened
        _tell(shell, after, bringing.tally, people=len(found.people), seconds=time.monotonic() - begun)
        if ended is not None:
            raise ended
        _write(server, opened.id, links=links, sheets=sheets, reason=reason or "")
        if refused is not None:
            theirs = refusals_of(server, opened.id, reason=reason or "")
            _write_refused(refused, [*bringing.tally.issues, *theirs])
    if bringing.tally.issues or after.refused or after.photos_refused:
        if refused is None:
            progress().print("Some people or photos were not brought: --refused FILE writes which, and what to do.")
        ctx.exit(1 if bringing.tally.failed else SOME_REFUSED)


@import_.command(cls=Command)
@click.argument("import_id")
@pass_shell
def status(shell: Shell, import_id: str) -> None:
    """How far an import is, in numbers."""
    with shell.operator() as server:
        show(shell, server.show_import(import_id))


@import_.command(cls=Command)
@click.argument("import_id")
@_files
@reason_option
@pass_shell
def links(
    shell: Shell, *, import_id: str, links: Path | None, sheets: Path | None, refused: Path | None, reason: str
) -> None:
    """Write the links that still wait for their people. For the key that made the import, or one with 'admin' as well.

    A link is as good as the person's word: whoever has it can answer in their place. Hand each to its person only.
    """
    if links is sheets is refused is None:
        raise click.UsageError("Give --links, --sheets or --refused.")
    with shell.operator() as server:
        written = _write(server, import_id, links=links, sheets=sheets, reason=reason)
        if refused is not None:
            written.append(_write_refused(refused, refusals_of(server, import_id, reason=reason)))
    show(shell, {"written": [str(path) for path in written]})


def _require_ready(files: Iterable[Path | None], reason: str | None) -> None:
    """What would fail at the end is found out at the beginning."""
    for path in filter(None, files):
        if not reason:
            raise click.UsageError("Say why you read who is in it: --reason, or VISAVIS_REASON.")
        require_writable(path)


def _read(source: Path) -> Source:
    try:
        return read_source(source)
    except SourceUnusable as unusable:
        raise click.UsageError(str(unusable)) from None


def _patient(shell: Shell, parallel: int) -> Visavis:
    connections = Connections(most=parallel + 1, most_idle=parallel + 1)
    return Visavis(
        base_url=shell.url, api_key=shell.api_key, retries=PATIENCE, timeouts=TIMEOUTS, connections=connections
    )


def _bar() -> Progress:
    return Progress(
        TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn(), console=progress()
    )


def _ended(bringing: Bringing, run: Callable[[], None]) -> VisavisProblem | None:
    """What ended the run early, if anything did."""
    try:
        run()
    except VisavisProblem as problem:
        return problem
    except KeyboardInterrupt:
        done = bringing.tally
        progress().print(f"Stopped; {done.brought} were brought. Run the same command again to go on.")
        raise click.Abort from None
    return None


def _tell(shell: Shell, of: ImportAnswer, tally: Tally, *, people: int, seconds: float) -> None:
    told = {
        "import_id": of.id,
        "name": of.name,
        "people": people,
        "brought": tally.brought,
        "brought_before": tally.before,
        "refused": tally.refused,
        "erased_before": tally.erased,
        "without_photos": tally.left_out,
        "failed": tally.failed,
        "seconds": round(seconds, 1),
        "import": of.model_dump(
            mode="json", include={"pending", "refused", "erased", "photos_stored", "photos_refused"}
        ),
        "links_until": of.expires_at.isoformat(),
    }
    show(shell, told)


def _write(server: Visavis, import_id: str, *, links: Path | None, sheets: Path | None, reason: str) -> list[Path]:
    """Write the files of links that were asked for; where they are."""
    written = []
    if links is not None:
        # One table: the parts after the first are without their headers.
        first, *rest = _parts(lambda after: server.import_table(import_id, reason=reason, after=after))
        replace_private(links, b"".join([first, *(part.partition(b"\r\n")[2] for part in rest)]))
        written.append(links)
    if sheets is not None:
        for number, part in enumerate(
            _parts(lambda after: server.import_sheets(import_id, reason=reason, after=after)), start=1
        ):
            path = sheets if number == 1 else sheets.with_stem(f"{sheets.stem}-{number}")
            replace_private(path, part)
            written.append(path)
    return written


def _parts(fetch: Callable[[str | None], Part]) -> Iterator[bytes]:
    after = None
    while True:
        part = fetch(after)
        yield part.content
        after = part.next
        if after is None:
            return


def _write_refused(path: Path, issues: Iterable[Issue]) -> Path:
    rows = [(i.external_reference, i.photo or "", i.code, i.mend) for i in issues]
    replace_private(path, table_text(["external_reference", "photo", "code", "what_to_do"], rows).encode())
    return path
