"""What a caller does all day: each operation is one write at a server.

A new one is a function here and in ``OPERATIONS``. It takes a story, says in an ``Attempt`` what the ledger has to hold
once it is acknowledged, and hands that to ``Story.do``; the tests that kill servers then do it too.
"""

import hashlib
import json
from collections.abc import Callable
from dataclasses import replace

import httpx2
from joserfc.jwk import OKPKey
from sim.faces import photo
from sim.mortal import PURGE

from support.ledger import GONE, Batch, Known
from support.story import LONG, SHORT, Attempt, Repeat, Story
from support.world import Person, World
from visavis.consent.receipt import countersign


def headers(key: str | None, **more: str) -> dict[str, str]:
    return more if key is None else {"Idempotency-Key": key, **more}


def shot(known: Known, number: int) -> bytes:
    """One of their photos."""
    return photo(known.name, number, twin_of=known.like)


def enrol(story: Story) -> None:
    """Somebody new, more photos of somebody, or the same photos again."""
    grown = story.one_of(lambda k: story.is_long(k) and k.state in ("PENDING", "ACTIVE") and not story.has_double(k))
    if grown is None or story.dice.random() < 0.6:
        known = _stranger(story)
        numbers = range(1, story.dice.randint(1, 3) + 1)
        _enrol(story, known, known, frozenset(numbers))
        return
    have, invited = grown.numbers, grown.waiting is not None and grown.waiting.invites
    again = grown.waiting is not None and not invited and (len(have) > 6 or story.dice.random() < 0.3)
    if not again and len(have) > 6:
        return
    fresh = frozenset() if again else frozenset([max(have, default=0) + 1])
    waiting = grown.waiting.photos if grown.waiting is not None and not invited else frozenset()
    _enrol(story, grown, grown.without_waiting(), waiting | fresh, fresh or waiting)


def _stranger(story: Story) -> Known:
    retention = story.dice.choice([LONG, LONG, SHORT])
    like = ""
    double = story.one_of(
        lambda k: story.is_long(k) and k.state == "ACTIVE" and k.waiting is None and not story.has_double(k)
    )
    if double is not None and retention == LONG and story.dice.random() < 0.25:
        like = double.name
    name = f"person-{len(story.people) + 1}"
    key = OKPKey.generate_key("Ed25519")
    return Known(name, story.galleries[retention], retention, key, GONE, like=like)


def _enrol(
    story: Story, before: Known, base: Known, photos: frozenset[int], sent: frozenset[int] | None = None
) -> None:
    batch = Batch("PENDING", photos, story.clock.now())
    state = "PENDING" if base.state == GONE else base.state
    shots = [shot(before, number) for number in sorted(sent or photos)]

    def send(world: World, key: str | None) -> httpx2.Response:
        return world.enrol(before.gallery_id, before.name, *shots, headers=headers(key))

    after = replace(base, state=state, batches=(*base.batches, batch))
    forgets = before.waiting is not None and before.waiting.invites
    story.do(Attempt("enrol", (before,), (after,), send, story.some_key(), erases=forgets))


def invite(story: Story) -> None:
    """Somebody new, or somebody who is there, is to send photos of their own; those that wait are forgotten."""
    there = story.one_of(lambda k: story.is_long(k) and k.state in ("PENDING", "ACTIVE") and not story.has_double(k))
    before = _stranger(story) if there is None or story.dice.random() < 0.5 else there
    base = before.without_waiting()
    state = "PENDING" if base.state == GONE else base.state
    batch = Batch("PENDING", frozenset(), story.clock.now(), invites=True)

    def send(world: World, key: str | None) -> httpx2.Response:
        path, body = f"/v1/galleries/{before.gallery_id}/invitations", {"external_reference": before.name}
        return world.api("POST", path, json=body, headers=headers(key))

    after = replace(base, state=state, batches=(*base.batches, batch))
    erases = before.waiting is not None
    story.do(Attempt("invite", (before,), (after,), send, story.some_key(), erases=erases))


def _may_send(known: Known) -> bool:
    waiting = known.waiting
    return waiting is not None and waiting.invites and known.link is not None and len(known.numbers) < 5


