"""Who has a credential that was not meant for him: an API key of each scope in turn."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, Final

import httpx2

from visavis.drill.attack import Attack, Got
from visavis.drill.people import KEPT
from visavis.drill.scene import SCOPES, Scene
from visavis.drill.search import Found

_REASON: Final = {"Visavis-Reason": "contract 4711"}
_PAGE: Final = 200
_GUESSED: Final = (
    "references", "templates", "embeddings", "photos", "export", "exports", "backup", "dump", "faces", "search",
    "subjects", "people", "names", "keys", "admin", "debug", "metrics", "files",
)  # fmt: skip
"""Doors that others have and that somebody would try."""


@dataclass(slots=True)
class _Reading:
    """What one key read."""

    answered: int = 0
    refused: int = 0
    found: set[Found] = field(default_factory=set)
    lists: set[str] = field(default_factory=set)
    singles: set[str] = field(default_factory=set)


def _doors(scene: Scene, http: httpx2.Client) -> Iterator[str]:
    """Every door that only reads, as the server's own description has it, with what is there put in."""
    described: dict[str, Any] = http.get("/openapi.json").json()
    known = _identifiers(scene)
    for path, methods in described["paths"].items():
        if "get" in methods:
            yield re.sub(r"\{(\w+)\}", lambda name: known.get(name[1], "none"), path)
    for word in _GUESSED:
        yield from (f"/v1/{word}", f"/v1/galleries/{scene.gallery_id}/{word}")
    yield from (f"/v1/subjects/{known['subject_id']}/{word}" for word in _GUESSED)


def _identifiers(scene: Scene) -> dict[str, str]:
    """What an insider picks up: identifiers of one of each."""
    found = {"gallery_id": scene.gallery_id, "subject_id": scene.people[KEPT].subject_id}
    for table, name in (("purposes", "purpose_id"), ("stations", "station_id"), ("enrolments", "enrolment_id"),
                        ("decisions", "decision_id"), ("sessions", "session_id"), ("api_keys", "key_id")):  # fmt: skip
        rows = scene.place.sql(f"SELECT id FROM {table} LIMIT 1")  # noqa: S608 -- our own words
        found[name] = rows[0][0] if rows else "none"
    return found


def _read(scene: Scene, http: httpx2.Client, headers: dict[str, str]) -> _Reading:
    searcher, read = scene.searcher(), _Reading()
    for path in _doors(scene, http):
        answer = http.get(path, headers=headers, params={"limit": _PAGE})
        if answer.status_code == httpx2.codes.UNPROCESSABLE_CONTENT:
            answer = http.get(path, headers=headers)
        if not answer.is_success:
            read.refused += 1
            continue
        read.answered += 1
        found = searcher(answer.content, place=path)
        names = {one.whose for one in found if one.form.startswith("name")}
        read.found |= {one for one in found if not one.form.startswith("name")}
        if len(names) > 1:
            read.lists.add(path)
        read.singles |= names if len(names) == 1 else set()
    return read


def _leaked(scene: Scene) -> Got:
    usable: list[str] = []
    besides: list[str] = []
    with httpx2.Client(base_url=scene.server.url, trust_env=False, timeout=60) as http:
        for scope in SCOPES:
            headers = {"Authorization": f"Bearer {scene.scope_keys[scope]}"}
            bare, because = _read(scene, http, headers), _read(scene, http, {**headers, **_REASON})
            usable += [f"{scope}: {found}" for read in (bare, because) for found in sorted(read.found)]
            usable += [f"{scope}: names without a reason, at {path}" for path in sorted(bare.lists)]
            usable += [f"{scope}: the name of {len(bare.singles)} without a reason" for _ in sorted(bare.singles)[:1]]
            usable += [f"{scope}: a list of names, at {path}" for path in sorted(because.lists)]
            names = f"{len(because.singles)} name, at the person's own door, entered with the reason he gave"
            besides.append(
                f"{scope}: {bare.answered} doors answered without a reason and {because.answered} with one, "
                f"{because.refused} refused; {names if because.singles else 'no names'}"
            )
    did = (
        f"Called every door that reads, and {len(_GUESSED)} that others have, with a key of each of {len(SCOPES)} "
        "scopes, without a reason and with an invented one; searched every answer."
    )
    return Got(
        did=(did,),
        usable=tuple(usable),
        besides=tuple(besides),
    )


def _unsaid(scene: Scene) -> Got:
    usable = []
    with httpx2.Client(base_url=scene.server.url, trust_env=False, timeout=60) as http:
        for headers in ({}, {"Authorization": "Bearer guessed"}, {"Authorization": f"Bearer {'A' * 43}"}):
            read = _read(scene, http, headers)
            usable += [f"without a key: {found}" for found in sorted(read.found)]
            usable += [f"without a key: names, at {path}" for path in sorted(read.lists)]
            usable += [f"without a key: the name of {name}" for name in sorted(read.singles)]
    return Got(
        did=("Called every door without a key and with invented ones; searched every answer.",), usable=tuple(usable)
    )


ATTACKS: Final = (
    Attack(
        name="leaked_keys",
        title="A contractor reads in bulk",
        case="Outabox, 2024: developers with the data; 1,050,169 records claimed",
        had="A leaked API key of each scope in turn, and the identifiers that lists show.",
        act=_leaked,
    ),
    Attack(
        name="no_key",
        title="Somebody at the door, without any key",
        case="Suprema BioStar 2, 2019: the door was open to everybody",
        had="The server's address.",
        act=_unsaid,
    ),
)
"""All who call with what is not theirs."""
