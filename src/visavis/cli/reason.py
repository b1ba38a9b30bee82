"""Why somebody reads about people: the server wants to know, and so does the person."""

import sys
from collections.abc import Callable
from typing import Any

import click


def reason_option(command: Callable[..., Any]) -> Callable[..., Any]:
    """``--reason``, as every command has it that reads about people; asked for where somebody sits at a terminal."""
    text = "Why you read this, 1 to 200 characters: it is kept, and people see who looked at what is held about them."
    ask = _asking("Say why you read this: --reason, or VISAVIS_REASON.", "Why do you read this")
    option = click.option("--reason", envvar="VISAVIS_REASON", callback=ask, help=f"{text} [VISAVIS_REASON]")
    return option(command)


def word_option(command: Callable[..., Any]) -> Callable[..., Any]:
    """``--reason`` of what is done on somebody's word; never from the environment, where another person's may be."""
    text = (
        "How you know that they want it, 1 to 200 characters, without a name: it is entered into the log, and "
        "'visavis erasure prove' tells it."
    )
    ask = _asking("Say how you know that they want it: --reason.", "How do you know that they want it")
    return click.option("--reason", callback=ask, help=text)(command)


def _asking(missing: str, question: str) -> Callable[[click.Context, click.Parameter, str | None], str | None]:
    """Asks who sits at a terminal; of everybody else the option is required."""

    def ask(ctx: click.Context, _parameter: click.Parameter, reason: str | None) -> str | None:
        if reason or ctx.resilient_parsing:
            return reason
        if not _is_terminal():
            raise click.UsageError(missing)
        asked: str = click.prompt(question, err=True)
        return asked

    return ask


def _is_terminal() -> bool:
    return sys.stdin.isatty()
