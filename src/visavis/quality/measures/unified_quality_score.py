"""Unified quality score (ISO/IEC 29794-5:2025): how well the embedder could make the face out.

The standard takes the length of the vector that a network of its own gives (MagFace: Meng and others, CVPR 2021). This
takes the length of the vector that is compared, before it is brought to length 1: of what an embedder trained with a
margin cannot make out, it gives short vectors. The embedder's card says which lengths are usual.
"""

from typing import Final

from visavis.model.quality import FAILED_TO_ASSESS, Assessed, Component
from visavis.model.template import UsualLength
from visavis.quality.measure import rising, rounded

COMPONENT: Final = Component.UNIFIED


def unified(length: float, usual: UsualLength | None) -> Assessed:
    """The score of a vector of ``length``; failed where nothing is known of what is usual."""
    if usual is None:
        return Assessed(FAILED_TO_ASSESS)
    return Assessed(rounded(100.0 * rising(length, middle=usual.middle, width=usual.width)), length)
