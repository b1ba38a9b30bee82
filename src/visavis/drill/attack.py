"""What an attack is, what it got, and what follows from that."""

from collections.abc import Callable
from dataclasses import dataclass, field
from enum import Enum
from typing import Literal

from visavis.drill.scene import Scene

Mode = Literal["keyfile", "quorum"]
"""Where the root key of the server that is attacked lies."""


class Verdict(Enum):
    """What an attack means for the people who are held."""

    NOTHING = "nothing"
    """He got nothing that he could use."""
    LOSS = "expected loss"
    """He got what the threat model says he gets; had he not, the drill would have been blunt."""
    BREACH = "BREACH"
    """He got something, and nothing says that he may."""
    BLUNT = "BLUNT"
    """He had to succeed, so that failing elsewhere means something, and did not: the drill proves nothing."""
    NOT_TRIED = "not tried"
    """It could not be tried here; the reason is told."""


@dataclass(frozen=True, slots=True)
class Got:
    """What came of one attack."""

    did: tuple[str, ...]
    """What he did, a sentence each."""
    usable: tuple[str, ...] = ()
    """Faces, templates, names, keys, or a way in: what he has of the people who are held. Empty is nothing."""
    besides: tuple[str, ...] = ()
    """What he learnt that is nobody's face or name: counts, dates, what is public."""
    not_tried: str | None = None
    """Why it was not tried; None where it was."""
    blunt: str | None = None
    """What had to work so that failing elsewhere means something, and did not; None where all is well."""


@dataclass(frozen=True, slots=True)
class Attack:
    """One attack: whom it is named for, what he has, and how he goes about it."""

    name: str
    """A word or two in snake case, by which it is asked for."""
    title: str
    case: str
    """The case that it is named for, with its year."""
    had: str
    """What the attacker has when he begins."""
    act: Callable[[Scene], Got] = field(repr=False)
    succeeds_in: frozenset[Mode] = frozenset()
    """The modes in which he has to succeed: the loss is named in the threat model, or shows that the drill bites."""


@dataclass(frozen=True, slots=True)
class Result:
    """One attack, as it went."""

    attack: Attack
    got: Got
    verdict: Verdict
    took_s: float


def judge(attack: Attack, got: Got, *, mode: Mode) -> Verdict:
    """What it means that this attack got this."""
    if got.not_tried is not None:
        return Verdict.NOT_TRIED
    if got.blunt is not None:
        return Verdict.BLUNT
    if mode in attack.succeeds_in:
        return Verdict.LOSS if got.usable else Verdict.BLUNT
    return Verdict.BREACH if got.usable else Verdict.NOTHING


BOTH: frozenset[Mode] = frozenset({"keyfile", "quorum"})
KEYFILE: frozenset[Mode] = frozenset({"keyfile"})
