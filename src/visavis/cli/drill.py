"""``visavis drill``: plays the attacker against an installation that it sets up, and tells what he got."""

import tempfile
from contextlib import nullcontext
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Final, Literal

import click
from rich.console import Console
from rich.text import Text

from visavis.cli.output import show_rows
from visavis.cli.settings import config_option, settings_from
from visavis.cli.shell import FAILED, Command, Shell, pass_shell, plain, progress

if TYPE_CHECKING:
    from visavis.drill.attack import Result

_STYLES: Final = {"nothing": "bold green", "expected loss": "bold yellow", "not tried": "bold", "BREACH": "bold red"}
_COLUMNS: Final = ("name", "case", "verdict", "got")


@click.command(cls=Command)
@config_option
@click.option(
    "--mode",
    type=click.Choice(["keyfile", "quorum"]),
    default="keyfile",
    show_default=True,
    help="Where the root key of the installation lies that is attacked.",
)
@click.option(
    "--photos",
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    required=True,
    metavar="FOLDER",
    help="Photos to enrol: a folder for each of three people.",
)
@click.option(
    "--report", type=click.Path(dir_okay=False, path_type=Path), metavar="FILE", help="Write an HTML page too."
)
@click.option("--only", "names", multiple=True, metavar="NAME", help="Play this attack only; can be repeated.")
@pass_shell
@click.pass_context
def drill(
    ctx: click.Context,
    shell: Shell,
    config: Path | None,
    *,
    mode: Literal["keyfile", "quorum"],
    photos: Path,
    report: Path | None,
    names: tuple[str, ...],
) -> None:
    """Play the attacker against a server that is set up for it, and tell what he got.

    Everything happens in a temporary folder, with the installed models; your own data is not touched. As root it tries
    more. Exit code 1 if somebody got anything that the threat model does not name, or if the drill proves nothing.
    """
    from visavis.drill import equipment, run, scene  # noqa: PLC0415 -- loads the whole server
    from visavis.drill.report import page  # noqa: PLC0415 -- as above

    unknown = sorted(set(names) - {attack.name for attack in run.ATTACKS})
    if unknown:
        raise click.BadParameter(f"There is no attack {', '.join(unknown)}.", param_hint="--only")
    attacks = [attack for attack in run.ATTACKS if not names or attack.name in names]
    try:
        found = equipment.photos_in(photos)
    except equipment.PhotosUnusable as unusable:
        raise click.BadParameter(str(unusable), param_hint="--photos") from None
    settings = settings_from(config)
    told = Console(highlight=False)
    begun = datetime.now(UTC)
    with (
        tempfile.TemporaryDirectory(prefix="visavis-drill-") as folder,
        equipment.real_equipment(settings, found) as made,
        progress().status("Setting up an installation to attack") if progress().is_terminal else nullcontext(),
        scene.played(Path(folder) / "scene", models=settings.models, equipment=made, quorum=mode == "quorum") as played,
    ):
        results = run.play(
            played, mode=mode, attacks=attacks, told=lambda one: None if shell.as_json else _tell(told, one)
        )
    if report is not None:
        report.write_text(page(results, mode=mode, at=begun), encoding="utf-8")
    if shell.as_json:
        show_rows(shell, [_row(result) for result in results], list(_COLUMNS))
    else:
        _sum_up(told, results, fine=run.passed(results))
    if not run.passed(results):
        ctx.exit(FAILED)


def _tell(told: Console, result: "Result") -> None:
    attack, got, verdict = result.attack, result.got, result.verdict.value
    told.print(
        Text.assemble(
            (f"{attack.name}: ", "bold"), plain(attack.title), "  ", (verdict, _STYLES.get(verdict, "bold red"))
        )
    )
    lines = [("named for", (attack.case,)), ("he had", (attack.had,)), ("he did", got.did)]
    for reason, text in (("not tried", got.not_tried), ("proves nothing", got.blunt)):
        lines += [(reason, (text,))] if text is not None else []
    if got.not_tried is None and got.blunt is None:
        lines.append(("HE GOT", got.usable or ("nothing",)))
    lines.append(("he learnt", got.besides))
    for called, sentences in lines:
        for number, sentence in enumerate(sentences):
            told.print(Text(f"  {called if not number else '':14}").append_text(plain(sentence)), soft_wrap=True)
    told.print()


def _row(result: "Result") -> dict[str, object]:
    attack, got = result.attack, result.got
    return {
        "name": attack.name,
        "title": attack.title,
        "case": attack.case,
        "had": attack.had,
        "did": list(got.did),
        "got": list(got.usable),
        "learnt": list(got.besides),
        "not_tried": got.not_tried,
        "proves_nothing": got.blunt,
        "verdict": result.verdict.value,
        "took_s": round(result.took_s, 1),
    }


def _sum_up(told: Console, results: "list[Result]", *, fine: bool) -> None:
    counts = {result.verdict.value: 0 for result in results}
    for result in results:
        counts[result.verdict.value] += 1
    told.print(", ".join(f"{count} × {verdict}" for verdict, count in counts.items()))  # noqa: RUF001 -- times
    end = "Nobody got anything that the threat model does not name." if fine else "Somebody got something: see above."
    told.print(Text(end, style="bold green" if fine else "bold red"))
