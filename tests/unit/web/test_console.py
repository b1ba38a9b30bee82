"""Who logs in at the console: accounts, the second step, browser sessions, and where requests come from."""

import shutil
from collections.abc import Iterator
from dataclasses import replace
from itertools import count
from pathlib import Path

import pytest
from sim.faces import photo
from support.backups import installed, made
from support.console import (
    COOKIE,
    OTHER,
    PASSWORD,
    SAME,
    WRONG,
    Colleague,
    code_of,
    colleague,
    cookie_in,
    invited,
    set_up,
)
from support.logged import entries_of
from support.place import furnished
from support.world import BASE, World, reopened_world, settings_in
from unit.web.test_who_may_call import ITSELF, SCOPES, at, doors, kind_of

from visavis.model.account import Role
from visavis.web.rates import Rates

_numbers = count()


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory, blank: tuple[Path, str]) -> Iterator[World]:
    """One server for all of these tests: each has accounts of its own."""
    folder, secret = blank
    mine = tmp_path_factory.mktemp("console")
    shutil.copytree(folder, mine, dirs_exist_ok=True)
    with reopened_world(mine, settings_in(mine), secret) as opened:
        yield opened


@pytest.fixture
def ann(place: World) -> Colleague:
    return colleague(place, f"ann{next(_numbers)}", "operator")


def refused(answer: object) -> tuple[int, str]:
    status, told = answer.status_code, answer.json()  # type: ignore[attr-defined] # any response
    return status, told["code"]


def who(one: Colleague) -> tuple[int, str]:
    answer = one.call("GET", "/v1/console/me")
    return answer.status_code, answer.json()["name" if answer.is_success else "code"]


# Accounts and the set-up link


def test_a_link_sets_an_account_up_once_and_not_after_a_day(place: World) -> None:
    id_, link = invited(place, "setter", "operator")
    assert place.link("GET", "/v1/console/set-up", link).json()["name"] == "setter"
    early = Colleague(place, id_, "setter", b"\0" * 20)
    assert refused(early.login()) == (401, "login_refused")
    one = set_up(place, id_, "setter", link)
    for method, path, body in (
        ("GET", "/v1/console/set-up", {}),
        ("POST", "/v1/console/set-up", {"json": {"password": OTHER}}),
        ("POST", "/v1/console/set-up/confirmation", {"json": {"code": one.code()}}),
    ):
        assert refused(place.link(method, path, link, **body)) == (404, "setup_unknown")
    assert one.login().is_success
    _, late = invited(place, "late", "operator")
    place.clock.move(days=1)
    assert refused(place.link("GET", "/v1/console/set-up", late)) == (404, "setup_unknown")


def test_before_a_code_is_confirmed_nothing_opens_and_another_app_can_be_taken(place: World) -> None:
    id_, link = invited(place, "twice", "operator")
    first = place.link("POST", "/v1/console/set-up", link, json={"password": PASSWORD}).json()
    assert first["qr"].startswith("data:image/svg+xml")
    wrong = place.link("POST", "/v1/console/set-up/confirmation", link, json={"code": "000000"})
    assert refused(wrong) == (403, "setup_code_refused")
    one = set_up(place, id_, "twice", link)
    assert one.totp.hex() not in first["otpauth"]
    assert one.login().is_success


@pytest.mark.parametrize("password", ["short", "x" * 11, "x" * 201, "fred.fred.fred", "FRED1234567890"])
def test_a_password_is_long_and_not_the_name_and_nothing_else(place: World, password: str) -> None:
    _, link = invited(place, name := f"fred{next(_numbers)}", "operator")
    told = password.replace("fred", name).replace("FRED", name.upper())
    answer = place.link("POST", "/v1/console/set-up", link, json={"password": told})
    assert refused(answer) == (422, "password_unfit")


def test_any_other_password_will_do(place: World) -> None:
    _, link = invited(place, "george", "operator")
    for fit in ("123456789012", "            x", "ein langes Passwort", "george and more"):
        assert place.link("POST", "/v1/console/set-up", link, json={"password": fit}).is_success


