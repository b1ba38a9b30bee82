"""Handing references over in bulk: what custodians are asked, what they answer, and what comes back in a bundle."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import Enum
from typing import Final

from visavis.model.errors import AccessRefused, PolicyRefused, RequestRefused

MAX_LIFE: Final = timedelta(days=7)
"""How long custodians can be asked at most."""

BUNDLE_LIFE: Final = timedelta(days=28)
"""How long a bundle can be brought in after it was made: tombstones are kept for longer, so that whoever withdrew
meanwhile is still known to have."""

CLOCKS_APART: Final = timedelta(days=1)
"""How far the clock of another machine may be ahead."""

MAX_PART: Final = 100
"""Most people of a bundle that are brought in one call."""


class ExportState(Enum):
    """Where a request for an export stands."""

    ASKED = "ASKED"
    """Custodians are asked; some may have signed."""
    CARRIED_OUT = "CARRIED_OUT"
    """The bundle was made. There is no second one."""


class ExportStep(Enum):
    """What the log says of an export of references, step by step."""

    REQUESTED = "references_requested"
    """Custodians are asked."""
    APPROVED = "references_approved"
    """One of them signed."""
    REFUSED = "references_refused"
    """Something was asked that the rules do not allow: an approval that is none, an export without a quorum."""
    DONE = "references_done"
    """References leave: once for the export as a whole, and once for each person who is in it."""


@dataclass(frozen=True, slots=True)
class ExportRequest:
    """What custodians sign: everything about one export, and nothing else.

    ``installation`` is the origin of the log that the export is entered into, ``recipient`` an age X25519 public key.
    ``asked_by`` names the API key. Times are in UTC and whole seconds; ``nonce`` is random.
    """

    id: str
    installation: str
    purpose_id: str
    gallery_id: str
    recipient: str
    reason: str
    asked_by: str
    made_at: datetime
    expires_at: datetime
    nonce: str


@dataclass(frozen=True, slots=True)
class Approval:
    """One custodian's word: their Ed25519 public key (32 bytes) and a signature (64 bytes) over the request."""

    key: bytes
    signature: bytes


@dataclass(frozen=True, slots=True)
class Export:
    """A request as it is kept, sealed with what was signed, so that no part of it can be edited unseen."""

    id: str
    gallery_id: str
    state: ExportState
    document: bytes
    approvals: bytes
    created_at: datetime
    expires_at: datetime


class CarriedOutcome(Enum):
    """What became of one person of a bundle."""

    PENDING = "PENDING"
    """Enrolled under an offer of this installation; unknown to the matcher until they agree."""
    MOVED = "MOVED"
    """Here with the receipts they gave, which are for this very gallery; an operator may have to look first."""
    LEFT_OUT = "LEFT_OUT"
    """Nothing was stored."""


class RecipientMalformed(RequestRefused):
    """The bundle cannot be encrypted to this."""

    code = "recipient_malformed"
    mend = "Name an X25519 public key of the form 'age1…', in small letters, whose secret half its recipient has."


class ExportMalformed(RequestRefused):
    """A request for an export is not of its form."""

    code = "export_malformed"
    mend = "Sign only what 'visavis exports show' prints; ask the server again for the request."


class ExportTooLong(RequestRefused):
    """Custodians cannot be asked for that long."""

    code = "export_too_long"
    mend = f"Ask for at most {MAX_LIFE.days} days; a new request can follow."


class NoCustodians(PolicyRefused):
    """Nobody can approve an export: the root key lies in a file, and not with custodians."""

    code = "no_custodians"
    mend = "Hold a ceremony first ('visavis keys ceremony'), or let each person enrol where they are needed."


class ExportExpired(PolicyRefused):
    """The time is over in which this export could be approved and carried out."""

    code = "export_expired"
    mend = "Make a new request, and let the custodians sign that one."


class ExportReplayed(PolicyRefused):
    """This request was carried out before; what was signed for it serves once."""

    code = "export_replayed"
    mend = "If another bundle is needed, make a new request and let the custodians sign that one."


class ApprovalForeign(AccessRefused):
    """Signed with a key that is none of the present custodians'."""

    code = "approval_foreign"
    mend = "Only those who hold a share of the present root key approve; whoever was removed does not."


class ApprovalUnfit(AccessRefused):
    """The signature is not over exactly this request."""

    code = "approval_unfit"
    mend = "Ask the server for the request, read it, and sign that one; nothing in it can be changed afterwards."


class ApprovalRepeated(PolicyRefused):
    """This custodian has approved the request already."""

    code = "approval_repeated"
    mend = "Ask another custodian: one counts once."


class ApprovalsTooFew(AccessRefused):
    """Fewer custodians approved than the quorum has."""

    code = "approvals_too_few"
    mend = "Ask more custodians to approve this request before it expires."


class BundleMalformed(RequestRefused):
    """This is not a bundle, it is not whole, or a part of it is not of its form."""

    code = "bundle_malformed"
    mend = "Fetch or copy the bundle again, whole; nothing of it was used."


class BundleForged(AccessRefused):
    """A part of the bundle was not signed by the controller that you named."""

    code = "bundle_forged"
    mend = "Check the controller's key, from a source other than the bundle. If it is right, do not use the bundle."


class BundleUnreadable(AccessRefused):
    """The bundle is encrypted to somebody else, or was damaged on its way."""

    code = "bundle_unreadable"
    mend = "Use the identity whose public key the request names; if it is that one, fetch the bundle again."


class IdentityUnusable(RequestRefused):
    """The file does not hold the recipient's identity, or others can read it."""

    code = "identity_unusable"
    mend = "Name the file with the secret half of the recipient's key, and run 'chmod 600' on it."


class BundleOver(PolicyRefused):
    """The bundle is too old: who withdrew since it was made might be brought back."""

    code = "bundle_over"
    mend = f"Ask for a new export: a bundle can be brought in for {BUNDLE_LIFE.days} days."


class BundleForeign(PolicyRefused):
    """What the bundle's people were asked is not what this gallery's people are asked."""

    code = "bundle_foreign"
    mend = "Bring it into a gallery of the same model, whose purpose has the same controller, in the same words."


class TextForeign(PolicyRefused):
    """The person agreed under words that this gallery's purpose never had."""

    code = "text_foreign"
    mend = "Add the wording they agreed to to the purpose, or enrol the person by themselves."
