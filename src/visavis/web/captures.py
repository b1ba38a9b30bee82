"""What is sent to be compared: one photo, or a capture bundle (``spec/capture-bundle.md``)."""

from typing import Annotated

from fastapi import Depends, File, Form, UploadFile

from visavis.flows.probing import Sent
from visavis.model.access import RequestInvalid
from visavis.model.challenge import Bundle
from visavis.model.image import FORMATS

_Manifest = Annotated[
    str | None,
    Form(description="Of a capture bundle, where the purpose asks for a challenge; sent with `frames`."),
]
_Frames = Annotated[list[UploadFile] | None, File(description="The frames of a capture bundle, in their order: JPEG.")]
_Photo = Annotated[UploadFile | None, File(description=f"One photo of one person: {FORMATS}.")]


def _sent(photo: _Photo = None, manifest: _Manifest = None, frames: _Frames = None) -> Sent:
    return _one_of("photo", photo, manifest, frames)


def _portrait(portrait: _Photo = None, manifest: _Manifest = None, frames: _Frames = None) -> Sent:
    return _one_of("portrait", portrait, manifest, frames)


def _one_of(name: str, photo: UploadFile | None, manifest: str | None, frames: list[UploadFile] | None) -> Sent:
    if photo is not None and manifest is None and not frames:
        return photo.file.read()
    if photo is None and manifest is not None and frames:
        return Bundle(manifest, tuple(frame.file.read() for frame in frames))
    raise RequestInvalid(f"Send either '{name}', or 'manifest' and 'frames'.")


Shown = Annotated[Sent, Depends(_sent)]
"""Who asks to be recognised."""
Portrait = Annotated[Sent, Depends(_portrait)]
"""Who holds a document."""