def test_a_reset_ends_password_app_and_sessions_and_a_disabled_account_comes_back_by_it(ann: Colleague) -> None:
    world = ann.world
    assert world.api("DELETE", f"/v1/accounts/{ann.account_id}").status_code == 200
    assert who(ann) == (401, "login_over")
    assert refused(ann.login()) == (401, "login_refused")
    link = world.made(f"/v1/accounts/{ann.account_id}/reset", {})["setup_link"].partition("#set-up=")[2]
    assert refused(ann.login()) == (401, "login_refused")
    again = set_up(world, ann.account_id, ann.name, link, password=OTHER)
    assert refused(ann.login()) == (401, "login_refused")
    assert again.login().is_success


def test_the_only_administrator_neither_ends_nor_demotes_themselves(world: World) -> None:
    """An API key may do either: whoever has one makes another."""
    eve = colleague(world, "eve", "admin")
    path = f"/v1/accounts/{eve.account_id}"
    for answer in (eve.call("DELETE", path), eve.call("PUT", f"{path}/roles", json={"roles": ["auditor"]})):
        assert refused(answer) == (409, "last_admin_account")
    assert eve.call("PUT", f"{path}/roles", json={"roles": ["admin", "auditor"]}).is_success
    invited(world, "not-yet", "admin")
    assert refused(eve.call("DELETE", path)) == (409, "last_admin_account")
    colleague(world, "fay", "admin")
    assert eve.call("DELETE", path).status_code == 200


def test_names_are_taken_once_and_administrators_are_for_all_galleries(ann: Colleague) -> None:
    gallery = ann.world.gallery()
    for body, code in (
        ({"name": ann.name, "roles": ["operator"]}, "already_exists"),
        ({"name": "Ann", "roles": ["operator"]}, "request_invalid"),
        ({"name": "x", "roles": ["root"]}, "request_invalid"),
        ({"name": "x", "roles": ["admin"], "gallery_ids": [gallery]}, "admin_bound"),
        ({"name": "x", "roles": ["operator"], "gallery_ids": ["gal_" + "a" * 26]}, "not_found"),
    ):
        assert refused(ann.world.api("POST", "/v1/accounts", json=body))[1] == code


def test_what_is_done_with_accounts_is_in_the_log(place: World) -> None:
    before = len(entries_of(place.services.store))
    id_, _ = invited(place, "logged", "operator")
    path = f"/v1/accounts/{id_}"
    assert place.api("PUT", f"{path}/roles", json={"roles": ["auditor"]}).json()["roles"] == ["auditor"]
    place.made(f"{path}/reset", {})
    place.api("DELETE", path)
    found = [entry.fields for entry in entries_of(place.services.store)[before:]]
    assert found == [{"act": act, "of": "account"} for act in ("add", "rotate", "rotate", "end")]


# Logging in


def test_wrong_name_password_and_code_are_told_alike(ann: Colleague) -> None:
    answers = [
        ann.login(name="nobody"),
        ann.login(password=OTHER),
        ann.login(code=str((int(ann.code()) + 1) % 10**6).zfill(6)),
    ]
    told = [{**answer.json(), "request_id": ""} for answer in answers]
    assert told[0] == told[1] == told[2]
    assert told[0]["code"] == "login_refused"
    assert not any("set-cookie" in answer.headers for answer in answers)


def test_a_code_is_taken_once_and_no_older_one_after_it(ann: Colleague) -> None:
    ann.world.clock.move(seconds=300)
    older = code_of(ann.world, ann.totp)
    code = ann.code()
    assert ann.login(code=code).is_success
    assert refused(ann.login(code=code)) == (401, "login_refused")
    assert refused(ann.login(code=older)) == (401, "login_refused")
    ahead = replace(ann, token=None)
    ann.world.clock.move(seconds=60)
    soon = code_of(ann.world, ann.totp)
    ann.world.clock.move(seconds=-30)
    assert ahead.login(code=soon).is_success, "a neighbour of the present step"
    ann.world.clock.move(seconds=300)
    stale = code_of(ann.world, ann.totp)
    ann.world.clock.move(seconds=60)
    assert refused(ann.login(code=stale)) == (401, "login_refused")


def test_each_login_has_a_new_token_and_none_is_taken_from_the_browser(ann: Colleague) -> None:
    first = ann.token
    planted = replace(ann, token="A" * 43)
    assert planted.login().is_success
    assert planted.token not in {"A" * 43, first}
    assert who(replace(ann, token="A" * 43)) == (401, "login_over")
    assert ann.login().is_success
    assert ann.token != first
    assert who(replace(ann, token=first)) == (401, "login_over"), "the one before is over"
    assert who(planted)[0] == who(ann)[0] == 200


