"""What is sent to be compared: one photo, or a capture bundle (``spec/capture-bundle.md``)."""

from typing import Annotated

from fastapi import Depends, File, Form, UploadFile
from pydantic.json_schema import SkipJsonSchema

from visavis.flows.probing import Sent
from visavis.model.access import RequestInvalid
from visavis.model.challenge import Capture
from visavis.model.image import FORMATS

_Manifest = Annotated[
    str | SkipJsonSchema[None],
    Form(description="Of a capture bundle, where the purpose asks for a challenge; sent with `stills`."),
]
_Stills = Annotated[
    list[UploadFile] | SkipJsonSchema[None],
    File(description="The pictures of a capture bundle, in their order: JPEG. One of them is compared."),
]
_Photo = Annotated[UploadFile | SkipJsonSchema[None], File(description=f"One photo of one person: {FORMATS}.")]


def _sent(photo: _Photo = None, manifest: _Manifest = None, stills: _Stills = None) -> Sent:
    return _one_of("photo", photo, manifest, stills)


def _portrait(portrait: _Photo = None, manifest: _Manifest = None, stills: _Stills = None) -> Sent:
    return _one_of("portrait", portrait, manifest, stills)


def _one_of(name: str, photo: UploadFile | None, manifest: str | None, stills: list[UploadFile] | None) -> Sent:
    if photo is not None and manifest is None and not stills:
        return photo.file.read()
    if photo is None and manifest is not None and stills:
        return Capture(manifest, tuple(still.file.read() for still in stills))
    raise RequestInvalid(f"Send either '{name}', or 'manifest' and 'stills'.")


Shown = Annotated[Sent, Depends(_sent)]
"""Who asks to be recognised."""
Portrait = Annotated[Sent, Depends(_portrait)]
"""Who holds a document."""
