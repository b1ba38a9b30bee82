"""What is shown of a person: one photo, or what was taken while they did what a challenge asks."""

from collections.abc import Mapping

from visavis.client.credentials import Signer
from visavis.client.exchange import Body
from visavis.client.photos import Photo, as_file, async_as_file
from visavis.wire.capture import Taken, manifest

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
