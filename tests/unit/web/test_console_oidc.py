"""Logging in with an OpenID provider: what it says is believed only where everything about it holds."""

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx2
import pytest
from joserfc.jwk import ECKey
from support.console import COOKIE, SAME, cookie_in, token_in
from support.openid import BACK, CLIENT, ISSUER, Provider
from support.world import World, reopened_world, settings_in

from visavis.adapters.oidc import Client, OpenIdProvider
from visavis.flows.provider_login import ProviderLogin
from visavis.model.account import Role

ERRAND = "__Host-visavis-oidc"


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory, blank: tuple[Path, str]) -> Iterator[World]:
    """One server for all of these tests; each begins without accounts."""
    folder, secret = blank
    mine = tmp_path_factory.mktemp("oidc")
    shutil.copytree(folder, mine, dirs_exist_ok=True)
    with reopened_world(mine, settings_in(mine), secret) as opened:
        yield opened


@pytest.fixture
def provider(world: World) -> Provider:
    world.sql("DELETE FROM console_sessions")
    world.sql("DELETE FROM accounts")
    found = Provider(world.clock)
    client = Client(ISSUER, CLIENT, "the-secret", BACK, "groups")
    flow = ProviderLogin(
        store=world.services.store,
        keyring=world.services.keyring,
        clock=world.clock,
        provider=OpenIdProvider(client, clock=world.clock, transport=found.transport),
        roles={"desk": Role.OPERATOR, "chiefs": Role.ADMIN},
    )
    object.__setattr__(world.services, "provider_login", flow)
    return found


def begun(world: World, provider: Provider) -> tuple[str, str]:
    """The browser at the provider: the code it gets, and what it keeps."""
    answer = world.http.get("/console/oidc")
    assert answer.status_code == 303, answer.text
    cookie = cookie_in(answer, ERRAND)
    assert (cookie["secure"], cookie["httponly"], cookie["samesite"]) == (True, True, "lax")
    return provider.visited(answer.headers["location"]), cookie.value


def came_back(world: World, kept: str, **query: str) -> httpx2.Response:
    headers = {"Cookie": f"{ERRAND}={kept}", "Sec-Fetch-Site": "cross-site"}
    return world.http.get("/console/oidc/back", params=query, headers=headers)


def login(world: World, provider: Provider, **changed: str) -> httpx2.Response:
    code, kept = begun(world, provider)
    return came_back(world, changed.pop("kept", kept), **{"state": provider.asked["state"], "code": code, **changed})


def me(world: World, answer: httpx2.Response) -> dict[str, Any]:
    found = world.http.get("/v1/console/me", headers={"Cookie": f"{COOKIE}={token_in(answer)}", **SAME})
    assert found.is_success, found.text
    told: dict[str, Any] = found.json()
    return told


def refusal(answer: httpx2.Response) -> str:
    assert not answer.is_success
    assert COOKIE not in {line.partition("=")[0] for line in answer.headers.get_list("set-cookie")}
    return answer.text.partition("#refused=")[2].partition('"')[0]


def test_who_has_a_role_gets_in_and_is_the_same_the_next_time(world: World, provider: Provider) -> None:
    assert world.http.get("/v1/console/ways").json() == {"provider": True}
    first = login(world, provider)
    assert first.status_code == 200
    assert 'content="0;url=/console"' in first.text
    told = me(world, first)
    assert (told["name"], told["roles"], told["by_provider"]) == ("dora", ["operator"], True)
    provider.claims = {"groups": ["chiefs", "others"], "preferred_username": "Renamed"}
    again = me(world, login(world, provider))
    assert (again["account_id"], again["name"], again["roles"]) == (told["account_id"], "dora", ["admin"])
    assert provider.paths.count("/.well-known/openid-configuration") == provider.paths.count("/keys") == 1
    reset = world.api("POST", f"/v1/accounts/{told['account_id']}/reset")
    assert (reset.status_code, reset.json()["code"]) == (409, "account_elsewhere")


