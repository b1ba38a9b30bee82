"""When somebody is offered to have new photos taken: their reference has become old, or has begun to fall short.

Faces change, and a template does not: misses rise with the time between two photos. How fast depends on the model.
NIST measures it for those of its 1:N evaluation (FRTE), which ours is not among, and LFW does not say when its photos
were taken; so a year is a choice and not a finding, and asks for one visit at the desk. The second sign is measured:
most of somebody's newest matches only just passed.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Final

OLD: Final = timedelta(days=365)
NEWEST: Final = 10
"""So many of the newest matches by face are looked at; of fewer nothing is said."""


def is_offered_new_photos(
    *,
    newest_reference: datetime | None,
    decades: Sequence[int],
    bar_decade: int | None,
    now: datetime,
) -> bool:
    """Whether a person should be offered new photos.

    1. Who has no reference is served without a face, and is offered none.
    2. The newest reference is a year old.
    3. Or more than half of the ten newest matches by face lie in the power of ten of the bar: they passed, and hardly.

    :param decades: the powers of ten that bound the false match rates of their newest matches, newest first.
    :param bar_decade: that of the gallery's present bar; None where a match cannot lie below it, because the
        calibration tells no lower one: then every match would look as if it had hardly passed.
    """
    # 1
    if newest_reference is None:
        return False
    # 2
    if now - newest_reference >= OLD:
        return True
    # 3
    if bar_decade is None or len(decades) < NEWEST:
        return False
    hardly = sum(decade >= bar_decade for decade in decades[:NEWEST])
    return 2 * hardly > NEWEST
