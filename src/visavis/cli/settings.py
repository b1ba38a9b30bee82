"""``visavis settings``: what is set, and where."""

from pathlib import Path
from typing import Any

import click

from visavis import settings as all_settings
from visavis.cli.output import show as show_one
from visavis.cli.output import show_rows
from visavis.cli.shell import Group, Shell, pass_shell, plain, progress
from visavis.settings import Settings, read_settings, unknown_variables, variable_of

config_option = click.option(
    "--config", type=click.Path(path_type=Path), help="Settings file, TOML. [VISAVIS_CONFIG]", metavar="FILE"
)


def settings_from(config: Path | None, **options: Any) -> Settings:
    """The settings of a command that works on the installation. Variables that nothing reads are told.

    :raises StartupError: the leaf says what is wrong with them.
    """
    found = read_settings(config, **options)
    for variable, nearest in unknown_variables():
        meant = f" Is {nearest} meant?" if nearest else ""
        progress().print(plain(f"Nothing reads the environment variable {variable}.{meant}"))
    return found


@click.group(cls=Group)
def settings() -> None:
    """What is set, and where."""


@settings.command()
@config_option
@pass_shell
def show(shell: Shell, config: Path | None) -> None:
    """Every setting: what it is now, and where that comes from: the environment, the file or the default."""
    found = settings_from(config)
    rows = [
        {
            "setting": name,
            "value": None if (value := found.effective(name)) is None else str(value),
            "from": found.source_of(name),
            "variable": variable_of(name),
        }
        for name in Settings.model_fields
    ]
    if not shell.as_json:
        progress().print(plain(f"Settings file: {found.file or 'none'}"))
    show_rows(shell, rows, ["setting", "value", "from", "variable"])


@settings.command()
@pass_shell
def example(shell: Shell) -> None:
    """A settings file to begin with, on standard output: every setting, commented out, with what it is for."""
    if shell.as_json:
        show_one(shell, {"toml": all_settings.example()})
    else:
        click.echo(all_settings.example(), nl=False)
