"""All checks, in the order in which a person would mend what they find."""

from collections.abc import Mapping
from typing import Final

from visavis.adapters.doctor import (
    clock,
    configuration,
    database,
    galleries,
    keys,
    links,
    liveness,
    log,
    machine,
    models,
    photos,
    places,
    port,
    tls,
)
from visavis.adapters.doctor.check import Check, Checking, made
from visavis.settings import Settings

CHECKS: Final[Mapping[str, Checking]] = {
    "settings": configuration.settings_file,
    "variables": configuration.variables,
    "user": places.user,
    "umask": places.umask,
    "data directory": places.data_directory,
    "key file": places.key_file,
    "folders above": places.folders_above,
    "key store": keys.key_store,
    "key fits data": database.key_fits,
    "key protection": keys.key_protection,
    "key place": places.key_place,
    "sqlite": database.library,
    "database": database.health,
    "schema": database.schema,
    "write-ahead log": database.write_ahead_log,
    "api keys": database.api_keys,
    "log": log.published,
    "witnesses": log.witnesses,
    "own rates": galleries.own_rates,
    "models": models.models,
    "liveness": liveness.liveness,
    "photos": photos.photos,
    "python": machine.python,
    "processor": machine.processor,
    "cores": machine.cores,
    "memory": machine.memory,
    "swap": machine.swap,
    "core dumps": machine.core_dumps,
    "open files": machine.open_files,
    "clock": clock.plausible,
    "clock kept": clock.kept,
    "disk": machine.disk,
    "inodes": machine.inodes,
    "port": port.port,
    "links": links.links,
    "tls": tls.tls,
}
"""What is checked, by name. Programs rely on the names of findings; a check may make several."""


def diagnose(settings: Settings) -> list[Check]:
    """Check an installation; a running server is not disturbed, and nothing is changed.

    1. The settings come from a file that only its owner writes, and no variable is misspelt.
    2. The data directory, the key file and what lies above them are out of others' reach.
    3. The key opens this data; what it protects from, and what not.
    4. The database is whole and of this release, and somebody holds an API key; the published log is what it says.
    5. Each model's file is the one its card names, the calibration fits, what purposes ask of liveness can be checked,
       and photos can be read.
    6. Processor, memory, disk and limits are what the server needs.
    7. The clock is right: requests are signed with the time.
    8. The address can be listened on, links lead to it, and TLS convinces whoever opens one.
    """
    return [finding for name, check in CHECKS.items() for finding in made(name, check, settings)]