def test_a_disabled_account_of_the_provider_is_opened_again_as_it_was(world: World, provider: Provider) -> None:
    told = me(world, login(world, provider))
    path = f"/v1/accounts/{told['account_id']}"
    world.api("DELETE", path)
    assert refusal(login(world, provider)) == "login_refused"
    opened = world.api("POST", f"{path}/reset").json()
    assert (opened["state"], opened["setup_link"]) == ("ACTIVE", None)
    assert me(world, login(world, provider))["account_id"] == told["account_id"]


def test_whoever_becomes_an_administrator_at_the_provider_is_for_all_galleries(
    world: World, provider: Provider
) -> None:
    told = me(world, login(world, provider))
    bound = {"roles": ["operator"], "gallery_ids": [world.gallery()]}
    assert world.api("PUT", f"/v1/accounts/{told['account_id']}/roles", json=bound).is_success
    assert me(world, login(world, provider))["gallery_ids"] == bound["gallery_ids"]
    provider.claims = {"groups": ["chiefs"]}
    assert me(world, login(world, provider))["gallery_ids"] is None


def test_a_name_at_the_provider_is_nobodys_account_here(world: World, provider: Provider) -> None:
    world.made("/v1/accounts", {"name": "dora", "roles": ["admin"]})
    told = me(world, login(world, provider))
    assert told["name"].startswith("provider-")
    assert told["roles"] == ["operator"]


def test_what_is_sent_holds_state_nonce_and_a_challenge(world: World, provider: Provider) -> None:
    sent = []
    for _ in range(2):
        begun(world, provider)
        sent.append(provider.asked)
    for name in ("state", "nonce", "code_challenge"):
        assert len({one[name] for one in sent}) == 2
        assert all(len(one[name]) == 43 for one in sent)
    assert (sent[0]["response_type"], sent[0]["redirect_uri"], sent[0]["client_id"]) == ("code", BACK, CLIENT)
    assert "openid" in sent[0]["scope"].split()


WRONG_TOKENS: dict[str, Callable[[Provider], None]] = {
    "nonce": lambda p: p.claims.update(nonce="another"),
    "no nonce": lambda p: p.claims.update(nonce=None),
    "aud": lambda p: p.claims.update(aud="another"),
    "another aud": lambda p: p.claims.update(aud="another", azp=CLIENT),
    "another azp": lambda p: p.claims.update(aud=[CLIENT, "another"], azp="another"),
    "several aud without azp": lambda p: p.claims.update(aud=["another", "one more"]),
    "iss": lambda p: p.claims.update(iss="https://evil.example"),
    "expired": lambda p: p.claims.update(exp=int(p.clock.now().timestamp()) - 61),
    "no exp": lambda p: p.claims.update(exp=None),
    "not yet": lambda p: p.claims.update(iat=int(p.clock.now().timestamp()) + 120),
    "no sub": lambda p: p.claims.update(sub=None),
    "at_hash": lambda p: p.claims.update(at_hash="AAAAAAAAAAAAAAAAAAAAAA"),
    "alg none": lambda p: p.header.update(alg="none"),
    "alg HS256 with the client's secret": lambda p: _symmetric(p, b"the-secret"),
    "alg HS256 with the public key": lambda p: _symmetric(p, p.public()),
    "another key": lambda p: setattr(p, "signing", ECKey.generate_key("P-256", {"kid": "k1"})),
}


def _symmetric(provider: Provider, key: bytes) -> None:
    provider.header = {"alg": "HS256"}
    provider.signing = key


def test_a_token_that_does_not_hold_is_refused(world: World, provider: Provider) -> None:
    for name, wrong in WRONG_TOKENS.items():
        provider.claims, provider.header, provider.signing = {}, {"alg": "ES256", "kid": "k1"}, None
        wrong(provider)
        assert refusal(login(world, provider)) == "oidc_refused", name
    assert world.sql("SELECT count(*) FROM accounts") == [(0,)]
    provider.claims, provider.header, provider.signing = {}, {"alg": "ES256", "kid": "k1"}, None
    assert login(world, provider).is_success


