"""What every command has: ``--json``, one way to fail and the exit codes."""

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Final, NoReturn

import click
import pydantic
from rich.console import Console
from rich.text import Text

from visavis.client import Visavis, VisavisProblem
from visavis.model.access import RequestInvalid
from visavis.model.errors import VisavisError
from visavis.model.keys import PlaceUnusable

DEFAULT_URL: Final = "http://127.0.0.1:8642"
FAILED: Final = 1
"""The exit code of everything that was refused or went wrong; 2 is click's, for a command line it cannot read."""

EXIT_CODES: Final = {"MATCH": 0, "NO_MATCH": 10, "REFUSED": 11, "REVIEW": 12}
"""The exit codes of decisions."""

DECISION_EPILOG: Final = "Exit codes: 0 MATCH, 10 NO_MATCH, 11 REFUSED, 12 REVIEW, 1 the server refused to decide."


@dataclass(slots=True)
class Shell:
    """What the options before the command say."""

    url: str = DEFAULT_URL
    api_key: str = field(default="", repr=False)
    as_json: bool = False

    def operator(self) -> Visavis:
        """The client of the operator whose API key was given.

        :raises VisavisProblem: there is no key, or the address is not private.
        """
        return Visavis(base_url=self.url, api_key=self.api_key)


pass_shell: Final = click.make_pass_decorator(Shell)


class Command(click.Command):
    """A command with ``--json``, whose failures are told in one form."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.params.append(
            click.Option(
                ["--json"],
                is_flag=True,
                expose_value=False,
                callback=_remember_json,
                help="Data as JSON on standard output.",
            )
        )

    def invoke(self, ctx: click.Context) -> Any:
        """Run, and tell what was refused: code, what happened, what to do. Exit code 1."""
        try:
            return super().invoke(ctx)
        except VisavisProblem as problem:
            fields = problem.problem.model_dump(mode="json", include=_TOLD, exclude_none=True)
            fail(ctx, {name: value for name, value in fields.items() if value != ""})
        except VisavisError as error:
            fail(ctx, {"code": error.code, "detail": error.detail, "mend": error.mend})
        except pydantic.ValidationError as invalid:
            # The values themselves are left out: they may be a PIN or a name.
            what = "; ".join(f"{'.'.join(map(str, e['loc']))}: {e['msg']}" for e in invalid.errors(include_input=False))
            fail(ctx, {"code": RequestInvalid.code, "detail": what, "mend": "Correct what is named and try again."})
        except BrokenPipeError:
            # Who read the output has enough of it; click leaves quietly.
            raise
        except OSError as error:
            # The message of an error from C may end in nothing a person can read; its kind is always there.
            what = ": ".join(str(part) for part in (error.filename, error.strerror or type(error).__name__) if part)
            fail(ctx, {"code": PlaceUnusable.code, "detail": f"{what}.", "mend": PlaceUnusable.mend})


class Group(click.Group):
    """A group of such commands, of which one may be called by two words, beside one that is called by the first."""

    command_class = Command
    group_class = type

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """The command that the words begin with."""
        both = " ".join(args[:2])
        if both in self.commands:
            return both, self.commands[both], args[2:]
        return super().resolve_command(ctx, args)


_TOLD: Final = {"code", "detail", "mend", "request_id", "retry_after_s"}


def fail(ctx: click.Context, told: dict[str, Any]) -> NoReturn:
    """Tell a failure on standard error, as JSON where that was asked for, and leave with code 1."""
    if ctx.ensure_object(Shell).as_json:
        click.echo(json.dumps(told, ensure_ascii=False), err=True)
    else:
        console = progress()
        console.print(Text.assemble((str(told["code"]), "bold red"), ": ", plain(told["detail"])))
        console.print(plain(told["mend"]))
        if "request_id" in told:
            console.print(Text(f"Request {told['request_id']}", style="dim"))
    ctx.exit(FAILED)


def progress() -> Console:
    """Where everything is told that is not data: standard error."""
    return Console(stderr=True, highlight=False, soft_wrap=True)


def plain(value: object) -> Text:
    """Text from elsewhere, which can neither style nor steer the terminal."""
    return Text("".join(c if c.isprintable() or c == "\n" else "\N{REPLACEMENT CHARACTER}" for c in str(value)))


def sure(question: str) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """An option ``--yes``, without which the command asks ``question`` first."""

    def ask(ctx: click.Context, _parameter: click.Parameter, yes: bool) -> None:
        if not yes and not ctx.resilient_parsing:
            click.confirm(question, abort=True, err=True)

    return click.option("--yes", is_flag=True, expose_value=False, callback=ask, help="Do not ask first.")


def _remember_json(ctx: click.Context, _parameter: click.Parameter, as_json: bool) -> None:
    if as_json:
        ctx.ensure_object(Shell).as_json = True
