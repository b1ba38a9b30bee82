"""Every table that there is: what it holds, why, until when, and whether the person it is about is shown it.

One list for four readers: the archive that a person takes along, the page of the documentation that tells how long what
is kept, and two tests. They fail for a table, or a column, that is not in it.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import Enum
from typing import Final


class Ends(Enum):
    """What ends a row."""

    BY_ITSELF = "by itself"
    """A time that it has; the purge takes it out then."""
    WITH_PERSON = "with the person"
    """The person's withdrawal, or the end of everything they agreed to."""
    WITH_OTHER = "with what it belongs to"
    """The row that it belongs to."""
    WITH_PURPOSE = "with the purpose"
    """An administrator ends the purpose, and nothing refers to it any more."""
    NEVER = "not by itself"
    """It says nothing about anybody, and the installation cannot do without it."""


@dataclass(frozen=True, slots=True)
class Kept:
    """One table, in the words of its people.

    ``section`` is where the archive shows it; ``withheld`` why it does not, though a row may be about the person. A
    table with neither holds nothing about anybody. Of a table that is shown, ``fields`` are the columns that stand in
    the archive under their own names, ``unshown`` those that do not: keyed hashes and secrets, and what is sealed and
    stands there opened.
    """

    table: str
    what: str
    why: str
    until: str
    ends: Ends
    section: str | None = None
    withheld: str | None = None
    fields: tuple[str, ...] = ()
    unshown: tuple[str, ...] = ()

    @property
    def is_about_people(self) -> bool:
        """Whether a row of it can be about somebody."""
        return self.section is not None or self.withheld is not None


