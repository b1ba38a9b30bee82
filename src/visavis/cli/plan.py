"""``visavis plan``: what a gallery would cost, before anybody is in it."""

from collections.abc import Iterable, Mapping
from dataclasses import asdict
from decimal import Decimal
from enum import Enum
from pathlib import Path
from typing import Any, Final

import click

from visavis.cli.output import show, show_rows
from visavis.cli.settings import config_option, settings_from
from visavis.cli.shell import Command, Shell, pass_shell
from visavis.decide import plan as planning
from visavis.decide import plan_asked, plan_cost, plan_words
from visavis.decide.claim import Claim, reckon
from visavis.decide.plan import Aim, Plan, Standing
from visavis.decide.plan_picture import picture as drawn
from visavis.model.access import RequestInvalid

_COLUMNS: Final = ["what", "value", "origin"]
_DEFAULT: Final = plan_asked.DEFAULTS


@click.command(cls=Command)
@config_option
@click.option("--model", metavar="CARD", help="The card of the embedder, if not the one that is set.")
@click.option("--people", required=True, help="In the gallery: 1 to 10 billion, such as 1000 or 1.3e9.")
@click.option("--references-each", default=_DEFAULT["references_each"], show_default=True, help="Photos of a person.")
@click.option("--searches-a-day", default=_DEFAULT["searches_a_day"], show_default=True, help="Of everybody who comes.")
@click.option(
    "--not-enrolled", default=_DEFAULT["not_enrolled"], show_default=True, help="The share of them who are not in it."
)
@click.option("--fpir", help="How often somebody not enrolled may be taken for somebody.  [default: 1%]")
@click.option("--fmr", help="Or how often one comparison may err, 1:1.")
@click.option("--threshold", help="Or a score, -1 to 1, to see what it would cost.")
@click.option("--max-fnmr", default=_DEFAULT["max_fnmr"], show_default=True, help="The highest FNMR that is bearable.")
@click.option("--claimed-fmr", help="Count with this rate of one comparison, which somebody claims.")
@click.option("--claimed-fnmr", help="And with this rate of missed people.")
@click.option("--claim", help="Count through: right in so many % of cases, among so many people.")
@click.option("--machine-memory-gb", default=_DEFAULT["machine_memory_gb"], show_default=True, help="Of one machine.")
@click.option("--machine-cores", default=_DEFAULT["machine_cores"], show_default=True, help="Of one machine.")
@click.option("--memory-share", default=_DEFAULT["memory_share"], show_default=True, help="Of it, for references.")
@click.option(
    "--busiest-hour", default=_DEFAULT["busiest_hour"], show_default=True, help="Its share of a day's searches."
)
@click.option("--days-kept", default=_DEFAULT["days_kept"], show_default=True, help="For how long decisions are kept.")
@click.option("--core-hour-price", help="What you pay for a core for an hour; without it there are no prices.")
@click.option(
    "--picture", type=click.Path(dir_okay=False, path_type=Path), metavar="FILE", help="Draw the curves (SVG)."
)
@pass_shell
def plan(shell: Shell, /, config: Path | None, *, model: str | None, picture: Path | None, **typed: str | None) -> None:
    """Say what a gallery would cost before anybody is in it: false accepts, missed people, threshold, machines.

    It asks no server: what it knows is in the model's card. Where that knows nothing it says "not known", and counts
    on only with a rate that you type in, which it then calls a claim. Shares can be written 0.01 or 1%.
    """
    from visavis import bootstrap  # noqa: PLC0415 -- loads the whole server; only its own commands wait for that

    try:
        fields = _fields(typed)
        wanted, assumed = plan_asked.wanted_of(fields), plan_asked.assumed_of(fields)
        claim = plan_asked.claim_of(fields)
    except RequestInvalid as wrong:
        raise click.UsageError(wrong.detail) from None
    if claim is not None:
        _show_claim(shell, claim)
        return
    calibration, dimension = bootstrap.planned_model(settings_from(config, embedder=model))
    planned = planning.plan(wanted, calibration)
    cost = plan_cost.cost(wanted, assumed, dimension=dimension)
    if picture is not None:
        picture.write_text(drawn(planned, planning.curve(planned, calibration), style=True), encoding="utf-8")
    if shell.as_json:
        show(shell, _as_data(planned, cost, assumed))
        return
    click.echo(plan_words.HEADLINES[planned.standing])
    for line in filter(None, (*planned.reasons, plan_words.mend(planned))):
        click.echo(line)
    for title, rows in (
        ("Errors", plan_words.errors(planned)),
        ("What it takes", plan_words.takes(planned, cost)),
        ("Assumed, nobody measured it", plan_words.assumptions(assumed)),
    ):
        _table(shell, title, rows)


def _fields(typed: Mapping[str, str | None]) -> dict[str, str]:
    """The planner's own fields of what was typed.

    :raises RequestInvalid: more than one aim.
    """
    aims = [aim for aim in Aim if typed[aim.value] is not None]
    if len(aims) > 1:
        raise RequestInvalid(f"One of {', '.join(f'--{aim.value}' for aim in aims)}: the others follow from it.")
    fields = {name: text for name, text in typed.items() if text is not None and name in plan_asked.DEFAULTS}
    for aim in aims:
        fields |= {"aim": aim.value, "value": typed[aim.value] or ""}
    return fields


def _show_claim(shell: Shell, claim: Claim) -> None:
    reckoned = reckon(claim)
    if shell.as_json:
        show(shell, _plain({"standing": Standing.CLAIM, **asdict(reckoned)}))
        return
    click.echo(plan_words.HEADLINES[Standing.CLAIM])
    for title, rows in plan_words.claimed(reckoned):
        _table(shell, title, rows)


def _table(shell: Shell, title: str, rows: Iterable[plan_words.Row]) -> None:
    click.echo(f"\n{title}")
    show_rows(shell, [asdict(row) for row in rows], _COLUMNS)


def _as_data(planned: Plan, cost: plan_cost.Cost, assumed: plan_cost.Assumed) -> dict[str, Any]:
    """Everything, for programs; null is "not known"."""
    told = asdict(planned)
    told["false_accepts_a_day"] = None if (found := planned.false_accepts_a_day) is None else asdict(found)
    told["missed_a_day"] = None if (found := planned.missed_a_day) is None else asdict(found)
    told["doubtful_a_day"] = planned.doubtful_a_day
    told["mend"] = plan_words.mend(planned)
    measured = {name: asdict(one) for name, one in plan_cost.MEASURED.items()}
    found_here = _plain({**told, "cost": asdict(cost), "assumed": asdict(assumed), "measured": measured})
    return dict(found_here)


def _plain(value: Any) -> Any:
    """What JSON has words for."""
    if isinstance(value, Enum):
        return value.value
    if isinstance(value, Decimal):
        return str(value)
    if isinstance(value, Mapping):
        return {name: _plain(one) for name, one in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(one) for one in value]
    return value
