"""``visavis witness``: a program of its own that keeps logs honest, without a server, its data or its models."""

import sys
from base64 import b64encode
from datetime import UTC, datetime
from pathlib import Path

import click

from visavis.audit.note import is_name
from visavis.cli.output import show as show_one
from visavis.cli.output import show_rows
from visavis.cli.shell import Command, Group, Shell, pass_shell, plain, progress
from visavis.settings import is_this_machine

_state_option = click.option(
    "--state",
    type=click.Path(path_type=Path),
    envvar="VISAVIS_WITNESS_STATE",
    required=True,
    metavar="FOLDER",
    help="The witness's folder. [VISAVIS_WITNESS_STATE]",
)


@click.group(cls=Group)
def witness() -> None:
    """Cosign the checkpoints of logs that others run, so that none of them can show two people two histories."""


@witness.command(cls=Command)
@_state_option
@click.option("--name", required=True, help="What it is called, as an address without a scheme: witness.example/w1.")
@pass_shell
def init(shell: Shell, state: Path, name: str) -> None:
    """Make a witness with a fresh key, and show its public key, for those who run logs and those who check them."""
    from visavis import bootstrap_witness  # noqa: PLC0415 -- loads a web server; only its own commands wait for that

    if not is_name(name):
        raise click.UsageError("A name has no spaces and no '+'.")
    show_one(shell, {"state": str(state), "key": str(bootstrap_witness.make_witness(state, name=name))})


@witness.command(cls=Command)
@_state_option
@click.option("--also", is_flag=True, help="The log has another key as well, as while it changes from one to the next.")
@click.argument("log_key", metavar="VKEY")
@pass_shell
def accept(shell: Shell, state: Path, log_key: str, *, also: bool) -> None:
    """Accept the checkpoints of the log of this key, a line that whoever runs it gives you. Stop the witness first."""
    from visavis import bootstrap_witness  # noqa: PLC0415 -- as above

    key = bootstrap_witness.trust(state, log_key, also=also)
    show_one(shell, {"log": key.name, "key": str(key)})


@witness.command(cls=Command)
@_state_option
@click.option("--host", default="127.0.0.1", show_default=True, help="Address to listen on.")
@click.option("--port", type=click.IntRange(1, 65535), default=8653, show_default=True)
@click.option("--tls-cert", type=click.Path(path_type=Path), help="Certificate chain, PEM.")
@click.option("--tls-key", type=click.Path(path_type=Path), help="Its private key, PEM.")
def serve(state: Path, *, host: str, port: int, tls_cert: Path | None, tls_key: Path | None) -> None:
    """Cosign until it is told to stop. Beyond this machine only with TLS. Its log goes to standard error."""
    from visavis import bootstrap_witness  # noqa: PLC0415 -- as above

    if (tls_cert is None) != (tls_key is None):
        raise click.UsageError("Name both --tls-cert and --tls-key, or neither.")
    if tls_cert is None and not is_this_machine(host):
        raise click.UsageError("Beyond this machine name --tls-cert and --tls-key, or let a proxy here speak TLS.")
    if sys.stderr.isatty():  # elsewhere standard error is a log, for programs
        progress().print(plain(f"Starting a witness at {host}, port {port}. Ctrl-C stops it."))
    bootstrap_witness.serve(state, bootstrap_witness.Place(host, port, tls_cert, tls_key))


@witness.command(cls=Command)
@_state_option
@pass_shell
def show(shell: Shell, state: Path) -> None:
    """The witness's key, and of each log what was cosigned last and when. Works beside a running witness."""
    from visavis import bootstrap_witness  # noqa: PLC0415 -- as above

    found = bootstrap_witness.known(state)
    rows = [
        {
            "log": one.origin,
            "size": None if one.latest is None else one.latest.checkpoint.size,
            "root": None if one.latest is None else b64encode(one.latest.checkpoint.root).decode(),
            "cosigned_at": None if one.latest is None else datetime.fromtimestamp(one.latest.moment, UTC).isoformat(),
            "evidence": len(found.evidence(one.origin)),
        }
        for one in found.logs
    ]
    if shell.as_json:
        show_one(shell, {"key": str(found.key), "logs": rows})
    else:
        show_one(shell, {"key": str(found.key)})
        show_rows(shell, rows, ["log", "size", "root", "cosigned_at", "evidence"])
