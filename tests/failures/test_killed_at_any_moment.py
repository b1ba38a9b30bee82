"""Killed with SIGKILL at any moment: nothing acknowledged is lost, and nothing is half-done.

A caller enrols, countersigns, declines, withdraws and so on at a real server, which is killed at a random point of one
of them: at an exact step between its SQL statements, commits and answers, a moment after such a step (inside a commit,
often), or by a clock. What lies on the disk then, and what a new process makes of it, is compared with what the caller
was told. The number in a test's name is the seed of everything in it.
"""

import gc
import random
import shutil
import signal
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

import httpx2
import pytest
from sim.faces import photo
from sim.mortal import TellingClock
from support.ledger import GONE, Files, Known, files_in
from support.lives import Life, Lives, lives
from support.logged import require_whole
from support.operations import OPERATIONS, agree, as_themselves, enrol, make_possible, shot
from support.story import LONG, SHORT, Attempt, Story, learned
from support.world import World, reopened_world, settings_in

from visavis import bootstrap

KILLS = 200
IN_EVERY_RUN = 6
TARGETS = list(OPERATIONS)[:8]

_REFUSED_SOCKETS = "ignore:unclosed <.*GuardedSocket:ResourceWarning"
"""The HTTP library leaves the socket of a connection that was refused, as the dead refuse it, to the collector."""


@dataclass(frozen=True, slots=True)
class Morning:
    """A story that has begun, on disk, and how many steps and seconds each operation takes."""

    lives: Lives
    story: Story
    folder: Path
    steps: dict[str, int]
    seconds: dict[str, float]


@pytest.fixture(scope="module")
def morning(tmp_path_factory: pytest.TempPathFactory, blank: tuple[Path, str]) -> Iterator[Morning]:
    """Two galleries with people in every state, written by a server that was stopped in peace."""
    folder = tmp_path_factory.mktemp("morning")
    shutil.copytree(blank[0], folder, dirs_exist_ok=True)
    with lives(tmp_path_factory.mktemp("log") / "servers") as begun:
        life = begun.begin(folder)
        story = Story(folder, blank[1], TellingClock(folder / "clock"), random.Random(0))  # noqa: S311 -- dice
        life.ready()
        steps, seconds = {}, {}
        with story.told_to(life):
            _furnish(story)
            for name, operation in OPERATIONS.items():
                before, start = story.world.steps, time.perf_counter()
                operation(story)
                steps[name], seconds[name] = story.world.steps - before + 1, time.perf_counter() - start
        assert life.stop() == -signal.SIGTERM  # once it has finished
        yield Morning(begun, story, folder, steps, seconds)


def _furnish(story: Story) -> None:
    for retention, target in ((LONG, 90), (SHORT, 1)):
        gallery = story.world.gallery(retention_days=target)
        story.galleries[retention] = gallery
        story.stations[gallery] = story.world.station(gallery)
    for _ in range(6):
        enrol(story)
    for _ in range(3):
        agree(story)


@pytest.mark.filterwarnings(_REFUSED_SOCKETS)
@pytest.mark.parametrize(
    "seed", [pytest.param(s, marks=[] if s < IN_EVERY_RUN else pytest.mark.slow) for s in range(KILLS)]
)
def test_a_killed_server_has_lost_nothing_it_acknowledged_and_left_nothing_half_done(
    morning: Morning, tmp_path: Path, seed: int
) -> None:
    shutil.copytree(morning.folder, tmp_path, dirs_exist_ok=True)
    dice = random.Random(seed)  # noqa: S311 -- dice
    story = morning.story.copied(tmp_path, dice)
    how = live_until_killed(morning, story, TARGETS[seed % len(TARGETS)])
    print(f"seed {seed}: {how}; {'; '.join(story.log[-3:])}; open: {story.open and story.open.what}")  # noqa: T201 -- shown with a failure
    done = files_are_whole(story)
    if dice.random() < 0.25:  # killed again while it comes back
        again = morning.lives.begin(story.folder)
        again.kill_in(dice.uniform(0, 0.15))
        assert again.ended() == -signal.SIGKILL
        done = files_are_whole(story)
    settle(story, done=done)
    comes_back_whole(story, done=done)


