"""Fuzz ``visavis.capture.decode``: ``python -m fuzz.photos -max_total_time=300``, in ``tests``."""

from fuzz.harness import atheris, fuzz

with atheris.instrument_imports(include=["visavis", "PIL", "pillow_heif"]):
    from fixtures.heif_grid import heic_grid
    from fixtures.images import small_files

    from visavis.capture.decode import decode
    from visavis.model.errors import ImageRefused
    from visavis.model.image import FRAME_PIXELS


def once(photo: bytes) -> None:
    """A frame within the limits, or a refusal."""
    try:
        frame = decode(photo)
    except ImageRefused as refusal:
        if refusal.__cause__ is not None or not refusal.code:
            raise AssertionError from refusal
        return
    if frame.width * frame.height > FRAME_PIXELS or frame.pixels.shape[2] != 3:
        raise AssertionError


if __name__ == "__main__":
    fuzz("photos", once, seeds=[*small_files(), heic_grid(600, 600)], max_len=8192)
