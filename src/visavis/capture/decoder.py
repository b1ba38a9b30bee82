"""The port through which photos become pictures."""

from typing import Protocol

from visavis.model.image import Frame


class Decoder(Protocol):
    """Decodes photos.

    Every implementation

    * answers the same bytes with the same pixels, or with the same refusal and the same words, as
      ``visavis.capture.decode.decode``, whose docstring says what is taken and what is refused;
    * never gives a frame of more than ``FRAME_PIXELS`` pixels;
    * raises nothing but leaves of ``ImageRefused``, whatever the bytes are: ``ImageTooDemanding`` where they cost more
      time or memory than it grants, ``ImageUnreadable`` where the libraries beneath it fail in any other way;
    * raises ``DecoderUnavailable``, and looks at nothing, where it has no means to decode with: it never falls back on
      a less protected one;
    * keeps nothing of a photo, writes nothing of it anywhere, and quotes nothing of it in an error;
    * may be called from several threads at once, each of which may have to wait.
    """

    def __call__(self, photo: bytes, /) -> Frame:
        """The picture in ``photo``.

        :param photo: the bytes of one image file, untrusted.
        :raises ImageRefused: the leaf says why.
        """
        ...
