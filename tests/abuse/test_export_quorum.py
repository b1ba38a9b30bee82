"""Somebody who wants a gallery's references and has not the quorum: every try is refused, and stands in the log."""

import json
import shutil
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any, Final

import httpx2
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from pyrage import x25519
from support.exporting import Quorum, peopled
from support.logged import entries_of, require_sound
from support.world import World, reopened_world, settings_in

from visavis.audit.commitment import read_opened
from visavis.flows.record import _servers_secret, _unsealed
from visavis.protect.approval import approve, read_request, told_of, write_request


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory, blank: tuple[Path, str]) -> Iterator[World]:
    """One world for all of them: what matters here are requests, and each test makes its own."""
    copy = tmp_path_factory.mktemp("world")
    shutil.copytree(blank[0], copy, dirs_exist_ok=True)
    with reopened_world(copy, settings_in(copy), blank[1]) as opened:
        yield opened


@pytest.fixture(scope="module")
def galleries(world: World) -> list[str]:
    return [peopled(world, name) for name in ("ann", "bob")]


@pytest.fixture
def gallery(galleries: list[str]) -> str:
    return galleries[0]


@pytest.fixture
def other(galleries: list[str]) -> str:
    return galleries[1]


@pytest.fixture
def quorum(world: World) -> Quorum:
    world.sql("DELETE FROM exports")
    return Quorum.over(world)


def acts(world: World) -> list[str]:
    return [entry.fields["act"] for entry in entries_of(world.services.store) if entry.event.value == "export"]


def codes_in_the_log(world: World) -> list[str]:
    """Why exports were refused, as the server can show an auditor."""
    secret = _servers_secret(world.services.keyring)
    with world.services.store.read() as tx:
        told = []
        for opening in sorted(tx.openings.find(), key=lambda opening: opening.entry_index):
            try:
                told.append(read_opened(_unsealed(opening, secret)).details)
            except Exception:  # noqa: BLE001, S112 -- sealed for somebody else
                continue
    return [str(details["code"]) for details in told if "export" in details and "code" in details]


def refused(world: World, act: Callable[[], httpx2.Response], code: str, *, status: int = 0) -> None:
    """An act is refused with that code, gives nothing away, and is entered."""
    before = acts(world)
    answer = act()
    assert answer.json()["code"] == code, answer.text
    assert not status or answer.status_code == status
    assert answer.headers["content-type"] == "application/problem+json"
    assert acts(world) == [*before, "references_refused"]
    assert codes_in_the_log(world)[-1] == code


def post(world: World, export: dict[str, Any], word: dict[str, str]) -> Callable[[], httpx2.Response]:
    return lambda: world.api("POST", f"/v1/exports/{export['id']}/approvals", json=word)


@pytest.mark.parametrize("given", [(), (1,), (2, 4)])
def test_fewer_than_the_quorum(world: World, quorum: Quorum, gallery: str, given: tuple[int, ...]) -> None:
    export = quorum.asked(gallery)
    quorum.approve(export, *given)
    refused(world, lambda: quorum.fetch(export), "approvals_too_few", status=403)
    quorum.approve(export, 5, *([3] if len(given) < 2 else []), *([1] if not given else []))
    assert quorum.fetch(export).status_code == 200
    require_sound(world)


def test_one_custodian_twice(world: World, quorum: Quorum, gallery: str) -> None:
    export = quorum.asked(gallery)
    quorum.approve(export, 1, 2)
    refused(world, post(world, export, quorum.word(2, export)), "approval_repeated", status=409)
    refused(world, lambda: quorum.fetch(export), "approvals_too_few")


def test_a_request_that_was_carried_out(world: World, quorum: Quorum, gallery: str) -> None:
    export = quorum.asked(gallery)
    quorum.approve(export, 1, 2, 3)
    assert quorum.fetch(export).status_code == 200
    refused(world, lambda: quorum.fetch(export), "export_replayed", status=409)
    refused(world, post(world, export, quorum.word(4, export)), "export_replayed")
    shown = world.api("GET", f"/v1/exports/{export['id']}").json()
    assert (shown["state"], [one["number"] for one in shown["approvals"]]) == ("CARRIED_OUT", [1, 2, 3])


