"""What an entry tells the person it is about."""

import pytest

from visavis.audit.leaf import Entry
from visavis.audit.words import result_in_words, what_in_words
from visavis.model.audit import Event


@pytest.mark.parametrize(
    ("act", "what", "result"),
    [
        ("activate", "A person looked at what the machine did not decide", "let through"),
        ("dispute", "Whoever was recognised as you at a station said that they are somebody else", None),
    ],
)
def test_what_was_reviewed_and_what_was_disputed_are_told_apart(act: str, what: str, result: str | None) -> None:
    entry = Entry(Event.REVIEW, "2027-01-15", "", {"act": act})
    assert (what_in_words(entry, {}), result_in_words(entry, {})) == (what, result)


def test_a_new_pin_that_somebody_made_is_not_told_as_the_first_one_and_older_entries_stay_as_they_are() -> None:
    entry = Entry(Event.CREDENTIAL, "2027-01-15", "", {"handle": ""})
    made = {"by": "front {desk}", "by_id": "key_x"}
    assert what_in_words(entry, made) == "A new PIN and QR code were made for you by front {desk}"
    assert what_in_words(entry, {}) == "You were given a PIN and a QR code"
