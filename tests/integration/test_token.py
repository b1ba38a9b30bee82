"""A station whose key is in a token: it signs there, somebody vouches for it, and people are recognised."""

import json
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pkcs11
import pytest
from click.testing import CliRunner
from fixtures.devices import MAKER
from sim.faces import SimExtractor, photo
from sim.films import SimFilming
from support.filming import taken
from support.live_server import live_server
from support.token import EDWARDS, P256, P384, Token, token
from support.world import BASE, World, reopened_world, settings_in

from visavis import bootstrap
from visavis.cli.main import program
from visavis.client import Pkcs11Key, StationClient, VisavisProblem, public_key_text
from visavis.model.public_key import has_signed
from visavis.wire.setup import PurposeRequest, StationRequest

PURPOSE = PurposeRequest(
    name="Parcel lockers",
    controller="Acme",
    contact="privacy@acme.example",
    jurisdiction="NL",
    text="We open the locker with your parcel.",
    retention_days=30,
    target_kind="fmr",
    target=1e-3,
    liveness="active+attested",
)


@pytest.fixture(scope="module")
def device(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Token]:
    with token(tmp_path_factory.mktemp("token")) as made:
        yield made


@pytest.fixture
def key(device: Token) -> Callable[..., Pkcs11Key]:
    def found(kind: str = P256, **other: Any) -> Pkcs11Key:
        named: dict[str, Any] = {"token": device.label, "key": kind, "pin": device.pin, **other}
        return Pkcs11Key(named.pop("module", device.module), **named)

    return found


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    settings = settings_in(tmp_path)
    secret, faces = bootstrap.initialise(settings), SimExtractor()
    with reopened_world(tmp_path, settings, secret, faces=faces, filming=SimFilming(faces)) as opened:
        yield opened


@pytest.mark.parametrize("kind", [P256, EDWARDS])
def test_it_signs_in_the_token_and_comes_out_of_it_for_nobody(key: Callable[..., Pkcs11Key], kind: str) -> None:
    held = key(kind)
    signature = held.sign(b"a door")
    assert has_signed(held.public_key, signature, b"a door")
    assert not has_signed(held.public_key, signature, b"another door")
    with pytest.raises(pkcs11.AttributeSensitive):
        held._private[pkcs11.Attribute.VALUE]


@pytest.mark.parametrize("kind", [P256, EDWARDS])
def test_somebody_is_recognised_at_a_station_whose_key_is_in_a_token(
    world: World, key: Callable[..., Pkcs11Key], kind: str
) -> None:
    gallery, held = world.gallery(liveness="active+attested"), key(kind)
    world.active(gallery, "ann", photo("ann"))
    body = {"name": "door", "gallery_id": gallery, "public_key": public_key_text(held), "attended": False}
    station_id = world.made("/v1/stations", body)["id"]
    chain = {"chain": MAKER.chain(held.public_key).decode()}
    assert world.api("PUT", f"/v1/stations/{station_id}/attestation", json=chain).is_success
    with StationClient(base_url=BASE, station_id=station_id, private_key=held, transport=world.transport) as station:
        session = station.open_session("identify")
        film = taken(world, station.draw_challenge(session.session_id))
        decision = station.identify(session.session_id, photo=film)
    assert decision.decision == "MATCH"


def test_a_real_server_takes_the_word_of_whom_its_settings_name(tmp_path: Path, key: Callable[..., Pkcs11Key]) -> None:
    roots, chain, held = tmp_path / "roots.pem", tmp_path / "chain.pem", key()
    roots.write_bytes(MAKER.root)
    chain.write_bytes(MAKER.chain(held.public_key))
    with live_server(tmp_path, VISAVIS_ATTESTATION_ROOTS=str(roots)) as server, server.operator() as operator:
        assert "active+attested" in (operator.alive().liveness or [])
        purpose = operator.state_purpose(PURPOSE).id
        gallery = operator.open_gallery(name="parcels", purpose_id=purpose).id
        named = StationRequest(name="locker", gallery_id=gallery, public_key=public_key_text(held), attended=False)
        locker = operator.register_station(named)
        with StationClient(base_url=server.url, station_id=locker.id, private_key=held) as station:
            assert station.own_station().liveness == "active+attested"
            session = station.open_session("verify")
            with pytest.raises(VisavisProblem, match="liveness_unavailable"):
                station.draw_challenge(session.session_id)
            words = ["station", "attest", locker.id, "--chain", str(chain), "--json"]
            environment = {"VISAVIS_URL": server.url, "VISAVIS_API_KEY": server.api_key}
            result = CliRunner(env=environment).invoke(program, words)
            assert result.exit_code == 0, result.stderr
            assert json.loads(result.stdout)["attested_until"] == "2050-01-01T00:00:00Z"
            assert station.draw_challenge(session.session_id).steps


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"module": "/usr/lib/no-such-token.so"}, "cannot open"),
        ({"token": "another"}, "No token"),
        ({"kind": "none"}, "No key"),
        ({"kind": P384}, "neither Ed25519 nor P-256"),
    ],
    ids=["module", "token", "key", "curve"],
)
def test_a_key_that_cannot_be_used_is_said_to_be_none(
    key: Callable[..., Pkcs11Key], wrong: dict[str, str], said: str
) -> None:
    with pytest.raises(VisavisProblem, match="key_unreadable") as refused:
        key(**wrong)
    assert said in str(refused.value)


def test_without_the_extra_it_is_said_what_to_install(
    monkeypatch: pytest.MonkeyPatch, key: Callable[..., Pkcs11Key]
) -> None:
    monkeypatch.setitem(sys.modules, "pkcs11", None)
    with pytest.raises(VisavisProblem, match=r"visavis\[pkcs11\]"):
        key()