def test_the_cookie_has_every_flag_and_only_its_hash_is_stored(ann: Colleague) -> None:
    cookie = cookie_in(ann.answers[-1])
    assert (cookie["secure"], cookie["httponly"], cookie["samesite"], cookie["path"]) == (True, True, "strict", "/")
    assert cookie["domain"] == ""
    assert len(cookie.value) == 43
    stored = ann.world.files()
    assert cookie.value.encode() not in stored
    assert PASSWORD.encode() not in stored
    assert ann.totp not in stored


def test_a_session_ends_by_idling_by_its_age_by_logout_and_with_a_new_password(ann: Colleague) -> None:
    world = ann.world
    world.clock.move(minutes=14)
    assert who(ann)[0] == 200
    world.clock.move(minutes=15)
    assert who(ann) == (401, "login_over")
    ann.login()
    for _ in range(47):
        world.clock.move(minutes=10)
        assert who(ann)[0] == 200
    world.clock.move(minutes=10)
    assert who(ann) == (401, "login_over")
    ann.login()
    gone = ann.call("POST", "/v1/console/logout")
    assert (gone.status_code, cookie_in(gone)["max-age"]) == (204, "0")
    assert who(ann) == (401, "login_over")
    ann.login()
    other = replace(ann, token=None)
    other.login()
    body = {"password": ann.password, "code": ann.code(), "new_password": OTHER}
    wrong = {**body, "password": "not the one it is"}
    assert refused(ann.call("POST", "/v1/console/password", json=wrong)) == (401, "login_refused")
    body["code"] = ann.code()
    assert ann.call("POST", "/v1/console/password", json=body).status_code == 204
    assert who(ann) == who(other) == (401, "login_over")
    assert refused(ann.login()) == (401, "login_refused")
    assert ann.login(password=OTHER).is_success


def test_wrong_logins_wait_ever_longer_for_the_name_from_wherever_they_come(
    ann: Colleague, monkeypatch: pytest.MonkeyPatch
) -> None:
    now = [0.0]
    rates = Rates(calls_per_minute=1000, failures_per_minute=30, monotonic=lambda: now[0])
    before = ann.world.services.rates
    object.__setattr__(ann.world.services, "rates", rates)
    try:
        for turn in range(6):
            monkeypatch.setattr("visavis.web.auth._address", lambda _, turn=turn: f"192.0.2.{turn}")
            assert refused(ann.login(password=WRONG)) == (401, "login_refused")
        waits = []
        for turn in range(6, 10):
            monkeypatch.setattr("visavis.web.auth._address", lambda _, turn=turn: f"192.0.2.{turn}")
            held = ann.login()
            assert refused(held) == (429, "locked_out"), "the right password has to wait too"
            waits.append(held.json()["retry_after_s"])
            now[0] += waits[-1]
            assert refused(ann.login(password=WRONG)) == (401, "login_refused")
        assert waits == [2, 4, 8, 16]
        now[0] += 32
        assert ann.login().is_success
    finally:
        object.__setattr__(ann.world.services, "rates", before)


# Where requests come from


FROM_ELSEWHERE = [
    {"Sec-Fetch-Site": "cross-site"},
    {"Sec-Fetch-Site": "same-site"},
    {"Sec-Fetch-Site": "none"},
    {"Sec-Fetch-Site": "cross-site", "Origin": BASE},
    {"Origin": "https://evil.example"},
    {"Origin": "null"},
    {"Origin": f"{BASE}.evil.example"},
    {},
]


@pytest.mark.parametrize("headers", FROM_ELSEWHERE)
def test_what_changes_something_comes_from_our_own_pages(ann: Colleague, headers: dict[str, str]) -> None:
    world, kept = ann.world, {"Cookie": f"{COOKIE}={ann.token}"}
    gallery = world.gallery()
    for path, body in (
        (f"/v1/galleries/{gallery}/without-face", {"external_reference": "wim"}),
        ("/v1/console/logout", {}),
        ("/v1/console/login", {"name": ann.name, "password": ann.password, "code": "000000"}),
        ("/v1/console/password", {"password": "x", "code": "000000", "new_password": "y"}),
    ):
        assert refused(world.http.post(path, json=body, headers={**headers, **kept})) == (403, "cross_site"), path
    assert who(ann)[0] == 200


