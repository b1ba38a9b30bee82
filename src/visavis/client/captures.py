"""What is shown of a person: one photo, or what was taken while they did what a challenge asks."""

from collections.abc import Mapping
from pathlib import Path

import rfc8785

from visavis.client.credentials import Signer
from visavis.client.exchange import Body
from visavis.client.photos import Photo, as_file, async_as_file
from visavis.client.private_files import write_private
from visavis.client.raising import problem_here
from visavis.wire.capture import Taken, described, manifest

Shown = Photo | Taken
"""One photo; or, where the purpose's liveness is active, a capture."""


def shown(field: str, of: Shown, *, signer: Signer, form: Mapping[str, str] | None = None) -> Body:
    """The body that shows it.

    :param field: of a single photo. :param form: further texts.
    :raises VisavisProblem: ``photo_unreadable``.
    """
    if not isinstance(of, Taken):
        return Body(files=[as_file(field, of)], form=form)
    signed = manifest(of, signer=signer.signer_id, private_key=signer.private_key)
    stills = [("stills", ("still", frame, "image/jpeg")) for _, frame in of.frames]
    return Body(files=stills, form={**(form or {}), "manifest": signed})


async def async_shown(field: str, of: Shown, *, signer: Signer, form: Mapping[str, str] | None = None) -> Body:
    """The same; a file is read by another thread.

    :raises VisavisProblem: ``photo_unreadable``.
    """
    if isinstance(of, Taken | bytes):
        return shown(field, of, signer=signer, form=form)
    return Body(files=[await async_as_file(field, of)], form=form)


def keep_capture(taken: Taken, folder: str | Path) -> None:
    """Write a capture into a new folder, for ``visavis evaluate pad``: of people who agreed that theirs are kept.

    The folder's name has to end with ``.bundle`` to be found. In it are the frames, ``asked.json``, which says what the
    server asked, and ``manifest.json``, which says when it was shown and done; nothing of the session or of who would
    have signed. No server keeps any of this.

    :raises VisavisProblem: ``file_exists``, there is such a folder; ``file_unwritable``.
    """
    place = Path(folder)
    try:
        place.mkdir(mode=0o700, parents=True)
    except FileExistsError:
        raise problem_here("file_exists", f"There is a file at {place}.") from None
    except OSError as error:
        raise problem_here("file_unwritable", f"{place}: {error.strerror}.") from None
    for number, (_, frame) in enumerate(taken.frames):
        write_private(place / f"{number:03}.jpg", frame)
    asked = taken.challenge.model_dump(mode="json", include={"steps"})
    write_private(place / "asked.json", rfc8785.dumps(asked))
    unsigned = described(taken, signer="") | {"session_id": "", "nonce": ""}
    write_private(place / "manifest.json", rfc8785.dumps(unsigned))