def test_what_was_signed_for_another_request(world: World, quorum: Quorum, gallery: str, other: str) -> None:
    first, second = quorum.asked(gallery), quorum.asked(gallery)
    refused(world, post(world, second, quorum.word(1, first)), "approval_unfit", status=403)
    elsewhere = quorum.asked(other)
    refused(world, post(world, second, quorum.word(1, elsewhere)), "approval_unfit")


def test_a_custodian_who_was_removed(world: World, quorum: Quorum, gallery: str) -> None:
    export = quorum.asked(gallery)
    quorum.seat(quorum.keys[:4])
    refused(world, post(world, export, quorum.word(5, export)), "approval_foreign", status=403)
    quorum.approve(export, 1, 2, 3)
    quorum.seat(quorum.keys[1:])
    refused(world, lambda: quorum.fetch(export), "approval_foreign")
    shown = world.api("GET", f"/v1/exports/{export['id']}").json()
    assert [one["number"] for one in shown["approvals"]] == [None, 2, 3]


def test_somebody_who_never_was_one(world: World, quorum: Quorum, gallery: str) -> None:
    export = quorum.asked(gallery)
    stranger = told_of(approve(export["document"].encode(), approval_key=Ed25519PrivateKey.generate()))
    refused(world, post(world, export, stranger), "approval_foreign")
    borrowed = {**stranger, "key": quorum.word(1, export)["key"]}
    refused(world, post(world, export, borrowed), "approval_unfit")


def test_a_request_whose_time_is_over(world: World, quorum: Quorum, gallery: str) -> None:
    export = quorum.asked(gallery, lasts_hours=2)
    quorum.approve(export, 1, 2, 3)
    world.clock.move(hours=2)
    refused(world, lambda: quorum.fetch(export), "export_expired", status=409)
    refused(world, post(world, export, quorum.word(4, export)), "export_expired")


def test_a_clock_that_is_set_back(world: World, quorum: Quorum, gallery: str) -> None:
    export = quorum.asked(gallery, lasts_hours=2)
    quorum.approve(export, 1, 2, 3)
    world.clock.move(hours=-1)
    refused(world, lambda: quorum.fetch(export), "export_expired")
    world.clock.move(hours=1)


def test_another_recipient_after_the_signing(world: World, quorum: Quorum, gallery: str) -> None:
    export = quorum.asked(gallery)
    mine = str(x25519.Identity.generate().to_public())
    other = {**export, "document": export["document"].replace(quorum.recipient, mine)}
    refused(world, post(world, export, quorum.word(1, other)), "approval_unfit")


EDITS: Final = {
    "the request of another export": "UPDATE exports SET document = (SELECT document FROM exports ORDER BY id LIMIT 1)",
    "the approvals of another export": "UPDATE exports SET approvals = (SELECT max(approvals) FROM exports)",
    "no approvals": "UPDATE exports SET approvals = x''",
    "a longer time": "UPDATE exports SET expires_at = '2036-01-01 00:00:00.000000'",
    "another gallery": "UPDATE exports SET gallery_id = (SELECT max(id) FROM galleries)",
    "a byte of the request": (
        "UPDATE exports SET document = CAST(substr(document, 1, 20) || x'00' || substr(document, 22) AS BLOB)"
    ),
}


@pytest.mark.parametrize("edit", EDITS)
def test_a_request_edited_in_the_database(world: World, quorum: Quorum, gallery: str, other: str, edit: str) -> None:
    exports = [quorum.asked(gallery), quorum.asked(other), quorum.asked(gallery)]
    for export in exports:
        quorum.approve(export, 1, 2, 3)
    rows = world.sql("SELECT id, gallery_id, hex(document), hex(approvals), expires_at FROM exports ORDER BY id")
    world.sql(EDITS[edit])
    after = world.sql("SELECT id, gallery_id, hex(document), hex(approvals), expires_at FROM exports ORDER BY id")
    edited = {str(now[0]) for was, now in zip(rows, after, strict=True) if was != now}
    assert edited
    for export in exports:
        if export["id"] in edited:
            refused(world, lambda e=export: quorum.fetch(e), "seal_broken", status=500)  # type: ignore[misc] # bound now
            refused(world, post(world, export, quorum.word(4, export)), "seal_broken")
            assert world.api("GET", f"/v1/exports/{export['id']}").json()["code"] == "seal_broken"


