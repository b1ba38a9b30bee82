"""A film of a genuine session, with steps of its own, shown on a display."""

from __future__ import annotations

from datetime import UTC, datetime

from attacks.film import Camera, Film, filmed, performed, timed
from attacks.heads import room
from attacks.species import Asked, Shown, Victim
from attacks.species.screen import on_screen
from visavis.liveness.draw import draw
from visavis.model.challenge import Variant


def screen_video(victim: Victim, asked: Asked, seed: int) -> Shown:
    """See the module."""
    earlier, _ = timed(draw(Variant.WHOLE, now=datetime.now(UTC)), seed=seed)
    film = filmed(victim.head, performed(earlier, seed=seed), asked.at_ms, room(seed))
    pictures = [on_screen(picture, at, seed) for at, picture in zip(film.at_ms, film.pictures, strict=True)]
    return Shown(Film(film.at_ms, pictures), Camera(seed=seed))