def test_reading_is_for_our_own_pages_and_the_person_and_pages_are_for_all(ann: Colleague) -> None:
    world, kept = ann.world, {"Cookie": f"{COOKIE}={ann.token}"}
    for site, status in (("cross-site", 403), ("same-site", 403), ("none", 200), ("same-origin", 200)):
        told = {"Sec-Fetch-Site": site, **kept}
        assert world.http.get("/v1/stations", headers=told).status_code == status
        assert world.http.get("/me", headers=told).status_code == 200
    assert world.http.get("/v1/stations", headers=kept).status_code == 200
    origin = {"Origin": BASE, **kept}
    assert world.http.post("/v1/console/logout", headers=origin).status_code == 204


def test_with_a_header_the_cookie_is_not_looked_at(ann: Colleague) -> None:
    cross = {"Cookie": f"{COOKIE}={ann.token}", "Sec-Fetch-Site": "cross-site"}
    right = {"Authorization": f"Bearer {ann.world.secret}"}
    assert ann.world.http.get("/v1/accounts", headers={**cross, **right}).status_code == 200
    for presented in ("Bearer x", "Basic eDp5", ""):
        wrong = {**cross, **SAME, "Authorization": presented}
        assert refused(ann.world.http.get("/v1/stations", headers=wrong)) == (401, "unauthenticated")


# What the roles may do


ROLES = {
    "admin": {"admin", "metrics"},
    "operator": {"enrol", "operate"},
    "auditor": {"audit", "metrics"},
    "custodian": {"approve"},
    "caseworker": set(),
}


def test_each_role_has_the_scopes_that_are_meant_for_it() -> None:
    assert {role.value: {scope.value for scope in role.scopes} for role in Role} == ROLES


@pytest.mark.parametrize(
    "role", ["auditor", *(pytest.param(role, marks=pytest.mark.slow) for role in ROLES if role != "auditor")]
)
def test_each_role_opens_the_doors_of_its_scopes_and_no_others(place: World, role: str) -> None:
    somebody, scopes = colleague(place, f"role-{role}", role), ROLES[role]
    for method, path, body in doors(place):
        if kind_of(path) != "key":
            continue
        door, kept = f"{method} {path}", {k: v for k, v in body.items() if method != "GET" or k == "params"}
        if door in {"POST /v1/seal", "POST /v1/backups", "POST /v1/keys/root/rotation", "POST /v1/keys/epoch/rotation"}:
            kept = {}
        answer = somebody.call(method, at(path), **kept)
        code = "" if answer.is_success else answer.json()["code"]
        opened = any(door in SCOPES[scope] for scope in scopes)
        opened |= door == ITSELF and role == "admin"
        assert (code == "scope_missing") == (not opened), door
        assert answer.status_code not in {401, 500}, (door, code)


def test_the_auditor_changes_nothing() -> None:
    doors_of_it = {door for scope in ROLES["auditor"] for door in SCOPES[scope]}
    assert {door.partition(" ")[0] for door in doors_of_it} == {"GET"}
    assert not any(word in door for door in doors_of_it for word in ("subject", "lookup", "decisions", "accounts"))


def test_an_account_for_one_gallery_stays_in_it(place: World) -> None:
    mine, other = place.gallery(), place.gallery()
    bea = colleague(place, "bea", "operator", galleries=[mine])
    assert bea.call("GET", "/v1/console/me").json()["gallery_ids"] == [mine]
    assert [row["id"] for row in bea.call("GET", "/v1/galleries").json()["items"]] == [mine]
    assert refused(bea.call("GET", f"/v1/galleries/{other}")) == (403, "gallery_outside_key")
    carl = colleague(place, "carl", "auditor", galleries=[mine])
    assert carl.call("GET", f"/v1/readings?gallery_id={mine}").is_success
    for path in (f"/v1/readings?gallery_id={other}", "/v1/purposes", "/v1/keys"):
        assert refused(carl.call("GET", path)) == (403, "gallery_outside_key"), path


def test_other_roles_hold_from_the_next_request_on(ann: Colleague) -> None:
    assert ann.call("GET", "/v1/reviews").status_code == 200
    ann.world.api("PUT", f"/v1/accounts/{ann.account_id}/roles", json={"roles": ["custodian"]})
    assert refused(ann.call("GET", "/v1/reviews")) == (403, "scope_missing")
    assert ann.call("GET", "/v1/exports").json() == {"items": [], "next": None}


