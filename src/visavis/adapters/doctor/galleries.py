"""The galleries: whether their own people are as the model's card says."""

from collections.abc import Iterator
from typing import Final

from visavis.adapters.doctor.check import Check
from visavis.adapters.doctor.database import first_of, has_table
from visavis.settings import Settings

_MEND: Final = (
    "Nothing has to be done: the bar was raised there. 'visavis gallery show' tells what it costs; three photos of "
    "each person, or a second gallery, give members less to miss."
)


def own_rates(settings: Settings) -> Iterator[Check]:
    """In how many galleries people are more alike than those the model was measured on."""
    if not has_table(settings, "own_rates"):
        yield Check("own rates", "ok", "The next start measures them; the schema is older.")
        return
    measured = int(first_of(settings, "SELECT count(*) FROM own_rates"))
    worse = int(first_of(settings, "SELECT count(*) FROM own_rates WHERE is_worse"))
    if worse:
        message = f"In {worse} of {measured} measured galleries people are more alike than the model's card says."
        yield Check("own rates", "warn", message, _MEND)
    else:
        yield Check("own rates", "ok", f"{measured} galleries were measured; in none people are more alike than usual.")
