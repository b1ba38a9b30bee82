"""Photos: every format is decoded, in a process of its own."""

from collections.abc import Iterator

from visavis.adapters.decoding.check import check_decoding
from visavis.adapters.doctor.check import Check
from visavis.settings import Settings


def photos(_settings: Settings) -> Iterator[Check]:
    """A tiny photo of each format is decoded as the server would."""
    formats = check_decoding()
    wrong = [form for form in formats if not form.ok]
    for form in wrong:
        yield Check("photos", "fail", form.message, form.mend)
    if not wrong:
        yield Check("photos", "ok", f"{', '.join(form.format for form in formats)} are decoded, apart from the server.")