def test_who_comes_back_is_the_browser_that_was_sent_in_time(world: World, provider: Provider) -> None:
    assert refusal(login(world, provider, state="another")) == "oidc_refused"
    assert refusal(login(world, provider, kept="")) == "oidc_refused"
    assert refusal(login(world, provider, kept="AAAA")) == "oidc_refused"
    assert refusal(login(world, provider, code="")) == "oidc_refused"
    assert refusal(login(world, provider, code="another")) == "oidc_refused"
    assert refusal(login(world, provider, error="access_denied")) == "oidc_refused"
    _, other = begun(world, provider)
    assert refusal(login(world, provider, kept=other)) == "oidc_refused", "another login's"
    code, kept = begun(world, provider)
    world.clock.move(minutes=10)
    assert refusal(came_back(world, kept, state=provider.asked["state"], code=code)) == "oidc_refused"


def test_without_a_role_nobody_gets_in_and_who_lost_theirs_is_put_out(world: World, provider: Provider) -> None:
    provider.claims = {"groups": ["others"]}
    assert refusal(login(world, provider)) == "role_unmapped"
    assert world.sql("SELECT count(*) FROM accounts") == [(0,)]
    provider.claims = {"groups": "desk"}
    inside = login(world, provider)
    account_id = me(world, inside)["account_id"]
    for groups in (None, [], ["others"], [["desk"]], {"desk": True}, 7):
        provider.claims = {"groups": groups}
        assert refusal(login(world, provider)) == "role_unmapped"
    headers = {"Cookie": f"{COOKIE}={token_in(inside)}", **SAME}
    assert world.http.get("/v1/console/me", headers=headers).status_code == 401
    provider.claims = {}
    world.api("DELETE", f"/v1/accounts/{account_id}")
    assert refusal(login(world, provider)) == "login_refused"


def test_new_keys_of_the_provider_are_fetched(world: World, provider: Provider) -> None:
    assert login(world, provider).is_success
    provider.key = ECKey.generate_key("P-256", {"kid": "k2"})
    provider.header = {"alg": "ES256", "kid": "k2"}
    assert login(world, provider).is_success
    assert provider.paths.count("/keys") == 2


def test_a_provider_that_does_not_answer_is_told_and_asked_again(world: World, provider: Provider) -> None:
    place = "/.well-known/openid-configuration"
    provider.fails = {place}
    assert refusal(world.http.get("/console/oidc")) == "oidc_unreachable"
    provider.fails, provider.issuer = set(), "https://evil.example"
    assert refusal(world.http.get("/console/oidc")) == "oidc_unreachable"
    provider.issuer = ISSUER
    for fails in ("/token", "/keys"):
        provider.fails = {fails}
        assert refusal(login(world, provider)) == "oidc_unreachable"
    provider.fails = set()
    assert login(world, provider).is_success


def test_without_a_provider_there_is_none(world: World, provider: Provider) -> None:
    services = world.services
    off = ProviderLogin(store=services.store, keyring=services.keyring, clock=world.clock, provider=None, roles={})
    object.__setattr__(services, "provider_login", off)
    assert provider.paths == []
    assert world.http.get("/v1/console/ways").json() == {"provider": False}
    assert refusal(world.http.get("/console/oidc")) == "oidc_off"
    assert refusal(came_back(world, "x", state="x", code="x")) in {"oidc_off", "oidc_refused"}


def test_the_address_that_browsers_are_sent_to_is_the_providers(world: World, provider: Provider) -> None:
    address = world.http.get("/console/oidc").headers["location"]
    assert address.startswith(f"{ISSUER}/authorize?")
    assert "the-secret" not in address
    assert set(parse_qs(urlsplit(address).query)) == {
        "client_id", "code_challenge", "code_challenge_method", "nonce", "redirect_uri", "response_type", "scope",
        "state",
    }  # fmt: skip
    assert provider.paths
