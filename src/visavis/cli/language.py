"""In which language a page is written that is handed to somebody."""

from collections.abc import Callable
from typing import Any, get_args

import click

from visavis.client import Language


def language_option(command: Callable[..., Any]) -> Callable[..., Any]:
    """``--language``, as every command has it that fetches a page for a person."""
    choice = click.Choice(get_args(Language))
    return click.option("--language", type=choice, default="en", show_default=True, help="Of the page.")(command)
