"""``visavis models``: the networks that find and tell faces."""

from pathlib import Path

import click

from visavis.cli.output import show_rows
from visavis.cli.settings import config_option, settings_from
from visavis.cli.shell import Group, Shell, pass_shell, progress
from visavis.settings import Settings

_COLUMNS = ["id", "role", "licence", "installed", "file"]


@click.group(cls=Group)
def models() -> None:
    """The networks that find and tell faces."""


@models.command()
@config_option
@click.option(
    "--from", "from_path", type=click.Path(exists=True, path_type=Path), help="A wheel, a file or a folder with them."
)
@pass_shell
def install(shell: Shell, config: Path | None, from_path: Path | None) -> None:
    """Bring the weights that the model cards name, and check their digests."""
    from visavis import bootstrap  # noqa: PLC0415 -- loads the whole server; only its own commands wait for that

    settings = settings_from(config)
    with progress().status("Fetching and checking the weights"):
        bootstrap.install_models(settings, from_path)
    show_rows(shell, _rows(settings), _COLUMNS)


@models.command("list")
@config_option
@pass_shell
def list_all(shell: Shell, config: Path | None) -> None:
    """The models this installation uses; 'visavis doctor' checks their digests."""
    show_rows(shell, _rows(settings_from(config)), _COLUMNS)


def _rows(settings: Settings) -> list[dict[str, object]]:
    from visavis import bootstrap  # noqa: PLC0415 -- loads the whole server; only its own commands wait for that

    return [
        {
            "id": card.id,
            "role": card.role,
            "licence": card.licence,
            "licence_note": card.licence_note,
            "installed": (settings.models / card.file).is_file(),
            "file": str(settings.models / card.file),
            "sha256": card.sha256,
        }
        for card in bootstrap.chosen_cards(settings)
    ]
