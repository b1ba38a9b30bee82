"""``visavis exports``, from the request to the people who are asked elsewhere, in front of a whole server."""

import json
import os
from collections.abc import Callable
from pathlib import Path

import httpx2
import pyrage
import pytest
from click.testing import CliRunner, Result
from sim.faces import photo
from support.bundles import Foreign
from support.exporting import WHY, peopled
from support.world import BASE, World

from visavis.cli.main import program
from visavis.model.keys import Custodian, Custody
from visavis.protect.quorum import approval_public_of, split

Run = Callable[..., Result]


@pytest.fixture
def cli(world: World, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Run:
    monkeypatch.setattr(
        httpx2.HTTPTransport, "handle_request", lambda _, request: world.transport.handle_request(request)
    )
    monkeypatch.chdir(tmp_path)

    def call(*arguments: str, typed: str = "") -> Result:
        environment = {"VISAVIS_URL": BASE, "VISAVIS_API_KEY": world.secret, "VISAVIS_REASON": WHY}
        return CliRunner(env=environment).invoke(program, list(arguments), input=typed)

    return call


@pytest.fixture
def shares(world: World) -> list[str]:
    """The words of five custodians, of whom three are needed."""
    root = os.urandom(32)
    words = split(root, shares=5, threshold=3)
    custodians = tuple(Custodian(n, f"custodian {n}", approval_public_of(one)) for n, one in enumerate(words, start=1))
    custody = Custody("quorum", 3, custodians)
    world.services.keyring.keys.change(lambda store: store.with_seat(root, custody).finished(root))
    return words


@pytest.fixture
def identity(tmp_path: Path) -> Path:
    """What the recipient keeps, as age-keygen writes it."""
    key = pyrage.x25519.Identity.generate()
    path = tmp_path / "recipient.txt"
    path.write_text(f"# created: today\n# public key: {key.to_public()}\n{key}\n")
    path.chmod(0o600)
    return path


def recipient_of(identity: Path) -> str:
    return identity.read_text().splitlines()[1].removeprefix("# public key: ")


def requested(cli: Run, gallery: str, identity: Path) -> str:
    result = cli("exports", "request", gallery, "--recipient", recipient_of(identity), "--json")
    assert result.exit_code == 0, result.stderr
    return str(json.loads(result.stdout)["id"])


def code(result: Result) -> str:
    assert result.exit_code == 1, (result.stdout, result.stderr)
    return str(json.loads(result.stderr.strip().splitlines()[-1])["code"])


def test_from_the_request_to_people_who_are_asked(
    world: World, cli: Run, shares: list[str], identity: Path, tmp_path: Path
) -> None:
    export = requested(cli, peopled(world), identity)
    bundle = tmp_path / "gallery.age"
    for number, words in enumerate(shares[:3], start=1):
        assert code(cli("exports", "fetch", export, str(bundle), "--json")) == "approvals_too_few"
        assert not bundle.exists()
        sheet = tmp_path / f"share-{number}.txt"
        sheet.write_text(words)
        given = ["--share-file", str(sheet)] if number > 1 else []
        approved = cli("exports", "approve", export, *given, typed=f"y\n{words}\n")
        assert approved.exit_code == 0, approved.stderr
        assert recipient_of(identity) in approved.stderr, "a custodian sees what is signed"
        assert words not in approved.output, "words are not shown"
    shown = json.loads(cli("exports", "show", export, "--json").stdout)
    assert [one["name"] for one in shown["approvals"]] == ["custodian 1", "custodian 2", "custodian 3"]
    fetched = cli("exports", "fetch", export, str(bundle), "--json")
    assert json.loads(fetched.stdout)["bytes"] == bundle.stat().st_size
    assert bundle.stat().st_mode & 0o777 == 0o600
    assert code(cli("exports", "fetch", export, str(tmp_path / "again.age"), "--json")) == "export_replayed"
    assert not (tmp_path / "again.age").exists()

    key = world.http.get("/.well-known/jwks.json").json()["keys"][0]["x"]
    into = ["--gallery", world.gallery(), "--identity", str(identity), "--controller-key", key, "--json"]
    told = json.loads(cli("exports", "import", str(bundle), *into).stdout)
    assert (told["people"], told["pending"], told["moved"], told["left_out"]) == (2, 2, 0, 0)
    assert world.identify(world.station(into[1]), photo("ann", 3))["decision"] == "NO_MATCH"
    links = json.loads(cli("import", "status", told["import_id"], "--json").stdout)
    assert links["pending"] == 2
    again = cli("exports", "import", str(bundle), *into)
    assert (again.exit_code, json.loads(again.stdout)["pending"]) == (0, 2)


def test_a_custodian_who_says_no_signs_nothing(world: World, cli: Run, shares: list[str], identity: Path) -> None:
    export = requested(cli, peopled(world, "ann"), identity)
    for typed in ("", "n\n", "\n", f"n\n{shares[0]}\n"):
        assert cli("exports", "approve", export, typed=typed).exit_code == 1
    assert json.loads(cli("exports", "show", export, "--json").stdout)["approvals"] == []


def test_a_request_is_signed_on_a_machine_that_has_only_its_file(
    world: World, cli: Run, shares: list[str], identity: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    export = requested(cli, peopled(world, "ann"), identity)
    document = json.loads(cli("exports", "show", export, "--json").stdout)["document"]
    request, approval = tmp_path / f"{export}.json", tmp_path / "approval.json"
    request.write_text(document)
    monkeypatch.setattr(httpx2.HTTPTransport, "handle_request", None)  # nothing is sent from here
    assert cli("exports", "sign", str(request), str(approval), typed=f"n\n{shares[0]}\n").exit_code == 1
    assert not approval.exists()
    signed = cli("exports", "sign", str(request), str(approval), typed=f"y\n{shares[0]}\n")
    assert signed.exit_code == 0, signed.stderr
    assert recipient_of(identity) in signed.stderr, "a custodian sees what is signed"
    assert shares[0] not in signed.output
    handed_in = world.api("POST", f"/v1/exports/{export}/approvals", json=json.loads(approval.read_text()))
    assert [one["name"] for one in handed_in.json()["approvals"]] == ["custodian 1"]
    assert (
        code(cli("exports", "sign", str(request), str(approval), "--json", typed=f"y\n{shares[0]}\n")) == "file_exists"
    )
    request.write_text(document.replace("}", " }"))
    assert code(cli("exports", "sign", str(request), str(tmp_path / "x"), "--json")) == "export_malformed"


def test_words_of_nobody_here_approve_nothing(world: World, cli: Run, shares: list[str], identity: Path) -> None:
    assert shares
    export = requested(cli, peopled(world, "ann"), identity)
    other = split(os.urandom(32), shares=3, threshold=2)[0]
    assert code(cli("exports", "approve", export, "--json", typed=f"y\n{other}\n")) == "approval_foreign"
    assert code(cli("exports", "approve", export, "--json", typed="y\nsome words\n")) == "share_malformed"


def encrypted(path: Path, lines: list[bytes], identity: Path) -> Path:
    recipient = pyrage.x25519.Recipient.from_str(recipient_of(identity))
    path.write_bytes(pyrage.encrypt(b"".join(line + b"\n" for line in lines), [recipient]))
    return path


def foreign(world: World, identity: Path, people: int = 2) -> tuple[Foreign, list[bytes]]:
    """A bundle of another installation, approved for this identity."""
    made = Foreign(now=world.clock.now())
    told = made.header()
    told["request"]["recipient"] = recipient_of(identity)
    lines = [made.line("header", told)]
    lines += [made.line("person", made.person(number)) for number in range(1, people + 1)]
    return made, [*lines, made.line("end", made.end(lines))]


def test_a_bad_bundle_is_refused_before_anything_is_sent(
    world: World, cli: Run, identity: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made, good = foreign(world, identity)
    key = str(made.key.as_dict(private=False)["x"])
    sent: list[httpx2.Request] = []
    monkeypatch.setattr(httpx2.HTTPTransport, "handle_request", lambda _, request: sent.append(request))

    def tried(path: Path, *, by: str = key, reader: Path = identity) -> str:
        into = ["--gallery", "gal_" + "a" * 26, "--identity", str(reader), "--controller-key", by, "--json"]
        return code(cli("exports", "import", str(path), *into))

    whole = encrypted(tmp_path / "whole.age", good, identity)
    torn = tmp_path / "torn.age"
    torn.write_bytes(whole.read_bytes()[:-40])
    plain = tmp_path / "plain.age"
    plain.write_bytes(b"".join(good))
    stranger = tmp_path / "stranger.txt"
    stranger.write_text(str(pyrage.x25519.Identity.generate()))
    stranger.chmod(0o600)
    read_by_all = tmp_path / "shown.txt"
    read_by_all.write_text(identity.read_text())
    read_by_all.chmod(0o644)
    other = foreign(world, stranger_identity(tmp_path))[1]
    assert tried(whole, by="A" * 42 + "E") == "bundle_forged"
    assert tried(torn) == tried(plain) == "bundle_unreadable"
    assert tried(whole, reader=stranger) == "bundle_unreadable"
    assert tried(whole, reader=read_by_all) == tried(whole, reader=plain) == "identity_unusable"
    assert tried(encrypted(tmp_path / "a.age", good[:-1], identity)) == "bundle_malformed"
    assert tried(encrypted(tmp_path / "b.age", [good[0], good[2], good[1], good[3]], identity)) == "bundle_malformed"
    assert tried(encrypted(tmp_path / "c.age", other, identity)) == "bundle_forged", "approved for somebody else"
    assert sent == []


def stranger_identity(folder: Path) -> Path:
    key = pyrage.x25519.Identity.generate()
    path = folder / "other.txt"
    path.write_text(f"#\n# public key: {key.to_public()}\n{key}\n")
    path.chmod(0o600)
    return path


def test_a_long_bundle_is_handed_on_in_parts(
    world: World, cli: Run, identity: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("visavis.client.bundles.MAX_PART", 2)
    made, lines = foreign(world, identity, people=5)
    bundle = encrypted(tmp_path / "five.age", lines, identity)
    gallery = world.gallery()
    into = ["--gallery", gallery, "--identity", str(identity), "--json"]
    into += ["--controller-key", str(made.key.as_dict(private=False)["x"])]
    assert code(cli("exports", "import", str(bundle), *into)) == "bundle_foreign", "another model"
    assert world.sql("SELECT count(*) FROM subjects") == [(0,)]
    from sim.faces import DIMENSION, MODEL  # noqa: PLC0415 -- of this test alone

    made = Foreign(now=world.clock.now(), model_id=MODEL, dimension=DIMENSION)
    told = made.header()
    told["request"]["recipient"] = recipient_of(identity)
    lines = [made.line("header", told), *(made.line("person", made.person(n)) for n in range(1, 6))]
    bundle = encrypted(tmp_path / "ours.age", [*lines, made.line("end", made.end(lines))], identity)
    other_words = cli("exports", "import", str(bundle), *into)
    assert other_words.exit_code == 11
    assert json.loads(other_words.stdout)["because"] == {"text_foreign": 5}
    world.api("POST", f"/v1/purposes/{purpose_of(world, gallery)}/texts", json={"text": made.words})
    told = json.loads(cli("exports", "import", str(bundle), *into).stdout)
    assert (told["people"], told["pending"]) == (5, 5)


def purpose_of(world: World, gallery: str) -> str:
    return str(world.api("GET", f"/v1/galleries/{gallery}").json()["purpose_id"])
