"""``visavis keys``: who holds the root key, and opening and sealing a server with it."""

from collections.abc import Sequence
from pathlib import Path

import click

from visavis.cli.output import show, show_rows
from visavis.cli.rotate import rotate, show_keys
from visavis.cli.settings import config_option, settings_from
from visavis.cli.share_words import share_options, words_of
from visavis.cli.shell import Command, Group, Shell, pass_shell, plain, progress, sure
from visavis.client import CustodianClient
from visavis.model.custodians import CustodianMisnamed, Named, ShareFileUnreadable


@click.group(cls=Group)
def keys() -> None:
    """The root key: who holds it, and opening and sealing a server with it."""


def _named(_ctx: click.Context, _parameter: click.Parameter, values: Sequence[str]) -> list[Named]:
    parts = [value.rpartition("=") if "=age1" in value else (value, "", "") for value in values]
    return [Named(name, recipient or None) for name, _, recipient in parts]


@keys.command()
@config_option
@click.option("--shares", type=click.IntRange(2, 16), required=True, help="How many custodians there are to be.")
@click.option("--threshold", type=click.IntRange(2, 16), required=True, help="How many of them it takes.")
@click.option(
    "--custodian",
    "named",
    multiple=True,
    callback=_named,
    metavar="NAME[=age1…]",
    help="A custodian, and the age public key their share is encrypted to. Once for each, or not at all.",
)
@click.option(
    "--out", type=click.Path(path_type=Path), required=True, metavar="FOLDER", help="A new folder for the shares."
)
@click.option(
    "--replace", is_flag=True, help="Custodians hold the root key now: make new shares in the place of theirs."
)
@click.option("--later", is_flag=True, help="Do not ask for shares now: 'visavis keys confirm' follows.")
@click.option("--language", type=click.Choice(["en", "de"]), default="en", show_default=True, help="Of the sheets.")
@share_options
@pass_shell
def ceremony(  # noqa: PLR0913 -- one for each option
    shell: Shell,
    config: Path | None,
    *,
    shares: int,
    threshold: int,
    named: list[Named],
    out: Path,
    replace: bool,
    later: bool,
    language: str,
    share_files: tuple[Path, ...],
    identity: Path | None,
) -> None:
    """Hand the root key to custodians: a new root, and a share of it for each.

    Stop the server first, and work on a machine without a network. The shares are written to new files; then as many as
    it takes are asked back, and only then the former root is dropped. Until they were given ('visavis keys confirm'
    takes them later) the former root goes on opening the key store. With --replace, --share-file names shares of the
    present custodians.
    """
    from visavis import bootstrap, bootstrap_keys  # noqa: PLC0415 -- loads the whole server; only these wait for that

    settings = settings_from(config)
    named = named or [Named(f"custodian {number}") for number in range(1, shares + 1)]
    if len(named) != shares:
        raise CustodianMisnamed(f"{len(named)} custodians are named for {shares} shares.")
    with bootstrap.DataDirectory(settings.data_dir):
        present = bootstrap_keys.custodians(settings)
        if replace != (present.mode == "quorum"):
            text = "Custodians hold the root key: add --replace." if not replace else "There is nothing to --replace."
            raise click.UsageError(text)
        old = words_of(share_files, identity, count=present.threshold, who="Present share") if replace else []
        custody = bootstrap_keys.hold_ceremony(
            settings, named=named, threshold=threshold, out=out, old_words=old, language=language
        )
        progress().print(
            plain(f"The shares are in {out}. Nothing is changed before {threshold} of them are given back.")
        )
        if later:
            progress().print("Next: visavis keys confirm")
        else:
            words = words_of((), identity, count=threshold, who="New share")
            _, dropped = bootstrap_keys.confirm_ceremony(settings, words=words)
            _tell_dropped(dropped)
    rows = [{"number": c.number, "name": c.name, "recipient": c.recipient} for c in custody.custodians]
    show_rows(shell, rows, ["number", "name", "recipient"])


@keys.command()
@config_option
@click.option("--discard", is_flag=True, help="Drop the new shares instead; the present root goes on.")
@share_options
@pass_shell
def confirm(
    shell: Shell, config: Path | None, *, discard: bool, share_files: tuple[Path, ...], identity: Path | None
) -> None:
    """Finish a ceremony: as many new shares as it takes are given back, and only they open the key store from now on.

    With --discard, where custodians hold the present root, --share-file names shares of theirs.
    """
    from visavis import bootstrap, bootstrap_keys  # noqa: PLC0415 -- as above

    settings = settings_from(config)
    with bootstrap.DataDirectory(settings.data_dir):
        custody = bootstrap_keys.awaited(settings)
        if discard:
            present = bootstrap_keys.custodians(settings)
            count = present.threshold if present.mode == "quorum" else 0
            old = words_of(share_files, identity, count=count, who="Present share") if count else []
            bootstrap_keys.discard_ceremony(settings, old_words=old)
            show(shell, {"state": "DISCARDED"})
            return
        words = words_of(share_files, identity, count=custody.threshold, who="New share")
        custody, dropped = bootstrap_keys.confirm_ceremony(settings, words=words)
        _tell_dropped(dropped)
    show(shell, {"state": "CONFIRMED", "threshold": custody.threshold, "shares": len(custody.custodians)})