def test_a_request_said_to_be_unused_again_in_the_database(world: World, quorum: Quorum, gallery: str) -> None:
    export = quorum.asked(gallery)
    quorum.approve(export, 1, 2, 3)
    assert quorum.fetch(export).status_code == 200
    world.sql("UPDATE exports SET state = 'ASKED'")
    refused(world, lambda: quorum.fetch(export), "seal_broken")


def test_a_request_put_into_the_database(world: World, quorum: Quorum, gallery: str) -> None:
    """Somebody who can write rows, and has a request signed by a quorum, still has not the server's key."""
    export = quorum.asked(gallery)
    words = [quorum.word(number, export) for number in (1, 2, 3)]
    document, said = export["document"].encode().hex(), json.dumps(words).encode().hex()
    world.sql(f"UPDATE exports SET document = x'{document}', approvals = x'{said}'")  # noqa: S608 -- hexadecimal
    refused(world, lambda: quorum.fetch(export), "seal_broken")


def test_a_root_key_in_a_file_has_nobody_to_ask(world: World, gallery: str) -> None:
    world.sql("DELETE FROM exports")
    alone = Quorum(world)
    alone.dissolve()
    refused(world, lambda: alone.ask(gallery), "no_custodians", status=409)
    assert world.sql("SELECT count(*) FROM exports") == [(0,)]


def test_a_quorum_that_was_dissolved_meanwhile(world: World, quorum: Quorum, gallery: str) -> None:
    export = quorum.asked(gallery)
    quorum.approve(export, 1, 2, 3)
    quorum.dissolve()
    refused(world, lambda: quorum.fetch(export), "no_custodians")


def test_a_lower_threshold_is_the_custodians_to_set_and_counts_from_then_on(
    world: World, quorum: Quorum, gallery: str
) -> None:
    export = quorum.asked(gallery)
    quorum.approve(export, 1, 2, 3)
    quorum.seat(quorum.keys, threshold=4)
    refused(world, lambda: quorum.fetch(export), "approvals_too_few")
    quorum.approve(export, 4)
    assert quorum.fetch(export).status_code == 200


def test_what_is_no_request_leaves_no_trace(world: World, quorum: Quorum, gallery: str) -> None:
    before = acts(world)
    for changed in (
        {"recipient": quorum.recipient[:-1] + ("q" if quorum.recipient[-1] != "q" else "p")},
        {"recipient": "age1x"},
        {"lasts_hours": 169},
        {"lasts_hours": 0},
        {"reason": ""},
        {"reason": "a\nb"},
        {"gallery_id": "gal_" + "a" * 26},
    ):
        assert not quorum.ask(gallery, **changed).is_success, changed
    assert world.api("POST", f"/v1/exports/exp_{'a' * 26}/bundle").status_code == 404
    assert acts(world) == before
    assert world.sql("SELECT count(*) FROM exports") == [(0,)]


def test_nothing_leaves_where_the_log_cannot_be_written(world: World, quorum: Quorum, gallery: str) -> None:
    from visavis.model.audit import LogUnpublished  # noqa: PLC0415 -- of this test alone

    export = quorum.asked(gallery)
    quorum.approve(export, 1, 2, 3)
    world.services.store.hold_log(LogUnpublished())
    answer = quorum.fetch(export)
    assert (answer.status_code, answer.json()["code"]) == (503, "log_unpublished")
    world.services.store.hold_log(None)
    assert quorum.fetch(export).status_code == 200, "it was not used up"


def test_custodians_sign_what_the_server_says_it_asks(quorum: Quorum, gallery: str) -> None:
    """The document has everything that the answer says beside it, so that one cannot be shown for the other."""
    export = quorum.asked(gallery)
    request = read_request(export["document"].encode())
    assert write_request(request) == export["document"].encode()
    assert (request.id, request.gallery_id, request.recipient) == (export["id"], gallery, quorum.recipient)
    assert request.expires_at - request.made_at == timedelta(hours=72)