def send_own(story: Story) -> None:
    """Whoever was invited sends a photo."""
    known = story.one_of(_may_send)
    if known is None or known.waiting is None:
        invite(story)
        return
    link, waiting, number = str(known.link), known.waiting, max(known.numbers, default=0) + 1
    grown = replace(waiting, photos=waiting.photos | {number})
    base = known.without_waiting()

    def send(world: World, _key: str | None) -> httpx2.Response:
        files = {"photos": shot(known, number)}
        return world.http.post("/v1/consent/photos", headers={"Visavis-Link": link}, files=files)

    after = replace(base, link=link, batches=(*base.batches, grown))
    story.do(Attempt("send", (known,), (after,), send))


def _may_agree(known: Known) -> bool:
    return known.waiting is not None and bool(known.waiting.photos) and known.link is not None


def agree(story: Story) -> None:
    """Countersign."""
    known = story.one_of(_may_agree)
    if known is None or known.waiting is None:
        enrol(story)
        return
    link, waiting = str(known.link), known.waiting
    offer = story.world.link("GET", "/v1/consent", link).json()["offer"]
    signed = countersign(offer, subject_key=known.key, now=story.clock.now())
    double = story.people.get(known.like)
    state = "HELD" if double is not None and double.state == "ACTIVE" else "ACTIVE"
    after = replace(
        known.without_waiting(), state=state, batches=(*known.without_waiting().batches, replace(waiting, state=state))
    )

    def send(world: World, key: str | None) -> httpx2.Response:
        sent = headers(key, **{"Visavis-Link": link})
        photos = [hashlib.sha256(shot(known, number)).hexdigest() for number in sorted(waiting.photos)]
        body = {"countersignature": signed, "photos": photos}
        return world.http.post("/v1/consent/countersignature", headers=sent, json=body)

    story.do(Attempt("countersign", (known,), (after,), send, story.some_key(), refused="link_unknown"))


def decline(story: Story) -> None:
    """Say no."""
    known = story.one_of(lambda k: k.waiting is not None and k.link is not None)
    if known is None:
        enrol(story)
        return
    link, after = str(known.link), known.without_waiting()
    if known.state == "PENDING":
        after = replace(after, state="WITHOUT_FACE", subject_id=None)

    def send(world: World, key: str | None) -> httpx2.Response:
        return world.http.post("/v1/consent/refusal", headers=headers(key, **{"Visavis-Link": link}))

    story.do(Attempt("decline", (known,), (after,), send, story.some_key(), refused="link_unknown", erases=True))


def withdraw(story: Story) -> None:
    """By the person, or on their word."""
    known = story.one_of(lambda k: k.state != GONE and k.subject_id is not None)
    if known is None:
        enrol(story)
        return
    path, refused, key = f"/v1/subjects/{known.subject_id}/withdrawal", "not_found", story.some_key()

    def by_operator(world: World, key: str | None) -> httpx2.Response:
        return world.api("POST", path, headers=headers(key))

    def by_person(world: World, _key: str | None) -> httpx2.Response:
        return as_themselves(world, known, "POST", "/v1/me/withdrawal")

    send: Callable[[World, str | None], httpx2.Response] = by_operator
    if known.agreed and story.dice.random() < 0.4:
        send, refused, key = by_person, "signature_refused", None
    story.do(Attempt("withdraw", (known,), (known.gone(),), send, key, refused=refused, erases=True))


def as_themselves(world: World, known: Known, method: str, path: str) -> httpx2.Response:
    """A request that the person signs."""
    return world.as_person(Person(str(known.subject_id), known.name, known.key, "", ""), method, path)


def purge(story: Story) -> None:
    """A day passes, and what is over goes."""
    story.clock.move(hours=25)
    now = story.clock.now()
    before = [k for k in story.people.values() if k.state != GONE and k.retention == SHORT]
    after = []
    for known in before:
        assert all(batch.asked_at + SHORT <= now for batch in known.batches)
        after.append(known.gone())

    def send(world: World, _key: str | None) -> httpx2.Response:
        return world.http.post(PURGE)

    story.do(Attempt("purge", tuple(before), tuple(after), send, erases=True))


