"""Why somebody reads about people: the server wants to know, and so does the person."""

import sys
from collections.abc import Callable
from typing import Any

import click


def reason_option(command: Callable[..., Any]) -> Callable[..., Any]:
    """``--reason``, as every command has it that reads about people; asked for where somebody sits at a terminal."""
    text = "Why you read this, 1 to 200 characters: it is kept, and people see who looked at what is held about them."
    option = click.option("--reason", envvar="VISAVIS_REASON", callback=_ask, help=f"{text} [VISAVIS_REASON]")
    return option(command)


def _ask(ctx: click.Context, _parameter: click.Parameter, reason: str | None) -> str | None:
    if reason or ctx.resilient_parsing:
        return reason
    if not _is_terminal():
        raise click.UsageError("Say why you read this: --reason, or VISAVIS_REASON.")
    asked: str = click.prompt("Why do you read this", err=True)
    return asked


def _is_terminal() -> bool:
    return sys.stdin.isatty()
