"""What the log says about one person, as rows of a table."""

from typing import Any

from visavis.audit.words import result_in_words, what_in_words, who_in_words
from visavis.client import OwnEntry


def in_words(own: OwnEntry, *, purposes: dict[str, str]) -> dict[str, Any]:
    """One entry as a row of a table.

    :param purposes: names by identifier.
    """
    details = own.details
    purpose = details.get("purpose")
    return {
        "when": own.at.strftime("%Y-%m-%d %H:%M"),
        "what": what_in_words(own.entry, own.details),
        "who": who_in_words(own.entry, details),
        "purpose": purposes.get(str(purpose), purpose) if purpose else purposes.get(str(details.get("gallery"))),
        "result": result_in_words(own.entry, details),
        "in the log": f"proven, entry {own.index}" if own.proven else "not yet published",
    }
