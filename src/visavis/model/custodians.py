"""Those who are to hold shares of the root key, and what can be wrong with shares, them and a server that is sealed."""

from dataclasses import dataclass

from visavis.model.errors import AccessRefused, Kind, RequestRefused, StartupError


@dataclass(frozen=True, slots=True)
class Named:
    """Somebody who is to hold a share; ``recipient`` is the age public key it is encrypted to, if they have one."""

    name: str
    recipient: str | None = None


class ShareMalformed(RequestRefused):
    """The words are not a share: one is wrong, missing, or in another's place."""

    code = "share_malformed"
    mend = "Compare each word and their order with the sheet; words are never guessed or corrected here."


class ShareForeign(AccessRefused):
    """A share of another ceremony, or of another installation."""

    code = "share_foreign"
    mend = "Use the share of this installation's latest ceremony; an older one opens nothing and can be destroyed."


class ShareRepeated(RequestRefused):
    """The same share was given before."""

    code = "share_repeated"
    kind = Kind.CONFLICT
    mend = "The next custodian gives theirs; one share counts once."


class SharesTooFew(RequestRefused):
    """Fewer shares than the quorum has."""

    code = "shares_too_few"
    mend = "Give as many shares as the ceremony asks for, each by its own custodian."


class SharesWrong(RequestRefused):
    """Each share is whole, and together they are not the root key."""

    code = "shares_wrong"
    mend = "One of them was not made with the others: start again, with other custodians if it happens twice."


class QuorumImpossible(RequestRefused):
    """So many shares with such a threshold cannot be made."""

    code = "quorum_impossible"
    mend = "Make 2 to 16 shares, and let at least 2 and at most all of them be needed."


class CustodianMisnamed(RequestRefused):
    """What a custodian is to be called, or what their share is to be encrypted to, cannot be used."""

    code = "custodian_misnamed"
    mend = "Name each custodian once, in 1 to 60 printable characters, with a recipient of the form 'age1…' or none."


class CustodianUnknown(RequestRefused):
    """Nobody of that number holds a share of the root key."""

    code = "custodian_unknown"
    kind = Kind.NOT_FOUND
    mend = "See who holds one: 'visavis keys custodians'. Where the root key lies in a file nobody does."


class RehearsalFailed(AccessRefused):
    """The answer to a challenge was not made with that custodian's share."""

    code = "rehearsal_failed"
    mend = "Rehearse again with a fresh challenge; if it fails twice, hold a ceremony that replaces this share."


class ServerSealed(AccessRefused):
    """The server is sealed: it has its data and not its keys."""

    code = "server_sealed"
    kind = Kind.UNAVAILABLE
    mend = "Wait until enough custodians have given their shares ('visavis keys unseal', or the page /unseal)."


class NotSealed(RequestRefused):
    """The server is open already, and takes no shares."""

    code = "not_sealed"
    kind = Kind.CONFLICT
    mend = "Keep your share; nothing has to be done."


class CeremonyMissing(RequestRefused):
    """No ceremony waits to be confirmed."""

    code = "ceremony_missing"
    kind = Kind.CONFLICT
    mend = "Hold one with 'visavis keys ceremony'; what was confirmed before needs nothing."


class SharesUnsafe(StartupError):
    """The shares would lie where they must not, or where something lies already."""

    code = "shares_unsafe"
    mend = "Name a new folder outside the data directory and the key store, on a stick or an encrypted disk."


class ShareFileUnreadable(RequestRefused):
    """The file holds no share, or does not open."""

    code = "share_file_unreadable"
    mend = "Name the sheet, or a file with its words; for one that is encrypted to you, name your identity too."


class NoQuorum(StartupError):
    """This installation has no custodians: its root key lies in a file."""

    code = "no_quorum"
    mend = "Hold a ceremony first: 'visavis keys ceremony'."


class QuorumHeld(StartupError):
    """The root key is with custodians, and no file has it."""

    code = "quorum_held"
    mend = "Name as many of their shares as it takes; for a ceremony that replaces the shares, add --replace."
