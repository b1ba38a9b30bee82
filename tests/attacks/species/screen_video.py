"""A film of a genuine session, with steps of its own, shown on a display."""

from __future__ import annotations

from attacks.film import Camera, Film, filmed, performed
from attacks.heads import room
from attacks.species import Asked, Shown, Victim
from attacks.species.earlier import earlier_steps
from attacks.species.screen import on_screen


def screen_video(victim: Victim, asked: Asked, seed: int) -> Shown:
    """See the module."""
    motion = performed(earlier_steps(asked.steps, seed), seed=seed)
    film = filmed(victim.head, motion, asked.at_ms, room(seed))
    pictures = [on_screen(picture, at, seed) for at, picture in zip(film.at_ms, film.pictures, strict=True)]
    return Shown(Film(film.at_ms, pictures), Camera(seed=seed))
