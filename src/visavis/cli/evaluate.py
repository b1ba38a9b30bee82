"""``visavis evaluate``: how often the installed model errs, measured on labelled photos."""

from pathlib import Path
from typing import Any, Final

import click
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TaskID, TextColumn, TimeRemainingColumn

from visavis.cli.output import show_rows
from visavis.cli.settings import config_option, settings_from
from visavis.cli.shell import Command, Shell, pass_shell, plain, progress

_Folder: Final = click.Path(exists=True, file_okay=False, path_type=Path)
_File: Final = click.Path(exists=True, dir_okay=False, path_type=Path)
_COLUMNS: Final = ("what", "rate", "low", "high", "remark")


class EvaluationBar:
    """A bar for each step of the work, on a terminal."""

    def __init__(self) -> None:
        console = progress()
        columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
        # A program that reads standard error wants no bars.
        self.bar = Progress(*columns, console=console, disable=not console.is_terminal)
        self._tasks: dict[str, TaskID] = {}

    def __call__(self, what: str, done: int, of: int) -> None:
        """Show this from now on."""
        if what not in self._tasks:
            self._tasks[what] = self.bar.add_task(what)
        self.bar.update(self._tasks[what], completed=done, total=of)


@click.command(cls=Command)
@click.argument("data_set", metavar="DATASET", type=click.Path(exists=True, path_type=Path))
@config_option
@click.option("--photos", type=_Folder, metavar="FOLDER", help="Where the photos of a file of pairs lie.")
@click.option("--labels", type=_File, metavar="FILE", help="Groups, CSV: 'person,group' or 'file,group'.")
@click.option(
    "--face",
    "meant",
    type=click.Choice(["centre", "only"]),
    default="centre",
    show_default=True,
    help="Whose face is taken of a photo: that nearest the centre, or only one that the product takes.",
)
@click.option(
    "--gallery",
    "galleries",
    type=click.IntRange(min=1),
    multiple=True,
    metavar="PEOPLE",
    help="Sizes of galleries to draw; can be repeated.  [default: 100, 500, 1000]",
)
@click.option("--about", default="", metavar="TEXT", help="What the photos are; the report and calibration say it.")
@click.option("--seed", type=click.IntRange(min=0), default=0, show_default=True, help="The same gives the same bytes.")
@click.option(
    "--output", type=click.Path(path_type=Path), metavar="FOLDER", help="Write the report here; a new folder."
)
@click.option(
    "--work",
    type=click.Path(file_okay=False, path_type=Path),
    metavar="FOLDER",
    help="Where templates lie meanwhile.  [default: ~/.cache/visavis/evaluate]",
)
@click.option("--keep", is_flag=True, help="Leave the templates there afterwards.")
@pass_shell
def evaluate(
    shell: Shell,
    /,
    config: Path | None,
    *,
    data_set: Path,
    meant: str,
    galleries: tuple[int, ...],
    about: str,
    seed: int,
    work: Path | None,
    **place: Any,
) -> None:
    """Measure how often the installed model errs, on photos labelled with whom they show.

    DATASET is a folder with a folder of photos for each person, a file of pairs (LFW's pairs.txt; CSV with the columns
    first, second and same), or CFP's folder. It is for measuring only: it needs no server and no data directory, and
    there is no way from here into a gallery. Only aggregates are told: no name, no pair, no score of a person.

    With --output it writes report.html, report.json and, where there are people enough, calibration.json for a model
    card. A run that was stopped goes on where it was: templates lie in the --work folder, unsealed and readable by you
    alone, until the run has ended well. Templates can be turned into faces: delete the folder if you do not go on.
    """
    from visavis import bootstrap_evaluate as root  # noqa: PLC0415 -- loads the models' runtime
    from visavis.flows.evaluate import Asked  # noqa: PLC0415 -- as above
    from visavis.model.evaluation import Meant  # noqa: PLC0415 -- as above

    settings = settings_from(config)
    if work is not None:
        place["work"] = work
    asked = Asked(
        meant=Meant(meant), galleries=tuple(sorted(set(galleries))) or root.GALLERIES, seed=seed, about=about.strip()
    )
    told = EvaluationBar()
    with told.bar:
        found = root.evaluate(settings, root.Place(data_set, **place), asked, told=told)
    if shell.as_json:
        click.echo(root.as_json(found.report), nl=False)
    else:
        show_rows(shell, summary(found.report), _COLUMNS)
    if place["output"] is not None:
        progress().print(plain(f"The report: {place['output'] / 'report.html'}"))


def summary(report: dict[str, Any]) -> list[dict[str, str]]:
    """The figures somebody looks for first; the report has all."""
    rows = [_row("photos without a template (FTA)", report["fta"]), _row("people without one (FTE)", report["fte"])]
    if "verification" in report:
        one = report["verification"]["weighing"]["people"]
        rows += [_row("EER", one["eer"])]
        rows += [_row(f"FNMR at FMR {at['asked']:g}", at.get("fnmr", at)) for at in one["at_fmr"]]
        for drawn in report["identification"]:
            name = f"of {drawn['enrolled']} people, {drawn['photos_each']} enrolled photo(s) each"
            at_all = drawn.get("at_fpir", [{"asked": None, **drawn}])
            rows += [
                _row(
                    f"FNIR {name}" if at["asked"] is None else f"FNIR at FPIR {at['asked']:g} {name}",
                    at.get("fnir", at),
                )
                for at in at_all
            ]
    for one in report.get("protocols", ()):
        rows.append(_row(f"{one['name']}: accuracy", one["accuracy"]))
        rows += [_row(f"{one['name']}: FNMR at FMR {at['asked']:g}", at.get("fnmr", at)) for at in one["at_fmr"]]
    return rows


def _row(what: str, one: dict[str, Any]) -> dict[str, str]:
    if not one.get("known", True):
        return {"what": what, "rate": "not known", "low": "", "high": "", "remark": one["why"]}
    rate, low, high = (f"{100 * one[name]:.3g} %" for name in ("value", "low", "high"))
    return {"what": what, "rate": rate, "low": low, "high": high, "remark": "thin" if one.get("thin") else ""}
