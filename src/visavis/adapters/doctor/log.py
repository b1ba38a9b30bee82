"""The transparency log: what is published is what was committed, and witnesses can be asked."""

import time
from collections.abc import Iterator
from contextlib import suppress
from typing import Final

from visavis.adapters.doctor.check import Check
from visavis.adapters.doctor.database import first_of, has_table
from visavis.adapters.doctor.keys import is_with_custodians, opened_keys
from visavis.adapters.log_folder import LogFolder
from visavis.adapters.witnesses import read_witnesses
from visavis.audit.checkpoint import Trust, require_checkpoint
from visavis.audit.note import NoteSigner
from visavis.audit.tiles import Tiles
from visavis.audit.verify import whole_if_gone
from visavis.model.audit import LogDamaged, LogRefused, LogRenamed, ResourceMissing, WitnessesUnreadable
from visavis.protect.keys import log_key
from visavis.settings import Settings

_CHECKPOINT: Final = "checkpoint"


def published(settings: Settings) -> Iterator[Check]:
    """The published log checks out, and is not behind.

    1. It has the name that the settings give. 2. Its checkpoint is signed with this key, and its last tiles make it.
    3. Everything that was committed is published.
    """
    if not has_table(settings, "log_head"):
        yield Check("log", "ok", "It begins when the server starts.")
        return
    origin = first_of(settings, "SELECT value FROM server WHERE name = 'log_origin'")
    size = first_of(settings, "SELECT size FROM log_head") or 0
    if origin is None:
        yield Check("log", "ok", "It begins when the server starts.")
        return
    name = bytes(origin).decode()
    if settings.log_origin not in (None, name):
        raise LogRenamed(f"The log is called {name}.")
    if is_with_custodians(settings):
        yield Check("log", "ok", "What is published is checked when the server is unsealed; its key is sealed.")
        return
    installation = opened_keys(settings).tree.installation
    folder = LogFolder(settings.log_folder)
    try:
        signed = require_checkpoint(folder.read(_CHECKPOINT), trust=Trust(NoteSigner(name, log_key(installation)).key))
        tree = signed.checkpoint
        Tiles(whole_if_gone(folder.read), size=tree.size, root=tree.root)
    except ResourceMissing:
        yield _unpublished(size, settings)
        return
    except LogRefused as refused:
        raise LogDamaged(f"What is published does not check out: {refused.detail or refused.mend}") from None
    waiting = size - tree.size
    age_s = time.time() - (settings.log_folder / _CHECKPOINT).stat().st_mtime
    if waiting > 0 and age_s > settings.log_publish_within_s:
        mend = "Start the server, and look at its log: the disk or the witnesses keep it from being published."
        yield Check("log", "warn", f"{waiting} entries wait to be published.", mend)
    else:
        yield Check("log", "ok", f"{name}: {tree.size} entries are published and check out.")


def _unpublished(size: int, settings: Settings) -> Check:
    """Nothing is published: as it should be before the server ran, and never after entries were moved out."""
    if first_of(settings, "SELECT count(*) FROM log_entries") != size:
        raise LogDamaged("The database has the newest entries only, and nothing is published.")
    return Check("log", "ok", f"{size} entries; none is published before the server runs.")


def witnesses(settings: Settings) -> Iterator[Check]:
    """The file of witnesses can be read, and names as many as have to cosign. Nobody is asked."""
    if settings.log_witnesses is None:
        if settings.log_witnesses_required:
            raise WitnessesUnreadable(f"{settings.log_witnesses_required} have to cosign, and no file names them.")
        yield Check("witnesses", "ok", "None is named: nobody else vouches for the log's history.")
        return
    named = read_witnesses(settings.log_witnesses)
    for witness in named:
        with suppress(Exception):  # none was asked anything
            witness.close()
    if len(named) < settings.log_witnesses_required:
        raise WitnessesUnreadable(f"{settings.log_witnesses_required} have to cosign, and {len(named)} are named.")
    yield Check("witnesses", "ok", f"{len(named)} are named; {settings.log_witnesses_required} have to cosign.")
