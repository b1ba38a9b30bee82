"""An archive of what is held about somebody, checked on their side; nothing here is sent."""

import io
import json
import zipfile
import zlib
from base64 import urlsafe_b64encode
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from joserfc.errors import JoseError
from joserfc.jwk import OKPKey
from pydantic import ValidationError

from visavis.audit.checkpoint import Trust
from visavis.audit.note import read_key
from visavis.client.own_log import read_own
from visavis.client.problem import VisavisProblem
from visavis.client.receipt_file import Receipt
from visavis.consent.archive import DIGESTS, SIGNATURE, read_listed, require_files
from visavis.consent.receipt import countersigned_by, read_offer
from visavis.model.archive import ArchiveUnreadable, ArchiveWrong
from visavis.model.audit import LogRefused, VerifierKeyMalformed
from visavis.model.errors import ConsentRefused
from visavis.wire.log import OwnEntryAnswer

DATA: Final = "about-you.json"
KEY: Final = "controller-key.json"
MAX_BYTES: Final = 256 * 1024 * 1024
"""Largest archive that is unpacked, in bytes: a small file can be made to unpack to any size."""
MAX_FILES: Final = 10_000


@dataclass(frozen=True, slots=True)
class CheckedArchive:
    """An archive that checked out.

    ``key_is_known``: its key is the one that signed the receipt which was given; else compare ``key_id``, the RFC 7638
    thumbprint, with what the server publishes at ``/.well-known/jwks.json``. ``proven`` of the ``entries`` of the log
    are proven to be in it. ``document`` is all that the archive says.
    """

    subject_id: str
    made_at: datetime
    key_id: str
    key_is_known: bool
    receipts: int
    entries: int
    proven: int
    document: Mapping[str, Any]


def check_archive(data: bytes, *, receipt: Receipt | None = None) -> CheckedArchive:
    """Check an archive without asking anybody.

    1. It is an archive. 2. Its key is the one that signed the receipt; where there is none, it is the archive's own
    word. 3. That key signed the digests, every file is as it was, and all of it is about one person, the receipt's.
    4. Every receipt in it was signed by that key and, where it was answered, by the person. 5. Every entry of the
    log commits to what is said to be behind it, and is in the log where a proof is given; the log's key is the
    receipt's, where that knows one.

    :raises ArchiveUnreadable: 1. :raises ArchiveWrong: 2 to 5; the message says what is wrong.
    """
    # 1
    files = _unpacked(data)
    listing, signature = files.pop(DIGESTS), files.pop(SIGNATURE)
    # 2
    key = _key(files[KEY])
    if receipt is not None:
        _require_same_key(receipt, key)
    # 3
    listed = read_listed(listing, signature.decode("ascii", errors="replace"), controller_key=key)
    require_files(listed, files)
    document = _document(files[DATA])
    about = {listed.subject_id, document["subject"]["id"], *([] if receipt is None else [receipt.subject_id])}
    if len(about) != 1:
        raise ArchiveWrong("It is about somebody else.")
    # 4
    for told in document["receipts"]:
        _require_signed(told, files, subject=document["subject"], key=key)
    # 5
    entries, proven = _entries(document["log"], receipt, subject_id=listed.subject_id)
    return CheckedArchive(
        subject_id=listed.subject_id,
        made_at=listed.made_at,
        key_id=key.thumbprint(),
        key_is_known=receipt is not None,
        receipts=len(document["receipts"]),
        entries=entries,
        proven=proven,
        document=document,
    )


def _unpacked(data: bytes) -> dict[str, bytes]:
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            infos = archive.infolist()
            names = [info.filename for info in infos]
            if len(set(names)) != len(names) or len(names) > MAX_FILES:
                raise ArchiveUnreadable("It has a file twice, or more files than any archive.")
            files, left = {}, MAX_BYTES
            for info in infos:
                with archive.open(info) as file:
                    files[info.filename] = file.read(left + 1)
                left -= len(files[info.filename])
                if left < 0:
                    raise ArchiveUnreadable("It is larger than any archive.")
    except (zipfile.BadZipFile, zlib.error, RuntimeError, NotImplementedError, EOFError, ValueError, OSError):
        raise ArchiveUnreadable("It is not a zip file, or a damaged one.") from None
    missing = {DATA, KEY, DIGESTS, SIGNATURE} - set(files)
    if missing:
        raise ArchiveUnreadable(f"It has no {min(missing)}.")
    return files


def _key(written: bytes) -> OKPKey:
    try:
        members = json.loads(written)
        return OKPKey.import_key({name: members[name] for name in ("kty", "crv", "x")})
    except (JoseError, ValueError, KeyError, TypeError, RecursionError):
        raise ArchiveUnreadable(f"{KEY} is not a public key.") from None


def _require_same_key(receipt: Receipt, key: OKPKey) -> None:
    try:
        read_offer(receipt.offer, controller_key=key)
    except ConsentRefused:
        raise ArchiveWrong("Its key is not the one that signed what you agreed to.") from None


def _document(written: bytes) -> dict[str, Any]:
    try:
        document = json.loads(written)
        _ = document["subject"]["id"], document["subject"]["public_key"], document["log"]["key"]
        lists = document["receipts"], document["log"]["entries"]
    except (ValueError, KeyError, TypeError, RecursionError):
        raise ArchiveUnreadable(f"{DATA} is not of the form.") from None
    if not all(isinstance(one, list) for one in lists):
        raise ArchiveUnreadable(f"{DATA} is not of the form.")
    return dict(document)


def _require_signed(told: Any, files: Mapping[str, bytes], *, subject: Mapping[str, Any], key: OKPKey) -> None:
    """One receipt: as it lies beside, signed by the controller, and by the person where they answered."""
    try:
        offer, answer = str(told["offer"]), told["countersignature"]
        name = f"receipts/{told['id']}"
        beside = [files.get(f"{name}.offer.jws"), files.get(f"{name}.countersignature.jws")]
        if beside != [offer.encode(), None if answer is None else str(answer).encode()]:
            raise ArchiveWrong(f"A receipt in {DATA} is not the one beside it.")
        read_offer(offer, controller_key=key)
        by = None if answer is None else countersigned_by(str(answer), offer=offer)
    except (ConsentRefused, KeyError, TypeError):
        raise ArchiveWrong("A receipt in it is not signed as it should be.") from None
    if by is not None and urlsafe_b64encode(by).rstrip(b"=").decode() != subject["public_key"]:
        raise ArchiveWrong("A receipt in it was signed by another person.")


def _entries(log: Mapping[str, Any], receipt: Receipt | None, *, subject_id: str) -> tuple[int, int]:
    """How many entries there are, and how many of them are proven."""
    try:
        trust = Trust(read_key(str(log["key"])))
        if receipt is not None and receipt.log_key is not None and read_key(receipt.log_key) != trust.log:
            raise ArchiveWrong("It names another key of the log than your receipt.")
        answers = [OwnEntryAnswer.model_validate(one) for one in log["entries"]]
        entries, _ = read_own(answers, trust=trust, subject_id=subject_id, shown=None)
    except (LogRefused, VerifierKeyMalformed, ValidationError, VisavisProblem):
        raise ArchiveWrong("An entry of the log in it does not check out.") from None
    return len(entries), sum(own.proven for own in entries)
