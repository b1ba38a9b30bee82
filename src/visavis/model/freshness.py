"""How fresh what is held of a face is: when its newest template was made, and how surely it was recognised last."""

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True)
class Freshness:
    """Of one person who has references.

    ``decades`` are the powers of ten that bound the false match rates of their newest matches by face, newest first.
    """

    subject_id: str
    newest_reference: datetime
    decades: tuple[int, ...]