def resolve(story: Story) -> None:
    """An operator looks at somebody who was held."""
    known = story.one_of(lambda k: k.state == "HELD")
    if known is None:
        agree(story)
        return
    queue = story.world.api("GET", "/v1/reviews").json()["items"]
    (review,) = [r["id"] for r in queue if r["subject_id"] == known.subject_id and r["enrolment_id"] is not None]
    resolution = story.dice.choice(["activate", "erase"])
    batches = tuple(replace(b, state="ACTIVE") for b in known.batches)
    after = known.gone() if resolution == "erase" else replace(known, state="ACTIVE", batches=batches)

    def send(world: World, key: str | None) -> httpx2.Response:
        body = {"resolution": resolution}
        return world.api("POST", f"/v1/reviews/{review}/resolution", json=body, headers=headers(key))

    erases = resolution == "erase"
    story.do(Attempt(resolution, (known,), (after,), send, story.some_key(), refused="not_found", erases=erases))


def new_pin(story: Story) -> None:
    """Somebody lost their PIN."""
    known = story.one_of(lambda k: k.agreed and k.subject_id is not None)
    if known is None:
        agree(story)
        return

    def send(world: World, key: str | None) -> httpx2.Response:
        return world.api("POST", f"/v1/subjects/{known.subject_id}/credentials", headers=headers(key))

    story.do(Attempt("new_pin", (known,), (known,), send, story.some_key()))


def rotate(story: Story) -> None:
    """A key is exchanged: a person's, a gallery's, the epoch's or the root; everybody stays as they were."""
    known = story.one_of(lambda k: k.state != GONE and k.subject_id is not None)
    paths = ["/v1/keys/epoch/rotation", "/v1/keys/root/rotation"]
    if known is not None:
        paths += [f"/v1/subjects/{known.subject_id}/key/rotation", f"/v1/galleries/{known.gallery_id}/key/rotation"]
    path, everybody = story.dice.choice(paths), tuple(story.people.values())

    def send(world: World, _key: str | None) -> httpx2.Response:
        return world.api("POST", path)

    story.do(Attempt("rotate", everybody, everybody, send))


def identify(story: Story) -> None:
    """Somebody, or a stranger, stands at the door."""
    known = story.one_of(lambda k: story.is_long(k) and not story.has_double(k))
    shown = photo("stranger") if known is None or story.dice.random() < 0.2 else shot(known, 50)
    expected = "NO_MATCH"
    if known is not None and known.state == "ACTIVE" and shown != photo("stranger"):
        expected = "MATCH"
    answer = story.world.identify(story.stations[story.galleries[LONG]], shown)
    assert answer["decision"] == expected, (known, answer)
    story.decisions.add(answer["decision_id"])


def repeat(story: Story) -> None:
    """The same write again, under its key: the same answer, and nothing done."""
    now = story.clock.now()
    fits = [r for r in story.repeats if now < r.until and _as_it_was_answered(story, r)]
    if not fits:
        enrol(story)
        return
    chosen = story.dice.choice(fits)
    response = chosen.attempt.send(story.world, chosen.attempt.key)
    assert response.is_success, response.text
    assert response.content == chosen.answer, (json.loads(chosen.answer), response.json())


def _as_it_was_answered(story: Story, chosen: Repeat) -> bool:
    """Answers about somebody go with them, and then the same request is a new one."""
    if chosen.attempt.what not in ("enrol", "invite", "countersign", "new_pin"):
        return False
    (known,) = chosen.attempt.after
    now = story.people[known.name]
    return now.state != GONE and not (known.state == "PENDING" and now.state == "WITHOUT_FACE")


OPERATIONS: dict[str, Callable[[Story], None]] = {
    "enrol": enrol,
    "countersign": agree,
    "withdraw": withdraw,
    "purge": purge,
    "decline": decline,
    "rotate": rotate,
    "invite": invite,
    "send": send_own,
    "resolve": resolve,
    "new_pin": new_pin,
    "identify": identify,
    "repeat": repeat,
}
"""The first eight are what a server is killed in."""

_NEEDED: dict[str, Callable[[Known], bool]] = {
    "countersign": _may_agree,
    "send": _may_send,
    "decline": lambda known: known.waiting is not None and known.link is not None,
    "withdraw": lambda known: known.state != GONE and known.subject_id is not None,
    "purge": lambda known: known.state != GONE and known.retention == SHORT,
}


def make_possible(story: Story, operation: str) -> None:
    """Enrol or invite people until there is somebody whom the operation is about."""
    while story.one_of(_NEEDED.get(operation, lambda _: True)) is None:
        invite(story) if operation == "send" else enrol(story)