def test_a_custodian_sees_what_waits(place: World) -> None:
    there = furnished(place)
    ida = colleague(place, "ida", "custodian", galleries=[there.gallery])
    waiting = [row["id"] for row in ida.call("GET", "/v1/exports").json()["items"]]
    assert waiting == sorted([there.ids["export_id"], there.ids["asked_id"]])
    far = colleague(place, "far", "custodian", galleries=[place.gallery()])
    assert far.call("GET", "/v1/exports").json()["items"] == []


def test_who_reads_at_the_console_says_why_and_the_person_sees_their_name(ann: Colleague) -> None:
    world, gallery = ann.world, ann.world.gallery()
    person = world.active(gallery, "zoe", photo("zoe"))
    path = f"/v1/subjects/{person.subject_id}"
    assert refused(ann.call("GET", path, headers={"Visavis-Reason": ""})) == (422, "reason_missing")
    assert ann.call("GET", path, headers={"Visavis-Reason": "at the desk"}).is_success
    (row,) = world.sql(f"SELECT read_by FROM readings WHERE subject_id = '{person.subject_id}'")  # noqa: S608 -- an identifier of the test's own
    assert row == (ann.account_id,)
    seen = world.as_person(person, "GET", "/v1/me").json()
    assert ann.name in str(seen)
    assert "at the desk" in str(seen)


# The database, as a vandal sees it


@pytest.mark.parametrize(
    "edit",
    [
        """UPDATE accounts SET roles = '["admin"]' WHERE id = '{id}'""",
        "UPDATE accounts SET totp_step = 0 WHERE id = '{id}'",
        "UPDATE accounts SET password_hash = (SELECT password_hash FROM accounts LIMIT 1) WHERE id = '{id}'",
        "UPDATE console_sessions SET ends_at = '2036-01-01 00:00:00' WHERE account_id = '{id}'",
        "UPDATE console_sessions SET account_id = '{other}' WHERE account_id = '{id}'",
        "DELETE FROM console_sessions WHERE account_id = '{id}'",
    ],
)
def test_who_edits_an_account_or_a_session_has_one_that_no_longer_opens(ann: Colleague, edit: str) -> None:
    other = colleague(ann.world, f"other{next(_numbers)}", "admin")
    assert who(ann)[0] == 200
    ann.world.sql(edit.format(id=ann.account_id, other=other.account_id))
    assert who(ann) == (401, "login_over")
    edited = "UPDATE accounts" in edit
    assert refused(ann.login())[1] == "login_refused" if edited else ann.login().is_success
    if edited:
        roles = {"roles": ["operator"]}
        assert refused(ann.world.api("PUT", f"/v1/accounts/{ann.account_id}/roles", json=roles))[0] == 500
        assert ann.world.api("DELETE", f"/v1/accounts/{ann.account_id}").status_code == 200
        rows = ann.world.sql(f"SELECT roles FROM accounts WHERE id = '{ann.account_id}'")  # noqa: S608 -- as above
        assert rows == [("[]",)], "it comes back with nothing that somebody wrote"


def test_disabled_accounts_and_sessions_that_are_over_are_taken_out(ann: Colleague) -> None:
    world = ann.world
    world.api("DELETE", f"/v1/accounts/{ann.account_id}")
    other = colleague(world, f"other{next(_numbers)}", "operator")
    world.clock.move(days=89)
    world.services.withdraw.purge()
    assert world.sql("SELECT count(*) FROM console_sessions") == [(0,)]
    count_of = f"SELECT count(*) FROM accounts WHERE id IN ('{ann.account_id}', '{other.account_id}')"  # noqa: S608 -- as above
    assert world.sql(count_of) == [(2,)]
    world.clock.move(days=2)
    world.services.withdraw.purge()
    assert world.sql(count_of) == [(1,)]


def test_nobody_stays_logged_in_over_a_restore(tmp_path: Path, blank: tuple[Path, str]) -> None:
    here = installed(tmp_path, blank)
    with here.serving() as world:
        one = colleague(world, "ann", "operator")
        file = made(world)
        assert who(one)[0] == 200
    here.restore(file, replace=True)
    with here.serving() as world:
        again = replace(one, world=world)
        assert who(again) == (401, "login_over")
        assert again.login().is_success