PERSON: Final = (
    Kept(
        "subjects",
        "You, in this gallery: an identifier, where you stand, the name the operator has for you, and the public half "
        "of the key you agreed with",
        "Everything else hangs on it.",
        "You withdraw, or everything you agreed to is over.",
        Ends.WITH_PERSON,
        section="subject",
        fields=("id", "gallery_id", "state", "public_key", "created_at"),
        unshown=("reference_tag", "sealed_personal"),
    ),
    Kept(
        "references",
        "Your templates: numbers that a program worked out from each photo; the photo itself was not kept",
        "You are recognised by them.",
        "The date in what you agreed to, or you withdraw.",
        Ends.WITH_PERSON,
        section="templates",
        fields=("id", "subject_id", "enrolment_id", "created_at"),
        unshown=("sealed", "photo_tag"),
    ),
    Kept(
        "receipts",
        "What you were asked and what you answered, each signed",
        "They are the proof that you agreed, and to what.",
        "The date in them, or you withdraw. An offer that you did not answer goes with its link.",
        Ends.BY_ITSELF,
        section="receipts",
        fields=("id", "enrolment_id", "subject_id", "offer", "countersignature", "expires_at"),
    ),
    Kept(
        "enrolments",
        "Each time that you were enrolled or invited, and whether you have answered",
        "Templates and receipts belong to one.",
        "Two weeks where you do not answer; else the date in what you agreed to, or you withdraw.",
        Ends.BY_ITSELF,
        section="enrolments",
        fields=("id", "subject_id", "state", "created_at", "expires_at"),
        unshown=("link_hash",),
    ),
    Kept(
        "credentials",
        "Hashes of your PIN and your QR code, by which they are checked",
        "You are served without your face as well.",
        "You withdraw, or everything you agreed to is over.",
        Ends.WITH_PERSON,
        section="other_way",
        fields=("id",),
        unshown=("pin_hash", "qr_hash"),
    ),
    Kept(
        "tries",
        "How often a wrong PIN or another face was tried with your name, or another face in your own checks",
        "So that nobody can guess.",
        "30 days after the last wrong try; three years where there were too many.",
        Ends.BY_ITSELF,
        section="wrong_tries",
        fields=("failures", "next_at", "forget_at"),
        unshown=("id",),
    ),
    Kept(
        "decisions",
        "Decisions about you: when, at which station, by what means and with what result",
        "You and the operator can look up what happened.",
        "The purpose's retention. If you withdraw before that, they stay as counts that say nothing about whom.",
        Ends.BY_ITSELF,
        section="decisions",
        fields=(
            *("id", "session_id", "kind", "means", "outcome", "reason", "station_id", "gallery_id", "purpose_id"),
            *("subject_id", "fmr_decade", "model_id", "decided_at", "expires_at", "disputed_at"),
        ),
        unshown=("gallery_size",),
    ),
    Kept(
        "sessions",
        "The sessions that those decisions were made in, and those you were invited to yourself",
        "Nothing is compared without one, and each serves once.",
        "With its decision; one day where nothing was decided.",
        Ends.BY_ITSELF,
        section="sessions",
        fields=(
            *("id", "kind", "state", "station_id", "gallery_id", "purpose_id", "subject_id", "opened_at"),
            "expires_at",
        ),
        unshown=("secret_hash", "challenge"),
    ),
    Kept(
        "readings",
        "Who read what is held about you, when and why",
        "Nobody looks unseen.",
        "The purpose's retention, or you withdraw.",
        Ends.BY_ITSELF,
        section="readings",
        fields=("id", "kind", "read_by", "gallery_id", "purpose_id", "subject_id", "read_at", "expires_at"),
        unshown=("sealed_reason",),
    ),
    Kept(
        "import_entries",
        "That you were enrolled together with many others, and which of your photos were refused",
        "So that running the same list again brings nobody twice.",
        "An hour after the last link of that list is over. If you withdraw, it says nothing about you from then on.",
        Ends.WITH_OTHER,
        section="imports",
        fields=(*("id", "import_id", "outcome", "subject_id", "enrolment_id", "stored", "refused", "created_at"),),
        unshown=("tag", "sealed"),
    ),
    Kept(
        "log_openings",
        "What opens the entries of the public log that are about you",
        "You can find them, and nobody else can.",
        "With the decision or reading that they tell of; the others until you withdraw. "
        "Who withdraws for you, and why: for the backup window after that.",
        Ends.BY_ITSELF,
        section="log",
        fields=("entry_index", "expires_at"),
        unshown=("id", "tag", "sealed"),
    ),
    Kept(
        "subject_keys",
        "The key that all of this is sealed with",
        "Destroying it destroys everything under it, in every copy of the database too.",
        "You withdraw, or everything you agreed to is over.",
        Ends.WITH_PERSON,
        withheld="It is itself sealed, and opens nothing outside this server.",
    ),
    Kept(
        "reviews",
        "Questions that a person has to look at before or after somebody is recognised",
        "A machine must not decide them.",
        "Somebody has looked, or the purpose's retention is over, or you withdraw.",
        Ends.BY_ITSELF,
        withheld=(
            "Whether there is one about you is told to nobody, since it could tell whether somebody else is enrolled "
            "here, and the others have the same right. A decision that had to be looked at is among your decisions."
        ),
    ),
    Kept(
        "look_alikes",
        "That the machine could take you for somebody else, or was said to have done so: the two of you, since when",
        "Your face alone does not open anything then.",
        "It is not so any more, an operator ends it, or either of you withdraws.",
        Ends.WITH_PERSON,
        withheld=(
            "Which people look like you is told to nobody but the operator, since it tells of somebody else. That you "
            "are asked for a PIN or QR code beside your face tells you that there is somebody. And whoever looks like "
            "you and says your name at a station is asked for them too, which tells them that you are enrolled here "
            "and look like them."
        ),
    ),
    Kept(
        "nonces",
        "Random numbers of requests that were signed with your key",
        "So that nobody can send one of them again.",
        "About a minute.",
        Ends.BY_ITSELF,
        withheld="They are random, and gone a minute later.",
    ),
    Kept(
        "answered",
        "What a program of the operator was answered, sealed, where it asked for one answer however often it sends",
        "So that a request that is sent twice is done once.",
        "24 hours, or you withdraw.",
        Ends.BY_ITSELF,
        withheld="It repeats what was done with you, and may have your PIN or link in it, which nobody is shown twice.",
    ),
    Kept(
        "tombstones",
        "That somebody was erased: their identifier and keyed hashes of it, nothing else",
        "So that no backup brings them back.",
        "The backup window: 30 days, unless what you agreed to says otherwise.",
        Ends.BY_ITSELF,
        withheld="There is none of you while anything is held about you.",
    ),
)
"""What can be about somebody."""

