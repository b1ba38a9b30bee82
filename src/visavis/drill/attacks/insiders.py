"""Custodians who do what they must not: one of them, and all but one of those it takes."""

from collections.abc import Sequence
from contextlib import suppress
from typing import Final

import httpx2
from pyrage import x25519

from visavis.client import CustodianClient, VisavisProblem
from visavis.drill.attack import Attack, Got
from visavis.drill.scene import Scene
from visavis.drill.thief import key_tree, opened
from visavis.model.errors import VisavisError
from visavis.protect.approval import approve, told_of
from visavis.protect.quorum import approval_key_of, combine, read_share

_NO_CUSTODIANS: Final = "the root is in a key file; --mode quorum tries it"


def _colluding(scene: Scene, count: int) -> Got:
    """So many custodians with everything that lies on the disk, and an administrator's key."""
    words = scene.place.shares[:count]
    usable = [*_opened_offline(scene, words)]
    twin = scene.twin(scene.early)
    did = [f"Put {count} of {len(scene.place.shares)} shares that it takes together, with the stolen disk."]
    with scene.sealed(twin) as server:
        given = _given(server.url, words)
        did.append(f"Gave {given} to a server that had started sealed.")
        with httpx2.Client(base_url=server.url, trust_env=False, timeout=30) as http:
            for path in ("/readyz", "/v1/galleries", f"/v1/galleries/{scene.gallery_id}/subjects", "/v1/api-keys"):
                headers = {"Authorization": f"Bearer {scene.api_key}", "Visavis-Reason": "contract 4711"}
                if http.get(path, headers=headers).is_success:
                    usable.append(f"a sealed server answers {path}")
    code, got = _exported(scene, words)
    did.append(f"Asked for an export, approved it {count} times and tried to fetch it: {code}.")
    return Got(did=tuple(did), usable=(*usable, *(["a bundle of references"] if got else [])))


def _opened_offline(scene: Scene, words: Sequence[str]) -> tuple[str, ...]:
    roots = [read_share(one).value for one in words]
    with suppress(VisavisError):
        roots.append(combine(words))
    for root in roots:
        tree = key_tree(scene.early.key_store, root)
        if tree is not None:
            return ("the root key", *opened(scene.early.database, tree).told())
    return ()


def _given(url: str, words: Sequence[str]) -> int:
    given = 0
    with CustodianClient(url) as custodian:
        for one in (*words, *words):
            try:
                custodian.give_share(one)
            except VisavisProblem:
                continue
            given += 1
    return given


def _exported(scene: Scene, words: Sequence[str]) -> tuple[str, bool]:
    recipient = str(x25519.Identity.generate().to_public())
    taken = bytearray()
    with scene.server.operator() as operator:
        try:
            asked = operator.ask_for_export(scene.gallery_id, recipient=recipient, reason="contract 4711")
            for one in (*words, *words):
                signed = told_of(approve(asked.document.encode(), approval_key=approval_key_of(one)))
                try:
                    operator.approve_export(asked.id, key=signed["key"], signature=signed["signature"])
                except VisavisProblem:
                    continue
            operator.fetch_export(asked.id, write=taken.extend)
        except VisavisProblem as problem:
            return problem.code, bool(taken)
    return "it was given", True


def _one(scene: Scene) -> Got:
    if not scene.place.shares:
        return Got(did=(), not_tried=_NO_CUSTODIANS)
    return _colluding(scene, 1)


def _too_few(scene: Scene) -> Got:
    if not scene.place.shares:
        return Got(did=(), not_tried=_NO_CUSTODIANS)
    return _colluding(scene, len(scene.place.shares) - 1)


def _without_custodians(scene: Scene) -> Got:
    """An administrator asks for everything, and there is nobody who approves it, or he approves it himself."""
    code, got = _exported(scene, ())
    return Got(
        did=(f"Asked for an export of everybody with a key of every scope, and fetched it unapproved: {code}.",),
        usable=("a bundle of references",) if got else (),
    )


ATTACKS: Final = (
    Attack(
        name="one_custodian",
        title="One custodian goes over",
        case="Outabox, 2024: one insider had everything",
        had="One custodian's share, the stolen disk, and an API key of every scope.",
        act=_one,
    ),
    Attack(
        name="custodians_too_few",
        title="All but one of the custodians that it takes",
        case="Outabox, 2024, with more insiders",
        had="As many shares as it takes but one, the stolen disk, and an API key of every scope.",
        act=_too_few,
    ),
    Attack(
        name="unapproved_export",
        title="An administrator exports everybody",
        case="Outabox, 2024: whoever had the data could take it along",
        had="An API key of every scope.",
        act=_without_custodians,
    ),
)
"""All who are trusted with a part."""