def test_a_server_that_was_killed_before_it_scrubbed_scrubs_when_it_starts(
    world: World, tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert world.has_purged.wait(30)
    person = world.active(world.gallery(), "ann", photo("ann"))
    ((wrapped,),) = world.sql("SELECT wrapped FROM subject_keys")
    monkeypatch.setattr(world.services.store, "scrub", lambda: None)  # it is killed right before
    assert world.as_person(person, "POST", "/v1/me/withdrawal").status_code == 204
    left = tmp_path_factory.mktemp("left")
    shutil.copytree(world.folder, left, dirs_exist_ok=True)
    assert wrapped in world.files()
    with reopened_world(left, settings_in(left), world.secret) as again:
        until = time.monotonic() + 30
        while wrapped in again.files() and time.monotonic() < until:
            time.sleep(0.01)
        assert wrapped not in again.files()


def live_until_killed(morning: Morning, story: Story, target: str) -> str:
    """Tell the story to a server until it is dead; says how it died."""
    life = morning.lives.begin(story.folder)
    life.ready()
    names = list(OPERATIONS)
    with story.told_to(life):
        for _ in range(story.dice.randint(0, 4)):
            OPERATIONS[story.dice.choice(names)](story)
        make_possible(story, target)
        how = _arm(morning, story, life, target)
        try:
            OPERATIONS[target](story)
            for _ in range(100):
                OPERATIONS[story.dice.choice(names)](story)
        except httpx2.TransportError:
            assert life.ended() == -signal.SIGKILL
        else:
            raise AssertionError("the server outlived the story")
    gc.collect()  # see _REFUSED_SOCKETS
    return f"{target} {how}"


def _arm(morning: Morning, story: Story, life: Life, target: str) -> str:
    way = story.dice.choices(["step", "after", "clock"], weights=[60, 25, 15])[0]
    if way == "clock":
        delay = story.dice.uniform(0, morning.seconds[target])
        life.kill_in(delay)
        return f"after {delay:.4f} s"
    step = str(story.dice.randint(1, morning.steps[target]))
    if way == "after":
        step += f"+{story.dice.randint(1, 3000)}"
    story.world.die_at(step)
    return f"at step {step}"


def files_are_whole(story: Story) -> bool:
    """What the dead left on the disk, before anybody repairs it; says whether what was open is done."""
    with files_in(story.folder) as files:
        assert files.broken_rules() == {}
        require_whole(files, key=story.log_key)
        undecided = (
            "SELECT count(*) FROM sessions WHERE state = 'USED' AND id NOT IN (SELECT session_id FROM decisions)"
        )
        assert files.rows(undecided)[0][0] <= 1
        assert story.decisions <= {row[0] for row in files.rows("SELECT id FROM decisions")}
        assert not [secret for secret in story.erased if secret in files.raw]
        touched = {known.name for known in story.open.before} if story.open else set()
        for known in story.people.values():
            if known.name not in touched:
                assert files.picture(story.tag(known)) == known.picture(), known
        return story.open is not None and _is_done(story, story.open, files)


def _is_done(story: Story, attempt: Attempt, files: Files) -> bool:
    """Whether an open attempt was done; that it is wholly done or wholly not is what this checks."""
    done = []
    for before, after in zip(attempt.before, attempt.after, strict=True):
        found = files.picture(story.tag(after))
        assert found in (before.picture(), after.picture()), (attempt.what, before, after)
        if before.picture() != after.picture():
            done.append(found == after.picture())
    if attempt.together:
        assert len(set(done)) <= 1, attempt
    return bool(done) and all(done)


def settle(story: Story, *, done: bool) -> None:
    """From here on the ledger holds what is so, and no longer what might be."""
    if story.open is None:
        return
    for before, after in zip(story.open.before, story.open.after, strict=True):
        if done:
            story.people[after.name] = replace(after, link=None, pin=None)  # the answer would have told them
        elif before.picture() == after.picture() and before.state != GONE:
            story.people[before.name] = replace(before, link=None, pin=None)  # or may have made them void


def comes_back_whole(story: Story, *, done: bool) -> None:
    """A new process over the same files: it serves who it acknowledged, and the open attempt can be made again."""
    settings = settings_in(story.folder)
    with (
        bootstrap.DataDirectory(settings.data_dir),  # the lock died with its process
        reopened_world(story.folder, settings, story.secret, clock=story.clock) as world,
    ):
        attempt, loaded = story.open, world.app.state.loaded
        if attempt is None or attempt.what != "purge":  # else some may be over and still there
            active = [known for known in story.people.values() if known.state == "ACTIVE"]
            assert (loaded.subjects, loaded.left_out) == (len(active), 0)
        world.services.withdraw.purge()
        if attempt is not None and (done or attempt.what == "purge"):
            _is_erased(story, attempt, world)
        world.clock.move(seconds=121)  # no session stays open for longer
        if attempt is not None and attempt.what != "purge":
            _try_again(story, attempt, world, done=done)
        for gallery_id in story.galleries.values():
            world.services.find_look_alikes.find(gallery_id)  # a server does so by itself, sooner or later
        for known in list(story.people.values()):
            _is_served(story, world, known)
        _a_day_later(story, attempt, world)


@contextmanager
def lying_still(story: Story, world: World) -> Iterator[Files]:
    """The files of a running server, while nothing writes to them: it purges by itself when it starts."""
    with world.services.store.write(), files_in(story.folder) as files:
        yield files


def _is_erased(story: Story, attempt: Attempt, world: World) -> None:
    """Nothing of who is gone is left in any file, though the process that took them out died before it scrubbed."""
    if attempt.what == "purge":
        for known in attempt.after:
            story.people[known.name] = known
    with lying_still(story, world) as files:
        for known in attempt.after if attempt.erases else ():
            assert files.picture(story.tag(known)) == known.picture()
            lost = story.seen.get(known.name, frozenset()) - files.secrets(story.tag(known))
            assert not [secret for secret in lost if secret in files.raw], known.name


def _try_again(story: Story, attempt: Attempt, world: World, *, done: bool) -> None:
    """The same request with the same key: answered, or refused as unfinished, and then it goes with a fresh one."""
    response = attempt.send(world, attempt.key)
    if attempt.key is not None and response.status_code == 409:
        assert response.json()["code"] == "idempotency_unfinished", response.text
        response = attempt.send(world, f"{attempt.key}-anew")
    answer = response.json() if response.content else {}
    if not response.is_success:
        assert done
        assert answer["code"] == attempt.refused
        answer = {}
    with lying_still(story, world) as files:
        for known in attempt.after:
            assert files.picture(story.tag(known)) == known.picture(), known
            story.people[known.name] = learned(replace(known, link=None, pin=None), answer)


def _is_served(story: Story, world: World, known: Known) -> None:
    """Somebody is known exactly as the caller was told."""
    station = story.stations[known.gallery_id]
    if known.subject_id is not None:
        response = world.api("GET", f"/v1/subjects/{known.subject_id}")
        if known.state == GONE:
            assert response.status_code == 404
        else:
            found = response.json()
            assert (found["state"], len(found["references"])) == (
                known.state,
                sum(len(batch.photos) for batch in known.batches),
            )
    if known.link is not None and known.waiting is not None:
        assert world.link("GET", "/v1/consent", known.link).json()["waiting"]
    if known.agreed:
        assert as_themselves(world, known, "GET", "/v1/me").json()["state"] == "CONSENTED"
    if known.agreed and known.pin is None and known.subject_id is not None:
        # Their PIN was in an answer that never came: the desk hands out another one.
        made = world.api("POST", f"/v1/subjects/{known.subject_id}/credentials")
        assert made.status_code == 201, made.text
        known = replace(known, pin=made.json()["pin"])
    if known.pin is not None and (known.agreed or known.state == "WITHOUT_FACE"):
        assert world.pin(station, known.name, known.pin)["decision"] == "MATCH"
    if story.has_double(known):
        answer = world.verify(station, shot(known, 60), known.name)
        asked = ("REFUSED", "second_factor") if story.has_active_double(known) else ("MATCH", None)
        assert (answer["decision"], answer["reason"]) == (asked if known.state == "ACTIVE" else ("NO_MATCH", None))
        return
    answer = world.identify(station, shot(known, 60))
    assert answer["decision"] == ("MATCH" if known.state == "ACTIVE" else "NO_MATCH"), known
    assert (answer["subject"] or {}).get("external_reference") == (known.name if known.state == "ACTIVE" else None)


def _a_day_later(story: Story, attempt: Attempt | None, world: World) -> None:
    """What was cut off blocks nobody for ever, and what is over goes as ever."""
    world.clock.move(hours=25)
    world.services.withdraw.purge()
    with lying_still(story, world) as files:
        assert files.broken_rules() == {}
        undecided = "SELECT id FROM sessions WHERE state = 'USED' AND id NOT IN (SELECT session_id FROM decisions)"
        assert files.rows(undecided) == []
        for known in story.people.values():
            expected = known.gone() if known.retention == SHORT else known
            assert files.picture(story.tag(known)) == expected.picture()
            lost = story.seen.get(known.name, frozenset()) - files.secrets(story.tag(known))
            if expected.state == GONE:
                assert not [secret for secret in lost if secret in files.raw], known.name
    if attempt is not None and attempt.key is not None:
        assert "idempotency_unfinished" not in attempt.send(world, attempt.key).text
    assert world.identify(story.stations[story.galleries[LONG]], photo("stranger"))["decision"] == "NO_MATCH"