OTHERS: Final = (
    Kept(
        "purposes",
        "What people are asked to agree to: who asks, why, for how long and with which error rate",
        "Every gallery has one.",
        "An administrator has ended it, everybody in it is erased, and no decision, reading or station names it.",
        Ends.WITH_PURPOSE,
    ),
    Kept(
        "purpose_texts",
        "The wordings of a purpose",
        "People read one before they agree.",
        "With its purpose.",
        Ends.WITH_PURPOSE,
    ),
    Kept(
        "galleries",
        "The name of a gallery, and by which model its templates were made",
        "People are enrolled in one.",
        "With its purpose.",
        Ends.WITH_PURPOSE,
    ),
    Kept(
        "bar_moves",
        "How sure a match has to be in a gallery, and since when",
        "An operator can look up what people were held to on a day.",
        "With its gallery.",
        Ends.WITH_PURPOSE,
    ),
    Kept(
        "own_rates",
        "How alike the people of a gallery are: counts and rates over all of them, nothing of anybody",
        "Where they are more alike than the people the model was measured on, a match has to be surer.",
        "The next time they are measured, or with the gallery.",
        Ends.WITH_PURPOSE,
    ),
    Kept(
        "gallery_keys",
        "The sealed keys of a gallery",
        "They keep two galleries from being compared.",
        "With its gallery; an older version when nothing needs it any more.",
        Ends.WITH_PURPOSE,
    ),
    Kept(
        "stations",
        "Devices: a name, a public key, and which of the last 50 probes matched nobody",
        "They ask for decisions.",
        "The purpose's retention after it was retired. Until then nobody can register its key again.",
        Ends.WITH_PURPOSE,
    ),
    Kept(
        "pairings",
        "Keyed hashes of one-time codes by which a device becomes a station",
        "A tablet has no other way to show whose it is.",
        "Ten minutes, or the code is used.",
        Ends.BY_ITSELF,
    ),
    Kept(
        "imports",
        "The name of a list of many people, and which API key brought it",
        "A list can be brought in turns.",
        "An hour after the last of its links.",
        Ends.BY_ITSELF,
    ),
    Kept(
        "exports",
        "Requests to export a gallery's references: who asked, for whom and why, and who approved, sealed",
        "Custodians approve them, and everybody can look up what left.",
        "The purpose's retention after the request ended.",
        Ends.BY_ITSELF,
    ),
    Kept(
        "api_keys",
        "Names and keyed hashes of the keys that programs call with",
        "Every call of an operator bears one.",
        "90 days after it was revoked or ran out, or as long as a reading or an import names it.",
        Ends.BY_ITSELF,
    ),
    Kept(
        "accounts",
        "Who logs in at the console: a name, roles, keyed hashes of a password and of set-up links, a sealed secret",
        "Somebody has to be able to operate the server, and what they read is told under their name.",
        "90 days after it was disabled, or as long as a reading or an import names it.",
        Ends.BY_ITSELF,
    ),
    Kept(
        "console_sessions",
        "That somebody is logged in at the console: a keyed hash, since when, and the minute of the last request",
        "A browser stays logged in for a while.",
        "Eight hours, or they log out.",
        Ends.BY_ITSELF,
    ),
    Kept(
        "log_entries",
        "The newest entries of the public log",
        "They are committed with what they tell.",
        "They are published; then they are in the log, for good. They name nobody.",
        Ends.NEVER,
    ),
    Kept(
        "log_head", "The newest signed tree of the log", "The next one has to continue it.", "The next one.", Ends.NEVER
    ),
    Kept(
        "generations",
        "A sealed count of what was destroyed",
        "An older copy of the database is known by it.",
        "The next one.",
        Ends.NEVER,
    ),
    Kept(
        "server",
        "The controller's sealed key and the log's name",
        "Without them there is no server.",
        "The installation.",
        Ends.NEVER,
    ),
)
"""What is about nobody."""

KEPT: Final = (*PERSON, *OTHERS)

NOT_KEPT: Final[Mapping[str, str]] = {
    "photo": "No photo: it is looked at in memory and forgotten, whether it was enrolled or compared.",
    "likeness": (
        "No score: how alike two faces were is not stored; a decision keeps the power of ten of the error rate at most."
    ),
    "traits": "Nothing that could be read from a face but whose it is.",
    "strangers": "Nothing about who was not recognised: neither a photo nor numbers.",
    "paths": "No path through places: nothing joins what you do in this gallery with any other.",
    "private_key": "No private key of yours: it is in your receipt only.",
}
"""What people may expect to find, and what is not there."""


def kept(table: str) -> Kept:
    """What is told of one table.

    :raises LookupError: nothing is.
    """
    return _BY_TABLE[table]


def shown() -> Iterator[Kept]:
    """Every table that the archive shows, in its order."""
    return (one for one in PERSON if one.section is not None)


_BY_TABLE: Final = {one.table: one for one in KEPT}
