"""``visavis init``, ``serve`` and ``doctor``: an installation itself, on the machine it is on."""

import sys
from pathlib import Path
from typing import Any

import click

from visavis.cli.drift import drift
from visavis.cli.loading import LoadingBar
from visavis.cli.output import show, show_rows
from visavis.cli.settings import config_option, settings_from
from visavis.cli.shell import FAILED, Command, Shell, fail, pass_shell, progress
from visavis.model.errors import StartupError
from visavis.settings import read_settings

_COLOURS = {"ok": "green", "warn": "yellow", "fail": "bold red"}


@click.command(cls=Command)
@config_option
@pass_shell
@click.pass_context
def init(ctx: click.Context, shell: Shell, config: Path | None) -> None:
    """Make the data directory, the root key, the database and a first API key with every scope.

    Where they go: data_dir and key_file of the settings, or a place below your home directory.
    """
    from visavis import bootstrap  # noqa: PLC0415 -- loads the whole server; only its own commands wait for that

    settings = settings_from(config)
    try:
        secret = bootstrap.initialise(settings)
    except FileExistsError as there:
        mend = "Use what is there, or set VISAVIS_DATA_DIR and VISAVIS_KEY_FILE to other places."
        fail(ctx, {"code": "already_exists", "detail": f"There is one already: {there}.", "mend": mend})
    made = {"data_dir": str(settings.data_dir), "key_file": str(settings.key_file), "api_key": secret}
    show(shell, made)
    progress().print("Keep the API key now: it is not stored and not shown again. Next: visavis models install")


@click.command(cls=Command)
@config_option
@click.option("--host", help="Address to listen on; beyond this machine only with TLS. [VISAVIS_HOST]")
@click.option("--port", type=click.IntRange(1, 65535), help="[VISAVIS_PORT]")
@click.option("--tls-cert", type=click.Path(path_type=Path), help="Certificate chain, PEM. [VISAVIS_TLS_CERT]")
@click.option("--tls-key", type=click.Path(path_type=Path), help="Its private key, PEM. [VISAVIS_TLS_KEY]")
@click.option(
    "--public-url",
    help="What links to people begin with; beyond this machine https. [VISAVIS_PUBLIC_URL]",
)
@click.option("--sealed", is_flag=True, help="Refuse to start where no custodians hold the root key.")
def serve(config: Path | None, *, sealed: bool, **given: Any) -> None:
    """Run the server until it is told to stop. Its log goes to standard error.

    Where custodians hold the root key it starts sealed, and serves when enough of them have given their shares.
    """
    from visavis import bootstrap  # noqa: PLC0415 -- loads the whole server; only its own commands wait for that

    settings = settings_from(config, **given)
    bar = None
    if sys.stderr.isatty():  # elsewhere standard error is a log, for programs
        progress().print(f"Starting Visavis at {settings.base_url}. Ctrl-C stops it.")
        bar = LoadingBar()
    bootstrap.serve(settings, sealed=sealed, show=bar)


@click.command(cls=Command)
@config_option
@pass_shell
@click.pass_context
def doctor(ctx: click.Context, shell: Shell, config: Path | None) -> None:
    """Check everything one can get wrong, changing nothing. Exit code 1 if a check fails.

    With an API key that has the scope 'operate' or 'admin', the running server is asked about its stations as well.
    """
    from visavis import bootstrap  # noqa: PLC0415 -- loads the whole server; only its own commands wait for that

    try:
        settings = read_settings(config)
    except StartupError as error:
        said = f"{error.detail} Nothing else was checked."
        rows = [{"state": "fail", "name": "settings", "message": said, "mend": error.mend}]
    else:
        checks = bootstrap.diagnose(settings)
        rows = [{"state": c.state, "name": c.name, "message": c.message, "mend": c.mend} for c in checks]
        rows.append(drift(shell))
    if shell.as_json:
        show_rows(shell, rows, [])
    else:
        for row in rows:
            _tell(row)
    if any(row["state"] == "fail" for row in rows):
        ctx.exit(FAILED)


def _tell(row: dict[str, str]) -> None:
    click.secho(f"{row['state']:5}", fg=_COLOURS[row["state"]].split()[-1], nl=False)
    click.echo(f"{row['name']}: {row['message']}")
    if row["mend"]:
        click.echo(f"      {row['mend']}")
