"""A photo on a display, which is turned, tilted and brought closer as the steps ask for."""

from __future__ import annotations

from attacks.film import Camera, Film, filmed
from attacks.heads import Head, room
from attacks.species import Asked, Shown, Victim
from attacks.species.printed_photo import handled
from attacks.species.screen import on_screen


def screen_photo(victim: Victim, asked: Asked, seed: int) -> Shown:
    """See the module."""
    sheet = Head.of(victim.picture, victim.mesh, depth=0.0)
    film = filmed(sheet, handled(asked, seed), asked.at_ms, room(seed))
    pictures = [on_screen(picture, at, seed) for at, picture in zip(film.at_ms, film.pictures, strict=True)]
    return Shown(Film(film.at_ms, pictures), Camera(seed=seed))