def _tell_dropped(dropped: Path | None) -> None:
    if dropped is not None:
        progress().print(plain(f"The key file {dropped} opens nothing any more; it was overwritten and taken away."))
    progress().print("Destroy every copy of the former key file, shares and key store: together they open old backups.")


@keys.command()
@config_option
@pass_shell
def custodians(shell: Shell, config: Path | None) -> None:
    """Who holds a share of the root key, and how many it takes. Works beside a running server."""
    from visavis import bootstrap_keys  # noqa: PLC0415 -- as above

    custody = bootstrap_keys.custodians(settings_from(config))
    rows = [
        {"number": c.number, "name": c.name, "recipient": c.recipient, "approval_key": c.approval_key.hex()}
        for c in custody.custodians
    ]
    if shell.as_json:
        show(shell, {"mode": custody.mode, "threshold": custody.threshold, "custodians": rows})
        return
    show(shell, {"mode": custody.mode, "threshold": custody.threshold if rows else None})
    if rows:
        show_rows(shell, rows, ["number", "name", "recipient", "approval_key"])


@keys.command(cls=Command)
@share_options
@pass_shell
def unseal(shell: Shell, *, share_files: tuple[Path, ...], identity: Path | None) -> None:
    """Give your share to a server that is sealed. Check --url first: whoever has enough shares has everything.

    Each custodian does this for themselves, at a machine of their own, within half an hour of each other.
    """
    with CustodianClient(shell.url) as server:
        for words in words_of(share_files, identity, count=1):
            state = server.give_share(" ".join(words.split()))
    show(shell, state)


@keys.command(cls=Command)
@sure("The server ends at once, and nobody is recognised until it is started and unsealed again. Seal it?")
@pass_shell
def seal(shell: Shell) -> None:
    """Seal the server: its process ends at once. Needs an API key with the scope 'seal'."""
    with shell.operator() as server:
        answer = server.seal()
    show(shell, answer)
    if not answer.entered:
        progress().print("The server could not enter this into its log any more; note yourself who sealed it, and why.")


@keys.command(cls=Command)
@click.option("--challenge", help="One that you were told; without it the server gives one, and takes the answer.")
@share_options
@pass_shell
def rehearse(shell: Shell, *, challenge: str | None, share_files: tuple[Path, ...], identity: Path | None) -> None:
    """Show that you hold a good share. The share stays on this machine; only an answer made with it leaves."""
    from visavis.protect.quorum import answer_challenge, read_share  # noqa: PLC0415 -- only here

    words = words_of(share_files, identity, count=1)
    if len(words) != 1:
        raise ShareFileUnreadable("A rehearsal is of one share: yours.")
    number = read_share(words[0]).number
    if challenge is not None:
        show(shell, {"number": number, "answer": answer_challenge(challenge, words=words[0])})
        return
    with CustodianClient(shell.url) as server:
        asked = server.begin_rehearsal().challenge
        answer = answer_challenge(asked, words=words[0])
        show(shell, server.rehearse(asked, number=number, answer=answer))


@keys.command()
@config_option
@click.option("--number", type=click.IntRange(1, 16), help="Whose answer it is.")
@click.option("--challenge", help="What they answered to.")
@click.option("--answer", help="What 'visavis keys rehearse --challenge' printed.")
@pass_shell
def rehearsal(
    shell: Shell, config: Path | None, *, number: int | None, challenge: str | None, answer: str | None
) -> None:
    """A rehearsal without a server between: make a fresh challenge, or look at an answer to one."""
    from visavis import bootstrap_keys  # noqa: PLC0415 -- as above

    if number is None and challenge is None and answer is None:
        show(shell, {"challenge": bootstrap_keys.new_challenge()})
        return
    if number is None or challenge is None or answer is None:
        raise click.UsageError("Name --number, --challenge and --answer together, or none of them.")
    found = bootstrap_keys.check_rehearsal(settings_from(config), number=number, challenge=challenge, answer=answer)
    show(shell, {"number": found.number, "name": found.name})


for _command in (show_keys, rotate):
    keys.add_command(_command)
