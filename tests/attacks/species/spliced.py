"""Pieces of films of the same person, one for each step, cut together to fit what is asked."""

from __future__ import annotations

from attacks.film import Camera, Film, filmed, performed
from attacks.heads import room
from attacks.species import Asked, Shown, Victim


def spliced(victim: Victim, asked: Asked, seed: int) -> Shown:
    """See the module. Each piece was filmed on another day, elsewhere."""
    head, pictures = victim.head, []
    ends = [*(done.done_ms + 150 for done in asked.steps[:-1]), float("inf")]
    for number, (done, end) in enumerate(zip(asked.steps, ends, strict=True)):
        begin = 0.0 if number == 0 else ends[number - 1]
        times = [at for at in asked.at_ms if begin <= at < end]
        piece = filmed(head, performed([done], seed=seed + 31 * number), times, room(seed + 31 * number))
        pictures += list(piece.pictures)
    return Shown(Film(asked.at_ms, pictures), Camera(seed=seed))
