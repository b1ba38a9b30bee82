"""The program ``visavis``."""

import click

import visavis
from visavis.cli.account import account
from visavis.cli.apikey import apikey
from visavis.cli.audit import audit
from visavis.cli.backup import backup, erasure, restore
from visavis.cli.consent import consent
from visavis.cli.decisions import decisions
from visavis.cli.document_check import document_check
from visavis.cli.drill import drill
from visavis.cli.enrol import enrol
from visavis.cli.evaluate import evaluate
from visavis.cli.evaluate_pad import evaluate_pad
from visavis.cli.exports import exports
from visavis.cli.gallery import gallery
from visavis.cli.imports import import_
from visavis.cli.installation import doctor, init, serve
from visavis.cli.keys import keys
from visavis.cli.look_alike import look_alike
from visavis.cli.me import me
from visavis.cli.models import models
from visavis.cli.plan import plan
from visavis.cli.purpose import purpose
from visavis.cli.readings import readings
from visavis.cli.review import review
from visavis.cli.settings import settings
from visavis.cli.shell import DEFAULT_URL, Group, Shell
from visavis.cli.station import station
from visavis.cli.stationed import identify, pin, qr, verify
from visavis.cli.subject import subject, withdraw
from visavis.cli.tls import tls
from visavis.cli.witness import witness


@click.group(cls=Group, context_settings={"help_option_names": ["-h", "--help"]})
@click.option("--url", envvar="VISAVIS_URL", default=DEFAULT_URL, show_default=True, help="The server. [VISAVIS_URL]")
@click.option("--api-key", envvar="VISAVIS_API_KEY", default="", help="An operator's key. [VISAVIS_API_KEY]")
@click.option("--json", "as_json", is_flag=True, help="Data as JSON on standard output, for every command.")
@click.version_option(visavis.__version__, prog_name="visavis")
@click.pass_context
def program(ctx: click.Context, url: str, api_key: str, as_json: bool) -> None:
    """Recognise people who asked to be recognised.

    Data goes to standard output, everything else to standard error. Exit codes: 0 done, 1 refused (the message says
    what to do), 2 the command line is wrong; decisions have their own, see 'visavis identify --help'.
    """
    ctx.obj = Shell(url=url, api_key=api_key, as_json=as_json)


for _command in (
    *(init, serve, doctor, models, settings, keys, drill, evaluate, evaluate_pad, plan),
    *(purpose, gallery, station, apikey, account),
    *(enrol, import_, exports, consent, me, subject, withdraw),
    *(identify, verify, document_check, pin, qr),
    *(review, look_alike, decisions, readings),
    *(backup, restore, erasure),
    audit,
    witness,
    tls,
):
    program.add_command(_command)


def main() -> None:
    """The entry point of the package."""
    program(prog_name="visavis")
