"""``visavis evaluate pad``: how well attacks are told from living people, measured on photos and captures."""

from pathlib import Path
from typing import Any, Final

import click

from visavis.cli.evaluate import EvaluationBar
from visavis.cli.output import show_rows
from visavis.cli.settings import config_option, settings_from
from visavis.cli.shell import Command, Shell, pass_shell, plain, progress


@click.command("evaluate pad", cls=Command)
@click.argument("data_set", metavar="DATASET", type=click.Path(exists=True, file_okay=False, path_type=Path))
@config_option
@click.option(
    "--fmr",
    type=click.FloatRange(min=0, max=0.5, min_open=True),
    default=1e-4,
    show_default=True,
    help="The comparison's bar is the one of this false match rate.",
)
@click.option("--about", default="", metavar="TEXT", help="What was presented to what; the report says it.")
@click.option("--output", type=click.Path(path_type=Path), metavar="FILE", help="Write the report to a new file, JSON.")
@click.option(
    "--work",
    type=click.Path(file_okay=False, path_type=Path),
    metavar="FOLDER",
    help="Where templates lie meanwhile.  [default: ~/.cache/visavis/evaluate]",
)
@click.option("--keep", is_flag=True, help="Leave the templates there afterwards.")
@pass_shell
def evaluate_pad(
    shell: Shell, /, config: Path | None, *, fmr: float, about: str, work: Path | None, **place: Any
) -> None:
    """Measure how well attacks are told from living people, as ISO/IEC 30107-3:2023 counts it.

    DATASET is a folder with bona_fide/PERSON and attacks/SPECIES/TARGET, each with photos, or with captures, which are
    folders NAME.bundle. With a photo bona_fide/PERSON/reference.jpg attacks on that person are compared with it as well
    (IAPAR, RIAPAR). Every photo passes what the product makes of one: decoding, quality, and the model of 'pad_card'.
    Without such a model only what the rest lets pass is told. Captures pass what the mode 'active' makes of one.

    Species come worst first. Each rate has an interval (Clopper and Pearson, 95 %) that takes presentations for
    independent. What gave no answer, for want of a usable face, is counted apart (APNRR, BPNRR).

    A run that was stopped goes on where it was, as with 'visavis evaluate'.
    """
    from visavis import bootstrap_evaluate as root  # noqa: PLC0415 -- loads the models' runtime

    if work is not None:
        place["work"] = work
    told = EvaluationBar()
    with told.bar:
        report = root.evaluate_pad(
            settings_from(config), root.PadPlace(**place), fmr=fmr, about=about.strip(), told=told
        )
    if shell.as_json:
        click.echo(root.as_json(report), nl=False)
    else:
        for line in head(report):
            click.echo(line)
        show_rows(shell, summary(report), list(summary(report)[0]))
        for line in reasons(report):
            click.echo(line)
    if place["output"] is not None:
        progress().print(plain(f"The report: {place['output']}"))


def head(report: dict[str, Any]) -> list[str]:
    """What has to be read before the table."""
    pad = report["models"].get("pad")
    lines = [f"{report['standard']}; comparison at FMR {report['fmr']:g}."]
    if report["mode"] == "active":
        lines.append("Mode active.")
    elif pad is None:
        lines.append("NO MODEL FINDS ATTACKS HERE: this is what quality and comparison alone let pass.")
    else:
        lines.append(f"Mode {report['mode']} by {pad['id']}.")
    if report["about"]:
        lines.append(report["about"])
    return [*lines, ""]


def summary(report: dict[str, Any]) -> list[dict[str, str]]:
    """A line for each species, worst first, and one for the living."""
    rows = [
        {
            "presented": one["species"],
            "presentations": str(one["presentations"]),
            "no answer": f"APNRR {_rate(one['apnrr'])}",
            "classified wrongly": f"APCER {_rate(one['apcer'])}",
            "accepted or rejected": f"IAPAR {_rate(one['iapar'])}",
            "relative": f"RIAPAR {_rate(one['riapar'])}",
        }
        for one in report["attacks"]
    ]
    living = report["bona_fide"]
    rows.append(
        {
            "presented": "(living people)",
            "presentations": str(living["presentations"]),
            "no answer": f"BPNRR {_rate(living['bpnrr'])}",
            "classified wrongly": f"BPCER {_rate(living['bpcer'])}",
            "accepted or rejected": f"FRR {_rate(living['frr'])}",
            "relative": "",
        }
    )
    return rows


def reasons(report: dict[str, Any]) -> list[str]:
    """A line for each way in which presentations ended other than by being compared: how many, and why."""
    rows = [(one["species"], one) for one in report["attacks"]] + [("(living people)", report["bona_fide"])]
    return [
        f"{presented}: {word}: {', '.join(f'{code} {count}' for code, count in one[ended].items())}"
        for presented, one in rows
        for ended, word in _ENDED.items()
        if one[ended]
    ]


_ENDED: Final = {
    "taken_for_attacks": "taken for an attack",
    "passed_too_poor_to_compare": "passed, too poor to compare",
    "non_responses": "no answer",
}


def _rate(one: dict[str, Any]) -> str:
    if not one["known"]:
        return "not known"
    if "low" not in one:
        return f"{100 * one['value']:.3g} %"
    return f"{100 * one['value']:.3g} % ({100 * one['low']:.3g} to {100 * one['high']:.3g})"
